import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import type { Endpoint, Model, Price, Snapshot } from '../catalog/endpoint.ts'
import type { Event } from '../core/event.ts'
import { NO_POLICIES } from '../guardrails/rule-book.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts'
import type { Generation } from '../ledger/generation.ts'
import type { HoldRefusal, Ledger } from '../ledger/ledger.ts'
import { systemClock } from '../lib/clock.ts'
import { Health } from '../upstream/health.ts'
import { Upstream } from '../upstream/upstream.ts'
import { Admission } from './admit.ts'
import { Conversations } from './conversations.ts'
import { HedgeBudget } from './hedge.ts'
import { GATEWAY_LIMITS, type Gateway } from './gateway.ts'
import { serve } from './serve.ts'

/** A provider that answers each path as its name says, and remembers which were asked. */
const asked: string[] = []
let provider: ReturnType<typeof Bun.serve>

const chunk = (delta: JsonObject, finish: string | null = null) => `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const USAGE = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 } })}\n\ndata: [DONE]\n\n`
const sse = (...pieces: string[]) => new Response(pieces.join(''), { headers: { 'content-type': 'text/event-stream' } })
const error = (status: number, message: string, headers: Record<string, string> = {}) => Response.json({ error: { message } }, { status, headers })

const ANSWERS: Readonly<Record<string, () => Response | Promise<Response>>> = {
  slow2: async () => { await Bun.sleep(3_000); return error(503, 'too late') },
  slow: async () => { await Bun.sleep(3_000); return error(503, 'too late') },
  good: () => sse(chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hello' }), chunk({}, 'stop'), USAGE),
  down: () => error(503, 'overloaded'),
  limited: () => error(429, 'slow down', { 'retry-after': '7' }),
  bad: () => error(400, 'this field is wrong'),
  long: () => error(400, "This model's maximum context length is 10 tokens"),
  early: () => sse(chunk({ role: 'assistant', content: '' }), `data: ${JSON.stringify({ error: { message: 'Overloaded', code: 503 } })}\n\n`),
  late: () => sse(chunk({ content: 'half of it' }), `data: ${JSON.stringify({ error: { message: 'Overloaded', code: 503 } })}\n\n`),
  cut: () => sse(chunk({ content: 'half of it' })),
  mute: () => sse(chunk({ content: 'no usage at all' }), chunk({}, 'stop'), 'data: [DONE]\n\n'),
  silent: () => sse(chunk({ role: 'assistant', content: '' }), `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 } })}\n\n`, 'data: [DONE]\n\n'),
  blank: () => sse(`data: ${JSON.stringify({ choices: [] })}\n\n`, 'data: [DONE]\n\n'),
  nothing: () => sse(chunk({ role: 'assistant', content: '' }), 'data: [DONE]\n\n'),
  endless: () => new Response(new ReadableStream<string>({ async pull(c) { await Bun.sleep(2); c.enqueue(chunk({ content: 'more ' })) } }), { headers: { 'content-type': 'text/event-stream' } }),
}

beforeAll(() => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch(request) {
    const name = new URL(request.url).pathname.split('/')[1] ?? ''
    asked.push(name)
    return ANSWERS[name]?.() ?? error(404, 'no such behaviour')
  } })
})
afterAll(() => provider.stop(true))

const PRICE: Price = { state: 'priced', prompt: 1_000_000_000n, completion: 2_000_000_000n }

function endpoint(model: string, behaviour: string): Endpoint {
  const base = testEndpoint({})
  return { ...base, id: `${model}@${behaviour}`, modelId: model, tag: behaviour, price: PRICE, provider: { ...base.provider, slug: behaviour, name: behaviour, baseUrl: `http://127.0.0.1:${provider.port}/${behaviour}` } }
}

function snapshotOf(models: Readonly<Record<string, readonly string[]>>): Snapshot {
  const rows = Object.entries(models).map(([id, behaviours]): Model => ({
    id, canonicalSlug: id, name: id, description: '', created: 0, inputs: ['text'], outputs: ['text'], contextMax: 128_000, tokenizer: 'Other', endpoints: behaviours.map((name) => endpoint(id, name)),
  }))
  return { version: 1, models: new Map(rows.map((row) => [row.id, row])), providers: new Map(rows.flatMap((row) => row.endpoints.map((one) => [one.provider.slug, one.provider]))), aliases: new Map() }
}

