import type { Call, Warning } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { isObject, parseObject, type Json, type JsonObject } from '../core/json.ts'

/** Longer strings are shown by their beginning where they are data and not text. */
const DATA_CHARS_MAX = 256

const SECRET_NAME = /authorization|password|passwd|secret|api[-_]?key|credential|cookie|token$/i
const DATA_URL = /^data:[^,]{0,200},/
/** What base64 is made of, and prose is not. */
const BASE64 = /^[A-Za-z0-9+/_=-]+$/

/** APIs whose streams have a place for an echo. */
const APIS: ReadonlySet<Call['api']> = new Set(['chat', 'completions', 'responses'])

/** True when the client sees what the provider is told (contract B49): it asked, and it streams; it is ignored otherwise. */
export function wantsEcho(call: Call): boolean {
  return asksForEcho(call) && APIS.has(call.api)
}

function asksForEcho({ stream, body: { debug } }: Call): boolean {
  return stream && isObject(debug) && debug['echo_upstream_body'] === true
}

/** What a client is told that asks for an echo where its answers have no place for one. */
export function echoWarnings(call: Call): readonly Warning[] {
  if (!asksForEcho(call) || APIS.has(call.api)) return []
  return [{ field: 'debug', why: 'answers of this API have no place for it; those of chat completions and Responses have' }]
}

/** The body that a provider is sent, as the client is shown it: without what looks like secrets, and media cut short (E17, M32). */
export function echoOf(body: string): Event {
  return { type: 'debug', debug: { echo_upstream_body: redactedObject(parseObject(body) ?? {}) } }
}

function redactedObject(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, isSecret(name, value) ? '[redacted]' : redacted(value)]))
}

/** A secret is said in words: `max_tokens` is a number, and no secret. */
function isSecret(name: string, value: Json | undefined): boolean {
  return typeof value === 'string' && SECRET_NAME.test(name)
}

function redacted(value: Json | undefined): Json | undefined {
  if (typeof value === 'string') return shortened(value)
  if (Array.isArray(value)) return value.map((one: Json) => redacted(one) ?? null)
  return isObject(value) ? redactedObject(value) : value
}

function shortened(text: string): string {
  if (text.length <= DATA_CHARS_MAX) return text
  const head = DATA_URL.exec(text)?.[0] ?? (BASE64.test(text) ? text.slice(0, 16) : undefined)
  return head === undefined ? text : `${head}[${text.length - head.length} characters]`
}
