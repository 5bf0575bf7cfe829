import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { asObject, parseObject, type JsonObject } from '../src/core/json.ts'
import { cli, temporaryDirectory } from './cli.ts'
import { databaseUrlOf } from './engine.ts'
import { Minutes } from './one-minute.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(120_000)

/** A provider that counts who reached it, by model. */
interface Provider { readonly url: string; readonly counts: Map<string, number>; stop(): void }

function startProvider(): Provider {
  const counts = new Map<string, number>()
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const model = String(parseObject(await request.text())?.['model'])
    counts.set(model, (counts.get(model) ?? 0) + 1)
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } })
  } })
  return { url: `http://127.0.0.1:${server.port}/v1`, counts, stop: () => void server.stop(true) }
}

const MINUTE_MS = 60_000
const KEY_LIMIT = 40
const ACCOUNT_LIMIT = 55
const FREE_LIMIT = 35
const MODEL_LIMIT = 7

const model = (id: string, upstream: string, price: string): string => `{ id: "${id}", upstream_id: ${upstream}, context: 10000, max_output: 1000, price: ${price} }`

const CALLERS = `
  per_key: { requests_per_minute: ${KEY_LIMIT} }
  per_account: { requests_per_minute: ${ACCOUNT_LIMIT}, tokens_per_minute: 1_000_000, usd_per_minute: "100" }`

function config(url: string, callers = ''): string {
  return `
limits:${callers}
  per_model: { "acme/sc*": { requests_per_minute: ${MODEL_LIMIT} } }
  free: { requests_per_minute: none, requests_per_day: ${FREE_LIMIT}, requests_per_day_with_credits: ${FREE_LIMIT} }
providers:
  acme:
    base_url: "${url}"
    api_key: k
    models: [${model('acme/a', 'a', '{ input: "1", output: "1" }')}, ${model('acme/a:free', 'free', 'free')}, ${model('acme/scarce', 'scarce', '{ input: "1", output: "1" }')}]
`
}

interface Answer { readonly status: number; readonly headers: Headers; readonly body: JsonObject }

/** One call on a connection of its own, so that any of the processes may get it. */
async function call(gateway: Gateway, body: JsonObject, key = gateway.key, path = '/chat/completions'): Promise<Answer> {
  const response = await gateway.api(path, { messages: [{ role: 'user', content: 'Hi' }], ...body }, { headers: { authorization: `Bearer ${key}`, connection: 'close' } })
  return { status: response.status, headers: response.headers, body: parseObject(await response.text()) ?? {} }
}