const CALLER: Caller = {
  accountId: 'a', key: { hash: 'h', accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null },
}

/** Counts what is held and what ends it: each hold must end exactly once. */
class CountingLedger implements Ledger {
  holds = 0
  held = 0n
  releases = 0
  readonly settled: Generation[] = []
  constructor(private readonly refusal?: HoldRefusal) {}
  hold(_caller: Caller, callId: string, amount: bigint) {
    if (this.refusal) return this.refusal
    this.holds++
    this.held = amount
    return { ok: true as const, callId, amount }
  }
  settle(_hold: unknown, generation: Generation): void { this.settled.push(generation) }
  release(): void { this.releases++ }
}

interface Outcome { events: Event[]; fault: Fault | undefined; ledger: CountingLedger; asked: string[] }

async function run(models: Readonly<Record<string, readonly string[]>>, body: JsonObject, options: { refusal?: HoldRefusal; leaveAfter?: number; abortAfterMs?: number; hedges?: HedgeBudget } = {}): Promise<Outcome> {
  const ledger = new CountingLedger(options.refusal)
  const snapshot = snapshotOf(models)
  const gateway: Gateway = {
    snapshot: () => snapshot, policies: NO_POLICIES, ledger, health: new Health(systemClock), conversations: new Conversations(systemClock), hedges: options.hedges ?? new HedgeBudget(), clock: systemClock, log: { call: () => undefined, problem: () => undefined }, draw: () => 0,
    admission: new Admission(10), limits: GATEWAY_LIMITS, upstream: new Upstream({ dialects: new Map([['openai-chat', openaiChat]]), clock: systemClock }),
  }
  const client = new AbortController()
  if (options.abortAfterMs !== undefined) setTimeout(() => client.abort(), options.abortAfterMs)
  asked.length = 0
  const out: Outcome = { events: [], fault: undefined, ledger, asked: [] }
  // The order of the list is the order to try, so that a test says what happens.
  const order = Object.values(models).flat()
  const answer = serve(testCall({ stream: true, provider: { order: [...new Set(order)] }, ...body }), CALLER, gateway, client.signal)
  try {
    let batches = 0
    for await (const batch of answer) {
      out.events.push(...batch)
      if (++batches === options.leaveAfter) break
    }
  } catch (thrown) {
    // Anything else is a bug, and fails the test.
    if (!(thrown instanceof Fault)) throw thrown
    out.fault = thrown
  }
  out.asked = [...asked]
  expect(ledger.settled.length + ledger.releases).toBe(ledger.holds)
  expect(gateway.admission.calls).toBe(0)
  return out
}

const text = (outcome: Outcome) => outcome.events.map((event) => (event.type === 'text' ? event.text : event.type === 'raw' ? JSON.stringify(event.body) : '')).join('')
const last = (outcome: Outcome) => outcome.events.at(-1)

describe('an answer', () => {
  test('is settled at the provider’s own counts before its end is said', async () => {
    const outcome = await run({ 'a/m': ['good'] }, { model: 'a/m' })
    // 1,000 × $1 and 10 × $2 a million.
    expect(outcome.ledger.settled[0]).toMatchObject({ cost: 1_020_000n, finishReason: 'stop', cancelled: false, fault: null, usage: { estimated: false } })
    expect(last(outcome)).toMatchObject({ type: 'end', cost: { total: 1_020_000n, prompt: 1_000_000n, completion: 20_000n } })
    expect(outcome.events[0]).toMatchObject({ type: 'served', model: 'a/m', provider: 'good' })
  })

  test('without usage is charged by an estimate that says so', async () => {
    const { ledger } = await run({ 'a/m': ['mute'] }, { model: 'a/m' })
    expect(ledger.settled[0]?.usage).toMatchObject({ estimated: true, completionTokens: 4 })
    expect(ledger.settled[0]?.cost).toBeGreaterThan(0n)
  })
})

