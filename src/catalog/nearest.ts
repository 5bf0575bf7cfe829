import type { Snapshot } from './endpoint.ts'

/** What is made of a snapshot's names once, when the first name is not found as written. */
export interface NameIndex {
  /** Slug without its author → the one model that has it. Slugs of several models are not in it. */
  readonly bare: ReadonlyMap<string, string>
  nearest(name: string, count: number): string[]
}

/** Of these many names, those with most pairs of letters in common, the edit distance is measured. */
const CANDIDATES_MAX = 40
/** Out of 2, for letters and their order. A name of another author must be more alike: better no suggestion than a silly one. */
const SCORE_MIN = { sameAuthor: 0.8, otherAuthor: 1.1 }
/** `sonnet` is a part of many names, and means one of them. */
const PART_CHARS_MIN = 4
const indexes = new WeakMap<Snapshot, NameIndex>()

/** The index of a snapshot's names; made once, forgotten with the snapshot. */
export function nameIndex(snapshot: Snapshot): NameIndex {
  const known = indexes.get(snapshot)
  if (known) return known
  const made = makeIndex(snapshot)
  indexes.set(snapshot, made)
  return made
}

function makeIndex(snapshot: Snapshot): NameIndex {
  const names = [...snapshot.models.keys()].map((id) => [id.toLowerCase(), id] as const)
  const all = [...names, ...snapshot.aliases]
  const entries = all.map(([name, id]) => ({ id, ...shape(name) }))
  return { bare: bareSlugs(all), nearest: (name, count) => nearest(entries, shape(name), count) }
}

/** A slug may be another model's alias and still mean one model: `a/x → a/y` and `a/y` are one. Ambiguous ones are left out. */
function bareSlugs(names: readonly (readonly [string, string])[]): Map<string, string> {
  const bare = new Map<string, string>()
  const ambiguous = new Set<string>()
  for (const [name, id] of names) {
    const slug = name.slice(name.indexOf('/') + 1)
    const other = bare.get(slug)
    if (other !== undefined && other !== id) ambiguous.add(slug)
    bare.set(slug, id)
  }
  for (const slug of ambiguous) bare.delete(slug)
  return bare
}

interface Shape {
  readonly slug: string
  readonly author: string
  readonly pairs: Uint16Array
  /** Its words in one order: `gemini-flash-2.5` is `gemini-2.5-flash`. */
  readonly words: string
}
type Entry = Shape & { readonly id: string }

/** A name as it is compared: punctuation does not count, pairs of letters are sorted so that two lists can be walked together. */
function shape(name: string): Shape {
  const cut = name.indexOf('/')
  const slug = name.slice(cut + 1).replace(/[^a-z0-9]+/g, '')
  const pairs = new Uint16Array(Math.max(0, slug.length - 1))
  for (let at = 0; at < pairs.length; at++) pairs[at] = (slug.charCodeAt(at) << 8) | slug.charCodeAt(at + 1)
  const words = name.slice(cut + 1).split(/[^a-z0-9.]+/).toSorted().join(' ')
  return { slug, author: cut === -1 ? '' : name.slice(0, cut), pairs: pairs.sort(), words }
}

function nearest(entries: readonly Entry[], wanted: Shape, count: number): string[] {
  const rough = entries
    .map((entry) => ({ entry, score: overlap(entry.pairs, wanted.pairs) + (entry.author === wanted.author ? 0.1 : 0) + (entry.words === wanted.words ? 0.5 : 0) }))
    .filter(({ score }) => score > 0.2)
    .sort((a, b) => b.score - a.score)
    .slice(0, CANDIDATES_MAX)
  const fine = rough
    .map(({ entry, score }) => ({ entry, id: entry.id, score: score + part(entry, wanted) + 1 - editDistance(entry.slug, wanted.slug) / Math.max(entry.slug.length, wanted.slug.length, 1) }))
    .filter(({ entry, score }) => score >= (entry.author === wanted.author ? SCORE_MIN.sameAuthor : SCORE_MIN.otherAuthor))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  return [...new Set(fine.map(({ id }) => id))].slice(0, count)
}

function part(entry: Entry, wanted: Shape): number {
  return wanted.slug.length >= PART_CHARS_MIN && entry.slug.includes(wanted.slug) ? 0.5 : 0
}

/** Dice's coefficient of two sorted lists: 1 when they are the same, 0 when they share nothing. */
function overlap(a: Uint16Array, b: Uint16Array): number {
  let shared = 0
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    // Both indexes are below their lengths.
    const difference = a[i]! - b[j]!
    if (difference === 0) shared++
    if (difference <= 0) i++
    if (difference >= 0) j++
  }
  return (2 * shared) / Math.max(1, a.length + b.length)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      // `row` has b.length + 1 numbers, `next` has j.
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      // As above.
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
