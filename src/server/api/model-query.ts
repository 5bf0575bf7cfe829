import { dataPolicyOf } from '../../catalog/data-policy.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { providerSlug } from '../../catalog/names.ts'
import type { Nano } from '../../core/nano.ts'
import type { HealthStats } from '../../routing/health.ts'
import { INPUTS, OUTPUTS, PARAMETERS, type ModelEntry } from './model-row.ts'
import { decimal, flag, names, oneOf, someOf, text, usd, whole, type QueryOf } from './query.ts'

/** Uses that models can be told apart by. */
export const MODEL_CATEGORIES = ['programming', 'roleplay', 'marketing', 'marketing/seo', 'technology', 'science', 'translation', 'legal', 'finance', 'health', 'trivia', 'academia'] as const
const SORTS = [
  'most-popular', 'newest', 'top-weekly', 'pricing-low-to-high', 'pricing-high-to-low', 'context-high-to-low', 'throughput-high-to-low', 'latency-low-to-high',
  'intelligence-high-to-low', 'coding-high-to-low', 'agentic-high-to-low', 'design-arena-elo-high-to-low',
] as const
type Sort = (typeof SORTS)[number]

const DAY_SECONDS = 86_400

/** Paging, which a list has only when the client asks for it (contract A31). */
export const PAGE_QUERY = { offset: whole(0), limit: whole(1, 1000) } as const

/** The 31 query parameters of `GET /models`. */
export const MODEL_QUERY = {
  ...PAGE_QUERY,
  category: oneOf(MODEL_CATEGORIES),
  supported_parameters: someOf(PARAMETERS),
  output_modalities: someOf([...OUTPUTS, 'all']),
  input_modalities: someOf(INPUTS),
  sort: oneOf(SORTS),
  use_rss: flag,
  use_rss_chat_links: flag,
  q: text,
  context: whole(1),
  min_price: usd,
  max_price: usd,
  min_output_price: usd,
  max_output_price: usd,
  arch: text,
  model_authors: names,
  providers: names,
  distillable: oneOf(['true', 'false']),
  zdr: oneOf(['true']),
  region: oneOf(['eu', 'us']),
  min_age_days: whole(0),
  max_age_days: whole(0),
  min_intelligence_index: decimal(0),
  max_intelligence_index: decimal(0),
  min_coding_index: decimal(0),
  max_coding_index: decimal(0),
  min_agentic_index: decimal(0),
  max_agentic_index: decimal(0),
  min_tool_success_rate: decimal(0, 1),
  max_tool_success_rate: decimal(0, 1),
} as const

export type ModelQuery = QueryOf<typeof MODEL_QUERY>

/** What the query asks of one model. */
type Test = (entry: ModelEntry) => boolean

/** The models that pass every filter, in the order asked for. `nowMs` is for ages. */
export function selectModels(all: Iterable<ModelEntry>, query: ModelQuery, health: HealthStats, nowMs: number): readonly ModelEntry[] {
  const tests = [...contentTests(query), ...priceTests(query), ...servedTests(query), ...ageTests(query, nowMs), ...unmeasuredTests(query)]
  const found = [...all].filter((entry) => tests.every((test) => test(entry)))
  return query.sort === undefined ? found : sorted(found, query.sort, health)
}

/** Tests of what the model is. Several outputs widen the list, several inputs and parameters narrow it. */
function* contentTests(query: ModelQuery): Iterable<Test> {
  const outputs: readonly string[] = query.output_modalities ?? ['text']
  if (!outputs.includes('all')) yield (entry) => entry.outputs.some((output) => outputs.includes(output))
  for (const input of query.input_modalities ?? []) yield (entry) => entry.model.inputs.includes(input)
  for (const name of query.supported_parameters ?? []) yield (entry) => entry.parameters.includes(name)
  for (const word of query.q?.toLowerCase().split(/\s+/) ?? []) yield ({ model }) => `${model.id} ${model.name} ${model.canonicalSlug}`.toLowerCase().includes(word)
  const { context, arch, model_authors: authors } = query
  if (context !== undefined) yield (entry) => entry.model.contextMax >= context
  if (arch !== undefined) yield (entry) => entry.tokenizer.toLowerCase().startsWith(arch.toLowerCase())
  if (authors) yield (entry) => authors.includes(entry.model.id.split('/')[0] ?? '')
}

