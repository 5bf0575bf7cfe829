import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'

/** One model at one provider, in the words of models.dev. Listed are the fields that we read. */
export interface FeedOffering {
  readonly name?: string
  readonly cost?: JsonObject
  /** What it costs as the provider's priority tier: OpenAI's `service_tier: priority`, Anthropic's `speed: fast`. */
  readonly priorityCost?: JsonObject
  readonly limit: { readonly context?: number; readonly output?: number; readonly input?: number }
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly reasoning: boolean
  /** undefined: the feed has no word on it. */
  readonly reasoningOptions?: readonly JsonObject[]
  readonly tools: boolean
  readonly structured?: boolean
  readonly temperature: boolean
  readonly knowledge?: string
  readonly released?: string
  readonly status?: string
  readonly weights?: string
  /** The model of the feed's own registry that it is. */
  readonly base?: string
  /** How this offering is called where it differs from its provider. */
  readonly npm?: string
  readonly url?: string
  readonly shape?: string
  /** Where earlier reasoning must go back to. */
  readonly replay?: string
}

export interface FeedProvider {
  readonly slug: string
  readonly name: string
  readonly url?: string
  readonly docs?: string
  readonly env: readonly string[]
  readonly npm?: string
  readonly offerings: ReadonlyMap<string, FeedOffering>
}

export interface Feed {
  readonly providers: readonly FeedProvider[]
  /** Ids of the registry, `author/slug` in the feed's spelling. */
  readonly registry: ReadonlyMap<string, FeedOffering>
}

/** Reads the feed as our data file has it: a registry of models, and offerings that may lean on one of it. */
export function readFeedFile(data: unknown): Feed {
  const root = isObject(data) ? data : {}
  const registry = asObject(root['models']) ?? {}
  const offerings = asObject(root['offerings']) ?? {}
  const providers = Object.entries(asObject(root['providers']) ?? {}).map(([slug, row]) => readProvider(slug, row, Object.entries(asObject(offerings[slug]) ?? {}), registry))
  return { providers, registry: new Map(Object.entries(registry).map(([id, row]) => [id, readOffering(asObject(row) ?? {}, {})])) }
}

/** Reads the public feed, `https://models.dev/api.json`: provider → models, each complete in itself. */
export function readFeedApi(data: unknown): Feed {
  const providers = Object.entries(isObject(data) ? data : {}).map(([slug, row]) => readProvider(slug, row, Object.entries(asObject(asObject(row)?.['models']) ?? {}), {}))
  return { providers, registry: new Map() }
}

function readProvider(slug: string, value: Json | undefined, offerings: readonly [string, Json | undefined][], registry: JsonObject): FeedProvider {
  const row = asObject(value) ?? {}
  const url = asString(row['api'])
  const docs = asString(row['doc'])
  const npm = asString(row['npm'])
  return {
    slug, name: asString(row['name']) ?? slug, env: strings(row['env']), ...(url !== undefined && { url }), ...(docs !== undefined && { docs }), ...(npm !== undefined && { npm }),
    offerings: new Map(offerings.map(([id, offering]) => [id, readOffering(asObject(offering) ?? {}, registry)])),
  }
}

function readOffering(own: JsonObject, registry: JsonObject): FeedOffering {
  const base = asString(own['base_model'])
  const model = withoutOmitted(asObject(registry[base ?? '']) ?? {}, own)
  const row: JsonObject = { ...model, ...own }
  // Of these two an offering may say a part: the rest is the model's.
  const limit = { ...asObject(model['limit']), ...asObject(own['limit']) }
  const modalities = { ...asObject(model['modalities']), ...asObject(own['modalities']) }
  const call = asObject(row['provider']) ?? {}
  const text = (name: string, value: Json | undefined) => { const found = asString(value); return found === undefined ? {} : { [name]: found } }
  const cost = asObject(row['cost'])
  const options = asArray(row['reasoning_options'])?.filter(isObject)
  const priority = priorityCostOf(row)
  return {
    limit: numbers(limit), inputs: strings(modalities['input']), outputs: strings(modalities['output']),
    reasoning: row['reasoning'] === true, tools: row['tool_call'] === true, temperature: row['temperature'] !== false,
    ...(typeof row['structured_output'] === 'boolean' && { structured: row['structured_output'] }),
    ...(cost && { cost }), ...(priority && { priorityCost: priority }), ...(options && { reasoningOptions: options }),
    ...text('name', row['name']), ...text('knowledge', row['knowledge']), ...text('released', row['release_date']), ...text('status', row['status']),
    ...text('weights', weightsUrl(row)), ...text('base', base), ...text('npm', call['npm']), ...text('url', call['api']), ...text('shape', call['shape']),
    ...text('replay', asObject(row['interleaved'])?.['field']),
  }
}

/** Of the modes that an offering has, the one that is asked for as a tier. */
function priorityCostOf(row: JsonObject): JsonObject | undefined {
  const modes = Object.values(asObject(asObject(row['experimental'])?.['modes']) ?? {}).filter(isObject)
  const priority = modes.find((mode) => {
    const body = asObject(asObject(mode['provider'])?.['body'])
    return body?.['service_tier'] === 'priority' || body?.['speed'] === 'fast'
  })
  return asObject(priority?.['cost'])
}

/** An offering may say which of the registry's fields do not hold for it. */
function withoutOmitted(base: JsonObject, own: JsonObject): JsonObject {
  const omitted = new Set(strings(own['base_model_omit']))
  return Object.fromEntries(Object.entries(base).filter(([key]) => !omitted.has(key)))
}

function weightsUrl(row: JsonObject): string | undefined {
  const urls = (asArray(row['weights']) ?? []).map((weight) => asString(asObject(weight)?.['url']))
  return urls.find((url) => url?.startsWith('https://huggingface.co/'))
}

function numbers(limit: JsonObject): FeedOffering['limit'] {
  const entries = ['context', 'output', 'input'].flatMap((key) => {
    const value = limit[key]
    return typeof value === 'number' && Number.isInteger(value) && value > 0 ? [[key, value] as const] : []
  })
  return Object.fromEntries(entries)
}

function strings(value: Json | undefined): string[] {
  return (asArray(value) ?? []).filter((item) => typeof item === 'string')
}
