import { describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, fakeServices, generation, keyRecord, snapshot } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { describeShared } from '../../../test/shared.ts'
import { SYSTEM } from '../../accounts/audit-entry.ts'
import { DEFAULT_WORKSPACE } from '../../guardrails/guardrail.ts'

const own = keyRecord({
  limit: 10_000_000_000n, limitRemaining: 7_499_999_999n, limitReset: 'monthly', expiresMs: 1_830_297_599_000,
  usage: { total: 25_500_000_001n, daily: 1n, weekly: 1_000_000_000n, monthly: 2_500_000_001n },
})

describe('H3: GET /key', () => {
  test('200: its own limits and usage, to the nano-dollar', async () => {
    const services = fakeServices(snapshot([]))
    services.accounts.keys.set(own.hash, own)
    services.accounts.balance = { total: 30_000_000_000n, used: 25_500_000_001n }
    expect((await ask(services, 'GET', '/key', { as: own })).body).toEqual({
      data: {
        label: 'sk-sw-v1-abc...xyz', limit: 10, limit_remaining: 7.499999999, limit_reset: 'monthly', include_byok_in_limit: false, expires_at: '2027-12-31T23:59:59.000Z',
        usage: 25.500000001, usage_daily: 0.000000001, usage_weekly: 1, usage_monthly: 2.500000001,
        byok_usage: 0, byok_usage_daily: 0, byok_usage_weekly: 0, byok_usage_monthly: 0,
        is_free_tier: false, is_management_key: false, is_provisioning_key: false, creator_user_id: null,
        workspace_id: DEFAULT_WORKSPACE, organization_id: null, allowed_data_regions: ['global'],
        free_model_daily_requests: { limit: 50, remaining: 50, used: 0 },
        rate_limit: { requests: -1, interval: '10s', note: 'This field is deprecated and safe to ignore.' },
        switchyard: { rate_limits: { requests_per_minute: null, tokens_per_minute: null, usd_per_minute: null }, rolling_limits: null },
      },
    })
  })

  test('an account that has had no credit is on the free tier, while money counts; a key of an organization says which', async () => {
    const services = await storedServices(snapshot([]))
    try {
      const { id } = await services.people.addUser({ email: 'ada@example.com' }, SYSTEM)
      const [personal] = await services.people.accountsOf(id)
      const seen = async (accountId: string) => {
        const { key } = await services.accounts.createKey({ accountId, name: 'a' })
        return (await ask(services, 'GET', '/key', { as: key })).body
      }
      expect(await seen(personal?.account.id ?? '')).toMatchObject({ data: { is_free_tier: true, organization_id: null } })
      const acme = (await services.people.createOrganization('Acme', id, SYSTEM)).id
      expect(await seen(acme)).toMatchObject({ data: { is_free_tier: true, organization_id: acme } })
      await services.accounts.grant(acme, 1n, 'test')
      expect(await seen(acme)).toMatchObject({ data: { is_free_tier: false } })
      await services.instance.change({ money: false }, SYSTEM)
      expect(await seen(personal?.account.id ?? '')).toMatchObject({ data: { is_free_tier: false } })
    } finally {
      await services.close()
    }
  })

  test('a management key says so', async () => {
    const services = fakeServices(snapshot([]))
    const admin = keyRecord({ kind: 'management' })
    services.accounts.keys.set(admin.hash, admin)
    expect((await ask(services, 'GET', '/key', { as: admin })).body).toMatchObject({ data: { is_management_key: true, is_provisioning_key: true } })
  })

  test('401 when it was deleted a moment ago', async () => {
    expect(await ask(fakeServices(snapshot([])), 'GET', '/key', { as: own })).toMatchObject({ status: 401, fault: { code: 'unauthenticated' } })
  })
})

describe('I6: GET /credits', () => {
  test('200', async () => {
    const services = fakeServices(snapshot([]))
    services.accounts.balance = { total: 100_500_000_000n, used: 25_750_000_001n }
    expect((await ask(services, 'GET', '/credits', { as: own })).body).toEqual({ data: { total_credits: 100.5, total_usage: 25.750000001 } })
  })
})

