import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { randomText } from '../../lib/id.ts'

/** One item of `input` or `output`. */
export interface Item extends JsonObject { type: string }

/** Formats of encrypted reasoning by who wrote it: each can be read by its writer only (contract B28). */
const FORMATS: Readonly<Record<string, string>> = { azure: 'azure-openai-responses-v1', 'amazon-bedrock': 'bedrock-openai-responses-v1', xai: 'xai-responses-v1', meta: 'meta-responses-v1', llama: 'meta-responses-v1' }
const DEFAULT_FORMAT = 'openai-responses-v1'
const ALL_FORMATS = new Set([DEFAULT_FORMAT, 'bedrock-xai-responses-v1', ...Object.values(FORMATS)])

/** Reasoning of a provider that has no format of its own: whose it is stands in what is encrypted (`signer.ts`). */
export const OTHER_FORMAT = 'unknown'
/** OpenAI's models, whoever serves them; the open ones think in the open. */
const OPENAI = /^openai\/(?!gpt-oss)|(?:^|[/.])(?:gpt-(?!oss)|o\d|chatgpt|codex)/

/** The format of reasoning that this endpoint writes, and reads back. */
export function formatOf({ provider, modelId, upstreamId }: Endpoint): string {
  const isOpenAis = provider.slug === 'openai' || OPENAI.test(modelId) || OPENAI.test(upstreamId)
  return FORMATS[provider.slug] ?? (isOpenAis ? DEFAULT_FORMAT : OTHER_FORMAT)
}

/** Who encrypts at an endpoint, as the word that tells it from others: its format, or its name where it has none. Undefined: OpenAI. */
export function signerOf(endpoint: Endpoint): string | undefined {
  const format = formatOf(endpoint)
  return format === DEFAULT_FORMAT ? undefined : format === OTHER_FORMAT ? endpoint.provider.slug : format
}

/** True for reasoning that came from a provider of this dialect: its `encrypted_content` goes back as it came. */
export function isResponsesFormat(format: unknown): boolean {
  return typeof format === 'string' && ALL_FORMATS.has(format)
}

/** The format of a reasoning item that says none: what OpenAI's clients send back. */
export { DEFAULT_FORMAT }

/** An id for an item of ours, in OpenAI's way: `msg_…`, `rs_…`, `fc_…`. */
export function itemId(prefix: string): string {
  return `${prefix}_${randomText(24)}`
}

/** The objects of a list; empty for what is no list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The argument by which a custom tool, which takes plain text, is said where only functions are known. */
export const CUSTOM_INPUT = 'input'

/** The text of a custom tool's call that was said as a function's arguments: the text itself where the model wrote no JSON. */
export function customInput(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return text
    const input = value[CUSTOM_INPUT]
    return typeof input === 'string' ? input : input === undefined ? text : JSON.stringify(input)
  } catch {
    // Models write the bare text too, for that is what the tool takes.
    return text
  }
}

/** The arguments that say a custom tool's text. */
export function customArguments(input: string): string {
  return JSON.stringify({ [CUSTOM_INPUT]: input })
}
