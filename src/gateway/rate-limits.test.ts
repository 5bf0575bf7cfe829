import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Endpoint, Price } from '../catalog/endpoint.ts'
import type { RateLimits } from '../catalog/rate-limits.ts'
import { Fault } from '../core/fault.ts'
import { asObject, type JsonObject } from '../core/json.ts'
import { NO_USAGE } from '../core/usage.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { CALLER, LimitBench, settings, type LimitNode } from '../limits/limits.fixture.ts'
import type { Plan } from '../routing/plan.ts'
import { NO_COST } from './add-cost.ts'
import { passLimits, type Pass } from './rate-limits.ts'

const PRICE: Price = { state: 'priced', prompt: 1_000_000_000n, completion: 10_000_000_000n }
const FREE: Price = { state: 'free', prompt: 0n, completion: 0n }

let bench: LimitBench
let node: LimitNode
beforeEach(async () => {
  bench = await LimitBench.open()
  node = await bench.node('a')
})
afterEach(async () => { await bench.close() })

function endpoint(modelId: string, price = PRICE): Endpoint {
  return { ...testEndpoint({}), id: `${modelId}@acme`, modelId, price, contextMax: 8_000, outputMax: 1_000 }
}

function planOf(...endpoints: readonly Endpoint[]): Plan {
  return { steps: endpoints.map((one) => ({ endpoint: one, requested: one.modelId, reason: 'only' })), excluded: [], strategy: 'direct', stages: [], costMax: 0n }
}

const SCARCE = settings({ perModel: [{ pattern: 'a/scarce', rates: { requestsPerMinute: 1n } }] })

async function pass(rates: RateLimits, plan: Plan, body: JsonObject = {}, composed?: { readonly parentId: string }): Promise<Pass> {
  return await passLimits({ ...testCall({ messages: [{ role: 'user', content: 'x'.repeat(400) }], ...body }), ...(composed && { composed }) }, CALLER, plan, { rateLimits: rates }, node.limits)
}

/** What the refusal says for programs. */
async function refusal(rates: RateLimits, plan: Plan, body: JsonObject = {}): Promise<JsonObject> {
  try {
    await pass(rates, plan, body)
  } catch (error) {
    if (error instanceof Fault) return { ...asObject(error.options.metadata), message: error.message, retries: error.options.retryAfterMs !== undefined }
    throw error
  }
  throw new Error('it passed')
}

/** The answer came of this model, with so many tokens. */
function ended(one: Pass, by: Endpoint, promptTokens: number, completionTokens: number, cost = 0n): void {
  one.settle({ tried: [{ endpoint: by, status: 200 }], served: () => by }, { ...NO_USAGE, promptTokens, completionTokens }, { ...NO_COST, total: cost })
}

describe('I12: a call without limits', () => {
  test('passes at once, its Plan as it is', () => {
    const plan = planOf(endpoint('a/m'))
    const found = passLimits(testCall({}), CALLER, plan, {}, node.limits)
    expect(found).toMatchObject({ plan })
    expect(node.bank.asks).toBe(0)
  })
})

describe('tokens', () => {
  const TOKENS = settings({ perKey: { tokensPerMinute: 1_000n } })
  const plan = planOf(endpoint('a/m'))

  test('are taken as the prompt is guessed and max_tokens says, and corrected at the end', async () => {
    const first = await pass(TOKENS, plan, { max_tokens: 700 })
    // 400 characters are taken for 100 tokens.
    expect(await refusal(TOKENS, plan, { max_tokens: 200 })).toMatchObject({ reason: 'rate_limit', scope: 'key', metric: 'tokens', window: 'minute', limit: 1000, remaining: 200, retries: true })
    ended(first, endpoint('a/m'), 90, 10)
    expect((await pass(TOKENS, plan, { max_tokens: 800 })).plan).toBe(plan)
  })

  test('of an answer that nobody bounds are taken for a sixteenth of the limit, and what it writes counts', async () => {
    const calls = await Promise.all(Array.from({ length: 6 }, () => pass(TOKENS, plan)))
    expect(await refusal(TOKENS, plan)).toMatchObject({ metric: 'tokens', remaining: 1000 - 6 * 162 })
    for (const call of calls) ended(call, endpoint('a/m'), 100, 10)
    expect((await pass(TOKENS, plan)).plan).toBe(plan)
  })

  test('that no window has room for are refused with what to change, and no wait', async () => {
    const said = await refusal(TOKENS, plan, { max_tokens: 950 })
    expect(said).toMatchObject({ reason: 'request_too_large', limit: 1000, retries: false })
    expect(said['message']).toContain('Lower max_tokens')
  })
})