describe('hedge', () => {
  const HEDGED = { model: 'a/m', provider: { hedge: { after: 10, max: 2 } } }

  test('a second endpoint is asked when the first is quiet; who speaks first is heard, billed and recorded, the other ended', async () => {
    const outcome = await run({ 'a/m': ['slow', 'good'] }, { ...HEDGED, provider: { ...HEDGED.provider, order: ['slow', 'good'] } })
    expect(text(outcome)).toContain('Hello')
    expect(outcome.ledger.settled).toHaveLength(1)
    expect(outcome.ledger.settled[0]).toMatchObject({ provider: 'good', cost: 1_020_000n, fault: null, attempts: [{ provider: 'slow', status: 499, fault: 'hedge_lost' }, { provider: 'good', status: 200 }] })
  })

  test('without the wish nobody else is asked', async () => {
    const outcome = await run({ 'a/m': ['good', 'down'] }, { model: 'a/m' })
    expect(outcome.asked).toEqual(['good'])
  })

  test('where those in the race fail, the rest of the Plan follows', async () => {
    const outcome = await run({ 'a/m': ['down', 'limited', 'good'] }, { ...HEDGED, provider: { ...HEDGED.provider, order: ['down', 'limited', 'good'] } })
    expect(text(outcome)).toContain('Hello')
    expect(outcome.ledger.settled[0]?.attempts.map((attempt) => attempt.provider)).toEqual(['down', 'limited', 'good'])
  })

  test('a call counts once for the budget, however often it fails over', async () => {
    const hedges = new HedgeBudget()
    const provider = { hedge: { after: 60_000, max: 2 }, order: ['down', 'limited', 'good'] }
    for (let call = 0; call < 10; call++) await run({ 'a/m': ['down', 'limited', 'good'] }, { model: 'a/m', provider }, { hedges })
    // Ten calls have asked: the one extra to begin with is there, and a second not before the twentieth.
    expect([hedges.take(), hedges.take()]).toEqual([true, false])
  })

  test('never another model', async () => {
    const outcome = await run({ 'a/m': ['endless'], 'b/m': ['good'] }, { ...HEDGED, models: ['b/m'], provider: { hedge: { after: 0, max: 3 }, order: ['endless', 'good'] } }, { leaveAfter: 3 })
    expect(outcome.asked).toEqual(['endless'])
  })

  test('a client that leaves ends all of them', async () => {
    const outcome = await run({ 'a/m': ['slow', 'endless'] }, { ...HEDGED, provider: { ...HEDGED.provider, order: ['slow', 'endless'] } }, { leaveAfter: 2 })
    expect(outcome.ledger.settled[0]).toMatchObject({ provider: 'endless', cancelled: true })
    const gone = await run({ 'a/m': ['slow', 'slow2'] }, { ...HEDGED, provider: { ...HEDGED.provider, order: ['slow', 'slow2'] } }, { abortAfterMs: 50 })
    expect(gone.fault).toMatchObject({ code: 'client_gone' })
  })
})

