// What GET /generation says of a call that went through the whole program: who asked with what, at which tier, under which preset.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { asObject, asString, parseObject, type Json, type JsonObject } from '../src/core/json.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

const USAGE = { prompt_tokens: 1_000, completion_tokens: 1, total_tokens: 1_001, prompt_tokens_details: { cached_tokens: 600 } }
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='

let provider: Bun.Server<undefined>
let gateway: Gateway

/** Answers at the tier that the model's upstream name says, in one body or as a stream. */
function answer({ model, stream }: JsonObject): Response {
  const tier = asString(model) === 'plain' ? {} : { service_tier: model ?? null }
  const usage = model === 'plain' ? { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } : USAGE
  if (stream !== true) return Response.json({ id: 'x', object: 'chat.completion', created: 1, model, ...tier, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage })
  const pieces = [{ choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] }, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { choices: [], usage }]
  return new Response([...pieces.map((piece) => `data: ${JSON.stringify({ id: 'x', ...tier, ...piece })}\n\n`), 'data: [DONE]\n\n'].join(''), { headers: { 'content-type': 'text/event-stream' } })
}

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: async (request) => answer(parseObject(await request.text()) ?? {}) })
  const price = '{ input: "10", output: "10", cache_read: "1" }'
  const tiers = 'service_tiers: { priority: { input: "20", output: "20", cache_read: "2" } }'
  gateway = await startGateway({ args: ['--initial-credits', '10'], config: `
providers:
  acme:
    base_url: http://127.0.0.1:${provider.port}/v1
    api_key: k
    models: [
      ${['plain', 'default', 'standard', 'fast'].map((name) => `{ id: acme/${name}, upstream_id: ${name}, inputs: [text, image, audio], context: 100000, max_output: 1000, price: ${price} }`).join(',\n      ')},
      { id: acme/tiered, upstream_id: priority, context: 100000, max_output: 1000, price: ${price}, ${tiers} }]
` })
})
afterAll(async () => {
  await provider.stop(true)
  await gateway.stop()
})

const record = async (id: string): Promise<JsonObject> => asObject(parseObject(await (await gateway.api(`/generation?id=${id}`)).text())?.['data']) ?? {}

async function idOf(path: string, body: JsonObject, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return response.headers.get('x-generation-id') ?? ''
}

async function recordOf(body: JsonObject, headers?: Record<string, string>): Promise<JsonObject> {
  return await settled(await idOf('/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], ...body }, headers))
}

/** Settlements are in the store within a moment of the answer. */
async function settled(id: string): Promise<JsonObject> {
  for (;;) {
    const found = await record(id)
    if (found['id'] !== undefined) return found
    await Bun.sleep(20)
  }
}

const picked = (from: JsonObject, ...fields: string[]): Json[] => fields.map((field) => from[field] ?? null)

test('J5: a call of which nothing special is known: whose program asked, and which request it was of; what there is none of is null, and a count is zero', async () => {
  const id = await idOf('/chat/completions', { model: 'acme/plain', messages: [{ role: 'user', content: 'Hi' }] }, { 'user-agent': 'my-agent/1.2 (linux)' })
  const plain = await settled(id)
  expect(plain).toMatchObject({ user_agent: 'my-agent/1.2 (linux)', request_id: `req${id.slice(3)}`, service_tier: null, preset_id: null, cache_discount: null, num_media_prompt: 0, num_input_audio_prompt: 0 })
  expect(plain['provider_responses']).toMatchObject([{ status: 200 }])
  expect(Object.keys(asObject((plain['provider_responses'] as Json[])[0]) ?? {})).not.toContain('routed_service_tier')
})

test('J5: a User-Agent that is longer than any browser\'s is kept as far as 256 characters', async () => {
  const long = 'agent/'.repeat(500)
  expect((await recordOf({ model: 'acme/plain' }, { 'user-agent': long }))['user_agent']).toBe(long.slice(0, 256))
})

test.each([[false], [true]])('J5: the tier that the provider says it used, in the contract\'s words; stream %p', async (stream) => {
  for (const [model, tier] of [['default', 'default'], ['standard', 'default'], ['fast', 'priority'], ['plain', null]] as const) {
    expect([model, (await recordOf({ model: `acme/${model}`, stream }))['service_tier']]).toEqual([model, tier])
  }
  const asked = await recordOf({ model: 'acme/tiered', stream, service_tier: 'priority' })
  expect(asked).toMatchObject({ service_tier: 'priority', provider_responses: [{ status: 200, routed_service_tier: 'priority' }] })
})

test('J5, B78: what caching took off the cost, at the price of the tier that was used', async () => {
  const whole = 1_000 * 10 / 1e6
  const plain = await recordOf({ model: 'acme/default' })
  expect(picked(plain, 'cache_discount', 'upstream_inference_cost')).toEqual([600 * 9 / 1e6, 0.00461])
  expect(Number(plain['upstream_inference_cost']) + Number(plain['cache_discount'])).toBeCloseTo(whole + 0.00001, 9)
  expect((await recordOf({ model: 'acme/tiered', service_tier: 'priority' }))['cache_discount']).toBe(600 * 18 / 1e6)
})

test('J5: how much beside text was sent', async () => {
  const image = { type: 'image_url', image_url: { url: PIXEL } }
  const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }
  const sent = await recordOf({ model: 'acme/plain', messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, image, audio, image] }] })
  expect(picked(sent, 'num_media_prompt', 'num_input_audio_prompt')).toEqual([3, 1])
  const pictures = await recordOf({ model: 'acme/plain', messages: [{ role: 'user', content: [image] }] })
  expect(picked(pictures, 'num_media_prompt', 'num_input_audio_prompt')).toEqual([1, 0])
})

test('J5: the preset that it was made with', async () => {
  await idOf('/presets/terse/chat/completions', { model: 'acme/plain', messages: [{ role: 'system', content: 'Be brief.' }] })
  const presets = parseObject(await (await gateway.api('/presets/terse')).text())
  const id = asString(asObject(presets?.['data'])?.['id'])
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  for (const body of [{ model: '@preset/terse' }, { model: 'acme/plain', preset: 'terse' }, { model: 'acme/plain@preset/terse' }]) expect((await recordOf(body))['preset_id']).toBe(id ?? '')
})

test('J5: the calls of one request have one request_id', async () => {
  const id = await idOf('/completions', { model: 'acme/plain', prompt: ['One', 'Two', 'Three'] })
  const records = await Promise.all([id, `${id}-1`, `${id}-2`].map(settled))
  expect(records.map((one) => one['request_id'])).toEqual([`req${id.slice(3)}`, `req${id.slice(3)}`, `req${id.slice(3)}`])
})
