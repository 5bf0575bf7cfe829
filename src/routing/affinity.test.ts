import { describe, expect, test } from 'bun:test'
import { priced, at, callFor, catalogue, healthOf, nano, tags, viewOf } from './small-catalogue.test.ts'
import { conversationId, conversationOf } from './affinity.ts'
import { route } from './route.ts'

const CHEAP_CACHE = { ...priced(nano('3'), nano('3')), cacheRead: nano('1') }
const SNAPSHOT = catalogue({ 'a/m': [at('a', { usd: '1' }), at('b', { usd: '2' }), at('c', { price: CHEAP_CACHE })], 'a/n': [at('a', { usd: '1' }), at('d', { usd: '2' })] })

function order(sticky: string | undefined, call = callFor('a/m'), states = {}): string[] {
  return tags(route(call, { ...viewOf(SNAPSHOT, healthOf(states)), affinity: { of: (modelId) => (modelId === 'a/m' ? sticky : undefined) } }))
}

describe('C42: the endpoint that answered a conversation goes first', () => {
  test('where its cache is cheaper than its prompt', () => {
    expect(order('a/m@c')).toEqual(['c', 'a', 'b'])
    expect(order('a/m@b')).toEqual(['a', 'b', 'c'])
    expect(order(undefined)).toEqual(['a', 'b', 'c'])
  })

  test('it is first for sure: nobody is drawn', () => {
    const view = { ...viewOf(SNAPSHOT), affinity: { of: () => 'a/m@c' } }
    expect(route(callFor('a/m'), view).steps.map(({ share }) => share)).toEqual([undefined, undefined, undefined])
  })

  test('health beats it', () => {
    for (const state of [{ outage: true }, { cooling: true }, { state: 'degraded' }, { state: 'down' }]) expect(order('a/m@c', callFor('a/m'), { c: state })).toEqual(['a', 'b', 'c'])
  })

  test('what the client excludes stays out, and its order is its order', () => {
    expect(order('a/m@c', callFor('a/m', { ignore: ['c'] }))).toEqual(['a', 'b'])
    expect(order('a/m@c', callFor('a/m', { order: ['b'] }))).toEqual(['b', 'a', 'c'])
  })

  test('each model has its own', () => {
    expect(order('a/m@c', callFor(['a/n', 'a/m']))).toEqual(['a', 'd', 'c', 'a', 'b'])
  })
})

describe('C43: what a conversation is', () => {
  const said = (messages: readonly object[], more: object = {}) => callFor('a/m', {}, {}, { messages, ...more })

  test('its first system message and its first other, however it goes on', () => {
    const first = said([{ role: 'system', content: 's' }, { role: 'user', content: 'u' }])
    const later = said([{ role: 'system', content: 's' }, { role: 'user', content: 'u' }, { role: 'assistant', content: 'x' }, { role: 'user', content: 'y' }])
    expect(conversationOf(later)).toBe(conversationOf(first))
    for (const other of [[{ role: 'system', content: 's2' }, { role: 'user', content: 'u' }], [{ role: 'system', content: 's' }, { role: 'user', content: 'u2' }], [{ role: 'user', content: 'u' }]]) expect(conversationOf(said(other))).not.toBe(conversationOf(first))
  })

  test('parts are their text', () => {
    expect(conversationOf(said([{ role: 'user', content: [{ type: 'text', text: 'u' }, { type: 'image_url', image_url: { url: 'x' } }] }]))).toBe(conversationOf(said([{ role: 'user', content: 'u' }])))
  })

  test('the client’s own id wins: body, header, cache key', () => {
    const call = said([], { session_id: 'one', prompt_cache_key: 'three' })
    expect(conversationId({ ...call, headers: { sessionId: 'two' } })).toBe('one')
    expect(conversationId({ ...said([], { prompt_cache_key: 'three' }), headers: { sessionId: 'two' } })).toBe('two')
    expect(conversationId(said([], { prompt_cache_key: 'three' }))).toBe('three')
    expect(conversationId(said([]))).toBeUndefined()
  })
})