describe('failover', () => {
  for (const [name, first] of [['a 503', 'down'], ['a 429', 'limited'], ['an error event in a 200', 'early'], ['no one there', 'gone']] as const) {
    test(`goes on after ${name}, before the client has anything`, async () => {
      const outcome = await run({ 'a/m': [first, 'good'] }, { model: 'a/m' })
      expect(text(outcome)).toContain('Hello')
      expect(outcome.asked).toEqual([first, 'good'])
      expect(outcome.ledger.settled[0]?.attempts.map((attempt) => attempt.provider)).toEqual([first, 'good'])
    })
  }

  test('never after the client has something: the fault is said, and nothing is charged (M27, I9)', async () => {
    for (const broken of ['late', 'cut']) {
      const outcome = await run({ 'a/m': [broken, 'good'] }, { model: 'a/m' })
      expect(outcome.asked).toEqual([broken])
      expect(text(outcome)).toContain('half of it')
      expect(outcome.events.some((event) => event.type === 'fault')).toBe(true)
      expect(outcome.ledger.settled[0]).toMatchObject({ cost: 0n, finishReason: 'error' })
    }
  })

  test('not for a request that every provider would refuse', async () => {
    const outcome = await run({ 'a/m': ['bad', 'good'] }, { model: 'a/m' })
    expect(outcome.fault).toMatchObject({ code: 'provider_bad_request', status: 400 })
    expect(outcome.asked).toEqual(['bad'])
  })

  test('to the next model that the client named, for any error (C25)', async () => {
    for (const first of ['bad', 'long', 'down']) {
      const outcome = await run({ 'a/m': [first], 'b/m': ['good'] }, { model: 'a/m', models: ['b/m'] })
      expect(outcome.events[0]).toMatchObject({ type: 'served', model: 'b/m' })
    }
  })

  test('the last fault is told with those before it, and what may be done (M21, M23)', async () => {
    const outcome = await run({ 'a/m': ['down', 'limited'] }, { model: 'a/m' })
    expect(outcome.fault).toMatchObject({ status: 429, options: { previousErrors: [{ provider: 'down', code: 503 }], retryAfterMs: 7000, availability: { code: 'capacity_exhausted', retryable: true, retry_after: 7 } } })
    expect(outcome.ledger.settled[0]).toMatchObject({ cost: 0n, fault: 'provider_rate_limited' })
  })

  test('an answer that ends before it says anything is an attempt that failed, on record', async () => {
    const { fault, ledger } = await run({ 'a/m': ['blank'] }, { model: 'a/m' })
    expect(fault?.code).toBe('provider_bad_answer')
    expect(ledger.settled[0]?.attempts).toMatchObject([{ provider: 'blank', fault: 'provider_bad_answer' }])
  })

  test('an empty answer costs nothing (I9)', async () => {
    for (const empty of ['nothing', 'silent']) {
      const { ledger } = await run({ 'a/m': [empty] }, { model: 'a/m' })
      expect(ledger.settled[0]?.cost).toBe(0n)
    }
  })
})

describe('a client that leaves', () => {
  test('I15: ends the provider call; what was said is charged by its estimate', async () => {
    const { ledger } = await run({ 'a/m': ['endless'] }, { model: 'a/m' }, { leaveAfter: 3 })
    expect(ledger.settled[0]).toMatchObject({ cancelled: true, fault: 'client_gone', usage: { estimated: true } })
    expect(ledger.settled[0]?.cost).toBeGreaterThan(0n)
  })

  test('whenever it leaves, the hold ends exactly once', async () => {
    for (const abortAfterMs of [0, 1, 2, 3, 5, 8, 13]) {
      const { ledger } = await run({ 'a/m': ['endless'] }, { model: 'a/m' }, { abortAfterMs })
      expect(ledger.holds).toBe(1)
    }
  })
})

