import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asObject, parseObject, type JsonObject } from '../src/core/json.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

/** A provider that answers with the status that the model's name says. */
let provider: ReturnType<typeof Bun.serve>
let gateway: Gateway

const UPSTREAM: Readonly<Record<string, readonly [number, object]>> = {
  s400: [400, { error: { message: 'this field is wrong' } }],
  s401: [401, { error: { message: 'bad key' } }],
  s402: [402, { error: { message: 'no credit' } }],
  s404: [404, { error: { message: 'The model does not exist', code: 'model_not_found' } }],
  s413: [413, { error: { message: 'too large' } }],
  s429: [429, { error: { message: 'slow down' } }],
  s500: [500, { error: { message: 'broken' } }],
  s503: [503, { error: { message: 'overloaded' } }],
  s529: [529, { error: { message: 'overloaded' } }],
  long: [400, { error: { message: "This model's maximum context length is 10 tokens", code: 'context_length_exceeded' } }],
  unsafe: [400, { error: { message: 'Your request was rejected by our content policy', code: 'content_policy_violation' } }],
}

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const name = String(parseObject(await request.text())?.['model'])
    if (name === 'hangs') await new Promise((resolve) => { request.signal.addEventListener('abort', resolve) })
    const [status, body] = UPSTREAM[name] ?? [500, {}]
    return Response.json(body, { status })
  } })
  const model = (name: string): string => `{ id: acme/${name}, upstream_id: ${name}, context: 10000, max_output: 100, price: { input: "1", output: "1" } }`
  const url = `http://127.0.0.1:${provider.port}/v1`
  gateway = await startGateway({ config: `
limits: { body_bytes_max: 100000 }
providers:
  acme: { base_url: "${url}", api_key: k, models: [${Object.keys(UPSTREAM).map(model).join(', ')}] }
  quiet: { base_url: "${url}", api_key: k, timeouts: { reply_ms_max: 200 }, models: [${model('hangs')}] }
` })
})
afterAll(async () => {
  await provider.stop(true)
  await gateway.stop()
})

const MESSAGES = [{ role: 'user', content: 'Hi' }]

async function chat(body: JsonObject, headers: Record<string, string> = {}): Promise<{ response: Response; body: JsonObject; error: JsonObject }> {
  const response = await gateway.api('/chat/completions', { messages: MESSAGES, ...body }, { headers })
  const read = parseObject(await response.text()) ?? {}
  return { response, body: read, error: asObject(read['error']) ?? {} }
}

describe('M1: the error body', () => {
  test('has the status as its code, a message, and its type', async () => {
    const { response, error } = await chat({ model: 'acme/s500' })
    expect([response.status, error['code']]).toEqual([502, 502])
    expect(error).toMatchObject({ message: expect.stringContaining('broken'), metadata: { error_type: 'provider_unavailable', provider_name: 'acme' } })
  })
})

describe('before a model is called', () => {
  test('M2: 400 names the field', async () => {
    expect(await chat({ model: 'acme/s500', temperature: 9 })).toMatchObject({ response: { status: 400 }, error: { metadata: { error_type: 'invalid_request', field: 'temperature' } } })
  })

  test('M3, M14, H1: 401 without a key, and with one that is none', async () => {
    const none = await fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'POST', body: '{}' })
    expect([none.status, await none.json()]).toMatchObject([401, { error: { code: 401, message: expect.stringContaining('Missing Authentication header'), metadata: { error_type: 'authentication' } } }])
    expect(await chat({ model: 'acme/s500' }, { authorization: 'Bearer sk-sw-v1-none' })).toMatchObject({ response: { status: 401 }, error: { metadata: { error_type: 'authentication' } } })
  })

  test('M34, M5, M14, H4: a key of calls does not administer', async () => {
    const refused = await gateway.api('/keys')
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 403, message: expect.stringContaining('Only management keys'), metadata: { error_type: 'permission_denied' } } }])
  })

  test('M6: 404 of a path and of a model’s page', async () => {
    for (const path of ['/nothing', '/model/acme/none', '/models/acme/none/endpoints']) {
      const missing = await gateway.api(path)
      expect([path, missing.status, await missing.json()]).toMatchObject([path, 404, { error: { code: 404, metadata: { error_type: 'not_found' } } }])
    }
  })

  test('M8: 413 of a body beyond the limit', async () => {
    const { response, error } = await chat({ model: 'acme/s500', messages: [{ role: 'user', content: 'x'.repeat(200_000) }] })
    expect([response.status, error]).toMatchObject([413, { code: 413, metadata: { error_type: 'payload_too_large' } }])
  })

  test('M35: browsers may call, from anywhere, and read what they need', async () => {
    const preflight = await fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'OPTIONS', headers: { origin: 'https://app.test', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, x-title' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-headers')]).toEqual([204, '*', 'authorization, x-title'])
    const { response } = await chat({ model: 'acme/s500' }, { origin: 'https://app.test' })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Generation-Id')
  })
})

describe('what a provider answers', () => {
  const CASES = [
    ['s400', 400, 'invalid_request'], ['s401', 502, 'provider_unavailable'], ['s402', 502, 'provider_unavailable'], ['s404', 404, 'not_found'], ['s413', 413, 'payload_too_large'],
    ['s429', 429, 'rate_limit_exceeded'], ['s500', 502, 'provider_unavailable'], ['s503', 503, 'provider_overloaded'], ['s529', 503, 'provider_overloaded'],
    ['long', 400, 'context_length_exceeded'], ['unsafe', 400, 'content_policy_violation'], ['hangs', 504, 'timeout'],
  ] as const
  test.each(CASES)('M9, M10, M13, M15–M17, M19: %s is told as %d %s', async (name, status, type) => {
    const { response, error } = await chat({ model: `acme/${name}` })
    expect([response.status, error]).toMatchObject([status, { code: status, metadata: { error_type: type } }])
    expect(response.headers.get('x-generation-id')).toStartWith('gen-')
  })

  const MESSAGES_TYPES = [['s400', 'invalid_request_error'], ['s404', 'not_found_error'], ['s429', 'rate_limit_error'], ['s503', 'overloaded_error'], ['hangs', 'timeout_error'], ['s500', 'api_error']] as const
  test.each(MESSAGES_TYPES)('M31: %s is %s in Messages, with the canonical type beside it', async (name, type) => {
    const response = await gateway.api('/messages', { model: `acme/${name}`, max_tokens: 50, messages: MESSAGES })
    expect(await response.json()).toMatchObject({ type: 'error', error: { type, message: expect.any(String), error_type: expect.any(String) }, request_id: expect.stringMatching(/^gen-/) })
  })

  const RESPONSES_TYPES = [['s429', 429, 'rate_limit_exceeded'], ['s400', 400, 'invalid_request'], ['s500', 502, 'provider_unavailable'], ['unsafe', 400, 'content_policy_violation']] as const
  test.each(RESPONSES_TYPES)('M29: %s in Responses has the canonical type beside the error', async (name, code, type) => {
    const response = await gateway.api('/responses', { model: `acme/${name}`, input: 'Hi' })
    expect(await response.json()).toMatchObject({ error: { code, message: expect.any(String) }, error_type: type })
  })
})

test('M12: a provider’s rate limit has no headers of rates, only when to try again', async () => {
  const { response } = await chat({ model: 'acme/s429' })
  expect([...response.headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
})
