import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../../accounts/audit-entry.ts'
import { DEFAULT_ACCOUNT } from '../../accounts/accounts.ts'
import { ask, keyRecord, snapshot } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { asArray, asObject } from '../../core/json.ts'
import { generationOf } from '../../store/store.fixture.ts'

let services: Awaited<ReturnType<typeof storedServices>>
let anne = ''
const admin = keyRecord({ kind: 'management' })
const api = (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: Record<string, unknown>) => ask(services, method, path, { as: admin, ...(body !== undefined && { body }) })

beforeAll(async () => {
  services = await storedServices(snapshot([]))
  await services.accounts.grant(DEFAULT_ACCOUNT, 1_000_000_000n, 'test')
  anne = (await services.people.addUser({ email: 'anne@example.com' }, SYSTEM)).id
  await services.people.addMember(DEFAULT_ACCOUNT, anne, 'member', SYSTEM)
})

afterAll(() => services.close())

const rowsOf = (body: unknown) => (asArray(asObject(body)?.['data']) ?? []).map((row) => asObject(row) ?? {})

describe('budgets on tags', () => {
  test('are on a value as it looks, however it is spelled', async () => {
    const made = await api('PUT', '/budgets/tags', { tag: 'customer', value: 'Mu\u0308ller', limit_usd: 1 })
    expect(made.body).toMatchObject({ data: { value: 'M\u00fcller' } })
    expect((await api('PUT', '/budgets/tags', { tag: 'customer', value: 'M\u00fcller', limit_usd: 2 })).body).toMatchObject({ data: { limit_usd: 2 } })
    const rows = rowsOf((await api('GET', '/budgets/tags')).body)
    expect(rows).toHaveLength(1)
    await api('DELETE', `/budgets/tags/${String(rows[0]?.['id'])}`)
  })

  test('are made, shown with what was used, changed and taken away', async () => {
    const made = await api('PUT', '/budgets/tags', { tag: 'customer', limit_usd: 0.0000001, reset_interval: 'monthly', required: true })
    expect(made.body).toMatchObject({ data: { tag: 'customer', value: null, kind: 'cap', required: true, limit_usd: 0.0000001, reset_interval: 'monthly', include_byok_in_budgets: false, values: [] } })
    await api('PUT', '/budgets/tags', { tag: 'env', value: 'prod', limit_usd: 2, kind: 'alert' })
    const { secret } = await services.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'k' }, SYSTEM)
    const caller = await services.accounts.find(secret)
    if (!caller) throw new Error('the key is not there')
    const hold = await services.ledger.hold(caller, 'gen-1-1', 100n, { model: 'm', streamed: false, tags: { customer: 'acme', env: 'prod' } })
    if (!hold.ok) throw new Error(hold.code)
    services.ledger.settle(hold, generationOf(caller.key, 'gen-1-1', { cost: 40n, createdMs: services.clock.wallMs() }))
    const { body } = await api('GET', '/budgets/tags')
    expect(rowsOf(body)).toMatchObject([
      { tag: 'customer', values: [{ value: 'acme', used_usd: 0.00000004, remaining_usd: 0.00000006 }] },
      { tag: 'env', value: 'prod', kind: 'alert', limit_usd: 2, used_usd: 0.00000004, reset_interval: null, resets_at: null },
    ])
    const [first] = rowsOf(body)
    expect((await api('PUT', '/budgets/tags', { tag: 'customer', limit_usd: 1, reset_interval: 'monthly' })).body).toMatchObject({ data: { id: first?.['id'], required: false, limit_usd: 1 } })
    expect((await api('DELETE', `/budgets/tags/${String(first?.['id'])}`)).body).toEqual({ deleted: true })
    expect(await api('DELETE', `/budgets/tags/${String(first?.['id'])}`)).toMatchObject({ status: 404 })
    expect(rowsOf((await api('GET', '/budgets/tags')).body)).toHaveLength(1)
  })

  test.each([
    [{ limit_usd: 1 }, 'tag'], [{ tag: 'no spaces', limit_usd: 1 }, 'tag'], [{ tag: 'a' }, 'limit_usd'], [{ tag: 'a', limit_usd: 0 }, 'limit_usd'], [{ tag: 'a', limit_usd: 1e-10 }, 'limit_usd'],
    [{ tag: 'a', limit_usd: 1, value: '' }, 'value'], [{ tag: 'a', limit_usd: 1, value: 'x\ny' }, 'value'], [{ tag: 'a', limit_usd: 1, reset_interval: 'lifetime' }, 'reset_interval'],
    [{ tag: 'a', limit_usd: 1, kind: 'hard' }, 'kind'], [{ tag: 'a', limit_usd: 1, required: 1 }, 'required'], [{ tag: 'a', limit_usd: 1, colour: 'red' }, 'colour'],
  ])('400: %p', async (body, field) => {
    expect(await api('PUT', '/budgets/tags', body)).toMatchObject({ status: 400, fault: { options: { metadata: { field } } } })
  })
})

describe('budgets of members', () => {
  test('are made, shown, changed, taken away, and go with the member', async () => {
    expect((await api('PUT', '/budgets/members', { user_id: anne, limit_usd: 20, reset_interval: 'weekly' })).body).toMatchObject({ data: { user_id: anne, limit_usd: 20, used_usd: 0, remaining_usd: 20, reset_interval: 'weekly' } })
    await api('PUT', '/budgets/members', { user_id: anne, limit_usd: 50 })
    const rows = rowsOf((await api('GET', '/budgets/members')).body)
    expect(rows.map((row) => row['limit_usd'])).toEqual([20, 50])
    expect((await api('DELETE', `/budgets/members/${String(rows[0]?.['id'])}`)).body).toEqual({ deleted: true })
    expect(await api('DELETE', `/budgets/tags/${String(rows[1]?.['id'])}`)).toMatchObject({ status: 404 })
    await services.people.removeMember(DEFAULT_ACCOUNT, anne, SYSTEM)
    expect(rowsOf((await api('GET', '/budgets/members')).body)).toEqual([])
  })

  test('400 for who is no member', async () => {
    expect(await api('PUT', '/budgets/members', { user_id: 'user_nobody', limit_usd: 20 })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'user_id' } } } })
  })
})
