import type { Caller } from '../../accounts/caller.ts'
import type { Snapshot } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import type { Cost, Event } from '../../core/event.ts'
import { Fault, type FaultCode } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { usdNumber } from '../../core/nano.ts'
import { addUsage, NO_USAGE, type Usage } from '../../core/usage.ts'
import type { Hold } from '../../ledger/ledger.ts'
import { generationId } from '../../lib/id.ts'
import { NO_AFFINITY } from '../../routing/affinity.ts'
import { costMax, windowOf } from '../../routing/bound.ts'
import type { Plan } from '../../routing/plan.ts'
import { route } from '../../routing/route.ts'
import { answerTokensMax, fusionOf, fusionWarnings, type Fusion } from '../../routing/routers/fusion.ts'
import { addCost, NO_COST } from '../add-cost.ts'
import { admit } from '../admit.ts'
import { callerView } from '../caller-view.ts'
import type { Gateway } from '../gateway.ts'
import { noteOf } from '../hold.ts'
import { refusalFault } from '../refusal.ts'
import { serve } from '../serve.ts'
import { answerOf, innerCall, longer, type InnerAnswer } from './inner-call.ts'
import { panelText, withPanel } from './judge.ts'

/** Of each answer, the one who writes sees at least this much, however many there are. */
const ANSWER_CHARS_MIN = 2_000
/** Text of a token, where it must surely fit into a window. */
const CHARS_PER_TOKEN_MIN = 2

/**
 * One call as several (contract C53, D12, D33): the panel is asked at once, each by a call of its own with its own hold, record and
 * charge; then the one who writes is shown their answers, and its answer is the client's, with the sum of what all cost. What that last call may
 * cost is held before anybody is asked. Throws Fault only before the first batch.
 */
export async function* fuse(call: Call, caller: Caller, gateway: Gateway, client: AbortSignal): AsyncGenerator<Event[]> {
  admit(caller, gateway.admission)
  const view = await callerView(call, caller, gateway)
  const fusion = fusionOf(call, view.snapshot)
  const writer = writerCall(call, fusion)
  // The panel is asked once a turn: not again for each result of a tool that the writer has called.
  const isAsked = fusion.panel.length > 0 && call.body.messages.at(-1)?.role === 'user'
  if (!isAsked) return yield* told(serve(writer, caller, gateway, client), call, fusion, [])
  // Throws what the last call would throw, while nobody was asked and nothing was spent.
  const plan = route(writer, { ...view, affinity: NO_AFFINITY, draw: () => 0 })
  const hold = await reserve(writer, plan, fusion, caller, gateway)
  gateway.admission.enter()
  let isHeld = true
  const release = (): void => {
    if (isHeld) gateway.ledger.release(hold)
    isHeld = false
  }
  try {
    const answers = await Promise.all(panelCalls(call, fusion, view.snapshot).map((inner) => answerOf(inner, caller, gateway, client)))
    // From here the writer's own hold stands for it.
    release()
    const good = answers.filter(({ fault }) => !fault)
    if (good.length === 0) throw allFailed(answers, client)
    yield* told(serve(shown(writer, good, answers, plan), caller, gateway, client), call, fusion, answers)
  } finally {
    release()
    gateway.admission.leave()
  }
}

/** The client's own call, to the one who writes. */
function writerCall(call: Call, fusion: Fusion): Call {
  const [model = ''] = fusion.writers
  const unsaid = [...call.unsaid ?? [], ...fusionWarnings(fusion)]
  return {
    ...call, models: fusion.writers, body: { ...call.body, model }, ...(unsaid.length > 0 ? { unsaid } : {}),
    composed: { isUnderWay: true, ...(fusion.router === undefined ? {} : { router: fusion.router }) },
  }
}

/** The one who writes, with what the panel answered. What the client said in its own dialect is not said again: the messages are others now. */
function shown({ native: _native, ...writer }: Call, good: readonly InnerAnswer[], all: readonly InnerAnswer[], plan: Plan): Call {
  const text = panelText(good, answerCharsMax(writer, plan, good.length))
  const body = { ...writer.body, messages: withPanel(writer.body.messages, text) }
  return { ...longer(writer, Buffer.byteLength(text)), body, composed: { ...writer.composed, innerIds: all.map(({ id }) => id) } }
}

/** What is left of the window of the one who writes, in equal shares. */
function answerCharsMax({ needs }: Call, { steps }: Plan, count: number): number {
  const windows = steps.filter(({ requested }) => requested === steps[0]?.requested).map(({ endpoint }) => windowOf(endpoint) - Math.min(needs.maxTokens ?? Infinity, endpoint.outputMax ?? 0))
  const left = Math.max(...windows) - needs.promptTokensMax
  return Math.max(Math.floor(left * CHARS_PER_TOKEN_MIN / count), ANSWER_CHARS_MIN)
}

