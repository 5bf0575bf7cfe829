import { attributeNamed, type Attribute, type ResourceSchema } from './schema.ts'
import { readAttributePath, type AttributePath } from './path.ts'
import { quoted, scimFault } from './scim-fault.ts'

const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const
type Operator = (typeof OPERATORS)[number]
export type FilterValue = string | number | boolean | null

/** What a resource must be like (RFC 7644 §3.4.2.2). In `has` the paths of the inner filter are those of the value's parts. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | { readonly kind: 'compare'; readonly path: AttributePath; readonly operator: Operator; readonly value: FilterValue }
  | { readonly kind: 'has'; readonly path: AttributePath; readonly filter: Filter }

const CHARS_MAX = 4_000
const DEPTH_MAX = 20
const TERMS_MAX = 200

/** A filter's text, as what it means. Throws Fault `invalidFilter`. */
export function parseFilter(text: string, schema: ResourceSchema): Filter {
  const reader = new FilterReader(text, (path) => readAttributePath(path, schema))
  const filter = reader.either(0)
  reader.end()
  return filter
}

/** A path of PATCH (RFC 7644 §3.5.2): an attribute, which of its values, and which part of them. */
export interface PatchPath extends AttributePath { readonly filter?: Filter }

/** Throws Fault `invalidPath`, or `invalidFilter` for what stands in brackets. */
export function parsePatchPath(text: string, schema: ResourceSchema): PatchPath {
  const trimmed = text.trim()
  const open = trimmed.indexOf('[')
  if (open < 0) {
    const path = readAttributePath(trimmed, schema)
    if (!path) throw noPath(trimmed)
    return path
  }
  const path = readAttributePath(trimmed.slice(0, open), schema)
  if (!path || path.part || !path.attribute.isMany || !path.attribute.parts) throw noPath(trimmed)
  const reader = new FilterReader(trimmed.slice(open), (name) => partOf(path.attribute, name))
  const filter = reader.bracketed(0)
  const rest = reader.rest()
  if (rest === '') return { ...path, filter }
  const part = rest.startsWith('.') ? attributeNamed(path.attribute.parts, rest.slice(1)) : undefined
  if (!part) throw noPath(trimmed)
  return { ...path, filter, part }
}

function noPath(text: string) {
  return scimFault('invalidPath', `There is no attribute ${quoted(text)} in this resource; GET /scim/v2/Schemas has those that there are.`)
}

function partOf(attribute: Attribute, name: string): AttributePath | undefined {
  const part = attributeNamed(attribute.parts ?? [], name)
  return part && { attribute: part }
}

type Finder = (text: string) => AttributePath | undefined

const SPACE = /\s*/y
const NAME = /[A-Za-z][\w$:.-]*/y
const SUB_PATH = /\.[A-Za-z$][\w$-]*/y
const STRING = /"(?:[^"\\\p{Cc}]|\\.)*"/uy
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Reads a filter from its start to its end; each method reads one thing of the RFC's grammar. */
class FilterReader {
  private at = 0
  private terms = 0

  constructor(private readonly text: string, private readonly find: Finder) {
    if (text.length > CHARS_MAX) throw scimFault('invalidFilter', `The filter has more than ${CHARS_MAX} characters.`)
  }

  /** The lowest: `or` binds less than `and`. */
  either(depth: number): Filter {
    const terms = [this.both(depth)]
    while (this.takeWord('or')) terms.push(this.both(depth))
    const [only] = terms
    return terms.length === 1 && only ? only : { kind: 'or', terms }
  }

  /** What stands in brackets behind an attribute, the brackets with it. */
  bracketed(depth: number): Filter {
    this.take('[')
    const filter = this.either(depth + 1)
    if (!this.take(']')) throw this.wrong('a closing bracket')
    return filter
  }

  end(): void {
    this.skip()
    if (this.at < this.text.length) throw this.wrong('`and`, `or` or the end')
  }

  rest(): string {
    return this.text.slice(this.at)
  }

  private both(depth: number): Filter {
    const terms = [this.term(depth)]
    while (this.takeWord('and')) terms.push(this.term(depth))
    const [only] = terms
    return terms.length === 1 && only ? only : { kind: 'and', terms }
  }

