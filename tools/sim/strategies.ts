import type { Endpoint, Snapshot } from '../../src/catalog/endpoint.ts'
import type { Preferences } from '../../src/core/call.ts'
import { testCall } from '../../src/dialects/openai-chat/fixtures.test-support.ts'
import type { FakeClock } from '../../src/lib/clock.ts'
import { NO_AFFINITY } from '../../src/routing/affinity.ts'
import { route } from '../../src/routing/route.ts'
import { Health } from '../../src/upstream/health.ts'
import { seeded } from './random.ts'
import { MODEL_ID } from './world.ts'

/** Says in which order to try the endpoints for one call. All fail over in the same way. */
export interface Strategy {
  readonly name: string
  /** What it learns; undefined where it learns nothing. */
  readonly health?: Health
  order(snapshot: Snapshot): readonly Endpoint[]
}

/** A strategy, for one run. */
export type MakeStrategy = (clock: FakeClock, seed: number) => Strategy

/** The gateway's own `route()` and `Health`. */
function ours(name: string, preferences: Partial<Preferences> = {}): MakeStrategy {
  return (clock, seed) => {
    const health = new Health(clock)
    const draw = seeded(seed + 1)
    const plain = testCall({ model: MODEL_ID, max_tokens: 300 })
    const call = { ...plain, preferences: { ...plain.preferences, ...preferences } }
    return { name, health, order: (snapshot) => route(call, { snapshot, health, affinity: NO_AFFINITY, draw, nowMs: clock.wallMs() }).steps.map(({ endpoint }) => endpoint) }
  }
}

const roundRobin: MakeStrategy = () => {
  let turn = 0
  return { name: 'round robin', order: (snapshot) => {
    const all = endpointsOf(snapshot)
    const from = turn++ % all.length
    return [...all.slice(from), ...all.slice(0, from)]
  } }
}

const cheapestFirst: MakeStrategy = () => ({ name: 'cheapest first', order: (snapshot) => byPrice(snapshot) })

/** Each place is drawn among those that are left, by 1/price². */
const weightedRandom: MakeStrategy = (_clock, seed) => {
  const draw = seeded(seed + 2)
  return { name: 'weighted random', order: (snapshot) => {
    const keyed = endpointsOf(snapshot).map((endpoint) => ({ endpoint, key: -Math.log(1 - draw()) * Number(endpoint.price.prompt) ** 2 }))
    return keyed.sort((a, b) => a.key - b.key).map(({ endpoint }) => endpoint)
  } }
}

export const STRATEGIES: readonly MakeStrategy[] = [
  ours('Switchyard'),
  ours('Switchyard, `preferred_max_latency: {p90: 3}`', { preferredMaxLatency: { p90: 3 } }),
  ours('Switchyard, `sort: "price"`', { sort: 'price' }),
  ours('Switchyard, `sort: "latency"`', { sort: 'latency' }),
  weightedRandom,
  cheapestFirst,
  roundRobin,
]

const sorted = new WeakMap<Snapshot, readonly Endpoint[]>()

function byPrice(snapshot: Snapshot): readonly Endpoint[] {
  const known = sorted.get(snapshot)
  if (known) return known
  const made = endpointsOf(snapshot).toSorted((a, b) => Number(a.price.prompt - b.price.prompt))
  sorted.set(snapshot, made)
  return made
}

function endpointsOf(snapshot: Snapshot): readonly Endpoint[] {
  return snapshot.models.get(MODEL_ID)?.endpoints ?? []
}
