import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { validateRequest, validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, keyRecord, model, provider, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { hasShared } from '../../../test/shared.ts'
import { SYSTEM } from '../../accounts/audit-entry.ts'
import { DEFAULT_WORKSPACE, defaultGuardrailId, OWNER } from '../../guardrails/guardrail.ts'

const [acme, other] = [provider('acme', { name: 'Acme Inc.', retainsPrompts: false, mayTrain: false }), provider('other')]
const CATALOGUE = snapshot([model('acme/tiny', [endpoint('acme/tiny', acme), endpoint('acme/tiny', other)]), model('acme/big', [endpoint('acme/big', acme)])], { 'acme/tiny-20250101': 'acme/tiny', 'acme/big-20250101': 'acme/big' })
const ADMIN = keyRecord({ kind: 'management' })
const DEFAULT = defaultGuardrailId(DEFAULT_WORKSPACE)

let services: Awaited<ReturnType<typeof storedServices>>
beforeAll(async () => { services = await storedServices(CATALOGUE) })
afterAll(async () => { await services.close() })

/** Asks as a management key; what is answered must be as the document says. */
async function api(method: string, path: string, body?: Record<string, unknown>): Promise<Answer & { readonly data: Record<string, unknown> }> {
  const answer = await ask(services, method, path, { as: ADMIN, ...(body && { body }) })
  const ours = /^\/(?:account|keys\/[^/]+)\/policy/.test(path)
  if (hasShared && !ours && answer.status < 300) expect(validateResponse(method, path, answer.status, answer.body)).toEqual([])
  if (hasShared && !ours && answer.status < 300 && body) expect(validateRequest(method, path, body)).toEqual([])
  // Tests look at single fields of it; one that is not there fails there.
  return { ...answer, data: ((answer.body as Record<string, unknown> | undefined)?.['data'] ?? {}) as Record<string, unknown> }
}

const made = async (body: Record<string, unknown> = {}) => String((await api('POST', '/guardrails', { name: 'G', ...body })).data['id'])
const hashOf = async (name: string) => String((await api('POST', '/keys', { name })).data['hash'])
const policyOf = async (hash: string) => await services.rules.of({ accountId: 'default', key: { hash } }, CATALOGUE)
/** Providers of acme/tiny that a key may use. */
const left = async (hash: string) => {
  const policy = await policyOf(hash)
  return CATALOGUE.models.get('acme/tiny')?.endpoints.filter((one) => !policy.denial(one)).map(({ tag }) => tag)
}

describe('the object', () => {
  test('F1: is kept with every field that it is given, models by their permanent names, providers by their slugs', async () => {
    const { status, data } = await api('POST', '/guardrails', {
      name: ' Prod ', description: 'for production', allowed_providers: ['Acme Inc.', 'OTHER'], ignored_providers: null, allowed_models: ['tiny', 'acme/*'], ignored_models: ['ACME/big'],
      enable_paid_model_training: false, enable_free_model_training: true, enable_free_model_publication: false, workspace_id: DEFAULT_WORKSPACE, limit_usd: null, content_filters: null, content_filter_builtins: [],
    })
    expect(status).toBe(201)
    expect(data).toMatchObject({
      name: 'Prod', description: 'for production', allowed_providers: ['acme', 'other'], ignored_providers: null, allowed_models: ['acme/tiny-20250101', 'acme/*'], ignored_models: ['acme/big-20250101'],
      enable_paid_model_training: false, enable_free_model_training: true, enable_free_model_publication: false, enforce_zdr: null, enforce_zdr_openai: null, include_byok_in_budgets: false, updated_at: null,
    })
    expect((await api('GET', `/guardrails/${String(data['id'])}`)).data).toEqual(data)
  })

  test('E7: the older enforce_zdr is copied into the groups that the body does not name', async () => {
    const id = await made({ enforce_zdr: true, enforce_zdr_google: false })
    expect((await api('GET', `/guardrails/${id}`)).data).toMatchObject({ enforce_zdr: null, enforce_zdr_anthropic: true, enforce_zdr_openai: true, enforce_zdr_google: false, enforce_zdr_xai: true, enforce_zdr_other: true })
    expect((await api('PATCH', `/guardrails/${id}`, { enforce_zdr: false, enforce_zdr_xai: true })).data).toMatchObject({ enforce_zdr_anthropic: false, enforce_zdr_google: false, enforce_zdr_xai: true })
  })

  test('PATCH keeps what it leaves out, replaces lists whole, and takes back what is null', async () => {
    const id = await made({ allowed_providers: ['acme'], ignored_models: ['acme/big'] })
    services.clock.advance(1000)
    const { data } = await api('PATCH', `/guardrails/${id}`, { allowed_providers: ['other'], ignored_models: null })
    expect(data).toMatchObject({ name: 'G', allowed_providers: ['other'], ignored_models: null })
    expect(data['updated_at']).not.toBeNull()
  })

  test('is listed newest first, by pages, and is gone when it was deleted', async () => {
    const id = await made()
    const { total_count: total } = (await api('GET', '/guardrails?limit=1')).body as { total_count: number }
    expect((await api('GET', `/guardrails?limit=1&offset=${total - 1}&workspace_id=${DEFAULT_WORKSPACE}`)).body).toMatchObject({ total_count: total, data: [{}] })
    expect((await api('DELETE', `/guardrails/${id}`)).body).toEqual({ deleted: true })
    for (const method of ['GET', 'PATCH', 'DELETE']) expect(await api(method, `/guardrails/${id}`, method === 'PATCH' ? {} : undefined)).toMatchObject({ status: 404 })
    expect(await api('GET', '/guardrails/nonsense')).toMatchObject({ status: 404 })
  })

  test.each([
    [{ name: '' }, 'name'], [{}, 'name'], [{ name: 'x'.repeat(201) }, 'name'], [{ name: 'G', allowed_providers: [] }, 'allowed_providers'], [{ name: 'G', allowed_providers: ['nobody'] }, 'allowed_providers'],
    [{ name: 'G', ignored_models: ['acme/tyny'] }, 'ignored_models'], [{ name: 'G', workspace_id: 'w' }, 'workspace_id'], [{ name: 'G', colour: 'red' }, 'colour'], [{ name: 'G', enforce_zdr: 'yes' }, 'enforce_zdr'],
  ])('400: %p', async (body, field) => {
    expect(await api('POST', '/guardrails', body)).toMatchObject({ status: 400, fault: { options: { metadata: { field } } } })
  })

  test('F1: has a budget, which is changed field by field', async () => {
    const id = await made({ limit_usd: 5.000000001, reset_interval: 'daily' })
    expect((await api('GET', `/guardrails/${id}`)).body).toMatchObject({ data: { limit_usd: 5.000000001, reset_interval: 'daily', include_byok_in_budgets: false } })
    expect((await api('PATCH', `/guardrails/${id}`, { include_byok_in_budgets: true, reset_interval: null })).body).toMatchObject({ data: { limit_usd: 5.000000001, reset_interval: null, include_byok_in_budgets: true } })
    expect((await api('PATCH', `/guardrails/${id}`, { limit_usd: null })).body).toMatchObject({ data: { limit_usd: null, include_byok_in_budgets: true } })
    for (const [body, field] of [[{ limit_usd: 0 }, 'limit_usd'], [{ limit_usd: -1 }, 'limit_usd'], [{ limit_usd: 0.0000000001 }, 'limit_usd'], [{ reset_interval: 'hourly' }, 'reset_interval'], [{ include_byok_in_budgets: 1 }, 'include_byok_in_budgets']] as const) {
      expect(await api('PATCH', `/guardrails/${id}`, body)).toMatchObject({ status: 400, fault: { options: { metadata: { field } } } })
    }
  })

  test('what this server does not do is refused, never kept in silence', async () => {
    for (const [body, why] of [
      [{ content_filters: [{ pattern: 'x', action: 'block' }] }, 'does not filter content'], [{ content_filter_builtins: [{ slug: 'email', action: 'redact' }] }, 'does not filter content'],
    ] as const) {
      const answer = await api('POST', '/guardrails', { name: 'G', ...body })
      expect(answer).toMatchObject({ status: 400 })
      expect(answer.text).toContain(why)
    }
  })
})

describe('assignments', () => {
  test('F2: a guardrail restricts nobody until it is assigned, and a key has one', async () => {
    const [first, second] = [await made({ allowed_providers: ['acme'] }), await made({ allowed_providers: ['other'] })]
    const [key, free] = [await hashOf('a'), await hashOf('b')]
    expect(await left(key)).toEqual(['acme', 'other'])
    expect((await api('POST', `/guardrails/${first}/assignments/keys`, { key_hashes: [key] })).body).toEqual({ assigned_count: 1 })
    expect([await left(key), await left(free)]).toEqual([['acme'], ['acme', 'other']])
    await api('POST', `/guardrails/${second}/assignments/keys`, { key_hashes: [key] })
    expect(await left(key)).toEqual(['other'])
    expect((await api('GET', `/guardrails/${first}/assignments/keys`)).body).toEqual({ data: [], total_count: 0 })
    expect((await api('DELETE', `/guardrails/${second}`)).status).toBe(200)
    expect(await left(key)).toEqual(['acme', 'other'])
  })

  test('F2, F4: a key keeps to its owner\'s guardrail too', async () => {
    const [members, keys] = [await made({ ignored_providers: ['other'] }), await made({ enforce_zdr_other: true })]
    const hash = await hashOf('c')
    await api('POST', `/guardrails/${members}/assignments/members`, { member_user_ids: [OWNER] })
    await api('POST', `/guardrails/${keys}/assignments/keys`, { key_hashes: [hash] })
    const { sources } = await policyOf(hash)
    expect(sources.map(({ owner }) => owner.id)).toEqual([members, keys])
    expect((await api('GET', `/guardrails/${members}/assignments/members`)).body).toMatchObject({ total_count: 1, data: [{ user_id: OWNER, guardrail_id: members, organization_id: 'default' }] })
    expect((await api('POST', `/guardrails/${members}/assignments/members/remove`, { member_user_ids: [OWNER] })).body).toEqual({ unassigned_count: 1 })
    expect((await policyOf(hash)).sources.map(({ owner }) => owner.id)).toEqual([keys])
  })

  test('F34: says who assigned it', async () => {
    const [id, hash] = [await made(), await hashOf('assigned')]
    const ada = keyRecord({ kind: 'management', creatorUserId: (await services.people.addUser({ email: 'ada@example.com' }, SYSTEM)).id })
    await services.people.addMember('default', ada.creatorUserId ?? '', 'admin', SYSTEM)
    expect((await ask(services, 'POST', `/guardrails/${id}/assignments/keys`, { as: ada, body: { key_hashes: [hash] } })).status).toBe(200)
    expect((await ask(services, 'POST', `/guardrails/${id}/assignments/members`, { as: ada, body: { member_user_ids: [OWNER] } })).status).toBe(200)
    for (const kind of ['keys', 'members']) expect((await api('GET', `/guardrails/${id}/assignments/${kind}`)).body).toMatchObject({ data: [{ assigned_by: ada.creatorUserId }] })
    await api('DELETE', `/guardrails/${id}`)
  })

  test('F34: keys by hash, in bulk, with counts and lists by pages', async () => {
    const id = await made()
    const hashes = [await hashOf('x'), await hashOf('y'), await hashOf('z')]
    expect((await api('POST', `/guardrails/${id}/assignments/keys`, { key_hashes: [...hashes, hashes[0] ?? ''] })).body).toEqual({ assigned_count: 3 })
    expect((await api('GET', `/guardrails/${id}/assignments/keys?limit=2&offset=2`)).body).toMatchObject({ total_count: 3, data: [{ key_name: expect.stringMatching(/^[xyz]$/), key_label: expect.any(String), assigned_by: OWNER }] })
    expect((await api('GET', '/guardrails/assignments/keys')).body).toMatchObject({ total_count: expect.any(Number) })
    expect((await api('GET', '/guardrails/assignments/members')).body).toMatchObject({ data: [], total_count: 0 })
    expect((await api('POST', `/guardrails/${id}/assignments/keys/remove`, { key_hashes: [hashes[0] ?? '', 'f'.repeat(64)] })).body).toEqual({ unassigned_count: 1 })
    await api('DELETE', `/keys/${hashes[1] ?? ''}`)
    expect((await api('GET', `/guardrails/${id}/assignments/keys`)).body).toMatchObject({ total_count: 1, data: [{ key_hash: hashes[2] }] })
  })

  test('F34: 400 for what is no key or member, and then nothing is assigned; 404 for what is no guardrail', async () => {
    const id = await made()
    const hash = await hashOf('q')
    expect(await api('POST', `/guardrails/${id}/assignments/keys`, { key_hashes: [hash, 'e'.repeat(64)] })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'key_hashes' } } } })
    expect((await api('GET', `/guardrails/${id}/assignments/keys`)).body).toMatchObject({ total_count: 0 })
    expect(await api('POST', `/guardrails/${id}/assignments/keys`, { key_hashes: [] })).toMatchObject({ status: 400 })
    expect(await api('POST', `/guardrails/${id}/assignments/members`, { member_user_ids: ['somebody'] })).toMatchObject({ status: 400 })
    expect(await api('POST', '/guardrails/01a1fbad-c70b-748e-9a17-bb37ae7b5f00/assignments/keys', { key_hashes: [hash] })).toMatchObject({ status: 404 })
  })
})