/** Bounds of the price shown, in USD per million tokens. A price that nobody knows is within no bounds. */
function* priceTests(query: ModelQuery): Iterable<Test> {
  const bounded = (side: 'prompt' | 'completion', holds: (price: Nano) => boolean): Test =>
    ({ shown }) => shown !== undefined && shown.price.state !== 'unpriced' && holds(shown.price[side])
  const { min_price: min, max_price: max, min_output_price: minOutput, max_output_price: maxOutput } = query
  if (min !== undefined) yield bounded('prompt', (price) => price >= min)
  if (max !== undefined) yield bounded('prompt', (price) => price <= max)
  if (minOutput !== undefined) yield bounded('completion', (price) => price >= minOutput)
  if (maxOutput !== undefined) yield bounded('completion', (price) => price <= maxOutput)
}

/** Tests of who serves it, where, and on which terms: one endpoint must pass. */
function* servedTests(query: ModelQuery): Iterable<Test> {
  const { providers, region } = query
  const served = (holds: (endpoint: Endpoint) => boolean): Test => (entry) => entry.model.endpoints.some(holds)
  if (providers) {
    const slugs = new Set(providers.map(providerSlug))
    yield served(({ provider }) => slugs.has(provider.slug) || providers.includes(provider.name.toLowerCase()))
  }
  if (query.zdr !== undefined) yield served((endpoint) => !dataPolicyOf(endpoint).retains)
  if (region !== undefined) yield served((endpoint) => dataPolicyOf(endpoint).region === region)
}

function* ageTests(query: ModelQuery, nowMs: number): Iterable<Test> {
  const ageDays = (entry: ModelEntry): number => (nowMs / 1000 - entry.model.created) / DAY_SECONDS
  const { min_age_days: min, max_age_days: max } = query
  if (min !== undefined) yield (entry) => ageDays(entry) >= min
  if (max !== undefined) yield (entry) => ageDays(entry) <= max
}

/**
 * Filters by what this catalogue does not measure: categories, benchmark indexes, tool success. No model
 * is known to fulfil them, and a filter that is taken and not applied would lie.
 */
function* unmeasuredTests(query: ModelQuery): Iterable<Test> {
  const asked = [
    query.category, query.min_intelligence_index, query.max_intelligence_index, query.min_coding_index, query.max_coding_index,
    query.min_agentic_index, query.max_agentic_index, query.min_tool_success_rate, query.max_tool_success_rate,
  ]
  if (asked.some((value) => value !== undefined)) yield () => false
  if (query.distillable === 'true') yield ({ model }) => model.distillable === true
}

/** What a sort looks at; undefined puts a model last. Orders by what is not measured here leave the catalogue's order. */
const RANKS: Readonly<Partial<Record<Sort, { readonly up: boolean; readonly of: (entry: ModelEntry, health: HealthStats) => number | bigint | undefined }>>> = {
  'newest': { up: false, of: (entry) => entry.model.created },
  'context-high-to-low': { up: false, of: (entry) => entry.model.contextMax },
  'pricing-low-to-high': { up: true, of: bothPrices },
  'pricing-high-to-low': { up: false, of: bothPrices },
  'throughput-high-to-low': { up: false, of: (entry, health) => medians(entry, health, 'throughput30m').at(-1) },
  'latency-low-to-high': { up: true, of: (entry, health) => medians(entry, health, 'latency30m')[0] },
}

/** Twice the average of the prompt's and the completion's price, which orders as the average does; nothing is charged by it. */
function bothPrices({ shown }: ModelEntry): Nano | undefined {
  return shown === undefined || shown.price.state === 'unpriced' ? undefined : shown.price.prompt + shown.price.completion
}

/** Recent medians of the model's endpoints, lowest first. */
function medians(entry: ModelEntry, health: HealthStats, of: 'latency30m' | 'throughput30m'): number[] {
  return entry.model.endpoints.flatMap((endpoint) => health.stats(endpoint.id)[of]?.p50 ?? []).sort((a, b) => a - b)
}

function sorted(found: readonly ModelEntry[], sort: Sort, health: HealthStats): readonly ModelEntry[] {
  const rank = RANKS[sort]
  if (!rank) return found
  const ranked = found.map((entry) => ({ entry, by: rank.of(entry, health) }))
  const direction = rank.up ? 1 : -1
  return ranked.sort((a, b) => {
    if (a.by === undefined || b.by === undefined) return Number(a.by === undefined) - Number(b.by === undefined)
    return a.by === b.by ? 0 : a.by < b.by ? -direction : direction
  }).map(({ entry }) => entry)
}
