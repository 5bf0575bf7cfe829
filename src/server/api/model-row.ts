import type { Alias } from '../../catalog/alias.ts'
import type { Endpoint, Model, ReasoningSupport, Snapshot } from '../../catalog/endpoint.ts'
import { comparablePrice } from '../../catalog/price.ts'
import { EFFORTS } from '../../core/call.ts'
import { pricingOf } from './pricing.ts'

/** `supported_parameters` of the contract: the closed list. What an endpoint takes beyond it is not shown. */
export const PARAMETERS = [
  'temperature', 'top_p', 'top_k', 'min_p', 'top_a', 'frequency_penalty', 'presence_penalty', 'repetition_penalty', 'max_tokens', 'max_completion_tokens',
  'logit_bias', 'logprobs', 'top_logprobs', 'prediction', 'seed', 'response_format', 'structured_outputs', 'stop', 'tools', 'tool_choice', 'parallel_tool_calls',
  'include_reasoning', 'reasoning', 'reasoning_effort', 'web_search_options', 'verbosity',
] as const
/** `output_modalities` of the contract. */
export const OUTPUTS = ['text', 'image', 'embeddings', 'audio', 'video', 'rerank', 'speech', 'transcription'] as const
/** `input_modalities` of the contract. */
export const INPUTS = ['text', 'image', 'file', 'audio', 'video'] as const

const TOKENIZERS = ['Router', 'Media', 'Other', 'GPT', 'Claude', 'Gemini', 'Gemma', 'Grok', 'Cohere', 'Nova', 'Qwen', 'Yi', 'DeepSeek', 'Mistral', 'Llama2', 'Llama3', 'Llama4', 'PaLM', 'RWKV', 'Qwen3']
const INSTRUCT_TYPES = [
  'none', 'airoboros', 'alpaca', 'alpaca-modif', 'chatml', 'claude', 'code-llama', 'gemma', 'llama2', 'llama3', 'mistral', 'nemotron', 'neural', 'openchat',
  'phi3', 'rwkv', 'vicuna', 'zephyr', 'deepseek-r1', 'deepseek-v3.1', 'qwq', 'qwen3',
]

/** A model with its row of `GET /models` and what the filters look at. */
export interface ModelEntry {
  readonly model: Model
  /** Whose price and limits the row shows. */
  readonly shown: Endpoint | undefined
  readonly parameters: readonly string[]
  readonly outputs: readonly string[]
  readonly tokenizer: string
  readonly row: object
  /** No model, but what chooses one: it has no endpoints of its own. */
  readonly isRouter?: true
}

const entries = new WeakMap<Snapshot, ReadonlyMap<string, ModelEntry>>()

/** Every model of a snapshot with its row, by id; made once, forgotten with the snapshot. */
export function entriesOf(snapshot: Snapshot): ReadonlyMap<string, ModelEntry> {
  const known = entries.get(snapshot)
  if (known) return known
  const made = new Map([...snapshot.models.values()].map((model) => [model.id, entryOf(model)]))
  for (const alias of snapshot.ownAliases?.values() ?? []) {
    const entry = alias.hidden ? undefined : aliasEntry(alias, made)
    if (entry) made.set(alias.name, entry)
  }
  entries.set(snapshot, made)
  return made
}

/** An alias of the operator's with the facts of the cheapest model that it stands for; undefined while none of them is here. */
function aliasEntry({ name, arms }: Alias, entries: ReadonlyMap<string, ModelEntry>): ModelEntry | undefined {
  const [first, ...others] = arms.flatMap(({ id, percent }) => (percent > 0 ? entries.get(id) ?? [] : []))
  if (!first) return undefined
  const target = others.reduce((best, entry) => (entry.shown && best.shown && isCheaper(entry.shown, best.shown) ? entry : best), first)
  const said = others.length === 0 ? target.model.id : [first, ...others].map(({ model }) => model.id).join(' or ')
  return {
    ...target, model: { ...target.model, id: name, name },
    row: { ...target.row, id: name, name, description: `Another name here for ${said}.`, alias_target: { slug: target.model.id, name: target.model.name } },
  }
}

