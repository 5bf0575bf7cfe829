import { describe, expect, test } from 'bun:test'
import { validateRequest, validateResponse } from '../../../test/openapi.ts'
import { ask, fakeServices, keyRecord, snapshot, type Answer, type FakeServices } from '../../../test/openapi/fake-services.ts'
import { describeShared } from '../../../test/shared.ts'
import { DEFAULT_WORKSPACE } from '../../guardrails/guardrail.ts'

const admin = keyRecord({ kind: 'management', name: 'admin' })
const HASH = 'b'.repeat(64)
const FUTURE = '2027-12-31T23:59:59Z'

function withKeys(...names: readonly string[]): FakeServices {
  const services = fakeServices(snapshot([]))
  names.forEach((name, at) => {
    const hash = name === 'b' ? HASH : String(at).padStart(64, 'c')
    services.accounts.keys.set(hash, keyRecord({ hash, name, createdMs: 1_749_000_000_000 + at }))
  })
  return services
}

const create = (body: Record<string, unknown>, services = withKeys()): Promise<Answer> => ask(services, 'POST', '/keys', { as: admin, body })
const change = (body: Record<string, unknown>, services = withKeys('b')): Promise<Answer> => ask(services, 'PATCH', `/keys/${HASH}`, { as: admin, body })

describe('GET /keys', () => {
  test('H5: newest first, without the disabled ones unless asked', async () => {
    const services = withKeys('one', 'b')
    services.accounts.keys.set('d', keyRecord({ hash: 'd', name: 'off', disabled: true, createdMs: 1 }))
    const names = async (query: string): Promise<unknown> => {
      const { body } = await ask(services, 'GET', `/keys${query}`, { as: admin })
      // The shape that the next lines assert on.
      return (body as { data: { name: string }[] }).data.map((key) => key.name)
    }
    expect(await names('')).toEqual(['b', 'one'])
    expect(await names('?include_disabled=true')).toEqual(['b', 'one', 'off'])
    expect(await names('?include_disabled=false&offset=1')).toEqual(['one'])
    expect(await names(`?workspace_id=${DEFAULT_WORKSPACE}`)).toEqual(['b', 'one'])
  })

  test('H5: 100 a page', async () => {
    const services = withKeys(...Array.from({ length: 130 }, (_, at) => `key ${at}`))
    const pages = await Promise.all(['', '?offset=100', '?offset=130'].map((query) => ask(services, 'GET', `/keys${query}`, { as: admin })))
    // As above.
    expect(pages.map(({ body }) => (body as { data: unknown[] }).data.length)).toEqual([100, 30, 0])
  })

  test('never those of another account', async () => {
    expect((await ask(withKeys('b'), 'GET', '/keys', { as: keyRecord({ accountId: 'else', kind: 'management' }) })).body).toEqual({ data: [] })
  })

  test('400', async () => {
    for (const query of ['offset=-1', 'offset=x', 'include_disabled=perhaps', 'workspace_id=6ba7b810-9dad-41d1-80b4-00c04fd430c8']) {
      const answer = await ask(withKeys(), 'GET', `/keys?${query}`, { as: admin })
      expect([query, answer.status]).toEqual([query, 400])
      expect(answer.text).toContain(`\`${query.split('=')[0]}\``)
    }
  })
})

describe('POST /keys', () => {
  test('201 with the secret, everything stored as it was asked for', async () => {
    const services = withKeys()
    const answer = await create({ name: ' ci ', limit: 12.345678901, limit_reset: 'weekly', include_byok_in_limit: true, expires_at: FUTURE, workspace_id: DEFAULT_WORKSPACE, creator_user_id: null }, services)
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      key: 'sk-sw-v1-1',
      data: { name: 'ci', limit: 12.345678901, limit_remaining: 12.345678901, limit_reset: 'weekly', include_byok_in_limit: true, expires_at: '2027-12-31T23:59:59.000Z', disabled: false, workspace_id: DEFAULT_WORKSPACE },
    })
    expect([...services.accounts.keys.values()][0]).toMatchObject({ accountId: 'default', limit: 12_345_678_901n, expiresMs: Date.parse(FUTURE) })
  })

  test('a name is enough; null is no limit and no expiry', async () => {
    for (const body of [{ name: 'x' }, { name: 'x', limit: null, limit_reset: null, expires_at: null }]) {
      expect((await create(body)).body).toMatchObject({ data: { limit: null, limit_remaining: null, limit_reset: null, expires_at: null, include_byok_in_limit: false } })
    }
    expect((await create({ name: 'x', limit: 0 })).body).toMatchObject({ data: { limit: 0 } })
  })

  test('400 names the field and says what it must be', async () => {
    const wrong: readonly (readonly [field: string, body: Record<string, unknown>])[] = [
      ['name', {}], ['name', { name: '' }], ['name', { name: '  ' }], ['name', { name: 7 }], ['name', { name: 'x'.repeat(257) }], ['name', { name: null }],
      ['limit', { limit: -1 }], ['limit', { limit: '5' }], ['limit', { limit: 1e10 }], ['limit', { limit: 1e-10 }], ['limit', { limit: true }],
      ['limit_reset', { limit_reset: 'yearly' }], ['limit_reset', { limit_reset: 1 }], ['include_byok_in_limit', { include_byok_in_limit: 'true' }],
      ['expires_at', { expires_at: '2027-12-31T23:59:59+02:00' }], ['expires_at', { expires_at: '2027-12-31T23:59:59' }], ['expires_at', { expires_at: 'tomorrow' }],
      ['expires_at', { expires_at: '2027-02-30T00:00:00Z' }], ['expires_at', { expires_at: 1893456000 }], ['expires_at', { expires_at: '2020-01-01T00:00:00Z' }],
      ['workspace_id', { workspace_id: 'default' }], ['creator_user_id', { creator_user_id: '' }],
      ['budget', { budget: 5 }], ['disabled', { disabled: true }],
    ]
    for (const [field, body] of wrong) {
      const services = withKeys()
      const answer = await create(field === 'name' ? body : { name: 'x', ...body }, services)
      expect([body, answer.status, answer.fault?.options.metadata]).toEqual([body, 400, { field }])
      expect(answer.text).toContain(`\`${field}\``)
      expect(services.accounts.keys.size).toBe(0)
    }
    expect((await create({ name: 'x', budget: 5 })).text).toBe(
      'There is no field `budget` here; leave it out. Fields: `name`, `limit`, `limit_reset`, `include_byok_in_limit`, `expires_at`, `workspace_id`, `creator_user_id`, `switchyard`.')
    expect((await create({ name: 'x', limit: -1 })).text).toBe('The field `limit` must be an amount of USD from 0 to 1000000000 with at most nine decimals, or null for no limit.')
  })
})

