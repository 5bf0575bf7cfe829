import { EFFORTS, type DialectName, type Effort, type Modality } from '../core/call.ts'
import { withAlternatives } from './alternatives.ts'
import type { Endpoint, Provider, ReasoningSupport } from './endpoint.ts'
import { withFees } from './fees.ts'
import type { ModelOverride, OperatorModel } from './operator-file.ts'
import { dialectOnCloud, parametersOf } from './parameters.ts'
import { priceOf } from './price-row.ts'
import { UNPRICED } from './price.ts'
import type { ProviderSet } from './provider.ts'
import type { EndpointRow, ModelRow, ReasoningRow } from './rows.ts'

const ALL_MODALITIES: readonly Modality[] = ['text', 'image', 'file', 'audio', 'video']
/** A model that names no context: large enough to refuse nothing that its provider might take. */
const CONTEXT_UNKNOWN_TOKENS = 128_000
/** What embeddings can be told beside their inputs. */
const OF_EMBEDDINGS: ReadonlySet<string> = new Set(['dimensions'])
/** A model of the operator's that says nothing of what it writes may write anything that is said in a chat. */
const EVERYTHING: ReadonlySet<Modality> = new Set(ALL_MODALITIES)

const words = new Map<string, ReadonlySet<string>>()
const modalities = new Map<string, ReadonlySet<Modality>>()

/** The endpoint of a row of the catalogue. What the row does not say is its model's. */
export function endpointOfRow(model: ModelRow, row: EndpointRow, set: ProviderSet): Endpoint {
  const own = set.ownEndpoints.get(model.id)
  const provider = own?.provider ?? (row.via === undefined ? undefined : set.others.get(row.via)) ?? set.main
  const can = wordSet(row.can ?? model.can ?? '')
  const reasoning = can.has('reasoning') ? reasoningOf(row.reasoning ?? model.reasoning ?? {}) : undefined
  const tag = row.variant === undefined ? provider.slug : `${provider.slug}/${row.variant}`
  const contextMax = row.context ?? model.context ?? CONTEXT_UNKNOWN_TOKENS
  const outputMax = row.output ?? model.output
  const outputs = modalitySet(row.outputs ?? model.outputs ?? 'text')
  const parametersBy = (dialect: DialectName) => outputs.has('embeddings') ? OF_EMBEDDINGS : parametersOf(dialectOnCloud(dialect, row.upstream), set.row.parameters, can, reasoning?.efforts !== undefined)
  return Object.freeze(withAlternatives({
    id: `${model.id}@${tag}`, modelId: model.id, tag, provider, upstreamId: own?.upstreamId ?? row.upstream, price: withFees(priceOf(row.price), provider.slug, row.upstream),
    ...(row.tier !== undefined && { tier: row.tier }), contextMax, ...(outputMax !== undefined && { outputMax: Math.min(outputMax, contextMax) }), ...(row.prompt !== undefined && { promptMax: row.prompt }),
    parameters: parametersBy(provider.dialect),
    inputs: modalitySet(row.inputs ?? model.inputs ?? 'text'), outputs,
    ...(reasoning && { reasoning }), quantization: row.quantization ?? 'unknown', deprecated: row.deprecated === true,
  }, parametersBy))
}

/** The endpoint of a model that the operator's provider serves. Of the one it replaces it keeps what it does not say. */
export function endpointOfOperator(model: OperatorModel, provider: Provider, replaced: Endpoint | undefined): Endpoint {
  const outputMax = model.outputMax ?? replaced?.outputMax
  const embeds = model.outputs?.includes('embeddings') === true
  const reasoning = model.reasoning ?? replaced?.reasoning ?? (saysNothing(model) && !embeds ? { efforts: EFFORTS, budget: true, mandatory: false } : undefined)
  const parameters = model.parameters ? new Set(model.parameters) : (replaced?.parameters ?? (embeds ? OF_EMBEDDINGS : null))
  return Object.freeze(withAlternatives({
    id: `${model.id}@${provider.slug}`, modelId: model.id, tag: provider.slug, provider,
    upstreamId: model.upstreamId ?? replaced?.upstreamId ?? model.id.slice(model.id.indexOf('/') + 1),
    price: model.price ?? replaced?.price ?? UNPRICED,
    contextMax: model.contextMax ?? replaced?.contextMax ?? CONTEXT_UNKNOWN_TOKENS, ...(outputMax !== undefined && { outputMax }),
    ...(model.visibleTo && { visibleTo: new Set(model.visibleTo) }),
    ...(model.concurrencyMax !== undefined && { concurrencyMax: model.concurrencyMax }), parameters,
    inputs: model.inputs ? new Set<Modality>(['text', ...model.inputs]) : (replaced?.inputs ?? null),
    outputs: model.outputs ? new Set(model.outputs) : (replaced?.outputs ?? EVERYTHING),
    ...(reasoning && { reasoning }), quantization: model.quantization ?? replaced?.quantization ?? 'unknown', deprecated: false,
  }, (dialect) => (model.parameters ? parameters : (replaced?.alternatives?.find((other) => other.provider.dialect === dialect)?.parameters ?? parameters))))
}

/** The same endpoint with what the operator says of its model everywhere. */
export function overridden(endpoint: Endpoint, override: ModelOverride): Endpoint {
  const { alternatives } = endpoint
  return Object.freeze({
    ...endpoint, ...(alternatives && { alternatives: alternatives.map((other) => overridden(other, override)) }), ...(override.price && { price: override.price }),
    ...(override.contextMax !== undefined && { contextMax: override.contextMax }), ...(override.outputMax !== undefined && { outputMax: override.outputMax }),
  })
}

/** Modalities of a list apart by blanks, in the contract's order. */
export function modalityList(text: string | undefined): readonly Modality[] {
  return [...modalitySet(text ?? 'text')]
}

function saysNothing(model: OperatorModel): boolean {
  return model.parameters === undefined
}

function reasoningOf(row: ReasoningRow): ReasoningSupport {
  const efforts = row.efforts === undefined ? undefined : EFFORTS.filter((effort: Effort) => wordSet(row.efforts ?? '').has(effort))
  return { ...(efforts && { efforts }), budget: row.budget === true, mandatory: row.mandatory === true }
}

function wordSet(text: string): ReadonlySet<string> {
  let set = words.get(text)
  if (!set) words.set(text, set = new Set(text.split(' ').filter((word) => word !== '')))
  return set
}

function modalitySet(text: string): ReadonlySet<Modality> {
  let set = modalities.get(text)
  if (!set) modalities.set(text, set = new Set([...ALL_MODALITIES, 'embeddings' as const].filter((modality) => wordSet(text).has(modality))))
  return set
}
