import { randomText } from './id.ts'

/*
 * A picture in a body is one string of many megabytes. Parsing and writing JSON copies each string a few times on the
 * way; these two keep the long ones apart, so that a body costs its own size twice and not six times.
 */

/** Characters from which a string is kept apart. Shorter ones are cheaper copied. */
export const LONG_CHARS_MIN = 128 << 10

/** Base64, alone or as a data URL: nothing in it is escaped in JSON, and nothing of it could stand outside a string. */
const DATA = /^(?:data:[\w.+-]+\/[\w.+-]+;base64,)?[A-Za-z0-9+/=_-]+$/
/** Stands for a long string in a text; no client can guess it. Of base64's own characters, so that it changes no text's meaning. */
const MARK = `long${randomText(24)}`
const QUOTE = 34
const BACKSLASH = 92
const COLON = 58

/** A text without its long strings: a mark stands for each. */
export interface Hollow { readonly text: string; readonly strings: readonly string[] }

/** The text of a body in UTF-8 without its long strings; undefined where it has none. Looks at each of its pages once, not at each character. */
export function hollow(bytes: Buffer): Hollow | undefined {
  const strings: string[] = []
  const texts: string[] = []
  let from = 0
  /** What was looked at: a page that lies before it is not looked at again. */
  let past = 0
  for (let page = 0; page + LONG_CHARS_MIN / 2 <= bytes.length; page += LONG_CHARS_MIN / 2) {
    // Where a long string is, a whole page has no quote.
    if (page < past) continue
    const end = bytes.indexOf(QUOTE, page)
    if (end === -1) break
    if (end - page < LONG_CHARS_MIN / 2) continue
    past = end
    const start = bytes.lastIndexOf(QUOTE, page)
    if (start < from || end - start <= LONG_CHARS_MIN || bytes[start - 1] === BACKSLASH || isKey(bytes, end)) continue
    const text = bytes.toString('latin1', start + 1, end)
    if (!DATA.test(text)) continue
    texts.push(bytes.toString('utf8', from, start + 1), `${MARK}${strings.length}`)
    strings.push(text)
    from = end
  }
  if (strings.length === 0) return undefined
  texts.push(bytes.toString('utf8', from))
  return { text: texts.join(''), strings }
}

function isKey(bytes: Buffer, end: number): boolean {
  let at = end + 1
  while (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 10 || bytes[at] === 13) at++
  return bytes[at] === COLON
}

/** Puts the long strings of a hollow text back into what was parsed of it, in place. */
export function fill(value: unknown, strings: readonly string[]): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? (strings[Number(value.slice(MARK.length))] ?? value) : value
  if (typeof value !== 'object' || value === null) return value
  // An object or an array, fresh from the parser: nobody else holds it.
  const container = value as Record<string, unknown>
  for (const key in container) {
    const item = container[key]
    if (typeof item === 'string' ? item.startsWith(MARK) : typeof item === 'object') container[key] = fill(item, strings)
  }
  return container
}

/** JSON text in pieces, the long strings pieces of their own; undefined where there are none. Throws RangeError where it nests too deep. */
export function jsonPieces(value: unknown): readonly string[] | undefined {
  const strings: string[] = []
  const short = withoutLong(value, strings)
  if (strings.length === 0) return undefined
  const text = JSON.stringify(short)
  const pieces: string[] = []
  let from = 0
  for (const [at, string] of strings.entries()) {
    const mark = `"${MARK}${at}"`
    const found = text.indexOf(mark, from)
    pieces.push(text.slice(from, found + 1), string)
    from = found + mark.length - 1
  }
  pieces.push(text.slice(from))
  return pieces
}

/** The value with marks for its long strings. What has none is not copied. */
function withoutLong(value: unknown, strings: string[]): unknown {
  if (typeof value === 'string') return value.length >= LONG_CHARS_MIN && DATA.test(value) ? `${MARK}${strings.push(value) - 1}` : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    let list: unknown[] | undefined
    for (const [at, item] of value.entries()) {
      const next = withoutLong(item, strings)
      if (next !== item) (list ??= [...value])[at] = next
    }
    return list ?? value
  }
  let copy: Record<string, unknown> | undefined
  for (const key in value) {
    // A key of the object itself: JSON has no others.
    const item = (value as Record<string, unknown>)[key]
    const next = withoutLong(item, strings)
    if (next !== item) (copy ??= { ...value })[key] = next
  }
  return copy ?? value
}
