import { expect, test } from 'bun:test'
import { operations } from '../../../test/openapi.ts'
import { describeShared } from '../../../test/shared.ts'
import { routes } from './routes.ts'

test('who may call what', () => {
  const by = (auth: string): string[] => routes.filter((route) => route.auth === auth).map((route) => `${route.method} ${route.path}`)
  expect(by('public')).toEqual([
    'GET /models', 'GET /models/count', 'GET /model/{author}/{slug}', 'GET /models/{author}/{slug}/endpoints', 'GET /embeddings/models', 'GET /endpoints/zdr', 'GET /providers',
  ])
  expect(by('key')).toEqual([
    'GET /models/user', 'GET /key', 'GET /generation', 'POST /route/explain', 'GET /presets', 'GET /presets/{slug}', 'GET /presets/{slug}/versions', 'GET /presets/{slug}/versions/{version}',
    'POST /presets/{slug}/chat/completions', 'POST /presets/{slug}/messages', 'POST /presets/{slug}/responses',
  ])
  expect(by('management')).toEqual([
    'GET /keys', 'POST /keys', 'GET /keys/{hash}', 'PATCH /keys/{hash}', 'DELETE /keys/{hash}', 'GET /credits',
    'GET /guardrails', 'POST /guardrails', 'GET /guardrails/{id}', 'PATCH /guardrails/{id}', 'DELETE /guardrails/{id}',
    'GET /guardrails/assignments/keys', 'GET /guardrails/assignments/members', 'GET /guardrails/{id}/assignments/keys', 'GET /guardrails/{id}/assignments/members',
    'POST /guardrails/{id}/assignments/keys', 'POST /guardrails/{id}/assignments/members', 'POST /guardrails/{id}/assignments/keys/remove', 'POST /guardrails/{id}/assignments/members/remove',
    'GET /account/policy', 'PATCH /account/policy', 'GET /keys/{hash}/policy', 'PATCH /keys/{hash}/policy',
  ])
})

/** What only this server has. */
const OURS = ['POST /route/explain', 'GET /account/policy', 'PATCH /account/policy', 'GET /keys/{hash}/policy', 'PATCH /keys/{hash}/policy']

describeShared('by the document', () => {
  test('every route is an operation of it', () => {
    const known = operations().map(([method, path]) => `${method} ${path}`)
    for (const route of routes) if (!OURS.includes(`${route.method} ${route.path}`)) expect(known).toContain(`${route.method} ${route.path}`)
  })
})
