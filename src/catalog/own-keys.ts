import type { Endpoint, Markup, Model, OwnKey, Provider, Snapshot } from './endpoint.ts'
import { findModel } from './names.ts'
import { markupAt, markupsOf } from './priced.ts'

/** A key that a caller may use, with what it leads to. */
export interface UsableKey {
  readonly mark: OwnKey
  readonly accountId: string
  /** Our slug of its provider. */
  readonly provider: string
  /** Names of models that it is for; undefined: all. */
  readonly models: readonly string[] | undefined
  /** What it is for never goes to shared capacity of its provider. */
  readonly alwaysUse: boolean
  /** Its provider's endpoints with it; or why it cannot be used now, for people. */
  readonly endpoints: readonly Endpoint[] | { readonly wrong: string }
}

/** What one model gains by own keys. */
interface Gain { readonly first: Endpoint[]; readonly last: Endpoint[]; readonly reserved: Set<string> }

/**
 * The catalogue with a copy of an endpoint for each key of the caller's own that leads there (contract H12), in the order of `keys`:
 * before the shared endpoints, or after them where the key is a fallback. All else is the snapshot's own.
 */
export function withOwnKeys(snapshot: Snapshot, keys: readonly UsableKey[]): Snapshot {
  const gains = new Map<string, Gain>()
  for (const key of keys) addKey(gains, key, snapshot)
  const models = new Map(snapshot.models)
  for (const [id, gain] of gains) {
    const model = models.get(id)
    if (model) models.set(id, gained(model, gain))
  }
  return Object.freeze({ ...snapshot, models })
}

function addKey(gains: Map<string, Gain>, key: UsableKey, snapshot: Snapshot): void {
  const isFor = modelTest(key.models, snapshot)
  for (const endpoint of copiesOf(key, snapshot)) {
    const { modelId } = endpoint
    if (!isFor(modelId) || !isSeen(endpoint, snapshot.models.get(modelId))) continue
    let gain = gains.get(modelId)
    if (!gain) gains.set(modelId, gain = { first: [], last: [], reserved: new Set() })
    if (key.mark.isFallback) gain.last.push(endpoint)
    else gain.first.push(endpoint)
    if (key.alwaysUse) gain.reserved.add(key.provider)
  }
}

/** A key that cannot be used stands where it would be, and says why. Deployments that it has none of are no endpoints. */
function copiesOf({ endpoints, mark, provider: slug, accountId }: UsableKey, snapshot: Snapshot): Endpoint[] {
  const markups = markupsOf(snapshot.markups ?? [], accountId)
  if (!('wrong' in endpoints)) return endpoints.filter(({ provider }) => provider.notReady === undefined).map((endpoint) => marked(endpoint, mark, markups))
  const shared = [...snapshot.models.values()].flatMap((model) => model.endpoints.filter(({ provider }) => provider.slug === slug))
  return shared.map((endpoint) => marked(withheld(endpoint, endpoints.wrong), mark, markups))
}

/** At list price: what the provider bills is the caller's, and no markup of the operator's. */
function marked({ markup, ...shown }: Endpoint, ownKey: OwnKey, markups: readonly Markup[]): Endpoint {
  const endpoint = markup?.list ?? shown
  const { alternatives } = endpoint
  const sharedBasisPoints = markupAt(endpoint, markups)
  const more = { id: `${endpoint.id}#${ownKey.id}`, ownKey, ...(sharedBasisPoints !== 0 && { sharedBasisPoints }) }
  return Object.freeze({ ...endpoint, ...more, ...(alternatives && { alternatives: alternatives.map((other) => Object.freeze({ ...other, ...more })) }) })
}

/** What is private stays so: the caller has the shared one in sight, or none of its copies. */
function isSeen({ visibleTo, tag }: Endpoint, model: Model | undefined): boolean {
  return model !== undefined && (visibleTo === undefined || model.endpoints.some((endpoint) => endpoint.tag === tag))
}

function modelTest(names: readonly string[] | undefined, snapshot: Snapshot): (id: string) => boolean {
  if (!names) return () => true
  const ids = new Set(names.map((name) => findModel(snapshot, name)?.model.id ?? name.trim().toLowerCase()))
  return (id) => ids.has(id) || ids.has(`${id.slice(0, id.indexOf('/'))}/*`)
}

function gained(model: Model, { first, last, reserved }: Gain): Model {
  const shared = model.endpoints.map((endpoint) => (reserved.has(endpoint.provider.slug) ? withheld(endpoint, 'your own key is always used for this provider') : endpoint))
  const endpoints = [...first, ...shared, ...last]
  return Object.freeze({ ...model, endpoints, contextMax: Math.max(...endpoints.map(({ contextMax }) => contextMax)) })
}

/** An endpoint that cannot be called, in any dialect; without the credential that it would be called with. */
function withheld(endpoint: Endpoint, why: string): Endpoint {
  const { alternatives } = endpoint
  return Object.freeze({ ...endpoint, provider: unready(endpoint.provider, why), ...(alternatives && { alternatives: alternatives.map((other) => withheld(other, why)) }) })
}

function unready(provider: Provider, notReady: string): Provider {
  const { credential: _, account: _account, ...rest } = provider
  return Object.freeze({ ...rest, notReady })
}
