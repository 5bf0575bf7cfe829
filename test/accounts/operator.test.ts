// The operator's side, as who runs an install of two processes meets it.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../../src/accounts/accounts.ts'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import { asArray, asObject, asString, type JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'

let gateway: Gateway
let other: Gateway
let operator = ''
/** Of an organization with a member, Ada, and one key. */
let account = ''
let ada = ''
let key = ''
/** A management key of hers there. */
let hers = ''

beforeAll(async () => {
  gateway = await startGateway()
  other = await startGateway({ dataDir: gateway.dataDir })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  operator = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'operator', kind: 'management' })).secret
  ada = (await store.people.addUser({ email: 'ada_l@example.com', firstName: 'Ada' }, OPERATOR)).id
  account = (await store.people.createOrganization('100% Lovelace', ada, OPERATOR)).id
  key = (await store.accounts.createKey({ accountId: account, name: 'k', creatorUserId: ada })).secret
  hers = (await store.accounts.createKey({ accountId: account, name: 'm', kind: 'management', creatorUserId: ada })).secret
  await store.close()
})

afterAll(async () => {
  await other.stop()
  await gateway.stop()
})

interface Answer { readonly status: number; readonly data: JsonObject; readonly rows: readonly JsonObject[]; readonly body: JsonObject; readonly message: string }

