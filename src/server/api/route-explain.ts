import { customerEndpoint } from '../../catalog/customer-view.ts'
import type { PriceList } from '../../catalog/price-list.ts'
import type { Call } from '../../core/call.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { usdNumber } from '../../core/nano.ts'
import { customerMax } from '../../gateway/customer.ts'
import { generationId } from '../../lib/id.ts'
import { expectedCost, explainRoute, type Explanation } from '../../routing/explain.ts'
import type { EndpointHealth, HealthView } from '../../routing/health.ts'
import { relaxing } from '../../routing/no-endpoints.ts'
import { withDefaultModel } from '../default-model.ts'
import { withDocsUrl } from '../docs.ts'
import type { Route } from '../route.ts'
import { callHeaders, type CallEndpoint } from '../v1/call-endpoint.ts'
import { chatCompletions } from '../v1/chat-completions.ts'
import { messages } from '../v1/messages.ts'
import { responses } from '../v1/responses.ts'
import { readWithPreset } from '../with-preset.ts'
import { callerOf } from './caller.ts'
import { pricingOf } from './pricing.ts'
import { oneOf, readQuery } from './query.ts'

/** Whose request the body is. */
const APIS = { chat: chatCompletions, responses, messages } satisfies Record<string, CallEndpoint>

/** `POST /route/explain`: where this request would go and why, what it would cost, and what would change that. Nothing is run. */
export const explainRequest: Route = {
  method: 'POST', path: '/route/explain', auth: 'key',
  async handle(context) {
    const { clock, health, conversations, rules, presets, ownKeys } = context.services
    const { customer } = context
    // A customer's calls are routed by what its reseller pays, which only the reseller sees.
    const [snapshot, caller] = [customer?.routed() ?? context.services.snapshot(), callerOf(context)]
    const { api = 'chat' } = readQuery(context.url.searchParams, { api: oneOf(['chat', 'responses', 'messages']) })
    // What `body` gives is JSON, read from the request.
    const said = await context.body() as JsonObject
    const body = withDefaultModel(said, caller)
    const createdMs = clock.wallMs()
    const origin = { id: generationId(createdMs), createdMs, headers: callHeaders(context.request.headers), bodyBytes: Number(context.request.headers.get('content-length') ?? JSON.stringify(said).length) }
    const call = await readWithPreset(body, (json) => APIS[api].read(json, origin, {}), origin, caller, presets)
    const policy = await rules.of(caller, snapshot, origin.headers.region)
    const isCustomers = caller.key.wallet !== undefined
    const view = { snapshot: await ownKeys.of(caller, snapshot), policy, ...(isCustomers && customer && { prices: customer.prices }), health, affinity: conversations.affinity(caller, call), stickyId: caller.key.hash, draw: () => 0, nowMs: createdMs }
    const explanation = explainRoute(call, view)
    const fault = explanation.fault && withDocsUrl(explanation.fault, context.request.url)
    const shown = customer ? forCustomer(call, explanation, customer.prices, isCustomers) : explanation
    return { data: explanationRow(call.models, { ...shown, fault }, health) }
  },
}

/** The same at the customer's prices; to the customer itself, without whose keys of providers there are. */
function forCustomer(call: Call, explanation: Explanation, prices: readonly PriceList[], isCustomers: boolean): Explanation {
  const { plan, expected, costs } = explanation
  return {
    ...explanation, plan: { ...plan, costMax: customerMax(call, plan.steps, prices) },
    costs: costs.map(({ step }) => {
      const { ownKey, ...endpoint } = customerEndpoint(step.endpoint, prices)
      return { step: { ...step, endpoint: isCustomers || !ownKey ? endpoint : { ...endpoint, ownKey } }, expected: expectedCost(call, { endpoint }, expected), most: customerMax(call, [step], prices) }
    }),
  }
}

function explanationRow(requested: readonly string[], { plan, expected, costs, relaxations, fault }: Explanation, health: HealthView): object {
  return {
    requested,
    strategy: plan.strategy,
    region: plan.region ?? null,
    pipeline: plan.stages.map((stage) => ({ ...stage })),
    unknown_models: plan.unknownModels ?? [],
    assumed: { prompt_tokens: expected.promptTokens, completion_tokens: expected.completionTokens },
    /** What would be held on the key and the balance while the call runs. */
    cost_max: usdNumber(plan.costMax),
    steps: costs.map(({ step: { endpoint, requested: model, reason, share }, expected: cost, most }, index) => ({
      place: index + 1, provider: endpoint.provider.name, tag: endpoint.tag, model: endpoint.modelId, requested: model, reason, is_byok: endpoint.ownKey !== undefined,
      first_probability: share ?? null,
      cost_expected: usdNumber(cost), cost_max: usdNumber(most), pricing: pricingOf(endpoint), health: healthRow(health.of(endpoint.id)),
    })),
    excluded: plan.excluded.map((exclusion) => ({
      provider: exclusion.endpoint.provider.name, tag: exclusion.endpoint.tag, model: exclusion.endpoint.modelId, rule: exclusion.rule, detail: exclusion.detail,
      field: relaxing(exclusion)?.field ?? null,
      /** Whose policy it is, where it is nothing that the request says. */
      policy: exclusion.by ? { of: exclusion.by.kind, name: exclusion.by.name, guardrail_id: exclusion.by.id ?? null } : null,
    })),
    relax: relaxations.map(({ field, how, adds }) => ({ field, how, adds })),
    error: fault ? errorRow(fault) : null,
  }
}

function healthRow({ state, outage, cooling, full, share, uptime, latency, throughput }: EndpointHealth): object {
  return {
    state: cooling ? 'rate_limited' : outage ? 'outage' : full ? 'full' : state === 'normal' && share !== undefined ? 'recovering' : state,
    /** While it comes back: the part of its usual calls that it gets. */
    share: share ?? null,
    uptime_last_5m: uptime ?? null,
    latency_p50_ms: latency?.p50 ?? null, throughput_p50: throughput?.p50 ?? null,
  }
}

function errorRow(fault: Fault): object {
  return { code: fault.status, message: fault.message, ...(fault.options.availability ? { availability: fault.options.availability } : {}) }
}
