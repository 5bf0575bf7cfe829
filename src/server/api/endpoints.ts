import { dataPolicyOf } from '../../catalog/data-policy.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { EndpointHealth, HealthStats, Percentiles } from '../../routing/health.ts'
import type { Route } from '../route.ts'
import { architectureOf, parametersOf, takes } from './model-row.ts'
import { entryNamed } from './models.ts'
import { pricingOf } from './pricing.ts'

const QUANTIZATIONS = ['int4', 'int8', 'fp4', 'mxfp4', 'nvfp4', 'fp6', 'fp8', 'mxfp8', 'fp16', 'bf16', 'fp32', 'unknown']

/** `GET /models/{author}/{slug}/endpoints`: who serves a model, at what price, and how well just now. */
export const listEndpoints: Route = {
  method: 'GET', path: '/models/{author}/{slug}/endpoints', auth: 'public',
  handle({ services, params, caller }) {
    const { model } = entryNamed(services.snapshot(), params)
    const { id, name, created, description } = model
    const endpoints = model.endpoints.map((endpoint) => endpointRow(endpoint, name, services.health, caller !== undefined, services.clock.wallMs()))
    return { data: { id, name, created, description, architecture: architectureOf(model), endpoints } }
  },
}

/** `GET /endpoints/zdr`: every endpoint that keeps nothing of a prompt, as far as its provider has said (E10). */
export const listZdrEndpoints: Route = {
  method: 'GET', path: '/endpoints/zdr', auth: 'public',
  handle({ services, caller }) {
    const rows = [...services.snapshot().models.values()].flatMap(({ name, endpoints }) =>
      endpoints.filter((endpoint) => !dataPolicyOf(endpoint).retains).map((endpoint) => endpointRow(endpoint, name, services.health, caller !== undefined, services.clock.wallMs())))
    return { data: rows }
  },
}

/** The contract's `PublicEndpoint`. Speeds are for callers with a key only, as the contract has it. */
function endpointRow(endpoint: Endpoint, modelName: string, health: HealthStats, showSpeed: boolean, nowMs: number): object {
  const { provider, price } = endpoint
  const stats = health.stats(endpoint.id)
  return {
    name: `${provider.name} | ${endpoint.modelId}`,
    model_id: endpoint.modelId,
    model_name: modelName,
    context_length: endpoint.contextMax,
    pricing: pricingOf(endpoint, nowMs),
    provider_name: provider.name,
    tag: endpoint.tag,
    quantization: QUANTIZATIONS.includes(endpoint.quantization) ? endpoint.quantization : 'unknown',
    max_completion_tokens: endpoint.outputMax ?? null,
    max_prompt_tokens: endpoint.promptMax ?? null,
    supported_parameters: parametersOf(endpoint),
    status: statusOf(endpoint, health.of(endpoint.id)),
    uptime_last_5m: percent(stats.uptime5m),
    uptime_last_30m: percent(stats.uptime30m),
    uptime_last_1d: percent(stats.uptime1d),
    // Reading from a cache is priced and writing to it is not: the provider caches by itself.
    supports_implicit_caching: price.cacheRead !== undefined && price.cacheWrite === undefined,
    supports_tool_choice: toolChoiceOf(endpoint),
    supports_voice_cloning: false,
    latency_last_30m: showSpeed ? rounded(stats.latency30m) : null,
    throughput_last_30m: showSpeed ? rounded(stats.throughput30m) : null,
  }
}

/** Which values of `tool_choice` it takes. Newer than the contract's document; the official client refuses an answer without it. */
function toolChoiceOf(endpoint: Endpoint): object {
  const named = takes(endpoint, 'tool_choice')
  return { auto: named || takes(endpoint, 'tools'), none: named, required: named, function: named }
}

/** The contract's grades: 0 is well, the more negative the less likely it is to be tried. */
function statusOf(endpoint: Endpoint, health: EndpointHealth): 0 | -1 | -2 | -5 | -10 {
  if (endpoint.provider.notReady !== undefined) return -10
  if (endpoint.deprecated) return -5
  if (health.outage || health.state === 'down') return -2
  return health.state === 'degraded' ? -1 : 0
}

/** A share of 1 as a percentage with three decimals. */
function percent(share: number | undefined): number | null {
  return share === undefined ? null : Math.round(share * 100_000) / 1000
}

function rounded(values: Percentiles | undefined): Percentiles | null {
  if (!values) return null
  const hundredth = (value: number): number => Math.round(value * 100) / 100
  return { p50: hundredth(values.p50), p75: hundredth(values.p75), p90: hundredth(values.p90), p99: hundredth(values.p99) }
}
