import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { randomText } from '../../lib/id.ts'

/** Whose reasoning details these are (contract B28). */
export const FORMAT = 'google-gemini-v1'

/**
 * Begins the ids that we mint for calls that Gemini gave none. Gemini's own are eight letters and digits, so that by
 * this beginning we know on the way back what Gemini never said.
 */
const MINTED = 'call_'

/** An id for a call that came without one. Under 40 characters, in the alphabet that every provider takes. */
export function mintId(): string {
  return MINTED + randomText(24)
}

/** True for an id that Gemini said, or that another provider's history has: Gemini takes those, and pairs by them. */
export function isForeignId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && !id.startsWith(MINTED)
}

/**
 * Stands in for a signature that is not there: history of another model. Base64 of `skip_thought_signature_validator`,
 * as Google's page on thought signatures has it (November 2025); without one, Gemini 3 answers 400.
 */
export const NO_SIGNATURE = 'c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I='

/** One part of a turn as we write it. At most one of its data fields is there. */
export interface Part extends JsonObject {
  text?: string
  thought?: boolean
  thoughtSignature?: string
  inlineData?: { mimeType: string; data: string }
  fileData?: { mimeType?: string; fileUri: string }
  functionCall?: { id?: string; name: string; args: JsonObject }
  functionResponse?: { id?: string; name: string; response: JsonObject; parts?: Part[] }
  executableCode?: JsonObject
  codeExecutionResult?: JsonObject
  toolCall?: JsonObject
  toolResponse?: JsonObject
}

/** One turn. Results of functions are in turns of the user. */
export interface Content extends JsonObject { role: 'user' | 'model'; parts: Part[] }

/** The name of the model without the folder that it may stand in. */
export function modelName(endpoint: Endpoint): string {
  return endpoint.upstreamId.slice(endpoint.upstreamId.lastIndexOf('/') + 1).toLowerCase()
}

/** The generation that the model's name says: 3.1 of `gemini-3.1-pro-preview`; undefined where it says none. */
export function generation(endpoint: Endpoint): number | undefined {
  const match = /^gemini-(\d+(?:\.\d+)?)/.exec(modelName(endpoint))
  return match ? Number(match[1]) : undefined
}

/** Gemini 3 and later: signatures are checked, and results of functions can have media. */
export function isThird(endpoint: Endpoint): boolean {
  return (generation(endpoint) ?? 0) >= 3
}

/** The first of several spellings of a field that is there: Google's wire takes camelCase and snake_case. */
export function either(object: JsonObject, camel: string, snake: string): Json | undefined {
  return object[camel] ?? object[snake]
}

/** A repeated field as Google reads it: a list, or the one thing that would be in it. */
export function repeated(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value]
}
