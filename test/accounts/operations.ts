// What a test has to know of each management operation, so that it can ask it: one row each. A new route fails the tests until it has
// what it needs here: a collection for its `{id}`, and a body where it takes one.
import { dataOf, type Side, type World } from './world.ts'
import { asArray, asObject, asString, type JsonObject } from '../../src/core/json.ts'

/** Whom a request is made for. `owner` is the id of a person whose own the things are; null: nobody's. */
export interface For { readonly world: World; readonly side: Side; readonly ownerId: string | null }

let last = 0
const unique = (): string => `x${++last}${Math.floor(performance.now() * 1_000).toString(36)}`

const make = ({ world, side }: For, method: string, path: string, body: unknown) => world.ask(side.owner.secret, method, path, body)

const OIDC = { kind: 'oidc', issuer: 'https://login.example.com', client_id: 'switchyard', client_secret: 'sk-test-credential-1234567890' }

/** Makes a thing of each kind, and gives its id: by the path before `/{…}`. */
export const COLLECTIONS: Readonly<Record<string, (whom: For) => Promise<string>>> = {
  '/keys': async (whom) => dataOf(await make(whom, 'POST', '/keys', { name: 'k', creator_user_id: whom.ownerId }), 'hash'),
  '/guardrails': async (whom) => dataOf(await make(whom, 'POST', '/guardrails', { name: unique() })),
  '/byok': async (whom) => dataOf(await make(whom, 'POST', '/byok', { provider: 'openai', key: 'sk-test-credential-1234567890' })),
  '/workspaces': async (whom) => {
    const id = dataOf(await make(whom, 'POST', '/workspaces', { name: unique(), slug: unique() }))
    if (whom.ownerId !== null) await make(whom, 'POST', `/workspaces/${id}/members/add`, { user_ids: [whom.ownerId] })
    return id
  },
  '/notifications/webhooks': async (whom) => {
    // An account has twenty at most.
    const { body } = await whom.world.ask(whom.side.owner.secret, 'GET', '/notifications/webhooks?limit=100')
    for (const row of asArray(body['data']) ?? []) await whom.world.ask(whom.side.owner.secret, 'DELETE', `/notifications/webhooks/${asString(asObject(row)?.['id'])}`)
    return dataOf(await make(whom, 'POST', '/notifications/webhooks', { url: 'https://hooks.example.com/in' }))
  },
  '/wallets': async (whom) => {
    const id = dataOf(await make(whom, 'POST', '/wallets', { external_id: unique() }))
    await make(whom, 'POST', `/wallets/${id}/grant`, { amount_usd: 50, reason: 'start' })
    return id
  },
  '/price-lists': async (whom) => {
    // An account has a hundred at most.
    const { body } = await whom.world.ask(whom.side.owner.secret, 'GET', '/price-lists')
    for (const row of asArray(body['data']) ?? []) await whom.world.ask(whom.side.owner.secret, 'DELETE', `/price-lists/${asString(asObject(row)?.['id'])}`)
    return dataOf(await make(whom, 'PUT', '/price-lists', { name: unique(), markup_percent: 30 }))
  },
  '/budgets/tags': async (whom) => dataOf(await make(whom, 'PUT', '/budgets/tags', { tag: 'customer', value: unique(), limit_usd: 50 })),
  '/budgets/members': async (whom) => dataOf(await make(whom, 'PUT', '/budgets/members', { user_id: await whom.side.newMember(), limit_usd: 50 })),
  '/organization/members': ({ side }) => side.newMember(),
  '/organization/invitations': async (whom) => dataOf(await make(whom, 'POST', '/organization/invitations', { email: `${unique()}@example.com` })),
  '/scim/tokens': async (whom) => dataOf(await make(whom, 'POST', '/scim/tokens', { name: unique() })),
  '/scim/group-mappings': async (whom) => dataOf(await make(whom, 'POST', '/scim/group-mappings', await mapping(whom))),
  '/domains': async (whom) => dataOf(await make(whom, 'POST', '/domains', { domain: `${unique()}.example.com` })),
  '/sso': async (whom) => {
    // An organization has ten at most.
    const { body } = await whom.world.ask(whom.side.owner.secret, 'GET', '/sso')
    for (const row of asArray(body['data']) ?? []) await whom.world.ask(whom.side.owner.secret, 'DELETE', `/sso/${asString(asObject(row)?.['id'])}`)
    return dataOf(await make(whom, 'POST', '/sso', OIDC))
  },
  '/purchases': async ({ world, side }) => dataOf(await world.ask(world.ours.owner.secret, 'POST', `/instance/accounts/${side.accountId}/purchases`, { amount_usd: 25, reference: unique() })),
  // No payment provider is configured here: test/billing has one.
  '/billing/cards': async () => 'pm_1',
  '/instance/accounts': ({ side }) => side.newAccount(),
  '/instance/markups': async (whom) => dataOf(await make(whom, 'PUT', '/instance/markups', { percent: '5', model: 'openai/*' })),
  '/instance/people': ({ side }) => side.newMember(),
}

