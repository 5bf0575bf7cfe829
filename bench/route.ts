// What a decision costs: `node bin/bun.mjs bench/route.ts`. Microseconds, warm, in this process alone.
import { buildSnapshot } from '../src/catalog/snapshot.ts'
import type { Model, Snapshot } from '../src/catalog/endpoint.ts'
import type { Call } from '../src/core/call.ts'
import { readCall } from '../src/dialects/openai-chat/call-read.ts'
import { NO_AFFINITY } from '../src/routing/affinity.ts'
import { explainRoute } from '../src/routing/explain.ts'
import { UNKNOWN_HEALTH } from '../src/routing/health.ts'
import { route } from '../src/routing/route.ts'
import type { RoutingView } from '../src/routing/view.ts'

const ROUNDS = 5_000
const WARM_UP = 1_000
const ENDPOINTS = 30

/** The built-in catalogue as if every provider had a credential, and one model with thirty endpoints. */
function everyProviderReady(): Snapshot {
  const built = buildSnapshot({ env: {}, version: 1 })
  const models = new Map([...built.models].map(([id, model]): [string, Model] => [id, {
    ...model, endpoints: model.endpoints.map((endpoint) => ({ ...endpoint, provider: { ...endpoint.provider, notReady: undefined } })),
  }]))
  const [most] = [...models.values()].toSorted((a, b) => b.endpoints.length - a.endpoints.length)
  if (!most) throw new Error('the catalogue is empty')
  const endpoints = Array.from({ length: ENDPOINTS }, (_, at) => {
    const like = most.endpoints[at % most.endpoints.length]
    if (!like) throw new Error('a model has endpoints')
    return { ...like, id: `bench/many@p${at}`, modelId: 'bench/many', tag: `p${at}`, provider: { ...like.provider, slug: `p${at}`, name: `P${at}` } }
  })
  models.set('bench/many', { ...most, id: 'bench/many', endpoints })
  return { ...built, models }
}

function callOf(model: string, more: object = {}): Call {
  return readCall({ model, messages: [{ role: 'user', content: 'How many minutes does the train need for 240 km at 80 km per hour, with a stop of 12 minutes?' }], ...more }, { id: 'gen-1', createdMs: Date.UTC(2026, 0, 1), headers: {}, bodyBytes: 300 })
}

/** Microseconds of one run: the middle and the slowest in a hundred of many. */
function measure(work: () => unknown): { readonly p50Us: number; readonly p99Us: number } {
  for (let round = 0; round < WARM_UP; round++) work()
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    work()
    return (performance.now() - start) * 1_000
  }).toSorted((a, b) => a - b)
  return { p50Us: times[Math.floor(ROUNDS * 0.5)] ?? Number.NaN, p99Us: times[Math.floor(ROUNDS * 0.99)] ?? Number.NaN }
}

if (import.meta.main) {
  const snapshot = everyProviderReady()
  const view: RoutingView = { snapshot, health: { of: () => UNKNOWN_HEALTH }, affinity: NO_AFFINITY, draw: () => 0.5, nowMs: Date.UTC(2026, 0, 1) }
  const narrow = { provider: { only: ['p1', 'p2', 'p3'], max_price: { prompt: 100 }, quantizations: ['fp8', 'unknown'], data_collection: 'deny' } }
  const cases: readonly (readonly [string, () => unknown])[] = [
    ['route, one endpoint', () => route(callOf('demo/echo'), view)],
    [`route, ${ENDPOINTS} endpoints`, () => route(callOf('bench/many'), view)],
    [`route, ${ENDPOINTS} endpoints, tools`, () => route(callOf('bench/many', { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }), view)],
    [`explain, ${ENDPOINTS} endpoints`, () => explainRoute(callOf('bench/many'), view)],
    [`explain, ${ENDPOINTS} endpoints, four demands`, () => explainRoute(callOf('bench/many', narrow), view)],
    ['route, ~anthropic/claude-sonnet-latest', () => route(callOf('~anthropic/claude-sonnet-latest'), view)],
    ['route, openrouter/auto', () => route(callOf('openrouter/auto'), view)],
    ['route, openrouter/auto, patterns', () => route(callOf('openrouter/auto', { plugins: [{ id: 'auto-router', allowed_models: ['anthropic/*', 'openai/*'], excluded_models: ['*/gpt-4*'] }] }), view)],
    ['route, openrouter/free', () => route(callOf('openrouter/free'), view)],
    ['route, openrouter/pareto-code', () => route(callOf('openrouter/pareto-code'), view)],
  ]
  for (const [name, work] of cases) {
    const { p50Us, p99Us } = measure(work)
    console.log(`${name.padEnd(44)} p50 ${p50Us.toFixed(1).padStart(7)} µs   p99 ${p99Us.toFixed(0).padStart(6)} µs`)
  }
}
