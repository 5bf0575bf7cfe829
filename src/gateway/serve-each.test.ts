import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import type { Model, Snapshot } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { NO_POLICIES } from '../guardrails/rule-book.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts'
import { readCompletion } from '../dialects/openai-completions/call-read.ts'
import { openaiCompletionsClient } from '../dialects/openai-completions/openai-completions.ts'
import type { Generation } from '../ledger/generation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { systemClock } from '../lib/clock.ts'
import { Health } from '../upstream/health.ts'
import { Upstream } from '../upstream/upstream.ts'
import { Admission } from './admit.ts'
import { Conversations } from './conversations.ts'
import { GATEWAY_LIMITS, type Gateway } from './gateway.ts'
import { HedgeBudget } from './hedge.ts'
import { serveEach } from './serve-each.ts'

/** A provider that answers each prompt as it says. */
let provider: ReturnType<typeof Bun.serve>

const data = (body: JsonObject) => `data: ${JSON.stringify(body)}\n\n`
const chunk = (delta: JsonObject, finish: string | null = null) => data({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })
const usage = (prompt: number, completion: number) => `${data({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion } })}data: [DONE]\n\n`
const sse = (...pieces: string[]) => new Response(pieces.join(''), { headers: { 'content-type': 'text/event-stream' } })

const ANSWERS: Readonly<Record<string, (hung: ReadableStream<string>) => Response>> = {
  one: () => sse(chunk({ content: 'One.' }), chunk({}, 'stop'), usage(10, 3)),
  two: () => sse(chunk({ content: 'Two.' }), chunk({}, 'stop'), usage(20, 5)),
  down: () => Response.json({ error: { message: 'overloaded' } }, { status: 503 }),
  cut: () => sse(chunk({ content: 'half' })),
  hung: (body) => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
}

let left: Promise<void> = Promise.resolve()
beforeAll(() => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const body = await request.json() as { messages: { content: string }[] }
    const gone = Promise.withResolvers<undefined>()
    const hung = new ReadableStream<string>({ start: (controller) => controller.enqueue(chunk({ content: 'on and' })), cancel: () => gone.resolve(undefined) })
    const name = body.messages[0]?.content ?? ''
    if (name === 'hung') left = gone.promise
    return ANSWERS[name]?.(hung) ?? Response.json({}, { status: 404 })
  } })
})
afterAll(() => provider.stop(true))

const CALLER: Caller = {
  accountId: 'a', key: { hash: 'h', accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null },
}

function snapshotOf(): Snapshot {
  const base = testEndpoint({})
  const endpoint = { ...base, id: 'm/m@p', modelId: 'm/m', tag: 'p', price: { state: 'priced' as const, prompt: 1_000_000_000n, completion: 2_000_000_000n }, provider: { ...base.provider, baseUrl: `http://127.0.0.1:${provider.port}` } }
  const model: Model = { id: 'm/m', canonicalSlug: 'm/m', name: 'm', description: '', created: 0, inputs: ['text'], outputs: ['text'], contextMax: 128_000, tokenizer: 'Other', endpoints: [endpoint] }
  return { version: 1, models: new Map([['m/m', model]]), providers: new Map([[endpoint.provider.slug, endpoint.provider]]), aliases: new Map() }
}

/** Keeps what was held and settled; refuses the hold of a call whose id ends so. */
class Book implements Ledger {
  readonly held: string[] = []
  readonly ended: Generation[] = []
  releases = 0
  constructor(private readonly refused: string | undefined) {}
  hold(_caller: Caller, callId: string, amount: bigint) {
    if (this.refused !== undefined && callId.endsWith(this.refused)) return { ok: false as const, code: 'balance' as const, left: 0n, allowance: 'account' as const, cap: 0n, resetsMs: null }
    this.held.push(callId)
    return { ok: true as const, callId, amount }
  }
  settle(_hold: unknown, generation: Generation): void { this.ended.push(generation) }
  release(): void { this.releases++ }
}

const callsOf = (prompt: readonly string[]): { readonly call: Call; readonly calls: readonly Call[] } => {
  const call = readCompletion({ model: 'm/m', prompt, stream: true }, { id: 'gen-1-a', createdMs: 0, headers: {}, bodyBytes: 200 })
  return { call, calls: [call, ...(call.also ?? [])] }
}

