import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { findModel, parseModelName } from '../../catalog/names.ts'
import type { Modality } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { NO_AFFINITY } from '../../routing/affinity.ts'
import { UNKNOWN_HEALTH } from '../../routing/health.ts'
import { route } from '../../routing/route.ts'
import { canCall } from '../../routing/routers/fusion.ts'
import { familiesOf, isLatest, newestOf } from '../../routing/routers/latest.ts'
import { entriesOf, PARAMETERS, type ModelEntry } from './model-row.ts'
import { pricingOf } from './pricing.ts'

/** A router as `GET /models` lists it. */
interface RouterFacts {
  readonly id: string
  readonly name: string
  readonly description: string
  /** What a call costs: as the model that it gets, nothing, or what is known of the one model that answers. */
  readonly price: 'varies' | 'free' | 'model'
}

const ROUTERS: readonly RouterFacts[] = [
  { id: 'openrouter/auto', name: 'Auto Router', price: 'varies', description: 'Chooses a model by the task and difficulty of each call, among those that can be called here. Billed as the model that answers.' },
  { id: 'openrouter/auto-beta', name: 'Auto Router (beta)', price: 'varies', description: 'The Auto Router with settings of its own.' },
  { id: 'openrouter/free', name: 'Free Models Router', price: 'free', description: 'Draws one of the free models that can do what the call needs.' },
  { id: 'openrouter/pareto-code', name: 'Pareto Code Router', price: 'varies', description: 'The cheapest model for code of the wanted strength. Billed as the model that answers.' },
  { id: 'openrouter/bodybuilder', name: 'Body Builder', price: 'model', description: 'Turns a description into request bodies that can be sent to this server. Written by a model of this server, and billed at its price.' },
  { id: 'openrouter/fusion', name: 'Fusion', price: 'varies', description: 'Asks several models at once; one of them writes the answer from all of theirs. Costs the sum of these calls.' },
  { id: 'openrouter/fusion-flash', name: 'Fusion Flash', price: 'varies', description: 'Fusion with a panel of fast models.' },
]

/** A family of one has nothing newer to move to: its alias works and is not listed. */
const FAMILY_MIN = 2

const known = new WeakMap<Snapshot, readonly ModelEntry[]>()

/** The routers that can answer on this install, and the aliases of families whose newest model can be called. After the models, in every list. */
export function routerEntries(snapshot: Snapshot): readonly ModelEntry[] {
  let entries = known.get(snapshot)
  if (!entries) known.set(snapshot, entries = [...routersOf(snapshot), ...latestOf(snapshot)])
  return entries
}

/** The router or `~…-latest` alias of this name, listed or not; undefined where it means nothing that could be called here. */
export function routerEntryNamed(snapshot: Snapshot, name: string): ModelEntry | undefined {
  const { base } = parseModelName(name)
  if (isLatest(base)) return latestEntry(snapshot, base)
  const id = base.replace(/^switchyard\//, 'openrouter/')
  return routerEntries(snapshot).find(({ model }) => model.id === id)
}

function routersOf(snapshot: Snapshot): ModelEntry[] {
  const ready = [...snapshot.models.values()].filter((model) => model.outputs.includes('text') && isReady(model, snapshot))
  if (ready.length === 0) return []
  return ROUTERS.flatMap((facts) => {
    const answers = answersWith(facts.id, snapshot)
    return answers === undefined ? [] : [routerEntry(facts, ready, entriesOf(snapshot).get(answers))]
  })
}

/** Callable, and no demo: that one is no model that a router would choose. */
function isReady({ endpoints }: Model, snapshot: Snapshot): boolean {
  return endpoints.some((endpoint) => endpoint.provider.slug !== 'demo' && canCall(endpoint, snapshot))
}

const ASKED = { messages: [{ role: 'user', content: 'Hi' }] }

/** The model that would answer a plain question; undefined where nobody would. Asked of routing itself, so that the list says what a call would find. */
function answersWith(id: string, snapshot: Snapshot): string | undefined {
  const call = readCall({ ...ASKED, model: id }, { id: '', createdMs: 0, headers: {}, bodyBytes: 0 })
  try {
    return route(call, { snapshot, health: { of: () => UNKNOWN_HEALTH }, affinity: NO_AFFINITY, draw: () => 0, nowMs: 0 }).steps[0]?.endpoint.modelId
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

function routerEntry({ id, name, description, price }: RouterFacts, ready: readonly Model[], answers: ModelEntry | undefined): ModelEntry {
  const inputs = [...new Set<Modality>(['text', ...ready.flatMap((model) => model.inputs)])]
  const contextMax = Math.max(...ready.map((model) => model.contextMax))
  const parameters = PARAMETERS.filter((parameter) => ready.some(({ endpoints }) => endpoints.some((endpoint) => endpoint.parameters === null || endpoint.parameters.has(parameter))))
  const model: Model = { id, canonicalSlug: id, name, description, created: 0, inputs, outputs: ['text'], contextMax, tokenizer: 'Router', endpoints: [] }
  const pricing = price === 'varies' ? { prompt: '-1', completion: '-1' } : price === 'free' ? { prompt: '0', completion: '0' } : pricingOf(answers?.shown)
  return {
    model, shown: price === 'model' ? answers?.shown : undefined, parameters, outputs: ['text'], tokenizer: 'Router', isRouter: true,
    row: {
      id, canonical_slug: id, hugging_face_id: null, name, created: 0, description, context_length: contextMax,
      architecture: { modality: `${inputs.join('+')}->text`, input_modalities: inputs, output_modalities: ['text'], tokenizer: 'Router', instruct_type: null },
      pricing, top_provider: { context_length: null, max_completion_tokens: null, is_moderated: false }, per_request_limits: null, supported_parameters: parameters,
      default_parameters: null, supported_voices: null, knowledge_cutoff: null, expiration_date: null, links: { details: `/api/v1/models/${id}/endpoints` },
    },
  }
}

function latestOf(snapshot: Snapshot): ModelEntry[] {
  return [...familiesOf(snapshot)].flatMap(([alias, models]) => {
    const newest = newestOf(snapshot, alias)
    return models.length >= FAMILY_MIN && newest && isReady(newest, snapshot) ? latestEntry(snapshot, alias) ?? [] : []
  })
}

/** C56: the row of the model that the alias means now, under the alias, with that model named. */
function latestEntry(snapshot: Snapshot, alias: string): ModelEntry | undefined {
  const newest = newestOf(snapshot, alias)
  const entry = newest && entriesOf(snapshot).get(newest.id)
  if (!newest || !entry || findModel(snapshot, alias)) return undefined
  const name = `${newest.name} (latest)`
  const links = { details: `/api/v1/models/${alias}/endpoints` }
  return { ...entry, model: { ...newest, id: alias, name }, row: { ...entry.row, id: alias, name, alias_target: { slug: newest.id, name: newest.name }, links } }
}
