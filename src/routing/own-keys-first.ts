import type { Endpoint } from '../catalog/endpoint.ts'

/** `isInTrouble`: another key for the same endpoint is better asked first. */
interface Entry { readonly endpoint: Endpoint; readonly requested: string; readonly isInTrouble: boolean }

/**
 * C62, H14: endpoints with the caller's own keys before all shared ones, fallback keys behind them, whatever was ranked before: an own key
 * costs no credit, and whoever brings one wants it used. Keys of one provider stand in the order of their owner. Model by model; all together
 * where models compete, so that an own key of a later model goes before the first model's shared endpoints (C15).
 */
export function ownKeysFirst<T>(ranked: readonly T[], entryOf: (item: T) => Entry, together: boolean): T[] {
  const [first] = ranked
  if (first === undefined) return []
  const { requested: only } = entryOf(first)
  if (together || ranked.every((item) => entryOf(item).requested === only)) return inSections(ranked, entryOf)
  const pools = Map.groupBy(ranked, (item) => entryOf(item).requested)
  // Each model keeps the places that it has: a fallback model does not come before the first for an own key.
  const queues = new Map([...pools].map(([requested, pool]) => [requested, inSections(pool, entryOf)]))
  return ranked.flatMap((item) => queues.get(entryOf(item).requested)?.shift() ?? [])
}

/** More than any order of a key. */
const KEYS_MAX = 2 ** 40

function inSections<T>(pool: readonly T[], entryOf: (item: T) => Entry): T[] {
  const sections: [own: T[], shared: T[], fallback: T[]] = [[], [], []]
  for (const item of pool) {
    const { ownKey } = entryOf(item).endpoint
    sections[ownKey ? (ownKey.isFallback ? 2 : 0) : 1].push(item)
  }
  const [own, shared, fallback] = sections
  return [...inOwnersOrder(own, entryOf), ...shared, ...inOwnersOrder(fallback, entryOf)]
}

/** Of the keys for one endpoint the first goes where any of them would: which of them is asked is not drawn. */
function inOwnersOrder<T>(entries: readonly T[], entryOf: (item: T) => Entry): readonly T[] {
  if (entries.length < 2) return entries
  const groupOf = (item: T): string => {
    const { endpoint } = entryOf(item)
    return endpoint.ownKey ? endpoint.id.slice(0, -endpoint.ownKey.id.length) : endpoint.id
  }
  const queues = new Map([...Map.groupBy(entries, groupOf)].map(([group, members]) => [group, members.length === 1 ? members : members.toSorted((a, b) => orderOf(entryOf(a)) - orderOf(entryOf(b)))]))
  return entries.flatMap((item) => queues.get(groupOf(item))?.shift() ?? [])
}

function orderOf({ endpoint, isInTrouble }: Entry): number {
  return (endpoint.ownKey?.order ?? 0) + (isInTrouble ? KEYS_MAX : 0)
}
