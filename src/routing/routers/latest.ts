import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import type { Router } from './router.ts'

/** `~author/family-latest`: the newest model of a family (contract C56). */
const LATEST = /^~([\w.-]+)\/([\w.-]+)-latest$/

/** Parts of a slug that tell one version of a family from another: `4.5`, `4o`, `v3`, `r1`, `20250929`, `preview`. */
const VERSION = /^(?:v?\d[\d.]*[a-z]?|r\d|k\d[\d.]*|m\d[\d.]*|preview|exp|experimental|beta|latest)$/

/** True for a name that stands for the newest model of a family. */
export function isLatest(name: string): boolean {
  return LATEST.test(name)
}

/** The newest of the family that can be called; where none can, the newest of all, whose error says what it lacks. */
export const latestRouter: Router = (_call, { snapshot }, { base, variants }) => {
  const newest = newestOf(snapshot, base)
  if (!newest) return { strategy: 'latest', models: [], none: `No model of the family ${base} is known here.` }
  return { strategy: 'latest', models: [[newest.id, ...variants].join(':')] }
}

/** The model that an alias means now; never another alias. Undefined for a family that has none. */
export function newestOf(snapshot: Snapshot, alias: string): Model | undefined {
  const family = familiesOf(snapshot).get(alias.toLowerCase())
  return family?.find((model) => model.endpoints.some(({ provider }) => provider.notReady === undefined)) ?? family?.[0]
}

/** Alias → the models of its family, the newest first. Families of one version are families, too. */
export function familiesOf(snapshot: Snapshot): ReadonlyMap<string, readonly Model[]> {
  const known = families.get(snapshot)
  if (known) return known
  const made = new Map<string, Model[]>()
  for (const model of snapshot.models.values()) {
    const alias = aliasOf(model)
    if (alias !== undefined) made.set(alias, [...(made.get(alias) ?? []), model])
  }
  for (const models of made.values()) models.sort((a, b) => b.created - a.created || compareVersions(b.id, a.id))
  families.set(snapshot, made)
  return made
}

const families = new WeakMap<Snapshot, ReadonlyMap<string, readonly Model[]>>()

/** `anthropic/claude-sonnet-4.5` → `~anthropic/claude-sonnet-latest`. Undefined for what no family is to be made of: variants, aliases, what does not write text, what is going. */
function aliasOf(model: Model): string | undefined {
  const { id, outputs, endpoints } = model
  if (id.includes(':') || id.startsWith('~') || id.endsWith('-latest') || !outputs.includes('text') || endpoints.every(({ deprecated }) => deprecated)) return undefined
  const [author = '', slug = ''] = id.toLowerCase().split('/')
  const parts = slug.split('-')
  const family = parts.filter((part) => !VERSION.test(part))
  return family.length === 0 || family.length === parts.length ? undefined : `~${author}/${family.join('-')}-latest`
}

/** By the numbers in them, the first that differ decide: 4.10 is above 4.9. */
function compareVersions(a: string, b: string): number {
  const numbers = (id: string) => (id.match(/\d+/g) ?? []).map(Number)
  const [left, right] = [numbers(a), numbers(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? -1) - (right[at] ?? -1)
    if (difference !== 0) return difference
  }
  return a < b ? -1 : 1
}
