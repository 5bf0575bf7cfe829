// An operator's markup on the whole program: shown, routed by, charged; and what the provider is paid beside it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { OPERATOR } from '../src/accounts/audit-entry.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
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

interface Answer { readonly status: number; readonly body: JsonObject }

async function operate(secret: string, method: string, path: string, body?: JsonObject): Promise<Answer> {
  const response = await fetch(`${gateway.url}/api/v1/instance${path}`, { method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

const opened = () => openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })

/** What a call of `cheap` costs, asked until it is this much: another process made the change. */
async function costOf(provider: string, wanted: number): Promise<void> {
  for (;;) {
    const { usage } = await chat({ provider: { only: [provider] } })
    if (asObject(usage)?.['cost'] === wanted) return
    await Bun.sleep(20)
  }
}

test('markups over the API add to the file\'s, whose rules go first; they are seen by every process, and each change is in the log', async () => {
  const store = await opened()
  const { secret } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'operator', kind: 'management' })
  const made = await operate(secret, 'PUT', '/markups', { percent: 50, model: 'ACME/tiny' })
  expect(made).toMatchObject({ status: 200, body: { data: { account_id: null, model: 'acme/tiny', provider: null, percent: 50, source: 'store', overridden: false } } })
  // A model says more than a provider, or than everything.
  expect(asObject((await chat({ provider: { only: ['cheap'] } }))['usage'])?.['cost']).toBe(0.003)
  // One for the same as a rule of the file is taken, and waits behind it.
  expect((await operate(secret, 'PUT', '/markups', { percent: '-50', provider: 'cheap' })).body).toMatchObject({ data: { overridden: true } })
  const again = await operate(secret, 'PUT', '/markups', { percent: '25.5', model: 'acme/tiny' })
  expect(asObject(again.body['data'])?.['id']).toBe(asObject(made.body['data'])?.['id'])
  expect((await operate(secret, 'GET', '/markups')).body['data']).toMatchObject([
    { provider: 'cheap', percent: -50, source: 'store', overridden: true }, { model: 'acme/tiny', percent: 25.5, source: 'store', overridden: false }, { id: null, percent: 20, source: 'file' }, { id: null, provider: 'cheap', percent: -10, source: 'file' },
  ])
  expect(asObject((await chat({ provider: { only: ['cheap'] } }))['usage'])?.['cost']).toBe(0.00251)
  expect(await operate(secret, 'DELETE', `/markups/${asString(asObject(made.body['data'])?.['id'])}`)).toMatchObject({ status: 200, body: { deleted: true } })
  expect(asObject((await chat({ provider: { only: ['cheap'] } }))['usage'])?.['cost']).toBe(0.0018)
  // Made elsewhere, for the account.
  await store.markups.put({ account: DEFAULT_ACCOUNT, basisPoints: 10_000 }, OPERATOR)
  await costOf('cheap', 0.004)
  const { body } = await operate(secret, 'GET', '/audit?limit=20')
  expect((asArray(body['data']) ?? []).map((row) => asObject(row)?.['action']).filter((action) => String(action).startsWith('markup'))).toEqual(['markup.set', 'markup.delete', 'markup.set', 'markup.set', 'markup.set'])
  await store.close()
})

test('a markup that cannot be is refused with what to change', async () => {
  const store = await opened()
  const { secret } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'operator', kind: 'management' })
  await store.close()
  for (const [body, field] of [[{}, 'percent'], [{ percent: -101 }, 'percent'], [{ percent: '1.234' }, 'percent'], [{ percent: 1, model: 'acme/huge' }, 'model'], [{ percent: 1, model: 'nobody/*' }, 'model'], [{ percent: 1, provider: 'nobody' }, 'provider']] as const) {
    const answer = await operate(secret, 'PUT', '/markups', body)
    expect([answer.status, asObject(asObject(answer.body['error'])?.['metadata'])?.['field']]).toEqual([400, field])
  }
  expect((await operate(secret, 'PUT', '/markups', { percent: 1, account_id: 'nobody' })).status).toBe(404)
  expect((await operate(secret, 'DELETE', '/markups/nobody')).status).toBe(404)
  expect((await operate(gateway.key, 'GET', '/markups')).status).toBe(403)
})
