import type { Endpoint, Model, Snapshot } from './endpoint.ts'
import { pricedFor } from './priced.ts'

/** What a snapshot keeps from some: its private endpoints, and the views of it that were asked for. */
interface Sights { readonly hidden: readonly Endpoint[]; readonly bySight: Map<string, Snapshot> }

const sights = new WeakMap<Snapshot, Sights>()

/**
 * The catalogue as somebody may see it (contract C58): without the private models and endpoints that are there for others,
 * so that no list, hint or route can tell of them. `ids`: the account and the key's hash; none for who shows no key. The
 * snapshot itself where nothing is private and nothing marked up; otherwise made once for all who see the same.
 */
export function seenBy(all: Snapshot, ...ids: readonly string[]): Snapshot {
  const snapshot = pricedFor(all, ids[0])
  let known = sights.get(snapshot)
  if (!known) sights.set(snapshot, known = { hidden: privateEndpoints(snapshot), bySight: new Map() })
  if (known.hidden.length === 0) return snapshot
  const isSeen = ({ visibleTo }: Endpoint): boolean => visibleTo === undefined || ids.some((id) => visibleTo.has(id))
  const sight = known.hidden.map((endpoint) => (isSeen(endpoint) ? '1' : '0')).join('')
  if (!sight.includes('0')) return snapshot
  let seen = known.bySight.get(sight)
  if (!seen) known.bySight.set(sight, seen = without(snapshot, isSeen))
  return seen
}

function privateEndpoints({ models }: Snapshot): Endpoint[] {
  return [...models.values()].flatMap(({ endpoints }) => endpoints.filter(({ visibleTo }) => visibleTo !== undefined))
}

function without(snapshot: Snapshot, isSeen: (endpoint: Endpoint) => boolean): Snapshot {
  const models = new Map([...snapshot.models].flatMap(([id, model]): [string, Model][] => {
    const endpoints = model.endpoints.filter(isSeen)
    if (endpoints.length === model.endpoints.length) return [[id, model]]
    return endpoints.length === 0 ? [] : [[id, Object.freeze({ ...model, endpoints, contextMax: Math.max(...endpoints.map(({ contextMax }) => contextMax)) })]]
  }))
  const aliases = new Map([...snapshot.aliases].filter(([, id]) => models.has(id)))
  // A name of the operator's that stands for hidden models alone would tell of them.
  const own = snapshot.ownAliases && new Map([...snapshot.ownAliases].filter(([, { arms }]) => arms.some(({ id }) => models.has(id))))
  const used = new Set([...models.values()].flatMap(({ endpoints }) => endpoints.map(({ provider }) => provider.slug)))
  const served = new Set([...snapshot.models.values()].flatMap(({ endpoints }) => endpoints.map(({ provider }) => provider.slug)))
  const providers = new Map([...snapshot.providers].filter(([slug]) => used.has(slug) || !served.has(slug)))
  return Object.freeze({ ...snapshot, models, aliases, providers, ...(own && { ownAliases: own }) })
}