describe('J5, H19: GET /generation', () => {
  const services = fakeServices(snapshot([]))
  const record = generation()
  services.accounts.generations.set(record.id, record)

  test('200: the stored record', async () => {
    const { body } = await ask(services, 'GET', `/generation?id=${record.id}`, { as: own })
    expect(body).toMatchObject({
      data: {
        id: record.id, upstream_id: 'chatcmpl-1', created_at: '2025-06-04T01:20:00.000Z', model: 'acme/tiny', provider_name: 'Acme', api_type: 'completions', streamed: true, cancelled: false,
        finish_reason: 'stop', native_finish_reason: 'end_turn', total_cost: 0.0012345, usage: 0.0012345, upstream_inference_cost: 0.0012345, is_byok: false, latency: 250, generation_time: 900,
        tokens_prompt: 12, tokens_completion: 30, native_tokens_prompt: 12, native_tokens_completion: 30, native_tokens_reasoning: 7, native_tokens_cached: 4, native_tokens_completion_images: 0,
        origin: 'https://app.example/', http_referer: 'https://app.example/', external_user: 'user-1', session_id: null, data_region: 'global',
        provider_responses: [
          { endpoint_id: 'acme/tiny@other', provider_name: 'Other', status: 503, latency: 40, is_byok: false },
          { endpoint_id: 'acme/tiny@acme', provider_name: 'Acme', status: 200, latency: 210, is_byok: false },
        ],
      },
    })
  })

  test('200: of a record that is older than a field, the field is null', async () => {
    const { body } = await ask(services, 'GET', `/generation?id=${record.id}`, { as: own })
    expect(body).toMatchObject({ data: { user_agent: null, preset_id: null, service_tier: null, cache_discount: null, num_media_prompt: null, num_input_audio_prompt: null } })
  })

  test('200: a call that failed says how, also one whose process died', async () => {
    const failed = generation({ id: 'gen-3', provider: '', finishReason: null, nativeFinishReason: null, fault: 'interrupted' })
    const left = generation({ id: 'gen-4', finishReason: null, nativeFinishReason: null, fault: 'client_gone', cancelled: true })
    for (const one of [failed, left]) services.accounts.generations.set(one.id, one)
    expect((await ask(services, 'GET', '/generation?id=gen-3', { as: own })).body).toMatchObject({ data: { provider_name: null, finish_reason: 'error', native_finish_reason: 'interrupted', cancelled: false } })
    expect((await ask(services, 'GET', '/generation?id=gen-4', { as: own })).body).toMatchObject({ data: { finish_reason: null, native_finish_reason: null, cancelled: true } })
  })

  test('400 without an id', async () => {
    for (const path of ['/generation', '/generation?id=']) expect(await ask(services, 'GET', path, { as: own })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'id' } } } })
  })

  test('404: none, or another account\'s', async () => {
    expect(await ask(services, 'GET', '/generation?id=gen-0', { as: own })).toMatchObject({ status: 404, fault: { code: 'not_found' } })
    expect((await ask(services, 'GET', `/generation?id=${record.id}`, { as: keyRecord({ accountId: 'else' }) })).status).toBe(404)
  })
})

describeShared('by the document', () => {
  test('every 200', async () => {
    const services = fakeServices(snapshot([]))
    services.accounts.keys.set(own.hash, own)
    const aborted = generation({ id: 'gen-2', upstreamId: null, finishReason: null, nativeFinishReason: null, cancelled: true, latencyMs: null, generationMs: null, attempts: [{ endpointId: 'a@b', provider: 'b', status: null, latencyMs: 3, fault: 'provider_unreachable' }], referer: null, user: null })
    const interrupted = generation({ ...aborted, id: 'gen-3', cancelled: false, provider: '', fault: 'interrupted', attempts: [] })
    for (const record of [generation(), aborted, interrupted]) services.accounts.generations.set(record.id, record)
    for (const path of ['/key', '/credits', `/generation?id=${generation().id}`, '/generation?id=gen-2', '/generation?id=gen-3']) {
      const { status, body } = await ask(services, 'GET', path, { as: own })
      expect([path, status, validateResponse('GET', path, 200, body)]).toEqual([path, 200, []])
    }
  })
})

test('J6: GET /generation/content says that nothing is kept, with 404, and what is missing or is none', async () => {
  const services = fakeServices(snapshot([]))
  const record = generation()
  services.accounts.generations.set(record.id, record)
  expect(await ask(services, 'GET', `/generation/content?id=${record.id}`, { as: own })).toMatchObject({ status: 404, fault: { message: `Nothing of the content of \`${record.id}\` was kept: this server stores no prompts and no answers. GET /api/v1/generation has its record.` } })
  expect(await ask(services, 'GET', '/generation/content?id=gen-1', { as: own })).toMatchObject({ status: 404, fault: { message: 'There is no generation `gen-1` of this account. A call is recorded once it has ended.' } })
  expect(await ask(services, 'GET', '/generation/content', { as: own })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'id' } } } })
})
