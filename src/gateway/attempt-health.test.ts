import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Endpoint } from '../catalog/endpoint.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts'
import { FakeClock } from '../lib/clock.ts'
import { Health } from '../upstream/health.ts'
import { Upstream } from '../upstream/upstream.ts'
import { Admission } from './admit.ts'
import { attempt } from './attempt.ts'
import { Conversations } from './conversations.ts'
import { GATEWAY_LIMITS, type Gateway } from './gateway.ts'
import { HedgeBudget } from './hedge.ts'
import { Meter } from './meter.ts'

/** What an attempt tells health, with a provider that answers each path as its name says. */
let provider: ReturnType<typeof Bun.serve>

const tool = (name: string, text: string): Response => Response.json({
  id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name, arguments: text } }] }, finish_reason: 'tool_calls' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})
const limited = (seconds: string): Response => Response.json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': seconds } })
const ANSWERS: Readonly<Record<string, () => Response>> = {
  good: () => tool('weather', '{"city":"Rom"}'), wrong: () => tool('weather', '{"town":"Rom"}'), broken: () => tool('weather', '{"city"'),
  soon: () => limited('3'), late: () => limited('60'), dead: () => Response.json({ error: { message: 'no' } }, { status: 401 }),
}

beforeAll(() => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => ANSWERS[new URL(request.url).pathname.split('/')[1] ?? '']?.() ?? new Response('none', { status: 404 }) })
})
afterAll(() => provider.stop(true))

function endpointOf(name: string): Endpoint {
  const base = testEndpoint({})
  return { ...base, id: `m@${name}`, tag: name, provider: { ...base.provider, slug: name, name, baseUrl: `http://127.0.0.1:${provider.port}/${name}` } }
}

const TOOLS = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', required: ['city'] } } }]
const nobody = (): never => {
  throw new Error('an attempt asks nobody for money, and for no catalogue')
}

/** Walks a Plan of these endpoints, in this order. */
async function walk(names: readonly string[], body: JsonObject = {}, health = new Health(new FakeClock())): Promise<{ readonly events: Event[]; readonly health: Health; readonly fault: Fault | undefined }> {
  const clock = new FakeClock()
  const gateway: Gateway = {
    snapshot: nobody, policies: { of: nobody }, ledger: { hold: nobody, settle: nobody, release: nobody }, health, conversations: new Conversations(clock), hedges: new HedgeBudget(), clock, log: { call: nobody, problem: nobody },
    draw: () => 0, admission: new Admission(10), limits: GATEWAY_LIMITS, upstream: new Upstream({ dialects: new Map([['openai-chat', openaiChat]]), clock }),
  }
  const call = testCall({ tools: TOOLS, ...body })
  const meter = new Meter(call, { accountId: 'a', key: { hash: 'h', accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null } }, clock)
  const steps = names.map((name) => ({ endpoint: endpointOf(name), requested: 'acme/tiny', reason: 'test' }))
  const events: Event[] = []
  let fault: Fault | undefined
  try {
    for await (const batch of attempt({ steps, excluded: [], stages: [], strategy: 'direct', costMax: 0n }, call, meter, gateway, new AbortController().signal)) {
      meter.count(batch)
      events.push(...batch)
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    fault = error
  }
  await new Promise((resolve) => setImmediate(resolve))
  return { events, health, fault }
}

describe('C38: tool calls of an answer', () => {
  test.each([['good', 0], ['wrong', 1], ['broken', 1]] as const)('%s: %d bad', async (name, errorRate) => {
    const { health } = await walk([name])
    expect(health.of(`m@${name}`).toolCalls).toEqual({ calls2h: 1, errorRate })
  })

  test('of those that failed only the one that answered counts; without tools in the request none does', async () => {
    const { health } = await walk(['soon', 'good'])
    expect([health.of('m@soon').toolCalls, health.of('m@good').toolCalls?.calls2h]).toEqual([undefined, 1])
    expect((await walk(['good'], { tools: null })).health.of('m@good').toolCalls).toBeUndefined()
  })
})

describe('rate limits', () => {
  test('M11: a client waits for the one that is back first', async () => {
    const { fault } = await walk(['soon', 'late'])
    expect(fault?.options).toMatchObject({ retryAfterMs: 3_000, availability: { code: 'capacity_exhausted', retry_after: 3 } })
  })
})

test('a credential that is refused puts its endpoint aside at once', async () => {
  const { health } = await walk(['dead', 'good'])
  expect([health.of('m@dead').share, health.of('m@good').share]).toEqual([0, undefined])
})

test('who has answered has proven that it works', async () => {
  const clock = new FakeClock()
  const health = new Health(clock)
  for (let failed = 0; failed < 3; failed++) health.record('m@good', { ok: false, counted: true, rateLimited: false })
  clock.advance(30_000)
  await walk(['good'], {}, health)
  expect(health.of('m@good').share).toBeCloseTo(0.1)
})