async function ask(method: string, path: string, body?: unknown, secret = operator): Promise<Answer> {
  const response = await gateway.api(path, undefined, { method, headers: { authorization: `Bearer ${secret}` }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const answer = asObject(await response.json()) ?? {}
  return { status: response.status, body: answer, data: asObject(answer['data']) ?? {}, rows: (asArray(answer['data']) ?? []).map((row) => asObject(row) ?? {}), message: asString(asObject(answer['error'])?.['message']) ?? '' }
}

async function chat(on: Gateway): Promise<{ readonly status: number; readonly message: string }> {
  const response = await on.api('/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] }, { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, message: asString(asObject(asObject(await response.json())?.['error'])?.['message']) ?? '' }
}

/** Asks again until it is as it must be, or is never going to be: the last answer. */
async function within<T>(look: () => Promise<T>, isRight: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look()
    if (isRight(found) || tries === 200) return found
    await Bun.sleep(50)
  }
}

test('all of it is the operator’s alone', async () => {
  for (const [method, path] of [['GET', '/instance/settings'], ['PATCH', '/instance/settings'], ['GET', '/instance/accounts'], ['POST', `/instance/accounts/${account}/credit`], ['GET', '/instance/people'], ['GET', '/instance/audit']] as const) {
    const { status, message } = await ask(method, path, method === 'GET' ? undefined : {}, hers)
    expect([path, status, message.includes('Only the operator')]).toEqual([path, 403, true])
    expect([path, (await ask(method, path, method === 'GET' ? undefined : {}, key)).status]).toEqual([path, 403])
    expect([path, (await ask(method, path, method === 'GET' ? undefined : {}, 'sk-sw-v1-nobody-has-this')).status]).toEqual([path, 401])
  }
})

test('settings: what is stored is answered, what is unknown is refused, every process has them', async () => {
  expect((await ask('GET', '/instance/settings')).data).toMatchObject({ sign_up: { mode: 'invitation', domains: [] }, money: true, purchases: { fee_percent: '5.5', fee_min_usd: '0.8', amount_min_usd: '5', expiry_days: null }, members_max: 10, trial_credit_usd: '0' })
  const changed = await ask('PATCH', '/instance/settings', { sign_up: { mode: 'domains', domains: ['@Example.com'] }, purchases: { fee_percent: 2.25 }, seller: { name: 'Ada Ltd' } })
  expect([changed.status, changed.data]).toMatchObject([200, { sign_up: { mode: 'domains', domains: ['example.com'] }, purchases: { fee_percent: '2.25', fee_min_usd: '0.8' }, members_max: 10, seller: { name: 'Ada Ltd', tax_id: '' } }])
  const there = await within(async () => asObject(await (await other.api('/instance/settings', undefined, { headers: { authorization: `Bearer ${operator}` } })).json())?.['data'], (data) => asObject(data)?.['seller'] !== undefined && JSON.stringify(data).includes('Ada Ltd'))
  expect(there).toEqual(changed.data)
  const entry = await ask('PATCH', '/instance/settings', { sign_up: { domains: ['example.com', 'a..b'] } })
  expect([entry.status, asObject(entry.body['error'])]).toEqual([400, { code: 400, message: 'The field `sign_up.domains` must be a list of at most 1000 domains, as ["example.com"]. Its entry 2 is wrong.', metadata: { error_type: 'invalid_request', field: 'sign_up.domains.1' } }])
  for (const [wrong, field] of [[{ fee: 1 }, 'fee'], [{ purchases: { fee: 1 } }, 'purchases.fee'], [{ members_max: 0 }, 'members_max'], [{ sign_up: { domains: [] } }, 'sign_up.domains'], [{ purchases: { fee_percent: 101 } }, 'purchases.fee_percent'], [{ trial_credit_usd: -1 }, 'trial_credit_usd']] as const) {
    const { status, body } = await ask('PATCH', '/instance/settings', wrong)
    expect([status, asObject(asObject(body['error'])?.['metadata'])?.['field']]).toEqual([400, field])
  }
  expect((await ask('PATCH', '/instance/settings', { purchases: { fee: 1 } })).message).toContain('Fields: `fee_percent`, `fee_min_usd`, `amount_min_usd`, `expiry_days`')
  expect((await ask('GET', '/instance/settings')).data).toEqual(changed.data)
})

test('accounts are found by name, id and member, and by nothing that only looks like a pattern', async () => {
  const found = async (q: string) => (await ask('GET', `/instance/accounts?q=${encodeURIComponent(q)}`)).rows.map((row) => row['name'])
  expect(await found('lovelace')).toEqual(['100% Lovelace'])
  expect(await found('0% L')).toEqual(['100% Lovelace'])
  expect((await found('ada_l@')).toSorted()).toEqual(['100% Lovelace', 'Ada'])
  expect(await found(account)).toEqual(['100% Lovelace'])
  for (const pattern of ['%lovelace', '1__', 'ada%', '!', "' OR 1=1 --", 'a_a']) expect([pattern, await found(pattern)]).toEqual([pattern, []])
  expect((await ask('GET', '/instance/accounts?kind=personal')).rows.map((row) => row['name'])).toEqual(['Ada'])
  expect((await ask('GET', '/instance/accounts?state=suspended')).rows).toEqual([])
  expect((await ask('GET', '/instance/accounts?sort=color')).status).toBe(400)
  expect((await ask('GET', `/instance/accounts/${account}`)).data).toMatchObject({ kind: 'organization', state: 'live', members: 1, first_members: [{ id: ada, email: 'ada_l@example.com', role: 'admin' }] })
  expect((await ask('GET', '/instance/accounts/nobody')).status).toBe(404)
})

test('credit is given and taken with a reason, once for a reference, and never below zero', async () => {
  const credit = (body: JsonObject) => ask('POST', `/instance/accounts/${account}/credit`, body)
  expect(await credit({ amount_usd: '2.50', reason: 'welcome', reference: 'r1' })).toMatchObject({ status: 200, data: { balance: 2.5, total_credits: 2.5, repeated: false } })
  expect(await credit({ amount_usd: '2.50', reason: 'welcome', reference: 'r1' })).toMatchObject({ status: 200, data: { balance: 2.5, repeated: true } })
  expect(await credit({ amount_usd: -1, reason: 'a mistake' })).toMatchObject({ status: 200, data: { balance: 1.5, total_credits: 1.5 } })
  expect((await credit({ amount_usd: -2, reason: 'too much' })).status).toBe(409)
  expect((await credit({ amount_usd: 1 })).status).toBe(400)
  expect((await credit({ amount_usd: 1, reason: ' ' })).status).toBe(400)
  expect((await credit({ amount_usd: 0, reason: 'x' })).status).toBe(400)
  expect((await ask('POST', '/instance/accounts/nobody/credit', { amount_usd: 1, reason: 'x' })).status).toBe(404)
  const { rows } = await ask('GET', '/organization/audit', undefined, hers)
  expect(rows.filter((row) => String(row['action']).startsWith('credit.')).map(({ action, after, reason }) => [action, asObject(after)?.['usd'], reason])).toEqual([['credit.take', '-1', 'a mistake'], ['credit.grant', '2.5', 'welcome']])
})

test('a suspended account is refused by every process with the reason, and let in again', async () => {
  expect([(await chat(gateway)).status, (await chat(other)).status]).toEqual([200, 200])
  expect(await ask('POST', `/instance/accounts/${account}/suspend`, { reason: 'unpaid bill' })).toMatchObject({ status: 200, data: { state: 'suspended', suspended_reason: 'unpaid bill' } })
  for (const process of [gateway, other]) {
    const { status, message } = await within(() => chat(process), (found) => found.status !== 200)
    expect([status, message]).toEqual([403, 'This account is suspended (unpaid bill). Only the operator of this install can take that back.'])
  }
  expect((await ask('GET', '/keys', undefined, hers)).status).toBe(403)
  expect((await ask('GET', '/instance/accounts?state=suspended')).rows.map((row) => row['id'])).toEqual([account])
  expect((await ask('POST', `/instance/accounts/${account}/resume`, { reason: 'paid' })).data).toMatchObject({ state: 'live', suspended_reason: null })
  for (const process of [gateway, other]) expect((await within(() => chat(process), (found) => found.status === 200)).status).toBe(200)
  expect(await ask('POST', `/instance/accounts/${DEFAULT_ACCOUNT}/suspend`, { reason: 'oops' })).toMatchObject({ status: 409 })
})

test('an account may have rates of its own, seen by every process', async () => {
  const rates = { requests_per_minute: 1, tokens_per_minute: null, usd_per_minute: null }
  expect((await ask('PATCH', `/instance/accounts/${account}`, { rate_limits: rates, members_max: 3, reason: 'noisy' })).data).toMatchObject({ rate_limits: rates, members_max: 3 })
  const refused = await within(() => chat(other), (found) => found.status === 429)
  expect([refused.status, refused.message.includes('1 request')]).toEqual([429, true])
  expect((await ask('PATCH', `/instance/accounts/${account}`, { rate_limits: null })).data).toMatchObject({ rate_limits: null, members_max: 3 })
  expect((await within(() => chat(other), (found) => found.status === 200)).status).toBe(200)
})

test('people: found, disabled with their keys, made operators, and never the last of these', async () => {
  expect((await ask('GET', '/instance/people?q=ADA_L')).rows).toMatchObject([{ id: ada, email: 'ada_l@example.com', operator: false, disabled: false, accounts: 2 }])
  expect((await ask('GET', '/instance/people?q=%25')).rows).toEqual([])
  expect((await ask('GET', `/instance/people/${ada}`)).data).toMatchObject({ memberships: [{ kind: 'personal', role: 'admin' }, { account_id: account, role: 'admin' }] })
  await ask('PATCH', `/instance/people/${ada}`, { disabled: true, reason: 'left' })
  expect((await within(() => chat(other), (found) => found.status === 401)).status).toBe(401)
  await ask('PATCH', `/instance/people/${ada}`, { disabled: false })
  expect((await within(() => chat(other), (found) => found.status === 200)).status).toBe(200)
  expect((await ask('PATCH', `/instance/people/${ada}`, { operator: true })).data).toMatchObject({ operator: true })
  expect((await ask('PATCH', `/instance/people/${ada}`, { operator: false })).status).toBe(409)
  expect((await ask('PATCH', `/instance/people/${ada}`, { disabled: true })).status).toBe(409)
  expect((await ask('PATCH', '/instance/people/nobody', { operator: true })).status).toBe(404)
})

test('the log of everything, as pages and as files', async () => {
  const all = await ask('GET', '/instance/audit?limit=100')
  const actions = all.rows.map((row) => row['action'])
  for (const action of ['instance.change', 'account.suspend', 'account.resume', 'account.change', 'credit.grant', 'credit.take', 'user.disable', 'operator.add']) expect(actions).toContain(action)
  expect(all.rows.find((row) => row['action'] === 'instance.change')).toMatchObject({ account_id: null, target: 'settings', before: { members_max: 10 } })
  expect((await ask('GET', `/instance/audit?account_id=${account}&action=account.suspend`)).rows).toMatchObject([{ account_id: account, reason: 'unpaid bill', before: { state: 'live' }, after: { state: 'suspended' } }])
  const file = await gateway.api('/instance/audit?format=csv', undefined, { headers: { authorization: `Bearer ${operator}` } })
  const lines = (await file.text()).trim().split('\r\n')
  expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(lines[0]).toBe('id,at,account_id,actor_kind,actor_id,actor_name,user_id,impersonated_by,action,target,reason,before,after')
  expect(lines.length - 1).toBe(Number(all.body['total_count']))
  const own = await gateway.api('/organization/audit?format=csv', undefined, { headers: { authorization: `Bearer ${hers}` } })
  const ownLines = (await own.text()).trim().split('\r\n').slice(1)
  expect(ownLines.length).toBeGreaterThan(5)
  for (const line of ownLines) expect(line).toContain(account)
})

test('closing an account ends it for ever, and leaves the books', async () => {
  expect((await ask('DELETE', `/instance/accounts/${account}`, { reason: 'asked for', confirm: 'yes' })).status).toBe(400)
  expect((await ask('DELETE', `/instance/accounts/${DEFAULT_ACCOUNT}`, { reason: 'x', confirm: DEFAULT_ACCOUNT })).status).toBe(409)
  expect(await ask('DELETE', `/instance/accounts/${account}`, { reason: 'asked for', confirm: account })).toMatchObject({ status: 200, body: { deleted: true } })
  expect((await within(() => chat(other), (found) => found.status === 401)).status).toBe(401)
  expect((await ask('GET', `/instance/accounts/${account}`)).data).toMatchObject({ state: 'closed', name: '' })
  for (const [path, body] of [['suspend', { reason: 'x' }], ['credit', { reason: 'x', amount_usd: 1 }]] as const) expect((await ask('POST', `/instance/accounts/${account}/${path}`, body)).status).toBe(404)
  expect((await ask('GET', '/instance/audit?action=account.close')).rows).toMatchObject([{ account_id: null, target: account, reason: 'asked for' }])
})
