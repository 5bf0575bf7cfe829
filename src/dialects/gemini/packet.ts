import type { ReasoningDetail } from '../../core/event.ts'
import { asArray, isObject, parseObject, type JsonObject } from '../../core/json.ts'

/*
 * A client of Gemini's gives back one opaque thing, `thoughtSignature`, and some give back no thoughts. So what another
 * provider must see again (reasoning with its signatures, fields of the message) travels in it, as base64 of JSON behind
 * a word that no signature of Google's begins with.
 */

/** Twelve bytes: sixteen characters of base64 that nothing behind them changes, and none that base64url says otherwise. */
const WORD = 'switchyard1:'
const WORD_BASE64 = Buffer.from(WORD).toString('base64')

/** What an assistant message holds that parts of Gemini's cannot say. */
export interface Packet { readonly details: readonly ReasoningDetail[]; readonly extra: JsonObject }

/** A signature that holds the packet. */
export function packetSignature(packet: Packet): string {
  return Buffer.from(WORD + JSON.stringify(packet)).toString('base64')
}

/** True for a signature that we made: no provider may see it. */
export function isPacket(signature: string): boolean {
  return signature.startsWith(WORD_BASE64)
}

/** The packet in a signature; undefined for one of Google's own, and for one that was changed on its way. */
export function packetIn(signature: string): Packet | undefined {
  if (!isPacket(signature)) return undefined
  const sent = parseObject(Buffer.from(signature, 'base64').toString('utf8').slice(WORD.length))
  if (!sent) return undefined
  // Whoever sends it may send the same in the chat shape, where details are checked to be objects and no more.
  const details = (asArray(sent['details']) ?? []).filter((detail): detail is ReasoningDetail => isObject(detail))
  return { details, extra: isObject(sent['extra']) ? sent['extra'] : {} }
}
