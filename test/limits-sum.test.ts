// What four processes let pass together never passes a limit: tokens and dollars of keys and models, and free requests over midnight.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asObject, parseObject } from '../src/core/json.ts'
import { postOnce } from './crash/post-once.ts'
import { createKey } from './crash/books.ts'
import { canStepClocks, clockEnvironment, stepClock } from './crash/stepped-clock.ts'
import { freePort } from './free-port.ts'
import { redisBinary, startRedis } from './health/redis.ts'
import { Minutes } from './one-minute.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(180_000)

/** Each call: one token of prompt, twenty of answer, a millionth of a dollar each. */
const CALL_TOKENS = 21
const CALLS = 40
const TOKENS_LIMIT = CALLS * CALL_TOKENS
const USD_LIMIT = '0.00084'
const FREE_LIMIT = 30
const DAY_MS = 86_400_000
const LANES = 6
/** A lane ends when it was refused so often: by then whatever process still has something was asked. */
const REFUSALS = 10

const MODELS = ['key-tokens', 'key-usd', 'model-tokens', 'model-usd', 'gratis:free'] as const

/** A provider that counts the tokens that it gave, by model, and writes as much as it may. */
function startProvider(): { readonly url: string; readonly tokens: Map<string, number>; stop(): void } {
  const tokens = new Map<string, number>()
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const body = parseObject(await request.text())
    const model = String(body?.['model'])
    tokens.set(model, (tokens.get(model) ?? 0) + CALL_TOKENS)
    const usage = { prompt_tokens: 1, completion_tokens: CALL_TOKENS - 1, total_tokens: CALL_TOKENS }
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model, usage, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] })
  } })
  return { url: `http://127.0.0.1:${server.port}/v1`, tokens, stop: () => void server.stop(true) }
}

function config(url: string): string {
  return `
limits:
  per_model: { "acme/model-tokens": { tokens_per_minute: ${TOKENS_LIMIT} }, "acme/model-usd": { usd_per_minute: "${USD_LIMIT}" } }
  free: { requests_per_minute: none, requests_per_day: ${FREE_LIMIT}, requests_per_day_with_credits: ${FREE_LIMIT} }
providers:
  acme:
    base_url: "${url}"
    api_key: k
    models: [${MODELS.map((name) => `{ id: "acme/${name}", upstream_id: "${name}", context: 10000, max_output: 1000, price: ${name.endsWith(':free') ? 'free' : '{ input: "1", output: "1" }'} }`).join(', ')}]
`
}

let provider: ReturnType<typeof startProvider>
let home: string
beforeAll(() => {
  provider = startProvider()
  home = mkdtempSync(join(tmpdir(), 'switchyard-limits-'))
})
afterAll(() => {
  provider.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Calls of a model until nobody lets any pass; how many passed, and the last refusal. */
async function hammer({ url }: Gateway, keys: readonly string[], model: string): Promise<{ readonly passed: number; readonly refusal: string }> {
  let [passed, refusal] = [0, '']
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    for (let refusals = 0; refusals < REFUSALS;) {
      const answer = await postOnce(`${url}/api/v1/chat/completions`, {
        headers: { authorization: `Bearer ${keys[lane % keys.length]}` }, body: JSON.stringify({ model: `acme/${model}`, max_tokens: CALL_TOKENS - 1, messages: [{ role: 'user', content: 'Hi' }] }),
      })
      if (answer?.status === 200) passed += 1
      else {
        expect([model, answer?.status, answer?.text]).toEqual([model, 429, expect.any(String)])
        refusal = answer?.text ?? ''
        refusals += 1
      }
    }
  }))
  return { passed, refusal }
}

async function checkMinute(env: Readonly<Record<string, string>>): Promise<void> {
  const minutes = new Minutes(join(home, 'clock'))
  const gateway = await startGateway({ config: config(provider.url), args: ['--workers', '4'], env: { ...env, ...minutes.env } })
  try {
    const manager = createKey(gateway.dataDir, '--name', 'manager', '--management')
    const keyWith = async (rates: object): Promise<string> => {
      const made = await gateway.api('/keys', { name: 'k', switchyard: { rate_limits: rates } }, { headers: { authorization: `Bearer ${manager}` } })
      return String(parseObject(await made.text())?.['key'])
    }
    const results = await minutes.within(async () => {
      provider.tokens.clear()
      const [byTokens, byUsd] = [await keyWith({ tokens_per_minute: TOKENS_LIMIT }), await keyWith({ usd_per_minute: USD_LIMIT })]
      const plain = [await keyWith({}), await keyWith({})]
      const cases = [['key-tokens', [byTokens]], ['key-usd', [byUsd]], ['model-tokens', plain], ['model-usd', plain]] as const
      return await Promise.all(cases.map(async ([model, keys]) => ({ model, ...await hammer(gateway, keys, model), tokens: provider.tokens.get(model) ?? 0 })))
    })
    for (const { model, passed, tokens, refusal } of results) {
      const [scope, metric] = model.split('-')
      expect([model, tokens]).toEqual([model, passed * CALL_TOKENS])
      expect([model, tokens <= TOKENS_LIMIT, tokens]).toEqual([model, true, tokens])
      // What is taken for a call's worst case and not used comes back: nearly all of the limit can be used.
      expect([model, passed > CALLS * 0.7, passed]).toEqual([model, true, passed])
      expect(asObject(asObject(parseObject(refusal)?.['error'])?.['metadata'])).toMatchObject({ scope, metric, window: 'minute' })
    }
  } finally {
    await gateway.stop()
  }
}

describe('four processes (I11, M12)', () => {
  test('let tokens and dollars of keys and of models pass up to their limits, and not beyond', () => checkMinute({}))

  test.skipIf(redisBinary === undefined)('and with a Redis beside the store as without', async () => {
    const port = freePort()
    const redis = await startRedis(port)
    try {
      await checkMinute({ REDIS_URL: `redis://127.0.0.1:${port}` })
    } finally {
      await redis.stop()
    }
  })

  test.skipIf(!canStepClocks())("begin a new day of free requests at midnight UTC, and a clock that is set back finds the day before used up", async () => {
    const file = join(home, 'clock')
    const toMidnightSeconds = (): number => Math.round((DAY_MS - Date.now() % DAY_MS) / 1_000)
    stepClock(file, toMidnightSeconds() - 120)
    const gateway = await startGateway({ config: config(provider.url), args: ['--workers', '4'], env: clockEnvironment(file) })
    try {
      const used = async () => (await hammer(gateway, [gateway.key], 'gratis:free')).passed
      expect(await used()).toBe(FREE_LIMIT)
      stepClock(file, toMidnightSeconds() + 2)
      expect(await used()).toBe(FREE_LIMIT)
      stepClock(file, toMidnightSeconds() - 60)
      expect(await used()).toBe(0)
      expect(provider.tokens.get('gratis:free')).toBe(2 * FREE_LIMIT * CALL_TOKENS)
    } finally {
      await gateway.stop()
    }
  })
})