describe('/keys/{hash}', () => {
  test('GET 200, the hash in either case', async () => {
    expect((await ask(withKeys('b'), 'GET', `/keys/${HASH.toUpperCase()}`, { as: admin })).body).toMatchObject({ data: { hash: HASH, name: 'b', created_at: '2025-06-04T01:20:00.000Z', updated_at: null, creator_user_id: null } })
  })

  test('PATCH changes what is said and nothing else', async () => {
    const services = withKeys('b')
    expect((await change({ limit: 3.5, limit_reset: 'daily' }, services)).body).toMatchObject({ data: { name: 'b', limit: 3.5, limit_reset: 'daily', disabled: false } })
    expect((await change({ disabled: true, name: 'new' }, services)).body).toMatchObject({ data: { name: 'new', limit: 3.5, limit_reset: 'daily', disabled: true } })
    expect((await change({ limit: null, limit_reset: null, include_byok_in_limit: true, expires_at: FUTURE }, services)).body)
      .toMatchObject({ data: { limit: null, limit_reset: null, include_byok_in_limit: true, expires_at: '2027-12-31T23:59:59.000Z' } })
    expect((await change({}, services)).body).toMatchObject({ data: { name: 'new', disabled: true } })
  })

  test('PATCH 400', async () => {
    for (const [field, value] of [['name', ''], ['name', null], ['disabled', 'yes'], ['limit', -0.01], ['limit_reset', ''], ['expires_at', '2020-01-01T00:00:00Z'], ['hash', HASH], ['usage', 0], ['workspace_id', DEFAULT_WORKSPACE]] as const) {
      const answer = await change({ [field]: value })
      expect([field, answer.status, answer.fault?.options.metadata]).toEqual([field, 400, { field }])
    }
  })

  test('DELETE 200, then 404', async () => {
    const services = withKeys('b')
    expect((await ask(services, 'DELETE', `/keys/${HASH}`, { as: admin })).body).toEqual({ deleted: true })
    expect((await ask(services, 'DELETE', `/keys/${HASH}`, { as: admin })).status).toBe(404)
  })

  test('404: none, not a hash, another account\'s; and a secret that was pasted is not repeated', async () => {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      for (const path of [`/keys/${'e'.repeat(64)}`, '/keys/short', '/keys/sk-sw-v1-secret']) expect((await ask(withKeys('b'), method, path, { as: admin })).status).toBe(404)
      expect((await ask(withKeys('b'), method, `/keys/${HASH}`, { as: keyRecord({ accountId: 'else', kind: 'management' }) })).status).toBe(404)
    }
    const { text } = await ask(withKeys(), 'GET', '/keys/sk-sw-v1-secret', { as: admin })
    expect(text).toContain('needs the hash of the key')
    expect(text).not.toContain('secret')
  })
})

describeShared('by the document', () => {
  test('every answer', async () => {
    const services = withKeys('b')
    const body = { name: 'x', limit: 5, limit_reset: 'monthly', expires_at: FUTURE, include_byok_in_limit: true, workspace_id: DEFAULT_WORKSPACE, creator_user_id: 'user_1' }
    expect(validateRequest('POST', '/keys', body)).toEqual([])
    expect(validateResponse('POST', '/keys', 201, (await create(body, services)).body)).toEqual([])
    expect(validateResponse('GET', '/keys', 200, (await ask(services, 'GET', '/keys', { as: admin })).body)).toEqual([])
    expect(validateResponse('GET', `/keys/${HASH}`, 200, (await ask(services, 'GET', `/keys/${HASH}`, { as: admin })).body)).toEqual([])
    expect(validateResponse('PATCH', `/keys/${HASH}`, 200, (await change({ disabled: true }, services)).body)).toEqual([])
    expect(validateResponse('DELETE', `/keys/${HASH}`, 200, (await ask(services, 'DELETE', `/keys/${HASH}`, { as: admin })).body)).toEqual([])
  })
})
