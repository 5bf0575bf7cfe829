import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** Items of a list that no piece came for (empty ones): more than this in one go is not what a model wrote. */
const SKIPPED_MAX = 100

/** A container that is open: what it has so far, and the key of the last thing in it. */
interface Level {
  readonly keys: Set<string> | undefined
  count: number
  last: string | number
}

/**
 * Says arguments that come in pieces (`partialArgs`, each at a JSONPath like `$.a.b[0].c`, strings cut into pieces
 * themselves) as one JSON text, each piece as it comes. The model writes arguments from front to back, and so do we:
 * a piece of something that is closed already is a fault of the answer.
 */
export class PartialArguments {
  private readonly open: Level[] = []
  /** The path of the string that was written last, while more of it may come. */
  private stringPath: string | undefined
  private inString = false

  /** The text that these pieces add. Throws Fault for a path that makes no sense. */
  add(pieces: readonly Json[]): string {
    let text = ''
    for (const piece of pieces) {
      if (isObject(piece)) text += this.piece(piece)
    }
    return text
  }

  /** The text that closes everything; `{}` when nothing ever came. */
  end(): string {
    if (this.open.length === 0) return '{}'
    return this.closeString() + this.closeDownTo(0)
  }

  private piece(piece: JsonObject): string {
    const path = piece['jsonPath']
    if (typeof path !== 'string') return ''
    const said = typeof piece['stringValue'] === 'string' ? piece['stringValue'] : undefined
    if (path === this.stringPath) return this.moreOfString(said ?? '', piece['willContinue'] === true)
    const text = this.closeString()
    if (said !== undefined) {
      const opened = this.seek(path) + '"' + escaped(said)
      this.stringPath = path
      this.inString = true
      return text + opened + (piece['willContinue'] === true ? '' : this.endString())
    }
    const value = scalar(piece)
    return value === undefined ? text : text + this.seek(path) + value
  }

  private moreOfString(said: string, willContinue: boolean): string {
    if (!this.inString) {
      if (said === '') return ''
      throw outOfOrder()
    }
    return escaped(said) + (willContinue ? '' : this.endString())
  }

  private endString(): string {
    this.inString = false
    return '"'
  }

  private closeString(): string {
    this.stringPath = undefined
    return this.inString ? this.endString() : ''
  }

  /** Closes what the path leaves, opens what it enters, and writes the key of its value. */
  private seek(path: string): string {
    const segments = segmentsOf(path)
    let text = ''
    if (this.open.length === 0) text += this.enter(segments[0])
    let depth = 0
    while (depth < segments.length - 1 && depth + 1 < this.open.length && this.open[depth]?.last === segments[depth]) depth++
    text += this.closeDownTo(depth + 1)
    for (let at = depth; at < segments.length; at++) {
      if (at > depth) text += this.enter(segments[at])
      text += this.key(segments[at])
    }
    return text
  }

  private enter(segment: string | number | undefined): string {
    const isArray = typeof segment === 'number'
    this.open.push({ keys: isArray ? undefined : new Set(), count: 0, last: '' })
    return isArray ? '[' : '{'
  }

  private key(segment: string | number | undefined): string {
    const level = this.open.at(-1)
    if (!level || segment === undefined) throw outOfOrder()
    const comma = level.count > 0 ? ',' : ''
    level.last = segment
    if (typeof segment === 'number') {
      if (level.keys || segment < level.count || segment > level.count + SKIPPED_MAX) throw outOfOrder()
      const skipped = segment - level.count
      level.count = segment + 1
      return comma + 'null,'.repeat(skipped)
    }
    if (!level.keys || level.keys.has(segment)) throw outOfOrder()
    level.keys.add(segment)
    level.count++
    return `${comma}${JSON.stringify(segment)}:`
  }

  private closeDownTo(depth: number): string {
    let text = ''
    while (this.open.length > depth) text += this.open.pop()?.keys ? '}' : ']'
    return text
  }
}

function scalar(piece: JsonObject): string | undefined {
  if (typeof piece['numberValue'] === 'number' || typeof piece['boolValue'] === 'boolean') return JSON.stringify(piece['numberValue'] ?? piece['boolValue'])
  return 'nullValue' in piece ? 'null' : undefined
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function outOfOrder(): Fault {
  return new Fault('provider_bad_answer', 'the provider sent the arguments of a tool call in an order that is no JSON')
}

const SEGMENT = /\.([^.[\]]+)|\[(\d{1,9})\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y

/** `$.a.b[0]['c d']` → a, b, 0, `c d`. Arguments are an object, so the first is a name. */
function segmentsOf(path: string): (string | number)[] {
  const segments: (string | number)[] = []
  SEGMENT.lastIndex = path.startsWith('$') ? 1 : 0
  while (SEGMENT.lastIndex < path.length) {
    const match = SEGMENT.exec(path)
    if (!match) throw outOfOrder()
    const [, name, index, single, double] = match
    segments.push(index === undefined ? (name ?? (single ?? double ?? '').replace(/\\(.)/g, '$1')) : Number(index))
  }
  if (typeof segments[0] !== 'string') throw outOfOrder()
  return segments
}
