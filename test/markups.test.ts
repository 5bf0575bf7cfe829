// An operator's markup on the whole program: shown, routed by, charged; and what the provider is paid beside it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { configOf, startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

let provider: Bun.Server<undefined>
let gateway: Gateway

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1_000, completion_tokens: 250, total_tokens: 1_250 } }) })
  const models = [{ id: 'acme/tiny', upstreamId: 'm', input: '1', output: '4' }]
  const config = configOf(['acme', 'cheap'].map((slug) => ({ slug, dialect: 'openai-chat' as const, baseUrl: `http://127.0.0.1:${provider.port}/v1`, models })))
  gateway = await startGateway({ config: `${config}\nmarkups:\n  - { percent: "20" }\n  - { provider: cheap, percent: "-10" }\n` })
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

const chat = async (more: JsonObject): Promise<JsonObject> => parseObject(await (await gateway.api('/chat/completions', { model: 'acme/tiny', messages: [{ role: 'user', content: 'Hi' }], ...more })).text()) ?? {}

test('I21: what an endpoint is asked for is what its row says, with the discount, and what a call costs', async () => {
  const row = parseObject(await (await gateway.api('/models/acme/tiny/endpoints')).text())
  const endpoints = (asArray(asObject(row?.['data'])?.['endpoints']) ?? []).map((one) => asObject(one) ?? {})
  const pricing = Object.fromEntries(endpoints.map((one) => [String(one['tag']), one['pricing']]))
  expect(pricing).toMatchObject({ acme: { prompt: '0.0000012', completion: '0.0000048', discount: -0.2 }, cheap: { prompt: '0.0000009', completion: '0.0000036', discount: 0.1 } })

  const marked = await chat({ provider: { only: ['acme'] } })
  expect(asObject(marked['usage'])).toMatchObject({ cost: 0.0024, cost_details: { upstream_inference_prompt_cost: 0.001, upstream_inference_completions_cost: 0.001 } })
  const record = parseObject(await (await gateway.api(`/generation?id=${asString(marked['id'])}`)).text())
  expect(asObject(record?.['data'])).toMatchObject({ total_cost: 0.0024, upstream_inference_cost: 0.002 })

  // Routing and ceilings see the price that is asked.
  const cheapest = await chat({ provider: { sort: 'price' } })
  expect([cheapest['provider'], asObject(cheapest['usage'])?.['cost']]).toEqual(['cheap', 0.0018])
  expect((await chat({ provider: { only: ['acme'], max_price: { prompt: '1.1' } } }))['error']).toBeDefined()
  expect((await chat({ provider: { only: ['cheap'], max_price: { prompt: '0.95' } } }))['error']).toBeUndefined()
})
