import { describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, fakeServices, keyRecord, model, provider, snapshot } from '../../../test/openapi/fake-services.ts'
import { describeShared } from '../../../test/shared.ts'
import type { EndpointHealth, EndpointStats } from '../../routing/health.ts'

const acme = provider('acme', { name: 'Acme' })
const away = provider('away', { notReady: 'no credential' })
const services = fakeServices(snapshot([
  model('acme/tiny', [
    endpoint('acme/tiny', acme, { promptMax: 90_000, price: { state: 'priced', prompt: 3_000_000_000n, completion: 15_000_000_000n, cacheRead: 300_000_000n, cacheWrite: 3_750_000_000n, cacheWriteHour: 6_000_000_000n, request: 5_000_000n, image: 4_800_000n } }),
    endpoint('acme/tiny', acme, { tag: 'acme/eu', deprecated: true, quantization: 'q4_0', price: { state: 'priced', prompt: 1n, completion: 1n, cacheRead: 1n } }),
    endpoint('acme/tiny', away),
  ]),
]))
const ID = 'acme/tiny@acme'
const LIVE: EndpointStats = {
  uptime5m: 0.98765, uptime30m: 0.9, uptime1d: 1, latency30m: { p50: 210.123, p75: 300, p90: 400, p99: 900 }, throughput30m: { p50: 81.5, p75: 60, p90: 40, p99: 10 },
}

async function endpoints(as = true): Promise<Record<string, unknown>[]> {
  const { body } = await ask(services, 'GET', '/models/acme/tiny/endpoints', as ? { as: keyRecord() } : {})
  // The shape that the next lines assert on.
  return (body as { data: { endpoints: Record<string, unknown>[] } }).data.endpoints
}

describe('GET /models/{author}/{slug}/endpoints', () => {
  test('one row in full, with what health says', async () => {
    services.statsOf.set(ID, LIVE)
    const [row] = await endpoints()
    expect(row).toEqual({
      name: 'Acme | acme/tiny', model_id: 'acme/tiny', model_name: 'acme/tiny', context_length: 100_000, provider_name: 'Acme', tag: 'acme', quantization: 'fp8',
      pricing: { prompt: '0.000003', completion: '0.000015', request: '0.005', image: '0.0048', input_cache_read: '0.0000003', input_cache_write: '0.00000375', input_cache_write_1h: '0.000006' },
      max_completion_tokens: 8_000, max_prompt_tokens: 90_000, supported_parameters: ['temperature', 'max_tokens', 'tools'], status: 0,
      uptime_last_5m: 98.765, uptime_last_30m: 90, uptime_last_1d: 100, supports_implicit_caching: false, supports_voice_cloning: false,
      supports_tool_choice: { auto: true, none: false, required: false, function: false },
      latency_last_30m: { p50: 210.12, p75: 300, p90: 400, p99: 900 }, throughput_last_30m: { p50: 81.5, p75: 60, p90: 40, p99: 10 },
    })
  })

  test('without a key: no speeds', async () => {
    expect((await endpoints(false))[0]).toMatchObject({ uptime_last_5m: 98.765, latency_last_30m: null, throughput_last_30m: null })
  })

  test('the grade follows health, deprecation and readiness', async () => {
    const status = async (health: Partial<EndpointHealth>): Promise<unknown[]> => {
      services.healthOf.set(ID, { outage: false, state: 'normal', ...health })
      return (await endpoints()).map((row) => row['status'])
    }
    expect(await status({})).toEqual([0, -5, -10])
    expect(await status({ state: 'degraded' })).toEqual([-1, -5, -10])
    expect(await status({ state: 'down' })).toEqual([-2, -5, -10])
    expect(await status({ outage: true })).toEqual([-2, -5, -10])
  })

  test('what nobody knows is null, other words are unknown, caching without a write price is implicit', async () => {
    const [, second, third] = await endpoints()
    expect(second).toMatchObject({ quantization: 'unknown', supports_implicit_caching: true, max_prompt_tokens: null, uptime_last_5m: null, latency_last_30m: null, throughput_last_30m: null })
    expect(second?.['pricing']).toMatchObject({ prompt: '0.000000000000001' })
    expect(third).toMatchObject({ provider_name: 'away', supports_implicit_caching: false })
  })

  test('404 for a model that is not there', async () => {
    expect(await ask(services, 'GET', '/models/acme/huge/endpoints')).toMatchObject({ status: 404, fault: { code: 'not_found' } })
  })
})

describeShared('by the document', () => {
  test('200 of endpoints, with and without a key', async () => {
    services.statsOf.set(ID, LIVE)
    for (const options of [{}, { as: keyRecord() }]) {
      const { body } = await ask(services, 'GET', '/models/acme/tiny/endpoints', options)
      expect(validateResponse('GET', '/models/acme/tiny/endpoints', 200, body)).toEqual([])
    }
  })
})
