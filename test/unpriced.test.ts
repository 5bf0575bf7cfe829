// A model whose price nobody knows, on a program whose operator allows it: what counts money does not let it pass uncounted.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

let provider: Bun.Server<undefined>
let gateway: Gateway
let admin = ''

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }) })
  const models = '      - { id: acme/unknown, upstream_id: m, context: 10000, max_output: 1000 }'
  gateway = await startGateway({ config: `unpriced: allow\nproviders:\n  acme:\n    dialect: openai-chat\n    base_url: http://127.0.0.1:${provider.port}/v1\n    api_key: test\n    models:\n${models}\n` })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' })).secret
  await store.close()
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

async function api(secret: string, method: string, path: string, body: JsonObject): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

const keyOf = async (more: JsonObject): Promise<string> => asString((await api(admin, 'POST', '/keys', { name: 'k', ...more })).body['key']) ?? ''
const chat = (secret: string) => api(secret, 'POST', '/chat/completions', { model: 'acme/unknown', messages: [{ role: 'user', content: 'Hi' }] })

test('is called by a key that nothing bounds, and not by one with a limit: the limit could not count it', async () => {
  expect((await chat(await keyOf({}))).status).toBe(200)
  const { status, body } = await chat(await keyOf({ limit: 5 }))
  expect([status, asObject(body['error'])?.['message']]).toEqual([404, expect.stringContaining('nobody knows its price, and a limit or budget that holds for this key could not count it')])
})

test('nor where a budget of the workspace holds', async () => {
  const secret = await keyOf({})
  const workspaces = await (await fetch(`${gateway.url}/api/v1/workspaces`, { headers: { authorization: `Bearer ${admin}` } })).text()
  const [workspace] = asArray(parseObject(workspaces)?.['data']) ?? []
  expect((await api(admin, 'PUT', `/workspaces/${String(asObject(workspace)?.['id'])}/budgets/daily`, { limit_usd: 5 })).status).toBe(200)
  // Every process sees it within a second.
  for (let tries = 0; tries < 100 && (await chat(secret)).status === 200; tries++) await Bun.sleep(50)
  expect((await chat(secret)).status).toBe(404)
})
