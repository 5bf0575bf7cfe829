import type { Endpoint } from '../catalog/endpoint.ts'

/*
 * A signature, or reasoning that is encrypted, is read by its writer alone: sent to another, the call is refused. Two dialects
 * have many writers, and most clients keep nothing of a thought but its text and that opaque piece. So the piece says itself
 * who wrote it, unless that is the dialect's maker, whose pieces stay as they are: they are base64 and have no colon.
 */
const MARK = 'sws1:'

/** An opaque piece of reasoning with its writer's name before it; an empty one stays empty. */
export function signedBy(signer: string, text: string): string {
  return text === '' ? text : `${MARK}${encodeURIComponent(signer)}:${text}`
}

/** Whose an opaque piece is, and the piece as it came. */
export interface Signed { readonly signer: string; readonly text: string }

/** The writer that an opaque piece names; undefined for one that names none. */
export function signedIn(text: unknown): Signed | undefined {
  if (typeof text !== 'string' || !text.startsWith(MARK)) return undefined
  const end = text.indexOf(':', MARK.length)
  if (end === -1) return undefined
  // A client may have changed it: what is no name names nobody.
  const signer = /^[\w%.~!*'()-]+$/.test(text.slice(MARK.length, end)) ? text.slice(MARK.length, end) : ''
  return { signer, text: text.slice(end + 1) }
}

/** True where an opaque piece was written by this signer; undefined is the dialect's maker. */
export function isSignedBy(text: unknown, signer: string | undefined): boolean {
  const signed = signedIn(text)
  return signed === undefined ? signer === undefined : signer !== undefined && signed.signer === encodeURIComponent(signer)
}

/** An opaque piece as its writer wrote it. */
export function unsigned(text: string): string {
  return signedIn(text)?.text ?? text
}

/** True for an endpoint whose model is a Claude. */
export function isClaude(endpoint: Endpoint): boolean {
  return endpoint.upstreamId.includes('claude') || endpoint.modelId.startsWith('anthropic/')
}

/** Who signs what an endpoint of the Messages dialect thinks; undefined: Anthropic, wherever its models are. */
export function signerOfMessages(endpoint: Endpoint): string | undefined {
  return isClaude(endpoint) || endpoint.provider.slug === 'anthropic' ? undefined : endpoint.provider.slug
}
