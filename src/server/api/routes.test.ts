import { expect, test } from 'bun:test'
import { operations } from '../../../test/openapi.ts'
import { describeShared } from '../../../test/shared.ts'
import { routes } from './routes.ts'

test('who may call what', () => {
  const by = (auth: string): string[] => routes.filter((route) => route.auth === auth).map((route) => `${route.method} ${route.path}`)
  expect(by('public')).toEqual([
    'GET /models', 'GET /models/count', 'GET /model/{author}/{slug}', 'GET /models/{author}/{slug}/endpoints', 'GET /embeddings/models', 'GET /providers',
  ])
  expect(by('key')).toEqual(['GET /models/user', 'GET /key', 'GET /generation', 'POST /route/explain'])
  expect(by('management')).toEqual(['GET /keys', 'POST /keys', 'GET /keys/{hash}', 'PATCH /keys/{hash}', 'DELETE /keys/{hash}', 'GET /credits'])
})

/** What only this server has. */
const OURS = ['POST /route/explain']

describeShared('by the document', () => {
  test('every route is an operation of it', () => {
    const known = operations().map(([method, path]) => `${method} ${path}`)
    for (const route of routes) if (!OURS.includes(`${route.method} ${route.path}`)) expect(known).toContain(`${route.method} ${route.path}`)
  })
})
