import type { Call, Part } from './call.ts'

/** What one vector is made of: a text, a text as the model's own tokens, or several kinds of content together. */
export type EmbeddingInput = string | readonly number[] | { readonly content: readonly Part[] }

/**
 * A call that asks for vectors, not for words. It lives as every call does; its body is the contract's embeddings request
 * with no messages in it, and only the `embeddings` part of a provider's dialect is asked to say it.
 */
export interface EmbeddingsCall extends Call {
  readonly api: 'embeddings'
  readonly stream: false
  /** At least one; the answer has a vector for each. */
  readonly inputs: readonly EmbeddingInput[]
  readonly dimensions?: number
  /** What the vectors are for: `search_query`, `search_document`, … as the client wrote it. */
  readonly inputType?: string
  readonly encoding: 'float' | 'base64'
}

/** A vector as it came: numbers, or base64 of 32-bit floats, little-endian. Nobody changes the one to the other before the client wants it. */
export type Vector = readonly number[] | string

/** True for a call that asks for vectors. */
export function isEmbeddingsCall(call: Call): call is EmbeddingsCall {
  return call.api === 'embeddings'
}

/** Nine digits are what a 32-bit float needs to be read back as the same float; the double behind it would be written in seventeen. */
const FLOAT_DIGITS = 9

/** The vector as numbers. */
export function floatsOf(vector: Vector): readonly number[] {
  if (typeof vector !== 'string') return vector
  const bytes = Buffer.from(vector, 'base64')
  return Array.from({ length: bytes.length >> 2 }, (_, at) => Number(bytes.readFloatLE(at * 4).toPrecision(FLOAT_DIGITS)))
}

/** The vector as base64 of 32-bit floats, little-endian. */
export function base64Of(vector: Vector): string {
  if (typeof vector === 'string') return vector
  const bytes = Buffer.allocUnsafe(vector.length * 4)
  vector.forEach((value, at) => bytes.writeFloatLE(value, at * 4))
  return bytes.toString('base64')
}

/** What a provider sent in the place of a vector, when it is one. */
export function asVector(value: unknown): Vector | undefined {
  if (typeof value === 'string') return value !== '' && Buffer.byteLength(value, 'base64') % 4 === 0 ? value : undefined
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number') ? value : undefined
}
