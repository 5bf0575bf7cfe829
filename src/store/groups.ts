/** The value of a key, made when there is none. */
export function valueOf<K, T>(values: Map<K, T>, key: K, empty: () => T): T {
  const known = values.get(key)
  if (known !== undefined) return known
  const made = empty()
  values.set(key, made)
  return made
}

/** In the order of their keys: rows are written in one order everywhere, so that nobody waits in a circle. */
export function sorted<T>(groups: ReadonlyMap<string, T>): [string, T][] {
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) valueOf(groups, keyOf(item), (): T[] => []).push(item)
  return groups
}