/** Calls in lanes until each of them has been refused often: whatever process holds something still has been asked. */
async function hammer(gateway: Gateway, body: JsonObject, key = gateway.key): Promise<{ readonly passed: number; readonly refused: Answer[] }> {
  let passed = 0
  const refused: Answer[] = []
  const lane = async (): Promise<void> => {
    for (let refusals = 0; refusals < 12;) {
      const answer = await call(gateway, body, key)
      if (answer.status === 200) passed++
      else {
        refusals++
        refused.push(answer)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return { passed, refused }
}

function databaseOf({ dataDir }: Gateway): { readonly databaseUrl?: string } {
  const databaseUrl = databaseUrlOf(dataDir)
  return databaseUrl === undefined ? {} : { databaseUrl }
}

async function newKey(gateway: Gateway, ...flags: readonly string[]): Promise<string> {
  const made = await cli(home, ['keys', 'create', '--name', randomBytes(4).toString('hex'), ...flags, '--data', gateway.dataDir, '--json'], databaseOf(gateway))
  const key = asObject(parseObject(made.out))?.['key']
  if (typeof key !== 'string') throw new Error(`no key: ${made.out}${made.err}`)
  return key
}

const home = temporaryDirectory()
const minutes = new Minutes(join(home, 'clock'))
let provider: Provider
beforeAll(() => { provider = startProvider() })
afterAll(() => provider.stop())

describe('four processes (I11, M12)', () => {
  let gateway: Gateway
  beforeAll(async () => { gateway = await startGateway({ config: config(provider.url, CALLERS), args: ['--workers', '4'], env: minutes.env }) })
  afterAll(async () => { await gateway.stop() })

  test("let a key's limit pass, and with another key the account's, and not one more; the provider has counted", async () => {
    const { first, second, counted, refused } = await minutes.within(async () => {
      const keys = [await newKey(gateway), await newKey(gateway)]
      const before = provider.counts.get('a') ?? 0
      const one = await hammer(gateway, { model: 'acme/a' }, keys[0])
      const two = await hammer(gateway, { model: 'acme/a' }, keys[1])
      return { first: one.passed, second: two.passed, counted: (provider.counts.get('a') ?? 0) - before, refused: [...one.refused, ...two.refused] }
    })
    expect({ first, second, counted }).toEqual({ first: KEY_LIMIT, second: ACCOUNT_LIMIT - KEY_LIMIT, counted: ACCOUNT_LIMIT })
    const resets = new Set(refused.map(({ headers }) => headers.get('x-ratelimit-reset')))
    expect(resets.size).toBe(1)
    expect(Number([...resets][0]) % MINUTE_MS).toBe(0)
    for (const { status, headers, body } of refused) {
      expect(status).toBe(429)
      const { code, metadata } = asObject(body['error']) ?? {}
      const { scope, limit } = asObject(metadata) ?? {}
      expect([`429 key ${KEY_LIMIT}`, `429 account ${ACCOUNT_LIMIT}`]).toContain([code, scope, limit].join(' '))
      expect(headers.get('x-ratelimit-limit')).toBe(String(limit))
      expect(headers.get('x-ratelimit-remaining')).toBe('0')
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  test("let a day's free requests pass and not one more; GET /key says how many", async () => {
    const free = await startGateway({ config: config(provider.url), args: ['--workers', '4'] })
    const before = provider.counts.get('free') ?? 0
    const { passed, refused } = await hammer(free, { model: 'acme/a:free' })
    expect([passed, (provider.counts.get('free') ?? 0) - before]).toEqual([FREE_LIMIT, FREE_LIMIT])
    for (const { status, headers, body } of refused) {
      expect([status, asObject(body['error'])?.['message']]).toEqual([429, expect.stringContaining('Rate limit exceeded: free-models-per-day.')])
      expect(Number(headers.get('x-ratelimit-reset')) % 86_400_000).toBe(0)
    }
    // What the other processes let pass is told every second.
    let used: unknown
    while (used !== FREE_LIMIT) {
      await Bun.sleep(100)
      used = asObject(asObject(parseObject(await (await free.api('/key')).text())?.['data'])?.['free_model_daily_requests'])?.['used']
    }
    await free.stop()
  })
})

describe('one process', () => {
  test('that is started again in the middle of a window goes on counting; one that was killed has lost no more than a slice', async () => {
    const first = await startGateway({ config: config(provider.url) })
    const before = provider.counts.get('free') ?? 0
    for (let done = 0; done < 10; done++) expect((await call(first, { model: 'acme/a:free' })).status).toBe(200)
    process.kill(first.pid, 'SIGKILL')
    await untilDead(first)
    const second = await startGateway({ config: config(provider.url), dataDir: first.dataDir })
    for (let done = 0; done < 5; done++) expect((await call(second, { model: 'acme/a:free' })).status).toBe(200)
    expect(await endOf(second)).toBe(0)
    const third = await startGateway({ config: config(provider.url), dataDir: first.dataDir })
    const { passed } = await hammer(third, { model: 'acme/a:free' })
    // A process has a twentieth of a day's limit at a time.
    expect(passed).toBeGreaterThanOrEqual(FREE_LIMIT - 15 - Math.ceil(FREE_LIMIT / 20))
    expect(passed).toBeLessThanOrEqual(FREE_LIMIT - 15)
    expect((provider.counts.get('free') ?? 0) - before).toBe(15 + passed)
    await third.stop()
    await first.stop()
  })

  test("a model's limit leaves other models of the call; with none left it says whose it is, in the words of each dialect", async () => {
    const gateway = await startGateway({ config: config(provider.url), env: minutes.env })
    const { other, refused } = await minutes.within(async () => {
      for (let done = 0; done < MODEL_LIMIT; done++) await call(gateway, { model: 'acme/scarce' })
      const ask = async (path: string, body: JsonObject = { model: 'acme/scarce' }) => await call(gateway, body, gateway.key, path)
      return {
        other: await ask('/chat/completions', { models: ['acme/scarce', 'acme/a'] }),
        refused: {
          chat: await ask('/chat/completions'), messages: await ask('/messages', { model: 'acme/scarce', max_tokens: 10 }), responses: await ask('/responses', { model: 'acme/scarce', input: 'Hi' }),
        },
      }
    })
    expect([other.status, other.body['model']]).toEqual([200, 'acme/a'])
    const metadata = { scope: 'model', model: 'acme/scarce', metric: 'requests', window: 'minute', limit: MODEL_LIMIT, remaining: 0, headers: { 'X-RateLimit-Limit': String(MODEL_LIMIT) } }
    expect(refused.chat).toMatchObject({ status: 429, body: { error: { code: 429, metadata: { ...metadata, error_type: 'rate_limit_exceeded' } } } })
    expect(refused.messages).toMatchObject({ status: 429, body: { type: 'error', error: { type: 'rate_limit_error', error_type: 'rate_limit_exceeded', metadata } } })
    expect(refused.responses).toMatchObject({ status: 429, body: { error: { code: 429, metadata }, error_type: 'rate_limit_exceeded' } })
    for (const { headers } of Object.values(refused)) expect(headers.get('x-ratelimit-limit')).toBe(String(MODEL_LIMIT))
    await gateway.stop()
  })
})

describe('a key', () => {
  test('has rates of its own, set and shown over the API, that hold from the next call on', async () => {
    const gateway = await startGateway({ config: config(provider.url), env: minutes.env })
    const authorization = `Bearer ${await newKey(gateway, '--management')}`
    const manage = async (method: string, path: string, json: JsonObject) => {
      const response = await gateway.api(path, undefined, { method, body: JSON.stringify(json), headers: { authorization } })
      return { status: response.status, body: parseObject(await response.text()) ?? {} }
    }
    const rates = (...[requests, tokens, usd]: readonly (number | string | null)[]): JsonObject => ({ requests_per_minute: requests, tokens_per_minute: tokens, usd_per_minute: usd })
    const made = await manage('POST', '/keys', { name: 'slow', switchyard: { rate_limits: { requests_per_minute: 3, usd_per_minute: 0.5 } } })
    expect(made).toMatchObject({ status: 201, body: { data: { switchyard: { rate_limits: rates(3, null, '0.5') } } } })
    const [key, hash] = [String(made.body['key']), String(asObject(made.body['data'])?.['hash'])]
    const statuses = await minutes.within(async () => {
      const seen: number[] = []
      for (let done = 0; done < 5; done++) seen.push((await call(gateway, { model: 'acme/a' }, key)).status)
      return seen
    })
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const own = parseObject(await (await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${key}` } })).text())
    expect(own).toMatchObject({ data: { rate_limit: { requests: 3, interval: '60s' }, switchyard: { rate_limits: rates(3, null, '0.5') } } })
    expect(await manage('PATCH', `/keys/${hash}`, { switchyard: { rate_limits: { tokens_per_minute: 500 } } })).toMatchObject({ status: 200, body: { data: { switchyard: { rate_limits: rates(null, 500, null) } } } })
    const large = await call(gateway, { model: 'acme/a', max_tokens: 900 }, key)
    expect(large).toMatchObject({ status: 429, body: { error: { metadata: { reason: 'request_too_large', scope: 'key', metric: 'tokens', limit: 500 } } } })
    // No wait helps.
    expect(large.headers.get('retry-after')).toBeNull()
    expect((await call(gateway, { model: 'acme/a', max_tokens: 10 }, key)).status).toBe(200)
    for (const wrong of [{ requests_per_minute: 0 }, { requests_per_minute: 1.5 }, { tokens_per_minute: '9' }, { usd_per_minute: 0 }, { usd_per_minute: '0.0000000001' }, { requests_per_day: 5 }]) {
      expect(await manage('PATCH', `/keys/${hash}`, { switchyard: { rate_limits: wrong } })).toMatchObject({ status: 400, body: { error: { metadata: { error_type: 'invalid_request' } } } })
    }
    expect(await manage('PATCH', `/keys/${hash}`, { switchyard: { rate_limits: null } })).toMatchObject({ body: { data: { switchyard: { rate_limits: null } } } })
    expect((await call(gateway, { model: 'acme/a' }, key)).status).toBe(200)
    await gateway.stop()
  })
})

async function untilDead(gateway: Gateway): Promise<void> {
  while (gateway.isAlive()) await Bun.sleep(20)
}

async function endOf(gateway: Gateway): Promise<number | null> {
  process.kill(gateway.pid, 'SIGTERM')
  await untilDead(gateway)
  return await gateway.stop()
}