describe('a refusal tells the three reasons apart, with the numbers (M4, lesson 67)', () => {
  const refusal = (code: HoldRefusal['code'], allowance: HoldRefusal['allowance'], left: bigint, cap: bigint): HoldRefusal => ({ ok: false, code, allowance, left, cap, resetsMs: Date.UTC(2026, 10, 21) })

  test("the key's limit", async () => {
    const { fault } = await run({ 'a/m': ['good'] }, { model: 'a/m' }, { refusal: refusal('key_limit', 'key', 0n, 5_000_000_000n) })
    expect(fault).toMatchObject({ status: 402, code: 'key_limit' })
    expect(fault?.message).toContain('$5.00')
    expect(fault?.message).toContain('2026-11-21T00:00:00.000Z')
  })

  test("the workspace's budget, in the contract's words (H28)", async () => {
    const spent = { ...refusal('workspace_budget', 'workspace', 0n, 100_000_000_000n), period: 'monthly' } as const
    const { fault } = await run({ 'a/m': ['good'] }, { model: 'a/m' }, { refusal: spent })
    expect(fault).toMatchObject({ status: 403, code: 'workspace_budget', message: 'Workspace monthly budget of $100.00 exceeded. Contact your org admin.', options: { metadata: { scope: 'workspace', interval: 'monthly', reset_at: '2026-11-21T00:00:00.000Z' } } })
    const left = { ...refusal('worst_case', 'workspace', 1n, 100_000_000_000n), period: 'ever' } as const
    const { fault: short } = await run({ 'a/m': ['good'] }, { model: 'a/m', max_tokens: 8000 }, { refusal: left })
    expect(short).toMatchObject({ status: 402, code: 'worst_case' })
    expect(short?.message).toContain("the workspace's lifetime budget of $100.00")
    expect(short?.message).toContain('ask an admin')
  })

  test('the balance', async () => {
    const { fault } = await run({ 'a/m': ['good'] }, { model: 'a/m' }, { refusal: refusal('balance', 'account', 0n, 0n) })
    expect(fault).toMatchObject({ status: 402, code: 'balance' })
    expect(fault?.message).toContain('credits grant')
  })

  test('the worst case against a key, where credits would not help', async () => {
    const { fault } = await run({ 'a/m': ['good'] }, { model: 'a/m', max_tokens: 8000 }, { refusal: refusal('worst_case', 'key', 1n, 2_000_000n) })
    expect(fault?.message).toContain("raise the key's limit")
    expect(fault?.message).not.toContain('add credits')
  })

  test('the worst case of this request, with the max_tokens that would fit', async () => {
    const { fault } = await run({ 'a/m': ['good'] }, { model: 'a/m', max_tokens: 8000 }, { refusal: refusal('worst_case', 'account', 2_000_000n, 2_000_000n) })
    expect(fault).toMatchObject({ status: 402, code: 'worst_case' })
    const affordable = Number(/max_tokens of at most (\d+)/.exec(fault?.message ?? '')?.[1])
    expect(affordable).toBeGreaterThan(900)
    expect(affordable).toBeLessThanOrEqual(1000)
  })
})

describe('an estimate of ours', () => {
  test('counts text, not bytes of files or of fields that nobody knows', async () => {
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${'A'.repeat(1_400_000)}` } }
    const body = { model: 'a/m', odd: 'x'.repeat(10_000), messages: [{ role: 'user', content: [{ type: 'text', text: 'What is in it?' }, file] }] }
    const { ledger } = await run({ 'a/m': ['mute'] }, body)
    expect(ledger.settled[0]?.usage).toMatchObject({ estimated: true, promptTokens: 4 })
  })

  test('never charges more than was held', async () => {
    const outcome = await run({ 'a/m': ['endless'] }, { model: 'a/m', max_tokens: 1 }, { leaveAfter: 60 })
    const [generation] = outcome.ledger.settled
    expect(generation?.usage.completionTokens).toBe(1)
    expect(generation?.cost).toBeLessThanOrEqual(outcome.ledger.held)
  })

  test('a model that does not stop is stopped, and costs nothing', async () => {
    const outcome = await run({ 'a/m': ['endless'] }, { model: 'a/m', max_tokens: 4 })
    expect(outcome.events.find((event) => event.type === 'fault')).toMatchObject({ fault: { code: 'provider_too_much' } })
    expect(last(outcome)).toMatchObject({ type: 'end', cost: { total: 0n } })
  })
})

describe('a client that debugs', () => {
  const debug = { echo_upstream_body: true }
  const kinds = (outcome: Outcome) => outcome.events.map((event) => event.type)

  test('sees what each attempt was told, before the answer', async () => {
    const outcome = await run({ 'acme/a': ['down', 'good'] }, { model: 'acme/a', debug })
    expect(kinds(outcome).slice(0, 3)).toEqual(['served', 'debug', 'debug'])
    for (const event of outcome.events) if (event.type === 'debug') expect(event.debug).toMatchObject({ echo_upstream_body: { model: 'tiny-1', messages: [{ content: 'Hi' }], stream: true } })
    expect(text(outcome)).toContain('Hello')
  })

  test('and nobody else does', async () => {
    expect(kinds(await run({ 'acme/a': ['down', 'good'] }, { model: 'acme/a' }))).not.toContain('debug')
  })
})