  private term(depth: number): Filter {
    if (depth > DEPTH_MAX) throw scimFault('invalidFilter', `The filter has parentheses in parentheses more than ${DEPTH_MAX} deep.`)
    this.terms += 1
    if (this.terms > TERMS_MAX) throw scimFault('invalidFilter', `The filter has more than ${TERMS_MAX} conditions.`)
    if (this.take('(')) return this.closed(depth)
    const before = this.at
    if (this.takeWord('not') && this.take('(')) return { kind: 'not', term: this.closed(depth) }
    // An attribute may be called like the word.
    this.at = before
    return this.condition(depth)
  }

  private closed(depth: number): Filter {
    const filter = this.either(depth + 1)
    if (!this.take(')')) throw this.wrong('a closing parenthesis')
    return filter
  }

  private condition(depth: number): Filter {
    this.skip()
    const name = this.takeMatch(NAME)
    if (name === undefined) throw this.wrong('the name of an attribute')
    const path = this.find(name)
    if (!path) throw scimFault('invalidFilter', `The filter names ${quoted(name)}, and there is no such attribute here.`)
    if (this.text[this.at] === '[') return this.valuePath(path, depth)
    return this.comparison(path)
  }

  /** `emails[type eq "work"]`, and what Entra sends: `emails[type eq "work"].value eq "…"`. */
  private valuePath(path: AttributePath, depth: number): Filter {
    const { attribute, part } = path
    if (part || !attribute.parts) throw scimFault('invalidFilter', `The attribute ${quoted(attribute.name)} has no parts to choose by in brackets.`)
    const inner = new FilterReader(this.text.slice(this.at), (name) => partOf(attribute, name))
    inner.terms = this.terms
    const filter = inner.bracketed(depth)
    this.at += inner.at
    this.terms = inner.terms
    const sub = this.takeMatch(SUB_PATH)
    if (sub === undefined) return { kind: 'has', path, filter }
    const found = partOf(attribute, sub.slice(1))
    if (!found) throw scimFault('invalidFilter', `The filter names ${quoted(sub.slice(1))}, and ${quoted(attribute.name)} has no such part.`)
    return { kind: 'has', path, filter: { kind: 'and', terms: [filter, this.comparison(found)] } }
  }

  private comparison(path: AttributePath): Filter {
    if (this.takeWord('pr')) return { kind: 'present', path }
    const operator = OPERATORS.find((word) => this.takeWord(word))
    if (!operator) throw this.wrong(`one of pr, ${OPERATORS.join(', ')}`)
    return { kind: 'compare', path, operator, value: this.value() }
  }

  private value(): FilterValue {
    this.skip()
    const string = this.takeMatch(STRING)
    if (string !== undefined) return unescaped(string)
    const number = this.takeMatch(NUMBER)
    if (number !== undefined) return Number(number)
    if (this.takeWord('true')) return true
    if (this.takeWord('false')) return false
    if (this.takeWord('null')) return null
    throw this.wrong('a value: a text in double quotes, a number, true, false or null')
  }

  private skip(): void {
    this.takeMatch(SPACE)
  }

  private take(sign: string): boolean {
    this.skip()
    if (this.text[this.at] !== sign) return false
    this.at += 1
    return true
  }

  /** A word in any case, with its end behind it. */
  private takeWord(word: string): boolean {
    const before = this.at
    this.skip()
    const found = this.text.slice(this.at, this.at + word.length).toLowerCase() === word && !/[\w$:.-]/.test(this.text[this.at + word.length] ?? '')
    this.at = found ? this.at + word.length : before
    return found
  }

  private takeMatch(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const [found] = pattern.exec(this.text) ?? []
    if (found !== undefined) this.at += found.length
    return found
  }

  private wrong(expected: string) {
    const place = this.at >= this.text.length ? 'at its end' : `before ${quoted(this.text.slice(this.at, this.at + 30))}`
    return scimFault('invalidFilter', `The filter needs ${expected} ${place}.`)
  }
}

function unescaped(text: string): string {
  try {
    // What the pattern lets through is a string of JSON, or nearly.
    return JSON.parse(text) as string
  } catch {
    // An escape that JSON has not.
    throw scimFault('invalidFilter', `${quoted(text)} is no string as JSON has them.`)
  }
}
