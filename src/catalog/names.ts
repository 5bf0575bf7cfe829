import type { Model, Snapshot } from './endpoint.ts'
import { nameIndex } from './nearest.ts'

/** Suffixes that change how a call is routed or made, and work on every model (contract C28–C34). `free` is not one: it is a row of its own. */
export const VARIANTS = ['floor', 'nitro', 'online', 'exacto', 'thinking', 'extended'] as const
export type Variant = (typeof VARIANTS)[number]

/** Longer names are compared by their beginning. */
const NAME_CHARS_MAX = 200

/** A model's name as a client writes it, taken apart (contract B2). */
export interface ModelName {
  /** `author/slug`, lower case, without variants; '' when the name is a preset alone. */
  readonly base: string
  /** Everything behind a colon, lower case, in the order written. */
  readonly variants: readonly string[]
  readonly preset?: string
  /** Parameters of a demo model: `speed=20&fail=503`. */
  readonly query?: string
}

export interface FoundModel {
  readonly model: Model
  /** Of the name: what is not part of the row's own id. */
  readonly variants: readonly Variant[]
}

/** Takes a name apart: `author/slug[:variant…][?query][@preset/slug]`, `@preset/slug`. Never throws. */
export function parseModelName(name: string): ModelName {
  const [beforePreset = '', preset] = split(name.trim(), '@preset/')
  const [beforeQuery = '', query] = split(beforePreset, '?')
  const [base = '', ...variants] = beforeQuery.toLowerCase().split(':')
  return { base, variants, ...(preset === undefined ? {} : { preset }), ...(query === undefined ? {} : { query }) }
}

/**
 * The model that a name means: its id, an alias, or a bare slug that only one model has; upper and lower case are the
 * same. Undefined when there is none, or when a suffix is none that we know.
 */
export function findModel(snapshot: Snapshot, name: string): FoundModel | undefined {
  const { base, variants, query } = parseModelName(name)
  if (base === '') return undefined
  const found = findRow(snapshot, base, variants)
  if (!found || query === undefined) return found
  const model = withQuery(found.model, query)
  return model && { ...found, model }
}

function findRow(snapshot: Snapshot, base: string, variants: readonly string[]): FoundModel | undefined {
  const whole = lookUp(snapshot, [base, ...variants].join(':'))
  if (whole) return { model: whole, variants: [] }
  for (const own of [...variants, undefined]) {
    const others = own === undefined ? variants : variants.filter((variant) => variant !== own)
    const model = others.every(isVariant) ? lookUp(snapshot, own === undefined ? base : `${base}:${own}`) : undefined
    if (model) return { model, variants: others.filter(isVariant) }
  }
  return undefined
}

/** The demo takes its parameters in the name that it is called by; no other provider has any. */
function withQuery(model: Model, query: string): Model | undefined {
  const endpoints = model.endpoints.filter((endpoint) => endpoint.provider.slug === 'demo').map((endpoint) => Object.freeze({ ...endpoint, upstreamId: `${endpoint.upstreamId}?${query}` }))
  return endpoints.length === 0 ? undefined : Object.freeze({ ...model, endpoints })
}

/** Ids of the models whose names are most like this one, best first. */
export function nearestModels(snapshot: Snapshot, name: string, count: number): string[] {
  const { base } = parseModelName(name)
  return base === '' ? [] : nameIndex(snapshot).nearest(base.slice(0, NAME_CHARS_MAX), count)
}

/** Other names of providers that OpenRouter's clients and older files use → our slug. */
const PROVIDER_ALIASES: Readonly<Record<string, string>> = {
  'google-ai-studio': 'google', 'google-vertex-anthropic': 'google-vertex', vertex: 'google-vertex', bedrock: 'amazon-bedrock',
  together: 'togetherai', 'together-ai': 'togetherai', fireworks: 'fireworks-ai', novita: 'novita-ai', 'x-ai': 'xai', 'z-ai': 'zai',
  mistralai: 'mistral', moonshot: 'moonshotai', qwen: 'alibaba', cloudflare: 'cloudflare-workers-ai', inceptionlabs: 'inception',
  'gmi-cloud': 'gmicloud', 'gmi': 'gmicloud', 'weights-and-biases': 'wandb', 'azure-openai': 'azure', 'deep-infra': 'deepinfra',
}

/** Our slug of a provider for what a client or a file calls it; region and variant stay: `google-ai-studio` → `google`, `together/lite` → `togetherai/lite`. */
export function providerSlug(name: string): string {
  const [slug = '', ...rest] = name.trim().toLowerCase().split('/')
  return [PROVIDER_ALIASES[slug] ?? slug, ...rest].join('/')
}

function lookUp(snapshot: Snapshot, id: string): Model | undefined {
  const found = snapshot.models.get(id) ?? snapshot.models.get(snapshot.aliases.get(id) ?? '')
  if (found || id.includes('/')) return found
  const only = nameIndex(snapshot).bare.get(id)
  return only === undefined ? undefined : snapshot.models.get(only)
}

/** True for a suffix that works on every model. */
export function isVariant(text: string): text is Variant {
  return VARIANTS.some((variant) => variant === text)
}

/** Cuts at the first `mark`; the second piece is undefined when there is none. */
function split(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)]
}
