import type { Caller } from '../../accounts/caller.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { usdNumber } from '../../core/nano.ts'
import { addUsage } from '../../core/usage.ts'
import { nothingChosen } from '../../routing/unknown-model.ts'
import { builderOf, NO_BUILDER } from '../../routing/routers/bodybuilder.ts'
import { addCost } from '../add-cost.ts'
import { admit } from '../admit.ts'
import { callerView } from '../caller-view.ts'
import type { Gateway } from '../gateway.ts'
import { BODIES_FORMAT, bodiesTask, bodiesText, readBodies, type Bodies } from './bodies.ts'
import { answerOf, innerCall, type InnerAnswer } from './inner-call.ts'

/** A second try, where what was written is no list of requests. */
const TRIES_MAX = 2

/**
 * `openrouter/bodybuilder` (contract C52): requests that the client could send, written by a model of this install and checked as if they
 * had been sent. Each try is a call of its own, held, recorded and billed at that model's price. Throws Fault only before the first batch.
 */
export async function* buildBodies(call: Call, router: string, caller: Caller, gateway: Gateway, client: AbortSignal): AsyncGenerator<Event[]> {
  admit(caller, gateway.admission)
  if (call.api === 'completions') throw new Fault('invalid_request', `model: ${router} needs messages; send them to /api/v1/chat/completions`, { metadata: { field: 'messages' } })
  const { snapshot } = await callerView(call, caller, gateway)
  const model = builderOf(snapshot)
  if (model === undefined) throw nothingChosen(call, NO_BUILDER)
  const task = bodiesTask(snapshot)
  const messages = [task, ...call.body.messages]
  const tries: InnerAnswer[] = []
  let bodies: Bodies | undefined
  while (!bodies && tries.length < TRIES_MAX) {
    const isFirst = tries.length === 0
    const wish = { model, messages, moreBytes: Buffer.byteLength(JSON.stringify(task)), format: BODIES_FORMAT, temperature: 0, composed: isFirst ? { router } : { router, parentId: call.id }, ...(isFirst ? { id: call.id } : {}) }
    const answer = await answerOf(innerCall(call, wish), caller, gateway, client)
    tries.push(answer)
    if (answer.fault) throw answer.fault.with({ metadata: { bodybuilder: stageData(model, tries, 0) } })
    bodies = readBodies(answer.text, call.body.messages, snapshot)
    if (bodies?.requests.length === 0) bodies = undefined
  }
  if (!bodies) throw new Fault('provider_bad_answer', `${model} wrote no request that could be sent, twice. Say which models to ask, and what; or let the operator name another model in routers.bodybuilder.model.`, { metadata: { bodybuilder: stageData(model, tries, 0) } })
  yield answerEvents(call, tries, bodies)
}

function answerEvents(call: Call, tries: readonly InnerAnswer[], { requests, notes }: Bodies): Event[] {
  const last = tries.at(-1)
  const [first, ...others] = tries
  if (!first || !last) return []
  const usage = others.reduce((sum, one) => addUsage(sum, one.usage), first.usage)
  const cost = others.reduce((sum, one) => addCost(sum, one.cost), first.cost)
  const billed = { field: 'model', why: `the requests were written by ${last.model}, at its price` }
  const warnings = [...(cost.total > 0n ? [billed] : []), ...notes]
  return [
    { type: 'served', model: last.model, provider: last.provider, warnings },
    { type: 'text', choice: 0, text: bodiesText(requests) },
    { type: 'finish', choice: 0, reason: 'stop', native: 'stop' },
    { type: 'usage', usage },
    { type: 'end', usage, cost, ...(call.headers.metadata ? { router: routerMetadata(call, tries, warnings, requests.length) } : {}) },
  ]
}

/** The contract's router metadata (J11) of an answer that we wrote from another's. */
function routerMetadata(call: Call, tries: readonly InnerAnswer[], warnings: readonly { readonly field: string; readonly why: string }[], count: number): JsonObject {
  const [first] = tries
  const available = first ? [{ provider: first.provider, model: first.model, selected: true }] : []
  return {
    requested: call.models[0], strategy: 'bodybuilder', region: null, summary: `written by ${first?.model ?? ''}`, attempt: tries.length, is_byok: false,
    endpoints: { total: available.length, available }, attempts: tries.map(({ provider, model }) => ({ provider, model, status: 200 })),
    pipeline: [{ type: 'plugin', name: 'bodybuilder', summary: `${count} requests`, data: stageData(first?.model ?? '', tries, count) }],
    warnings: warnings.map((warning) => ({ ...warning })),
  }
}

function stageData(model: string, tries: readonly InnerAnswer[], count: number): JsonObject {
  return { model, requests: count, tries: tries.map(({ id, cost }) => ({ generation_id: id, cost_usd: usdNumber(cost.total) })) }
}
