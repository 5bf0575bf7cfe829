import { isObject, type JsonObject } from '../../core/json.ts'
import { closingQuote } from '../../lib/json-text.ts'

/** Fields of a chunk that say who answers and not what: the client gets our own. `usage` only where it is null. */
const ENVELOPE = new Set(['id', 'object', 'created', 'model', 'system_fingerprint', 'service_tier', 'choices', 'usage', 'obfuscation'])

/**
 * The chunks of one stream are alike but for the text in them. Once one was read that says text and nothing else, those
 * that are the same before and after the text need no parsing: their text is cut out. Everything else is read as ever.
 */
export class PlainChunk {
  private before = ''
  private after = ''
  /** What stands behind the text and differs from chunk to chunk (OpenAI's padding) begins behind `after`. */
  private padded = false

  /** The text of a chunk like the one that was learned, as the JSON string it was sent as; undefined for any other. */
  textOf(data: string): string | undefined {
    if (this.before === '' || !data.startsWith(this.before)) return undefined
    const start = this.before.length - 1
    const end = closingQuote(data, start + 1)
    if (end === -1 || !data.startsWith(this.after, end + 1)) return undefined
    const rest = end + 1 + this.after.length
    if (this.padded ? !isPadding(data, rest) : rest !== data.length) return undefined
    return data.slice(start, end + 1)
  }

  /** Learns from a chunk as it was sent, before it is normalised. */
  learn(data: string, chunk: JsonObject): void {
    this.before = ''
    if (!isPlain(chunk)) return
    const key = data.indexOf('"content"')
    if (key === -1 || data.indexOf('"content"', key + 1) !== -1) return
    const start = data.indexOf('"', data.indexOf(':', key + 9))
    const end = closingQuote(data, start + 1)
    const padding = data.indexOf(PADDING, end)
    if (start === -1 || end === -1) return
    this.before = data.slice(0, start + 1)
    this.padded = padding !== -1
    this.after = this.padded ? data.slice(end + 1, padding + PADDING.length) : data.slice(end + 1)
  }
}

/** What a JSON string says; undefined when it is none. Most pieces of text have nothing to unescape. */
export function textOfJson(json: string): string | undefined {
  if (!ESCAPED.test(json)) return json.slice(1, -1)
  try {
    const text: unknown = JSON.parse(json)
    return typeof text === 'string' ? text : undefined
  } catch {
    // Who reads the whole chunk finds out what is wrong with it.
    return undefined
  }
}

// Control characters are not allowed in a JSON string: what holds one is not cut out but read, and refused there.
// oxlint-disable-next-line no-control-regex
const ESCAPED = /[\\\u0000-\u001f]/

const PADDING = ',"obfuscation":"'

function isPadding(data: string, from: number): boolean {
  return data.indexOf('"', from) === data.length - 2 && data.endsWith('"}') && data.indexOf('\\', from) === -1
}

/** One choice, one delta, text in it, and nothing that the client would miss. */
function isPlain(chunk: JsonObject): boolean {
  for (const field in chunk) if (!ENVELOPE.has(field)) return false
  if (chunk['usage'] !== undefined && chunk['usage'] !== null) return false
  const choices = chunk['choices']
  const choice: unknown = Array.isArray(choices) && choices.length === 1 ? choices[0] : undefined
  if (!isObject(choice) || choice['index'] !== 0 || !isObject(choice['delta'])) return false
  for (const field in choice) if (field !== 'index' && field !== 'delta' && choice[field] !== null) return false
  for (const field in choice['delta']) if (field !== 'content') return false
  return typeof choice['delta']['content'] === 'string'
}