function entryOf(model: Model): ModelEntry {
  const shown = shownEndpoint(model)
  const parameters = PARAMETERS.filter((name) => model.endpoints.some((endpoint) => takes(endpoint, name)))
  const architecture = architectureOf(model)
  return { model, shown, parameters, outputs: architecture.output_modalities, tokenizer: architecture.tokenizer, row: rowOf(model, shown, parameters) }
}

/**
 * The endpoint that a call to the model most likely gets: the cheapest of those that can be called, for the draw goes by
 * price. While none can be called, the first of the catalogue, which is the model's maker wherever it serves it itself.
 */
function shownEndpoint(model: Model): Endpoint | undefined {
  const current = model.endpoints.filter((endpoint) => !endpoint.deprecated && endpoint.tier === undefined)
  const [first, ...others] = current.filter((endpoint) => endpoint.provider.notReady === undefined)
  return first ? others.reduce((best, endpoint) => isCheaper(endpoint, best) ? endpoint : best, first) : current[0] ?? model.endpoints[0]
}

/** Whether the price is known and lower; any known price is lower than one that nobody knows. */
function isCheaper(endpoint: Endpoint, than: Endpoint): boolean {
  if (endpoint.price.state === 'unpriced') return false
  return than.price.state === 'unpriced' || comparablePrice(endpoint.price) < comparablePrice(than.price)
}

/** True when the endpoint is known to take the parameter, or takes everything. */
export function takes(endpoint: Endpoint, parameter: string): boolean {
  return endpoint.parameters === null || endpoint.parameters.has(parameter)
}

/** The contract's names of the parameters that an endpoint takes. */
export function parametersOf(endpoint: Endpoint): string[] {
  return PARAMETERS.filter((name) => takes(endpoint, name))
}

/** The contract's `architecture` object. */
export function architectureOf(model: Model) {
  const outputs = OUTPUTS.filter((output) => model.outputs.some((modality) => modality === output))
  return {
    modality: `${model.inputs.join('+')}->${outputs.join('+')}`,
    input_modalities: model.inputs,
    output_modalities: outputs,
    tokenizer: TOKENIZERS.includes(model.tokenizer) ? model.tokenizer : 'Other',
    instruct_type: model.instructType !== undefined && INSTRUCT_TYPES.includes(model.instructType) ? model.instructType : null,
  }
}

/** The contract's `Model`. What the catalogue does not know is null. */
function rowOf(model: Model, shown: Endpoint | undefined, parameters: readonly string[]): object {
  return {
    id: model.id,
    canonical_slug: model.canonicalSlug,
    hugging_face_id: model.huggingFaceId ?? null,
    name: model.name,
    created: model.created,
    description: model.description,
    context_length: model.contextMax,
    architecture: architectureOf(model),
    pricing: pricingOf(shown),
    top_provider: { context_length: shown?.contextMax ?? null, max_completion_tokens: shown?.outputMax ?? null, is_moderated: false },
    per_request_limits: null,
    supported_parameters: parameters,
    default_parameters: null,
    supported_voices: null,
    knowledge_cutoff: model.knowledgeCutoff ?? null,
    expiration_date: model.expirationDate ?? null,
    ...reasoningOf(model),
    links: { details: `/api/v1/models/${model.id}/endpoints` },
  }
}

/** How the model thinks at any of its endpoints; absent when it does not, or when nobody knows. */
function reasoningOf(model: Model): { readonly reasoning?: object } {
  const known = model.endpoints.map((endpoint) => endpoint.reasoning).filter((support): support is ReasoningSupport => support !== undefined)
  if (known.length === 0) return {}
  const efforts = EFFORTS.filter((effort) => known.some((support) => support.efforts?.includes(effort)))
  return {
    reasoning: {
      mandatory: known.every((support) => support.mandatory),
      supported_efforts: efforts.length > 0 ? efforts : null,
      supports_max_tokens: known.some((support) => support.budget),
    },
  }
}
