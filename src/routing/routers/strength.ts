import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { comparablePrice } from '../../catalog/price.ts'

/**
 * How able a model probably is, on a scale without unit. A stated guess, for nobody's benchmarks are measured here: makers
 * price their models by what these can do, and what a price buys doubles several times a year. So the price counts by its
 * logarithm, and each year of age takes off what one year's progress brings. docs/auto-router.md says how far to trust it.
 */
export function strengthOf(model: Model): number {
  return Math.log2(priceUsd(model)) + DOUBLINGS_PER_YEAR * yearsSinceStart(model.created)
}

/** What one dollar buys: about five times as much a year later (the middle of public estimates, which are from 2 to 50). */
const DOUBLINGS_PER_YEAR = 2.3
const START_SECONDS = Date.UTC(2023, 0, 1) / 1_000
const YEAR_SECONDS = 365.25 * 86_400
const NANO_PER_USD = 1e9

function yearsSinceStart(createdSeconds: number): number {
  return (createdSeconds - START_SECONDS) / YEAR_SECONDS
}

/** USD per million tokens, three of the prompt to one of the answer, at the maker's own endpoint or else the middle one. */
function priceUsd(model: Model): number {
  const prices = model.endpoints.filter(({ price }) => price.state === 'priced').map(({ price }) => Number(comparablePrice(price)) / 4 / NANO_PER_USD).filter((price) => price > 0)
  const sorted = prices.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0.001
}

/** A model that a router may choose by itself, and what it is chosen by. */
export interface Choosable {
  readonly model: Model
  readonly strength: number
  /** USD per million tokens at its cheapest endpoint that can be called, 0 at a free one; Infinity when none can. */
  readonly priceUsd: number
}

/** Models older than this, by the newest of the catalogue, are chosen by name only. */
const AGE_YEARS_MAX = 1.5

const choosables = new WeakMap<Snapshot, readonly Choosable[]>()

/**
 * The models that routers choose among, the strongest first: those of the last eighteen months that write text alone, take
 * tools, have a price, and are served by more than one provider or by this server's operator. Free ones have limits, the demo is no model, and rows of variants and
 * aliases are other names. Where none of them can be called, any model that can: a server of one local model has a router, too.
 */
export function choosableModels(snapshot: Snapshot): readonly Choosable[] {
  const known = choosables.get(snapshot)
  if (known) return known
  const models = [...snapshot.models.values()].filter(isChoosable)
  const newest = models.reduce((most, { created }) => Math.max(most, created), 0)
  const made = models.filter(({ created }) => created >= newest - AGE_YEARS_MAX * YEAR_SECONDS)
    .map((model) => ({ model, strength: strengthOf(model), priceUsd: cheapestUsd(model) }))
    .toSorted((a, b) => b.strength - a.strength || (a.model.id < b.model.id ? -1 : 1))
  const chosen = made.some(({ priceUsd }) => priceUsd !== Infinity) ? made : [...anyReady(snapshot), ...made]
  choosables.set(snapshot, chosen)
  return chosen
}

/** Names of another mode or kind of a model that is there by itself, too. */
const ANOTHER_NAME = /^~|^demo\/|:|-(?:latest|thinking|fast|high|low|image)$/

function anyReady(snapshot: Snapshot): Choosable[] {
  const ready = [...snapshot.models.values()].filter(({ id, outputs, endpoints }) => !id.startsWith('demo/') && outputs.includes('text') && endpoints.some(({ provider }) => provider.notReady === undefined))
  // Variants are other names, and the free ones have limits: they are chosen where nothing else is there.
  const own = ready.filter(({ id }) => !ANOTHER_NAME.test(id))
  return (own.length > 0 ? own : ready).map((model) => ({ model, strength: strengthOf(model), priceUsd: Math.min(cheapestUsd(model), Number.MAX_VALUE) })).toSorted((a, b) => b.strength - a.strength || (a.model.id < b.model.id ? -1 : 1))
}

function isChoosable({ id, created, outputs, endpoints }: Model): boolean {
  return !ANOTHER_NAME.test(id) && created > 0 && outputs.length === 1 && outputs.includes('text') && new Set(endpoints.map(({ provider }) => provider.slug)).size > 1
    && endpoints.some(({ price, parameters, deprecated }) => price.state === 'priced' && !deprecated && (parameters === null || parameters.has('tools')))
}

function cheapestUsd({ endpoints }: Model): number {
  const ready = endpoints.filter(({ price, provider, tier }) => price.state !== 'unpriced' && provider.notReady === undefined && tier === undefined)
  return Math.min(...ready.map(({ price }) => Number(comparablePrice(price)) / 4 / NANO_PER_USD))
}