describe('dollars', () => {
  test('are taken as the dearest endpoint would have them, and corrected by what was charged', async () => {
    const rates = settings({ perAccount: { usdPerMinute: 20_000_000n } })
    const plan = planOf(endpoint('a/m'))
    // 100 × $1 and 900 × $10 a million: 9.1 thousandths.
    const first = await pass(rates, plan, { max_tokens: 900 })
    await pass(rates, plan, { max_tokens: 900 })
    expect(await refusal(rates, plan, { max_tokens: 900 })).toMatchObject({ scope: 'account', metric: 'usd', limit: 0.02, remaining: 0.0018 })
    ended(first, endpoint('a/m'), 100, 10, 200_000n)
    expect((await pass(rates, plan, { max_tokens: 900 })).plan).toBe(plan)
  })
})

describe('models', () => {
  const [scarce, other] = [endpoint('a/scarce'), endpoint('a/other')]

  test('that are used up leave the Plan to the others, with the reason; alone they are refused', async () => {
    ended(await pass(SCARCE, planOf(scarce)), scarce, 1, 1)
    const { plan } = await pass(SCARCE, planOf(scarce, other))
    expect(plan.steps.map((step) => step.endpoint.modelId)).toEqual(['a/other'])
    expect(plan.excluded).toMatchObject([{ endpoint: scarce, rule: 'rate_limit', detail: 'the limit of 1 request a minute is used up' }])
    expect(await refusal(SCARCE, planOf(scarce))).toMatchObject({ scope: 'model', model: 'a/scarce' })
  })

  test('that stood by and were not asked give back what was taken; that failed do not', async () => {
    const stoodBy = await pass(SCARCE, planOf(other, scarce))
    expect(stoodBy.plan.steps).toHaveLength(2)
    ended(stoodBy, other, 1, 1)
    const failed = await pass(SCARCE, planOf(other, scarce))
    expect(failed.plan.steps).toHaveLength(2)
    failed.settle({ tried: [{ endpoint: other, status: 500 }, { endpoint: scarce, status: 500 }], served: () => undefined }, NO_USAGE, NO_COST)
    expect((await pass(SCARCE, planOf(other, scarce))).plan.steps).toHaveLength(1)
  })

  test('a call that credit refuses has taken nothing', async () => {
    const refused = await pass(SCARCE, planOf(scarce))
    refused.release()
    expect((await pass(SCARCE, planOf(scarce))).plan.steps).toHaveLength(1)
  })
})

describe('free models', () => {
  test('are those of the variant that cost nothing; what is free because it is the operator’s own is not limited', async () => {
    const rates = settings({ free: { requestsPerMinute: 1n, requestsPerDay: 5n, requestsPerDayWithCredits: 10n, creditsMin: 1n } })
    const [free, own, dear] = [endpoint('a/m:free', FREE), endpoint('a/own', FREE), endpoint('a/dear:free')]
    for (let done = 0; done < 3; done++) for (const one of [own, dear]) await pass(rates, planOf(one))
    await pass(rates, planOf(free))
    expect(await refusal(rates, planOf(free))).toMatchObject({ scope: 'free', window: 'minute', limit: 1, message: expect.stringContaining('free-models-per-min') })
    // A paid model of the same call takes over.
    expect((await pass(rates, planOf(free, own))).plan.steps.map((step) => step.endpoint.modelId)).toEqual(['a/own'])
  })

  test('a day that is used up says what more credits would give', async () => {
    const rates = settings({ free: { requestsPerMinute: null, requestsPerDay: 1n, requestsPerDayWithCredits: 1000n, creditsMin: 10_000_000_000n } })
    const plan = planOf(endpoint('a/m:free', FREE))
    await pass(rates, plan)
    expect((await refusal(rates, plan))['message']).toStartWith('Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day')
  })
})

test('calls within a call are one request of the key, and have their own tokens', async () => {
  const rates = settings({ perKey: { requestsPerMinute: 1n, tokensPerMinute: 1_000n } })
  const plan = planOf(endpoint('a/m'))
  await pass(rates, plan, { max_tokens: 300 })
  await pass(rates, plan, { max_tokens: 300 }, { parentId: 'gen-1' })
  expect(await refusal(rates, plan, { max_tokens: 300 })).toMatchObject({ metric: 'requests' })
  await pass(rates, plan, { max_tokens: 50 }, { parentId: 'gen-1' })
})
