import { Fault } from '../../core/fault.ts'
import { parseUsd, type Nano } from '../../core/nano.ts'

/** How one query parameter is read. */
export interface Parameter<T> {
  /** Completes the sentence "`limit` must be …". */
  readonly expects: string
  /** The value, or undefined when the text is not what it must be. */
  readonly read: (text: string) => T | undefined
  /** Given several times, its values are joined; other parameters may be given once. */
  readonly isList?: boolean
}

type Shape = Readonly<Record<string, Parameter<unknown>>>
export type QueryOf<S extends Shape> = { readonly [K in keyof S]?: S[K] extends Parameter<infer T> ? T : never }

const TEXT_CHARS_MAX = 1_000
const LIST_ITEMS_MAX = 100

/**
 * The parameters of `shape`, read. An empty one counts as not given; one with a bad value is a 400 that names it.
 * Parameters that the shape does not know are left alone: clients add their own (`client_version`, …).
 */
export function readQuery<S extends Shape>(query: URLSearchParams, shape: S): QueryOf<S> {
  const values: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(shape)) {
    const given = query.getAll(name).filter((text) => text !== '')
    if (given.length === 0) continue
    if (given.length > 1 && parameter.isList !== true) throw refused(name, `The query parameter \`${name}\` is given ${given.length} times; give it once.`)
    const text = given.join(',')
    const value = text.length > TEXT_CHARS_MAX ? undefined : parameter.read(text)
    if (value === undefined) throw refused(name, `The query parameter \`${name}\` must be ${parameter.expects}, not ${quote(text)}.`)
    values[name] = value
  }
  // Each value was made by the parameter of its own name.
  return values as QueryOf<S>
}

function refused(field: string, message: string): Fault {
  return new Fault('invalid_request', message, { metadata: { field } })
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** A whole number within bounds. */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER): Parameter<number> {
  const expects = max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`
  return { expects, read: (text) => /^\d{1,16}$/.test(text) ? within(Number(text), min, max) : undefined }
}

/** A decimal number within bounds. */
export function decimal(min: number, max = Number.MAX_VALUE): Parameter<number> {
  const expects = max === Number.MAX_VALUE ? `a number of at least ${min}` : `a number from ${min} to ${max}`
  return { expects, read: (text) => /^-?\d+(\.\d+)?(e[+-]?\d{1,3})?$/i.test(text) ? within(Number(text), min, max) : undefined }
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined
}

/** An amount of USD, 0 or more, read exactly. */
export const usd: Parameter<Nano> = {
  expects: 'an amount of USD of at least 0 with at most nine decimals',
  read: (text) => {
    const amount = parseUsd(text)
    return amount === undefined || amount < 0n ? undefined : amount
  },
}

/** Any text. */
export const text: Parameter<string> = { expects: `a text of at most ${TEXT_CHARS_MAX} characters`, read: (given) => given.trim() }

/** `true` or `false`. */
export const flag: Parameter<boolean> = {
  expects: 'true or false',
  read: (given) => given === 'true' || given === '1' ? true : given === 'false' || given === '0' ? false : undefined,
}

/** One of a closed list. */
export function oneOf<const T extends string>(values: readonly T[]): Parameter<T> {
  return { expects: `one of ${values.join(', ')}`, read: (given) => values.find((value) => value === given) }
}

/** Several of a closed list, separated by commas. */
export function someOf<const T extends string>(values: readonly T[]): Parameter<readonly T[]> {
  return {
    expects: `a list, separated by commas, of ${values.join(', ')}`, isList: true,
    read: (given) => {
      const items = split(given)
      const known = items?.flatMap((item) => values.find((value) => value === item) ?? [])
      return known?.length === items?.length ? known : undefined
    },
  }
}

/** Names, separated by commas, in lower case. A name that nothing has matches nothing. */
export const names: Parameter<readonly string[]> = { expects: `1 to ${LIST_ITEMS_MAX} names, separated by commas`, isList: true, read: split }

function split(given: string): readonly string[] | undefined {
  const items = given.split(',').map((item) => item.trim().toLowerCase()).filter((item) => item !== '')
  return items.length > 0 && items.length <= LIST_ITEMS_MAX ? items : undefined
}