/** What stands for a second `{…}` of a path. */
export const OTHERS: Readonly<Record<string, string>> = { interval: 'monthly' }

type Body = (whom: For, id: string) => JsonObject | Promise<JsonObject>

/** Bodies that are taken. Deletions and readings have none. */
export const BODIES: Readonly<Record<string, Body>> = {
  'POST /keys': () => ({ name: 'new', limit: 5, limit_reset: 'daily', include_byok_in_limit: true, expires_at: '2099-01-01T00:00:00Z', switchyard: { tags: { env: 'prod' }, rate_limits: { requests_per_minute: 3, usd_per_minute: 0.5 } } }),
  'PATCH /keys/{hash}': () => ({ name: 'renamed', limit: 7, disabled: false, switchyard: { tags: { env: 'test' }, ip_ranges: ['10.0.0.0/8'] } }),
  'POST /keys/{hash}/rotate': () => ({ overlap_seconds: 60 }),
  'PATCH /keys/{hash}/policy': () => ({ allowed_models: ['openai/*'] }),
  'PATCH /account/policy': () => ({ blocked_countries: ['KP'] }),
  'POST /generation/feedback': async (whom) => {
    const { body } = await make(whom, 'POST', '/keys', { name: 'k', creator_user_id: whom.ownerId })
    const call = await whom.world.ask(asString(body['key']), 'POST', '/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] })
    return { generation_id: asString(call.body['id']) ?? '', category: 'other', comment: 'said' }
  },
  'POST /analytics/query': () => ({ metrics: ['request_count'] }),
  'POST /notifications/read': () => ({}),
  'PATCH /notifications/settings': () => ({ thresholds: { percent: [80, 100] } }),
  'POST /notifications/webhooks': () => ({ url: 'https://hooks.example.com/in', name: 'hook' }),
  'PATCH /notifications/webhooks/{id}': () => ({ name: 'renamed' }),
  'POST /notifications/webhooks/{id}/test': () => ({}),
  'POST /guardrails': () => ({ name: unique(), description: 'd', limit_usd: 5, reset_interval: 'daily' }),
  'PATCH /guardrails/{id}': () => ({ description: 'x' }),
  'POST /guardrails/{id}/assignments/keys': async (whom) => ({ key_hashes: [await COLLECTIONS['/keys']?.(whom) ?? ''] }),
  'POST /guardrails/{id}/assignments/members': async ({ side }) => ({ member_user_ids: [await side.newMember()] }),
  'POST /guardrails/{id}/assignments/keys/remove': async (whom) => ({ key_hashes: [await COLLECTIONS['/keys']?.(whom) ?? ''] }),
  'POST /guardrails/{id}/assignments/members/remove': async ({ side }) => ({ member_user_ids: [await side.newMember()] }),
  'POST /byok': () => ({ provider: 'openai', key: 'sk-test-credential-1234567890', name: 'mine' }),
  'PATCH /byok/{id}': () => ({ name: 'renamed' }),
  'POST /workspaces': () => ({ name: 'W', slug: unique(), description: 'd' }),
  'PATCH /workspaces/{id}': () => ({ name: 'V', description: 'x' }),
  'PUT /workspaces/{id}/budgets/{interval}': () => ({ limit_usd: 5 }),
  'POST /wallets': () => ({ external_id: unique(), name: 'Acme', metadata: { tier: 'gold' }, markup_percent: '12.5', models: { 'openai/*': { input: '1', output: '2' } } }),
  'PATCH /wallets/{id}': () => ({ name: 'Renamed', markup_percent: -10, closed: false }),
  'POST /wallets/{id}/grant': () => ({ amount_usd: 5, reason: 'invoice', reference: unique() }),
  'POST /wallets/{id}/take': () => ({ amount_usd: '0.5', reason: 'paid back' }),
  'POST /wallets/{id}/transfer': async (whom) => ({ to: await COLLECTIONS['/wallets']?.(whom) ?? '', amount_usd: 1, reason: 'moved' }),
  'PUT /price-lists': () => ({ name: 'Retail', markup_percent: 40, models: { 'openai/gpt-5-mini': { input: '0.5', output: '4', request: '0.001' } } }),
  'PUT /budgets/tags': () => ({ tag: 'customer', value: unique(), limit_usd: 50, reset_interval: 'monthly' }),
  'PUT /budgets/members': async ({ side }) => ({ user_id: await side.newMember(), limit_usd: 50 }),
  'POST /workspaces/{id}/members/add': async ({ side }) => ({ user_ids: [await side.newMember()] }),
  'POST /workspaces/{id}/members/remove': async (whom, id) => {
    const userIds = [await whom.side.newMember()]
    await make(whom, 'POST', `/workspaces/${id}/members/add`, { user_ids: userIds })
    return { user_ids: userIds }
  },
  'PATCH /organization/members/{id}': () => ({ role: 'member' }),
  'POST /organization/invitations': () => ({ email: `${unique()}@example.com`, role: 'member' }),
  'POST /scim/group-mappings': (whom) => mapping(whom),
  'PATCH /scim/group-mappings/{id}': () => ({ role: 'admin' }),
  'POST /scim/refresh': () => ({}),
  'POST /scim/tokens': () => ({ name: unique() }),
  'POST /domains': () => ({ domain: `${unique()}.example.com` }),
  'POST /domains/{id}/verify': () => ({}),
  'POST /domains/{id}/disable': () => ({}),
  'POST /sso': () => OIDC,
  'PATCH /sso/{id}': () => ({ name: 'renamed' }),
  'POST /sso/{id}/check': () => ({}),
  'POST /sso/{id}/activate': () => ({}),
  'POST /sso/{id}/disable': () => ({}),
  'POST /purchases': () => ({ amount_usd: 25 }),
  'POST /purchases/{id}/refund': () => ({ amount_usd: 5 }),
  'PATCH /billing': () => ({ name: 'Acme Ltd', address: 'Street 1', tax_id: 'DE1', email: 'bills@example.com' }),
  'POST /billing/cards': () => ({}),
  'POST /billing/cards/{id}/default': () => ({}),
  'POST /instance/accounts/{id}/purchases': () => ({ amount_usd: 25, reference: unique() }),
  'PUT /instance/markups': () => ({ percent: '12.5', model: 'openai/*' }),
  'PATCH /instance/settings': () => ({ members_max: 10_000 }),
  'PATCH /instance/accounts/{id}': () => ({ members_max: 7, reason: 'they asked' }),
  'POST /instance/accounts/{id}/credit': () => ({ amount_usd: 5, reason: 'a gift', reference: unique() }),
  'POST /instance/accounts/{id}/suspend': () => ({ reason: 'unpaid' }),
  'POST /instance/accounts/{id}/resume': () => ({ reason: 'paid' }),
  'DELETE /instance/accounts/{id}': (_, id) => ({ reason: 'they asked', confirm: id }),
  'PATCH /instance/people/{id}': () => ({ disabled: true, reason: 'lost' }),
}

/** Queries without which a request is refused. */
export const QUERIES: Readonly<Record<string, string>> = { 'DELETE /scim/group-mappings/{id}': '?keep_members=true' }

/** What a good request is answered with, where that is not a 2xx: what it asks for is not there, or cannot be done here. */
export const ANSWERS: Readonly<Record<string, readonly number[]>> = {
  'GET /workspaces/{id}/budgets/{interval}': [404],
  // Nobody takes cards here.
  'POST /purchases': [409], 'POST /purchases/{id}/refund': [409], 'POST /billing/cards': [409], 'POST /billing/cards/{id}/default': [404], 'DELETE /billing/cards/{id}': [404],
  // There is no network, and no name server has the record.
  'POST /domains/{id}/verify': [200, 400, 409, 422, 502],
  'POST /domains/{id}/disable': [200, 400, 409],
  // No domain is proven: test/sign-in/sso.test.ts has one.
  'POST /sso/{id}/activate': [409],
  'POST /notifications/webhooks/{id}/test': [200, 400, 409, 502],
}

/** A group of a directory of the account's, and a workspace: a mapping of the two can be made. */
async function mapping({ world, side }: For): Promise<JsonObject> {
  const made = await make({ world, side, ownerId: null }, 'POST', '/scim/tokens', { name: unique() })
  const group = await fetch(`${world.gateway.url}/scim/v2/Groups`, {
    method: 'POST', headers: { authorization: `Bearer ${String(made.body['token'])}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: unique() }),
  })
  const { id } = await group.json() as { id: string }
  return { scim_group_id: id, workspace_id: await COLLECTIONS['/workspaces']?.({ world, side, ownerId: null }) ?? '', role: 'member' }
}