/** Holds what the last call costs at most with the longest answers that the panel could give it. */
async function reserve(writer: Call, { steps, ...plan }: Plan, fusion: Fusion, caller: Caller, gateway: Gateway): Promise<Hold> {
  const longest = longer(writer, fusion.panel.length * fusion.settings.maxTokens * CHARS_PER_TOKEN_MIN)
  const worst = { ...plan, steps, costMax: costMax(longest, steps) }
  const hold = await gateway.ledger.hold(caller, generationId(writer.createdMs), worst.costMax, noteOf(longest, caller, steps))
  if (!hold.ok) throw refusalFault(hold, longest, worst, caller)
  return hold
}

/** The same to all of the panel; each answers or fails by itself. */
function panelCalls(call: Call, { panel, settings }: Fusion, snapshot: Snapshot): readonly Call[] {
  const { temperature, reasoning } = settings
  return panel.map((model) => innerCall(call, {
    model, messages: call.body.messages, composed: { parentId: call.id }, maxTokens: Math.min(settings.maxTokens, answerTokensMax(snapshot, model)),
    ...(temperature === undefined ? {} : { temperature }), ...(reasoning === undefined ? {} : { reasoning }),
  }))
}

/** The answer of the one who writes, with the sum of what all used and cost, and how it came about. */
async function* told(answer: AsyncGenerator<Event[]>, call: Call, fusion: Fusion, answers: readonly InnerAnswer[]): AsyncGenerator<Event[]> {
  const usage = answers.reduce<Usage>((sum, one) => addUsage(sum, one.usage), NO_USAGE)
  const cost = answers.reduce<Cost>((sum, one) => addCost(sum, one.cost), NO_COST)
  const router = (own: JsonObject): JsonObject => withStage(own, call, fusion, answers, cost)
  try {
    for await (const events of answer) yield events.map((event) => withSums(event, usage, cost, router))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { router: own } = error.options
    // Nothing that was paid is kept from who paid it.
    throw error.with({ ...(own ? { router: router(own) } : {}), ...(answers.length > 0 ? { metadata: { fusion: stageData(fusion, answers, cost) } } : {}) })
  }
}

function withSums(event: Event, usage: Usage, cost: Cost, router: (own: JsonObject) => JsonObject): Event {
  if (event.type === 'usage') return { ...event, usage: addUsage(event.usage, usage) }
  if (event.type !== 'end') return event
  return { ...event, usage: addUsage(event.usage, usage), cost: addCost(event.cost, cost), ...(event.router ? { router: router(event.router) } : {}) }
}

function withStage(own: JsonObject, call: Call, fusion: Fusion, answers: readonly InnerAnswer[], cost: Cost): JsonObject {
  const good = answers.filter(({ fault }) => !fault)
  const stage: JsonObject = {
    type: 'plugin', name: 'fusion', cost_usd: usdNumber(cost.total), data: stageData(fusion, answers, cost),
    summary: answers.length === 0 ? 'the panel was not asked in this step' : `${good.length} of ${answers.length} models answered`,
  }
  const others = Array.isArray(own['pipeline']) ? own['pipeline'] : []
  return { ...own, requested: call.models[0], ...(fusion.router === undefined ? {} : { strategy: 'fusion' }), pipeline: [stage, ...others] }
}

/** Who was asked, what it cost, and who failed and why: without a word of what they said. */
function stageData(fusion: Fusion, answers: readonly InnerAnswer[], cost: Cost): JsonObject {
  return {
    status: answers.length === 0 ? 'not_asked' : 'ok',
    cost_usd: usdNumber(cost.total),
    panel: answers.filter(({ fault }) => !fault).map((one) => ({ model: one.model, requested: one.requested, provider: one.provider, generation_id: one.id, cost_usd: usdNumber(one.cost.total), latency_ms: one.ms })),
    failed_models: failedModels(answers),
    left_out: fusion.leftOut.map(({ model, why }) => ({ model, why })),
  }
}

function failedModels(answers: readonly InnerAnswer[]): JsonObject[] {
  return answers.flatMap(({ fault, requested, id, cost }) => (fault ? [{ model: requested, error: fault.message, status_code: fault.status, generation_id: id, cost_usd: usdNumber(cost.total) }] : []))
}

/** Nobody answered. Where all failed for the same reason the client is told it by its own code; it can act on it. */
function allFailed(answers: readonly InnerAnswer[], client: AbortSignal): Fault {
  const codes = new Set(answers.map(({ fault }) => fault?.code))
  const [code] = codes
  const shared: FaultCode = client.aborted ? 'client_gone' : codes.size === 1 && code !== undefined ? code : 'provider_error'
  const reasons = answers.map(({ requested, fault }) => `${requested}: ${fault?.message ?? ''}`).join('; ')
  const waits = answers.flatMap(({ fault }) => fault?.options.retryAfterMs ?? [])
  return new Fault(shared, `None of the ${answers.length} models of the panel answered. ${reasons}`, {
    metadata: { failure_reason: FAILURES[shared] ?? 'all_panels_failed', failed_models: failedModels(answers) }, ...(waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {}),
  })
}

/** The contract's words for why a panel failed (D33). */
const FAILURES: Partial<Record<FaultCode, string>> = {
  key_limit: 'insufficient_credits', balance: 'insufficient_credits', worst_case: 'insufficient_credits', rate_limited: 'rate_limited', provider_rate_limited: 'rate_limited',
}
