import type { Modality, Needs, Part } from '../core/call.ts'
import { asVector, type EmbeddingInput, type EmbeddingsCall, type Vector } from '../core/embeddings.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import { asObject, asString, type Json } from '../core/json.ts'
import { NO_USAGE, type Usage } from '../core/usage.ts'
import type { Endpoint } from '../catalog/endpoint.ts'

/** The most inputs of one call: OpenAI's own limit, which most follow. */
export const INPUTS_MAX = 2_048

/** Tokens that models set around each input. */
const FRAME_TOKENS = 4
const CHARS_PER_TOKEN = 4
const IMAGE_TOKENS_MAX = 3_000
const IMAGE_TOKENS_GUESS = 800
/** What is linked to may be long: an hour of sound, a book. */
const LINKED_TOKENS_MAX = 100_000
/** Inlined sound, film and PDFs have at least so many bytes of base64 for each of their tokens. */
const BYTES_PER_TOKEN = 8

const MODALITIES: Readonly<Record<string, Modality>> = { image_url: 'image', input_audio: 'audio', input_video: 'video', input_file: 'file' }

/**
 * What an input comes to. `tokensMax` is for holds: a token is a byte at least, and tokenizers of embeddings split at every
 * sign. `windowTokens` is what `Needs.promptTokensMax` of a chat would say of it, by which routing judges windows. `guess` is
 * the stated estimate where a provider counts nothing.
 */
interface Size { readonly tokensMax: number; readonly windowTokens: number; readonly guess: number }

/** What an embeddings call needs of an endpoint. The answer has no tokens: all that it costs is in the inputs. */
export function needsOf(inputs: readonly EmbeddingInput[], dimensions: number | undefined): Needs {
  const sizes = inputs.map(sizeOf)
  const parts = inputs.flatMap((input) => (isContent(input) ? input.content : []))
  const media = parts.flatMap((part) => MODALITIES[part.type] ?? [])
  return {
    parameters: dimensions === undefined ? [] : ['dimensions'],
    inputs: [...new Set(media)],
    media: media.length === 0 ? undefined : { items: media.length, audio: media.filter((modality) => modality === 'audio').length },
    outputs: ['embeddings'],
    promptTokensMax: sizes.reduce((sum, size) => sum + size.tokensMax, 0),
    promptTokensGuess: sizes.reduce((sum, size) => sum + size.guess, 0),
    maxTokens: 0,
    choices: 1,
    prompts: { count: inputs.length, tokensMax: sizes.reduce((most, size) => Math.max(most, size.windowTokens), 0) },
  }
}

function sizeOf(input: EmbeddingInput): Size {
  if (typeof input === 'string') return sum([sizeOfText(input)])
  if (isContent(input)) return sum(input.content.map(sizeOfPart))
  return sum([{ tokensMax: input.length, windowTokens: input.length, guess: input.length }])
}

function sum(sizes: readonly Size[]): Size {
  return sizes.reduce((all, one) => ({ tokensMax: all.tokensMax + one.tokensMax, windowTokens: all.windowTokens + one.windowTokens, guess: all.guess + one.guess }), { tokensMax: FRAME_TOKENS, windowTokens: 0, guess: 0 })
}

function sizeOfText(text: string): Size {
  const bytes = Buffer.byteLength(text)
  return { tokensMax: bytes, windowTokens: Math.ceil(bytes / 2), guess: Math.ceil(text.length / CHARS_PER_TOKEN) }
}

function sizeOfPart(part: Part): Size {
  if (part.type === 'text') return sizeOfText(asString(part['text']) ?? '')
  const data = mediaOf(part)
  const tokensMax = part.type === 'image_url' ? IMAGE_TOKENS_MAX : /^(?:https?|gs):/i.test(data) ? LINKED_TOKENS_MAX : IMAGE_TOKENS_MAX + Math.ceil(data.length / BYTES_PER_TOKEN)
  // How long sound or film really is, only the provider knows: no window is judged by it.
  return { tokensMax, windowTokens: 0, guess: IMAGE_TOKENS_GUESS }
}

/** True for an input of several kinds of content. */
export function isContent(input: EmbeddingInput): input is { readonly content: readonly Part[] } {
  return typeof input === 'object' && 'content' in input
}

/** The address or the data of a part that is no text. */
export function mediaOf(part: Part): string {
  const media: Json | undefined = part[part.type]
  return asString(media) ?? asString(asObject(media)?.['url']) ?? asString(asObject(media)?.['data']) ?? ''
}

/** The input as one text; undefined when it is tokens, or has more than text in it. */
export function textOf(input: EmbeddingInput): string | undefined {
  if (typeof input === 'string') return input
  if (!isContent(input) || input.content.some((part) => part.type !== 'text')) return undefined
  return input.content.map((part) => asString(part['text']) ?? '').join('\n')
}

/** The fault of an input that this provider cannot be told: another may take it. */
export function cannotTake(endpoint: Endpoint, field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${endpoint.provider.name} ${why}`, { provider: endpoint.provider.name, retry: 'next', metadata: { field } })
}

/** The texts of a call, for a provider that reads nothing else. */
export function textsOf(call: EmbeddingsCall, endpoint: Endpoint): string[] {
  return call.inputs.map((input, at) => {
    const text = textOf(input)
    if (text !== undefined) return text
    throw cannotTake(endpoint, `input[${at}]`, isContent(input) ? 'makes embeddings of text only: leave the other parts out, or name another model' : 'takes no token arrays: send the text')
  })
}

/** A reply as Events: its vectors, when there is one for each input, and what the provider counted (undefined: it did not). */
export function eventsOf(call: EmbeddingsCall, endpoint: Endpoint, sent: readonly unknown[] | undefined, promptTokens: number | undefined, more: Partial<Usage> = {}): Event[] {
  const vectors = (sent ?? []).map(asVector).filter((vector): vector is Vector => vector !== undefined)
  if (vectors.length !== call.inputs.length) {
    const { name } = endpoint.provider
    throw new Fault('provider_bad_answer', `${name} sent ${vectors.length} embeddings for ${call.inputs.length} inputs`, { provider: name })
  }
  return [
    { type: 'embeddings', vectors },
    ...(promptTokens === undefined ? [] : [{ type: 'usage' as const, usage: { ...NO_USAGE, ...more, promptTokens } }]),
    { type: 'finish', choice: 0, reason: 'stop', native: 'stop' },
  ]
}
