import type { Alias } from './alias.ts'
import { offersInRegion } from './aws-regions.ts'
import { DEMO_MODELS, DEMO_PROVIDER } from './demo.ts'
import type { Endpoint, Model, Provider, Snapshot } from './endpoint.ts'
import { endpointOfOperator, endpointOfRow, modalityList, overridden } from './endpoint-row.ts'
import { EMPTY_OPERATOR_FILE, type OperatorFile, type OperatorModel, type OperatorProvider } from './operator-file.ts'
import { callerEndpoints } from './caller-endpoints.ts'
import { applyOverlay, type Overlay } from './overlay.ts'
import { makeProvider, rowOfOperator, type Environment, type ProviderSet } from './provider.ts'
import { catalogueRows, type EndpointRow, type ModelRow, type ProviderRow } from './rows.ts'
import { tokenizerOf } from './tokenizer.ts'

export interface SnapshotOptions {
  /** Where credentials are looked up, by the names that providers' rows say. */
  readonly env: Environment
  readonly version: number
  readonly operator?: OperatorFile
  /** Servers found on this machine. The operator's file wins over them, slug by slug. */
  readonly discovered?: readonly OperatorProvider[]
  /** What `switchyard models sync` accepted. */
  readonly overlay?: Overlay
  /** The catalogue's data; tests give their own. */
  readonly rows?: { readonly models: readonly ModelRow[]; readonly providers: readonly ProviderRow[] }
}

/** A model as it is put together. */
type Draft = { -readonly [K in keyof Model]: Model[K] } & { endpoints: Endpoint[] }

interface Work {
  readonly providers: Map<string, ProviderSet>
  readonly models: Map<string, Draft>
  readonly aliases: Map<string, string>
}

/** Compiles catalogue, operator's file, discovered servers and environment to one frozen view. Pure: no I/O but the first read of the data. */
export function buildSnapshot(options: SnapshotOptions): Snapshot {
  const operator = options.operator ?? EMPTY_OPERATOR_FILE
  const built = options.rows ?? catalogueRows()
  const rows = options.overlay ? applyOverlay(built, options.overlay) : built
  const work: Work = { providers: new Map(), models: new Map(), aliases: new Map() }
  const said = ownProviders(operator, options.discovered ?? [])
  for (const row of [DEMO_PROVIDER, ...rows.providers]) work.providers.set(row.slug, makeProvider(row, said.get(row.slug), options.env))
  for (const own of said.values()) if (!work.providers.has(own.slug)) work.providers.set(own.slug, makeProvider(rowOfOperator(own), own, options.env))
  for (const row of [...DEMO_MODELS, ...rows.models]) addRow(work, row)
  for (const own of said.values()) for (const model of own.models ?? []) addOwn(work, own, model)
  overrideModels(work, operator)
  return finish(work, operator, options)
}

function ownProviders(operator: OperatorFile, discovered: readonly OperatorProvider[]): Map<string, OperatorProvider> {
  const said = new Map(discovered.map((provider) => [provider.slug, provider]))
  for (const provider of operator.providers) said.set(provider.slug, { ...said.get(provider.slug), ...provider })
  return said
}

function addRow(work: Work, row: ModelRow): void {
  const endpoints = callable(work, row.endpoints).flatMap((endpoint) => {
    const set = work.providers.get(endpoint.provider)
    return set ? [endpointOfRow(row, endpoint, set)] : []
  })
  work.models.set(row.id, {
    id: row.id, canonicalSlug: row.canonical ?? row.id, name: row.name, description: row.description ?? describe(row), created: secondsOf(row.released),
    ...(row.huggingFace !== undefined && { huggingFaceId: row.huggingFace }), ...(row.knowledge !== undefined && { knowledgeCutoff: row.knowledge }),
    inputs: modalityList(row.inputs), outputs: modalityList(row.outputs), contextMax: 0, tokenizer: tokenizerOf(row.id), endpoints,
  })
  for (const alias of row.aliases ?? []) work.aliases.set(alias, row.id)
  if (row.canonical !== undefined) work.aliases.set(row.canonical, row.id)
}

/** Bedrock's offers hang on the region of the account, where that is known. */
function callable(work: Work, offers: readonly EndpointRow[]): readonly EndpointRow[] {
  const bedrock = work.providers.get('amazon-bedrock')?.main
  return bedrock?.region === undefined ? offers : offersInRegion(offers, bedrock.slug, bedrock.region)
}