describe("the workspace's default guardrail", () => {
  test('F3: is there from its first PATCH on, has its name for ever, and holds for all keys without being assigned', async () => {
    const hash = await hashOf('w')
    expect(await api('GET', `/guardrails/${DEFAULT}`)).toMatchObject({ status: 404 })
    expect((await api('PATCH', `/guardrails/${DEFAULT}`, { ignored_providers: ['other'] })).data).toMatchObject({ id: DEFAULT, name: `Workspace ${DEFAULT_WORKSPACE} Default`, ignored_providers: ['other'] })
    expect(await left(hash)).toEqual(['acme'])
    expect(await api('PATCH', `/guardrails/${DEFAULT}`, { name: 'Mine' })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'name' } } } })
    expect((await api('GET', `/guardrails/${DEFAULT}`)).data).toMatchObject({ ignored_providers: ['other'] })
    await api('DELETE', `/guardrails/${DEFAULT}`)
    expect(await left(hash)).toEqual(['acme', 'other'])
  })
})

describe('policies of the account and of a key', () => {
  test('F4: the account\'s always holds, the key\'s beside it', async () => {
    const hash = await hashOf('p')
    expect((await api('PATCH', '/account/policy', { enforce_zdr: true, default_provider_sort: 'latency' })).data).toMatchObject({ enforce_zdr_anthropic: true, enforce_zdr_other: true, default_provider_sort: 'latency' })
    expect(await left(hash)).toEqual(['acme'])
    expect((await api('PATCH', `/keys/${hash}/policy`, { ignored_providers: ['acme'], data_region: 'eu' })).data).toMatchObject({ ignored_providers: ['acme'], data_region: 'eu' })
    expect(await left(hash)).toEqual([])
    expect((await policyOf(hash))).toMatchObject({ region: 'eu', sort: 'latency' })
    expect((await ask(services, 'GET', '/key', { as: keyRecord({ hash }) })).body).toMatchObject({ data: { allowed_data_regions: ['europe'] } })
    await api('PATCH', '/account/policy', { enforce_zdr: false, default_provider_sort: null })
    expect((await api('GET', '/account/policy')).data).toMatchObject({ enforce_zdr_other: false, default_provider_sort: null, allowed_providers: null })
    expect((await api('GET', `/keys/${hash}/policy`)).data).toMatchObject({ ignored_providers: ['acme'], allowed_countries: null })
  })

  test('400 and 404', async () => {
    expect(await api('PATCH', '/account/policy', { data_region: 'mars' })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'data_region' } } } })
    expect(await api('PATCH', '/account/policy', { blocked_countries: ['China'] })).toMatchObject({ status: 400 })
    for (const method of ['GET', 'PATCH']) expect(await api(method, `/keys/${'d'.repeat(64)}/policy`, method === 'PATCH' ? {} : undefined)).toMatchObject({ status: 404 })
  })

  test('GET /models/user lists what is left', async () => {
    const hash = await hashOf('m')
    const ids = async () => ((await ask(services, 'GET', '/models/user', { as: keyRecord({ hash }) })).body as { data: { id: string }[] }).data.map(({ id }) => id).filter((id) => id.startsWith('acme/'))
    expect(await ids()).toEqual(['acme/tiny', 'acme/big'])
    await api('PATCH', `/keys/${hash}/policy`, { allowed_models: ['acme/big'] })
    expect(await ids()).toEqual(['acme/big'])
  })
})

test('E10: GET /endpoints/zdr lists who keeps nothing', async () => {
  const { body } = await api('GET', '/endpoints/zdr')
  expect((body as { data: { tag: string; model_id: string }[] }).data.map(({ model_id: id, tag }) => `${id} ${tag}`)).toEqual(['acme/tiny acme', 'acme/big acme'])
})