async function run(prompt: readonly string[], options: { readonly refused?: string; readonly leaves?: boolean } = {}) {
  const book = new Book(options.refused)
  const snapshot = snapshotOf()
  const gateway: Gateway = {
    snapshot: () => snapshot, ledger: book, health: new Health(systemClock), clock: systemClock, log: { call: () => undefined, problem: (_, detail) => expect(detail).toBe('') }, draw: () => 0,
    policies: NO_POLICIES, conversations: new Conversations(systemClock), hedges: new HedgeBudget(), admission: new Admission(10), limits: GATEWAY_LIMITS, upstream: new Upstream({ dialects: new Map([['openai-chat', openaiChat]]), clock: systemClock }),
  }
  const { call, calls } = callsOf(prompt)
  const writer = openaiCompletionsClient.streamWriter(call)
  const events: Event[] = []
  let text = ''
  let fault: Fault | undefined
  try {
    for await (const batch of serveEach(calls, CALLER, gateway, new AbortController().signal)) {
      events.push(...batch)
      text += writer.write(batch)
      if (options.leaves) break
    }
  } catch (thrown) {
    // Anything else is a bug, and fails the test.
    if (!(thrown instanceof Fault)) throw thrown
    fault = thrown
  }
  expect(book.ended.length + book.releases).toBe(book.held.length)
  expect(gateway.admission.calls).toBe(0)
  const chunks = text.split('\n\n').filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)) as { choices: { index: number; text: string; finish_reason: string | null }[]; usage?: { cost: number; prompt_tokens: number }; error?: object })
  const said: string[] = []
  for (const choice of chunks.flatMap((one) => one.choices)) said[choice.index] = (said[choice.index] ?? '') + choice.text
  return { events, text, fault, book, chunks, said, end: events.findLast((event) => event.type === 'end') }
}

describe('several calls as one answer', () => {
  test('each has its choices, its hold, its record; the sums are told once', async () => {
    const { said, book, end, text, events, chunks } = await run(['one', 'two', 'one'])
    expect(said).toEqual(['One.', 'Two.', 'One.'])
    expect(book.ended.map((one) => one.id).toSorted()).toEqual(['gen-1-a', 'gen-1-a-1', 'gen-1-a-2'])
    expect(end).toMatchObject({ usage: { promptTokens: 40, completionTokens: 11 }, cost: { total: book.ended.reduce((sum, one) => sum + one.cost, 0n) } })
    expect(end?.type === 'end' && end.cost.total).toBe(40_000n + 22_000n)
    expect(events.filter((event) => event.type === 'served' || event.type === 'end').map((event) => event.type)).toEqual(['served', 'end'])
    expect(chunks.at(-1)?.usage?.cost).toBe(0.000062)
    expect(text).toEndWith('data: [DONE]\n\n')
  })

  test.each([[['one', 'down']], [['down', 'one', 'two']], [['hung', 'down']]])('%j: one that fails before anything was said fails all, and nothing is charged', async (prompt) => {
    const { fault, book, events } = await run(prompt)
    expect([fault?.status, events]).toEqual([503, []])
    expect(book.ended.map((one) => one.cost)).toEqual(book.ended.map(() => 0n))
  })

  test('one that cannot be paid fails all', async () => {
    const { fault, book } = await run(['one', 'two'], { refused: '-1' })
    expect([fault?.status, book.held]).toEqual([402, ['gen-1-a']])
    expect(book.ended.map((one) => one.cost)).toEqual(book.ended.map(() => 0n))
  })

  test('one that breaks off ends its choices; the others are whole, and paid', async () => {
    const { said, chunks, book, text, end } = await run(['one', 'cut', 'two'])
    expect(said).toEqual(['One.', 'half', 'Two.'])
    expect(chunks.flatMap((one) => one.choices).filter((choice) => choice.finish_reason !== null).map((choice) => [choice.index, choice.finish_reason]).toSorted()).toEqual([[0, 'stop'], [1, 'error'], [2, 'stop']])
    expect(chunks.at(-1)).toMatchObject({ choices: [], error: { code: 502 } })
    expect(text).not.toContain('[DONE]')
    expect(book.ended.map((one) => [one.id, one.cost]).toSorted()).toEqual([['gen-1-a', 16_000n], ['gen-1-a-1', 0n], ['gen-1-a-2', 30_000n]])
    expect(end?.type === 'end' && end.cost.total).toBe(46_000n)
  })

  test('a client that leaves takes all provider calls with it', async () => {
    const { book } = await run(['hung', 'one'], { leaves: true })
    await left
    expect(book.ended.find((one) => one.id === 'gen-1-a')).toMatchObject({ cancelled: true, usage: { estimated: true } })
  })
})
