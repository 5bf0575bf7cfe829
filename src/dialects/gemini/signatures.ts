import type { ReasoningDetail } from '../../core/event.ts'
import { asString } from '../../core/json.ts'
import { FORMAT } from './wire.ts'

/*
 * A thought signature must go back on the part that it came on, and the chat shape has no parts: a message has one
 * text, its images and its tool calls. So the `id` of the detail that carries a signature says what it was on:
 *
 *   <id of a tool call>          on that functionCall
 *   <id of a server tool>        on the call of that server tool; with `/result` behind it, on its result
 *   <response>/image/<n>         on the n-th image
 *   <response>/empty             on an empty text part, as streams end with
 *   none                         on the text
 *
 * Ids are unique across a conversation, for clients drop a detail whose id they have seen.
 */

/** The signature of an empty text part. */
export function emptyTextId(responseId: string): string {
  return `${responseId}/empty`
}

/** The signature of the image that is the `at`-th of its message. */
export function imageId(responseId: string, at: number): string {
  return `${responseId}/image/${at}`
}

/** The signature of the result of a server tool. */
export function resultId(serverToolId: string): string {
  return `${serverToolId}/result`
}

/** What the reasoning details of an assistant message say for Gemini: see above. */
export interface Signatures {
  /** By id of tool call or server tool. */
  readonly byId: Map<string, string>
  readonly onText: string[]
  readonly onEmpty: string[]
  readonly onImage: Map<number, string>
  /** Thoughts that are signed themselves go back whole. */
  readonly thoughts: { readonly text: string; readonly signature: string }[]
  readonly serverTools: ReasoningDetail[]
  /** There are details that only another provider can read. */
  hasOthers: boolean
}

/** Sorts the details of an assistant message by where they go. */
export function signaturesOf(details: readonly ReasoningDetail[]): Signatures {
  const signatures: Signatures = { byId: new Map(), onText: [], onEmpty: [], onImage: new Map(), thoughts: [], serverTools: [], hasOthers: false }
  for (const detail of details) {
    if (detail.format !== FORMAT) signatures.hasOthers ||= detail.type !== 'reasoning.summary'
    else sort(detail, signatures)
  }
  return signatures
}

function sort(detail: ReasoningDetail, signatures: Signatures): void {
  const signature = asString(detail['signature'])
  if (detail.type === 'reasoning.server_tool_call') signatures.serverTools.push(detail)
  if (detail.type === 'reasoning.text' && signature) signatures.thoughts.push({ text: asString(detail['text']) ?? '', signature })
  const data = asString(detail['data'])
  if (detail.type !== 'reasoning.encrypted' || !data) return
  const id = asString(detail['id'])
  const image = id === undefined ? null : /\/image\/(\d{1,4})$/.exec(id)
  if (!id) signatures.onText.push(data)
  else if (id.endsWith('/empty')) signatures.onEmpty.push(data)
  else if (image) signatures.onImage.set(Number(image[1]), data)
  else signatures.byId.set(id, data)
}