/** A model of the operator's: a new one, or one more endpoint of a known one; it stands first, for the operator chose it. */
function addOwn(work: Work, own: OperatorProvider, model: OperatorModel): void {
  const name = model.id.toLowerCase()
  const id = work.models.has(name) ? name : (work.aliases.get(name) ?? model.id)
  const draft = work.models.get(id) ?? newDraft({ ...model, id })
  const set = work.providers.get(own.slug)
  if (!set) return
  const replaced = draft.endpoints.find((endpoint) => endpoint.tag === own.slug)
  const endpoint = endpointOfOperator({ ...model, id }, replaced?.provider ?? set.main, replaced)
  const tiers = [...model.tierPrices ?? []].map(([tier, price]) => Object.freeze({ ...endpoint, id: `${endpoint.id}/${tier}`, tag: `${endpoint.tag}/${tier}`, tier, price }))
  const said = new Set<string>(tiers.map(({ tag }) => tag))
  draft.endpoints = [endpoint, ...tiers, ...draft.endpoints.filter((other) => other !== replaced && !said.has(other.tag))]
  if (model.name !== undefined) draft.name = model.name
  work.models.set(id, draft)
  if (id !== id.toLowerCase()) work.aliases.set(id.toLowerCase(), id)
}

function newDraft(model: OperatorModel): Draft {
  return {
    id: model.id, canonicalSlug: model.id, name: model.name ?? model.id, description: model.description ?? '', created: 0,
    inputs: model.inputs ? [...new Set(['text' as const, ...model.inputs])] : modalityList('text image file audio video'),
    outputs: model.outputs ?? modalityList('text'), contextMax: 0, tokenizer: tokenizerOf(model.id), endpoints: [],
  }
}

function overrideModels(work: Work, operator: OperatorFile): void {
  for (const [name, override] of operator.models) {
    const id = work.models.has(name) ? name : work.aliases.get(name)
    const draft = id === undefined ? undefined : work.models.get(id)
    if (!draft) continue
    if (override.enabled === false) work.models.delete(draft.id)
    if (override.name !== undefined) draft.name = override.name
    if (override.expirationDate !== undefined) draft.expirationDate = override.expirationDate
    if (override.distillable !== undefined) draft.distillable = override.distillable
    draft.endpoints = draft.endpoints.map((endpoint) => overridden(endpoint, override))
  }
  for (const [name, { arms }] of operator.aliases) work.aliases.set(name, idOf(work, arms[0]?.id ?? ''))
}

function idOf(work: Work, name: string): string {
  return work.models.has(name) ? name : (work.aliases.get(name) ?? name)
}

/** With the ids of their models as they are here. Those of models that are not here stay: a server that is away may come back. */
function ownAliases(work: Work, operator: OperatorFile): ReadonlyMap<string, Alias> {
  return new Map([...operator.aliases].map(([name, alias]) => [name, Object.freeze({
    ...alias,
    arms: alias.arms.map((arm) => ({ ...arm, id: idOf(work, arm.id) })),
    fallbacks: alias.fallbacks.map((id) => idOf(work, id)),
    ...(alias.mirror && { mirror: { ...alias.mirror, id: idOf(work, alias.mirror.id) } }),
  })]))
}

function finish(work: Work, operator: OperatorFile, options: SnapshotOptions): Snapshot {
  const { version } = options
  const endpointsWith: NonNullable<Snapshot['endpointsWith']> = (slug, credential) => callerEndpoints(options, slug, credential, buildSnapshot)
  const models = new Map<string, Model>()
  for (const draft of work.models.values()) {
    if (draft.endpoints.length === 0) continue
    const endpoints = withTierPrices(draft.endpoints)
    models.set(draft.id, Object.freeze({ ...draft, endpoints, contextMax: Math.max(...draft.endpoints.map((endpoint) => endpoint.contextMax)) }))
  }
  const providers = new Map<string, Provider>([...work.providers].map(([slug, set]) => [slug, set.main]))
  const aliases = new Map([...work.aliases].filter(([name, id]) => models.has(id) && name !== id))
  return Object.freeze({ version, models, providers, aliases, ownAliases: ownAliases(work, operator), unpricedAllowed: operator.unpriced === 'allow', ...(operator.policy && { policy: operator.policy }), ...(operator.routers && { routers: operator.routers }), ...(operator.byok && { byok: operator.byok }), ...(operator.markups && { markups: operator.markups }), endpointsWith, ...(operator.rateLimits && { rateLimits: operator.rateLimits }) })
}

/** An endpoint whose provider has tiers of this model knows what each costs: it is billed at the tier that was used (C39). */
function withTierPrices(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const tiered = new Set(endpoints.filter(({ tier }) => tier !== undefined).map(({ provider }) => provider.slug))
  if (tiered.size === 0) return endpoints
  return endpoints.map((endpoint) => {
    if (!tiered.has(endpoint.provider.slug)) return endpoint
    const siblings = endpoints.filter(({ provider }) => provider.slug === endpoint.provider.slug)
    return Object.freeze({ ...endpoint, tierPrices: new Map(siblings.map(({ tier, price }) => [tier ?? 'default', price] as const)) })
  })
}

function secondsOf(date: string | undefined): number {
  const ms = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000)
}

/** A sentence of facts, where the data has no words of the maker's. Without numbers: those differ from endpoint to endpoint. */
function describe(row: ModelRow): string {
  const reads = modalityList(row.inputs).join(', ')
  const writes = modalityList(row.outputs).join(', ')
  return `${row.name}: takes ${reads}; answers with ${writes}.${row.released === undefined ? '' : ` Released ${row.released}.`}`
}
