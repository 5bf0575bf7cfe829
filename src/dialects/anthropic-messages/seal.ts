import type { ReasoningDetail } from '../../core/event.ts'
import { asString, parseObject, type JsonObject } from '../../core/json.ts'
import { signedIn } from '../signer.ts'
import { OTHER_FORMAT, REASONING_FORMAT } from './wire.ts'

/*
 * Messages has two places for reasoning that only its maker can read: the `signature` of a thinking block and the `data`
 * of a redacted one. Anthropic's own stand there as they are. Reasoning of other providers (a signature of Gemini's with
 * the call that it belongs to, encrypted items of OpenAI's) is sealed in the same places: the whole detail, so that the
 * client, which sends every block back as it came, brings it back whole. Anthropic's are base64 and have no colon.
 */
const SEAL = 'sw1:'

/** True for a signature or data of ours, which Anthropic cannot read. */
export function isSealed(text: unknown): boolean {
  return typeof text === 'string' && text.startsWith(SEAL)
}

function seal(detail: JsonObject): string {
  return SEAL + Buffer.from(JSON.stringify(detail)).toString('base64url')
}

const TYPES: ReadonlySet<unknown> = new Set(['reasoning.text', 'reasoning.summary', 'reasoning.encrypted', 'reasoning.server_tool_call'])

/** What was sealed; undefined where the client changed it. */
function unseal(text: string): ReasoningDetail | undefined {
  const detail = parseObject(Buffer.from(text.slice(SEAL.length), 'base64url').toString('utf8'))
  // Its type is the only field that everything else hangs on.
  return detail && TYPES.has(detail['type']) ? (detail as ReasoningDetail) : undefined
}

/** The signature of a thinking block: Anthropic's own, a sealed detail, or '' where there is nothing to bring back but the text. */
export function signatureFor(detail: ReasoningDetail): string {
  const { text: _text, summary: _summary, ...rest } = detail
  const signature = asString(detail['signature']) ?? ''
  if (isAnthropic(detail)) return signature
  const isPlain = detail.type === 'reasoning.text' && signature === '' && Object.keys(rest).every((key) => key === 'type' || key === 'format' || key === 'index' || rest[key] === null)
  return isPlain && (detail.format ?? 'unknown') === 'unknown' ? '' : seal(rest)
}

/** The data of a redacted thinking block. */
export function dataFor(detail: ReasoningDetail): string {
  const data = asString(detail['data'])
  return detail.type === 'reasoning.encrypted' && isAnthropic(detail) && data !== undefined ? data : seal(detail)
}

export function isAnthropic(detail: ReasoningDetail): boolean {
  return detail.format === REASONING_FORMAT
}

/** Where a detail stands: its place among those of the turn, and the first index of its message, from which a sealed one counts as its maker did. */
export interface Place { readonly at: number; readonly from: number }

/** Details of one index belong together, and to the place that it names: a summary and what was encrypted of it are two blocks. */
function indexOf(detail: ReasoningDetail, { at, from }: Place): number {
  return typeof detail.index === 'number' ? from + detail.index : at
}

function formatOf(opaque: string): string {
  return signedIn(opaque) ? OTHER_FORMAT : REASONING_FORMAT
}

/** A thinking block that a client sends back, as the detail that it was made from. */
export function detailOfThinking(thinking: string, signature: string, place: Place): ReasoningDetail {
  const index = place.at
  if (isSealed(signature)) {
    const detail = unseal(signature)
    if (detail) return { ...detail, [detail.type === 'reasoning.summary' ? 'summary' : 'text']: thinking, index: indexOf(detail, place) }
  } else if (signature !== '') return { type: 'reasoning.text', text: thinking, signature, format: formatOf(signature), index }
  return { type: 'reasoning.text', text: thinking, format: 'unknown', index }
}

/** A redacted thinking block that a client sends back, as the detail that it was made from. */
export function detailOfRedacted(data: string, place: Place): ReasoningDetail | undefined {
  if (!isSealed(data)) return { type: 'reasoning.encrypted', data, format: formatOf(data), index: place.at }
  const detail = unseal(data)
  return detail && { ...detail, index: indexOf(detail, place) }
}
