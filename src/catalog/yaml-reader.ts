import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import type { OperatorError } from './operator-file.ts'
import type { Environment } from './provider.ts'

/** A place in the file: its node, the path to it, and where to point when it is wrong. */
export interface Place {
  readonly node: Node | null
  readonly path: string
  readonly offset: number
}

/** One key of a map with what stands behind it. */
export interface Entry extends Place { readonly key: string; readonly keyOffset: number }

/** More nesting than this (aliases among them) is a mistake or an attack. */
const ALIASES_MAX = 100

/**
 * Walks a YAML file and gathers everything that is wrong with it, each with its line and column. A reader that finds a
 * wrong value says so and gives undefined; nobody uses the result unless `errors` is empty.
 */
export class YamlReader {
  readonly errors: OperatorError[] = []
  readonly root: Place
  private readonly lines = new LineCounter()
  private readonly document: Document

  constructor(text: string, private readonly file: string, private readonly env: Environment) {
    // A plain parse: strings stay as written, so that prices keep their decimals.
    this.document = parseDocument(text, { lineCounter: this.lines, uniqueKeys: true, prettyErrors: false })
    for (const error of this.document.errors) this.add(error.pos[0], '', error.message)
    // `contents` of a document without errors is a node, or null when the file is empty.
    this.root = { node: this.document.contents as Node | null, path: '', offset: 0 }
  }

  /** Says what is wrong at a place. */
  wrong(place: Pick<Place, 'path' | 'offset'>, message: string): undefined {
    this.add(place.offset, place.path, message)
    return undefined
  }

  /** The entries of a map; what is no map is wrong. Keys that are not in `known` are wrong, with the nearest known one. */
  map(place: Place, known?: readonly string[]): Entry[] {
    const node = this.resolve(place)
    if (node === null || (isScalar(node) && node.value === null)) return []
    if (!isMap(node)) {
      this.wrong(place, `must be a map of keys and values${known ? `: ${known.join(', ')}` : ''}`)
      return []
    }
    const entries = node.items.map((pair) => this.entry(place, pair.key, pair.value))
    if (!known) return entries
    for (const entry of entries) {
      if (!known.includes(entry.key)) this.add(entry.keyOffset, entry.path, `unknown key${closest(entry.key, known)}; known here: ${known.join(', ')}`)
    }
    return entries.filter((entry) => known.includes(entry.key))
  }

  /** True for a map; nothing is wrong with what is none. */
  isMap(place: Place): boolean {
    return isMap(this.resolve(place))
  }

  list(place: Place): Place[] {
    const node = this.resolve(place)
    if (!isSeq(node)) {
      this.wrong(place, 'must be a list')
      return []
    }
    // The items of a parsed list are nodes, or null where nothing stands.
    return node.items.map((item, index) => ({ node: item as Node | null, path: `${place.path}[${index}]`, offset: offsetOf(item, place.offset) }))
  }

  /** A text, with `${NAME}` filled from the environment. */
  string(place: Place): string | undefined {
    const node = this.resolve(place)
    if (!isScalar(node) || (typeof node.value !== 'string' && typeof node.value !== 'number')) return this.wrong(place, 'must be a text')
    const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    return this.fill(place, text)
  }

  boolean(place: Place): boolean | undefined {
    const node = this.resolve(place)
    return isScalar(node) && typeof node.value === 'boolean' ? node.value : this.wrong(place, 'must be true or false')
  }

  /** A whole number within bounds. */
  integer(place: Place, min: number, max: number): number | undefined {
    const text = this.string(place)
    if (text === undefined) return undefined
    const value = /^\d+$/.test(text.replaceAll('_', '')) ? Number(text.replaceAll('_', '')) : Number.NaN
    return value >= min && value <= max ? value : this.wrong(place, `must be a whole number from ${min} to ${max}`)
  }

  oneOf<T extends string>(place: Place, choices: readonly T[]): T | undefined {
    const text = this.string(place)
    if (text === undefined) return undefined
    return choices.find((choice) => choice === text) ?? this.wrong(place, `must be one of ${choices.join(', ')}${closest(text, choices)}`)
  }

  private entry(place: Place, key: unknown, value: unknown): Entry {
    const name = isScalar(key) ? String(key.value) : String(key)
    const keyOffset = offsetOf(key, place.offset)
    // The value of a parsed pair is a node, or null where nothing stands.
    return { key: name, keyOffset, node: value as Node | null, path: place.path === '' ? name : `${place.path}.${name}`, offset: offsetOf(value, keyOffset) }
  }

  private resolve(place: Place): Node | null {
    let node: Node | null = place.node
    for (let hops = 0; isAlias(node) && hops < ALIASES_MAX; hops++) node = node.resolve(this.document) ?? null
    return node
  }

  private fill(place: Place, text: string): string | undefined {
    let isWhole = true
    const filled = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      const value = this.env[name.trim()]
      if (value !== undefined && value !== '') return value
      isWhole = false
      this.wrong(place, `the environment has no ${name.trim() || 'name between the braces'}: set it (also possible in .env), or write the value here`)
      return ''
    })
    return isWhole ? filled : undefined
  }

  private add(offset: number, path: string, message: string): void {
    const { line, col } = this.lines.linePos(offset)
    this.errors.push({ file: this.file, line: Math.max(1, line), column: Math.max(1, col), path, message })
  }
}

/** Entries by their keys; a key that does not stand there is undefined. */
export function byKey(entries: readonly Entry[]): Readonly<Record<string, Place>> {
  return Object.fromEntries(entries.map((entry) => [entry.key, entry]))
}

/** The object without the keys that have no value, so that what is not said does not overwrite what is. */
export function said<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // What is undefined is taken out in this line.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function offsetOf(node: unknown, otherwise: number): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : otherwise
}

/** `: did you mean base_url?`, or nothing when none is near. */
function closest(text: string, known: readonly string[]): string {
  const bare = (word: string) => word.toLowerCase().replace(/[^a-z0-9]/g, '')
  const found = known.find((word) => bare(word) === bare(text)) ?? known.find((word) => bare(word).startsWith(bare(text).slice(0, 4)) && bare(text).length >= 4)
  return found === undefined ? '' : `: did you mean ${found}?`
}
