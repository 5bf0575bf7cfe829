import { Fault } from './fault.ts'
import { isObject } from './json.ts'

/** Labels of a call by which its cost is reported: `feature`, `customer`, `env`. */
export type CallTags = Readonly<Record<string, string>>

/** How many tags a call has at most, and how long they are. */
export const TAGS_MAX = 16
const NAME_CHARS_MAX = 64
const VALUE_CHARS_MAX = 256
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/
const HEADER = 'X-Switchyard-Tags'

/** `feature=search, customer=acme%2C%20inc`: values are percent-encoded where they need it. Throws Fault `invalid_request`. */
export function readTagsHeader(text: string): CallTags {
  const tags = new Map<string, string>()
  for (const part of text.split(',').map((item) => item.trim()).filter((item) => item !== '')) {
    const at = part.indexOf('=')
    if (at === -1) throw wrong(`has ${quote(part)}, which is not name=value`)
    const [name, value] = [part.slice(0, at).trim(), decoded(part.slice(at + 1).trim())]
    if (!NAME.test(name)) throw wrong(`has the name ${quote(name)}: names are 1 to ${NAME_CHARS_MAX} letters, digits, and _ . - inside`)
    if (value === undefined) throw wrong(`has a value of ${name} that is not percent-encoded text: write % as %25`)
    if (value === '' || value.length > VALUE_CHARS_MAX || /\p{Cc}/u.test(value)) throw wrong(`has a value of ${name} that is no text of 1 to ${VALUE_CHARS_MAX} characters in one line`)
    if (tags.has(name)) throw wrong(`says ${name} twice; say it once`)
    tags.set(name, value)
  }
  if (tags.size > TAGS_MAX) throw wrong(`has ${tags.size} tags; at most ${TAGS_MAX} are taken`)
  return Object.fromEntries(tags)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A % that begins no code, or a code that is no UTF-8.
    return undefined
  }
}

/**
 * The tags of one call. Who has given the key tags decides them: they go before those of the header, and those before the
 * body's `metadata`. What `metadata` may say and a tag may not (longer values, more pairs) is cut: it is not refused for our reports.
 */
export function tagsOf(ofKey: CallTags | undefined, ofHeader: CallTags | undefined, metadata: unknown): CallTags | undefined {
  if (!ofKey && !ofHeader && !isObject(metadata)) return undefined
  const tags = new Map<string, string>()
  for (const said of [ofKey, ofHeader, isObject(metadata) ? metadata : undefined]) {
    for (const [given, value] of Object.entries(said ?? {})) {
      const name = kept(given, NAME_CHARS_MAX)
      if (name === '' || typeof value !== 'string' || value === '' || tags.has(name) || tags.size === TAGS_MAX) continue
      tags.set(name, kept(value, VALUE_CHARS_MAX))
    }
  }
  return tags.size === 0 ? undefined : Object.fromEntries(tags)
}

/** As every store keeps it: no half characters, and none that Postgres cannot hold. */
function kept(text: string, charsMax: number): string {
  return oneSpelling(text.slice(0, charsMax)).slice(0, charsMax).toWellFormed().replaceAll('\0', '\uFFFD')
}

/** What looks the same is the same: `ü` is one character, or `u` with two dots that follow it. Upper and lower case are different values. */
export function oneSpelling(text: string): string {
  return text.normalize('NFC')
}

function wrong(what: string): Fault {
  return new Fault('invalid_request', `The header ${HEADER} ${what}.`, { metadata: { field: HEADER } })
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
