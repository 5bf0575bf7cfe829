import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ask, endpoint, keyRecord, model, provider, snapshot } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import type { KeyRecord } from '../../accounts/accounts.ts'

const BODY = { callback_url: 'https://my.app' }
let services: Awaited<ReturnType<typeof storedServices>>
let own: KeyRecord

beforeAll(async () => {
  services = await storedServices(snapshot([model('acme/tiny', [endpoint('acme/tiny', provider('acme'))])]))
  own = (await services.accounts.createKey({ accountId: 'default', name: 'own' })).key
})
afterAll(() => services.close())

describe('H10: a key lets no app have what it may not have itself', () => {
  test('one without bounds makes codes', async () => {
    expect((await ask(services, 'POST', '/auth/keys/code', { as: own, body: BODY })).status).toBe(200)
  })

  test.each<readonly [string, Partial<KeyRecord>]>([
    ['a limit', { limit: 0n }], ['an expiry', { expiresMs: 9e15 }], ['networks', { ipRanges: ['10.0.0.0/8'] }], ['rate limits', { rateLimits: { requestsPerMinute: 1n } }], ['tags', { tags: { customer: 'acme' } }], ['a wallet', { wallet: 'w' }],
  ])('one with %s makes none', async (bound, change) => {
    const { status, fault } = await ask(services, 'POST', '/auth/keys/code', { as: keyRecord({ ...own, ...change }), body: BODY })
    expect([status, fault?.message]).toEqual([403, `This key has ${bound}, which a key that it lets an app have would not: use a management key, or one without bounds.`])
  })

  test('nor one with a policy, a guardrail, or in another workspace', async () => {
    const { key: ruled } = await services.accounts.createKey({ accountId: 'default', name: 'ruled', rules: { allowedModels: ['acme/tiny'] } })
    expect((await ask(services, 'POST', '/auth/keys/code', { as: ruled, body: BODY })).fault?.message).toStartWith('This key has a policy,')
    const second = await services.workspaces.create({ accountId: 'default', name: 'Second', slug: 'second' }, { kind: 'operator', id: '', name: 'x', userId: null })
    expect((await ask(services, 'POST', '/auth/keys/code', { as: own, body: { ...BODY, workspace_id: second.id } })).status).toBe(403)
    expect((await ask(services, 'POST', '/auth/keys/code', { as: keyRecord({ ...own, kind: 'management' }), body: { ...BODY, workspace_id: second.id } })).status).toBe(200)
  })
})
