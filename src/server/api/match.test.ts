import { describe, expect, test } from 'bun:test'
import { Fault } from '../../core/fault.ts'
import type { Route } from '../route.ts'
import { matchRoute } from './match.ts'

const route = (method: Route['method'], path: string): Route => ({ method, path, auth: 'public', handle: () => ({}) })
const table = [
  route('GET', '/models'), route('GET', '/models/count'), route('GET', '/models/{author}/{slug}/endpoints'), route('GET', '/model/{author}/{slug}'),
  route('GET', '/keys'), route('POST', '/keys'), route('GET', '/keys/{hash}'), route('PATCH', '/keys/{id}'), route('DELETE', '/keys/{hash}'),
]
const match = matchRoute(table)

function found(method: string, path: string): [string, Record<string, string>] | readonly string[] | undefined {
  const result = match(method, path)
  if (!result) return undefined
  return 'allow' in result ? result.allow : [`${result.route.method} ${result.route.path}`, { ...result.params }]
}

describe('matchRoute', () => {
  test('literals and parameters', () => {
    expect(found('GET', '/models')).toEqual(['GET /models', {}])
    expect(found('GET', '/models/count')).toEqual(['GET /models/count', {}])
    expect(found('GET', '/model/openai/gpt-4:free')).toEqual(['GET /model/{author}/{slug}', { author: 'openai', slug: 'gpt-4:free' }])
    expect(found('PATCH', '/keys/ab')).toEqual(['PATCH /keys/{id}', { id: 'ab' }])
    expect(found('DELETE', '/keys/ab')).toEqual(['DELETE /keys/{hash}', { hash: 'ab' }])
  })

  test('goes back where a literal leads nowhere', () => {
    expect(found('GET', '/models/count/x/endpoints')).toEqual(['GET /models/{author}/{slug}/endpoints', { author: 'count', slug: 'x' }])
  })

  test('decodes, and a slash that was encoded stays inside its segment', () => {
    expect(found('GET', '/model/a%20b/c%2Fd%3Afree')).toEqual(['GET /model/{author}/{slug}', { author: 'a b', slug: 'c/d:free' }])
  })

  test('a broken encoding is the client\'s fault', () => {
    for (const path of ['/model/a/%', '/model/a/%zz', '/model/%c3%28/b', '/keys/%ff']) {
      expect(() => match('GET', path)).toThrow(Fault)
      expect(() => match('GET', path)).toThrow('percent-encoding')
    }
  })

  test('another method: which the path has', () => {
    expect(found('DELETE', '/models')).toEqual(['GET'])
    expect(found('PUT', '/keys/x')).toEqual(['GET', 'PATCH', 'DELETE'])
  })

  test('no such path', () => {
    for (const path of ['', '/', '/nope', '/models/', '/models/a', '/models//b/endpoints', '/model/a/b/c', '/keys/', '/__proto__', '/models/constructor']) expect(found('GET', path)).toBeUndefined()
  })

  test('a table that says one thing twice does not compile', () => {
    expect(() => matchRoute([route('GET', '/a/{x}'), route('GET', '/a/{y}')])).toThrow('two routes')
  })
})
