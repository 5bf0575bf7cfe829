import type { Warning } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { ContentsReader } from './call-read-contents.ts'
import { either } from './wire.ts'

/** Characters of prose, code or JSON that a token is taken for: the measure that bills without a provider's counts go by. */
const CHARS_PER_TOKEN = 4
/** What Google counts for a picture, and for a second of sound and film; a page of a PDF is a picture. */
const IMAGE_TOKENS = 258
const LINKED_TOKENS = 1_000
const BYTES_PER_TOKEN: Readonly<Record<string, number>> = { input_audio: 500, video_url: 500, file: 200 }

/** An estimate of the tokens that a request comes to, made here: no provider is asked. */
export function estimateTokens(sent: JsonObject): JsonObject {
  const nested = either(sent, 'generateContentRequest', 'generate_content_request')
  const request = isObject(nested) ? nested : sent
  const unsaid: Warning[] = []
  const reader = new ContentsReader(unsaid)
  reader.instruct(either(request, 'systemInstruction', 'system_instruction'), 'systemInstruction')
  const counts = { TEXT: 0, IMAGE: 0, AUDIO: 0, VIDEO: 0, DOCUMENT: 0 }
  for (const message of reader.read(request['contents'])) {
    const { content, tool_calls: calls } = message
    for (const part of typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])) {
      const modality = MODALITIES[part.type] ?? 'TEXT'
      counts[modality] += modality === 'TEXT' ? charsOf(part['text']) : modality === 'IMAGE' ? IMAGE_TOKENS : mediaTokens(part)
    }
    for (const call of calls ?? []) counts.TEXT += call.function.name.length + call.function.arguments.length
  }
  if (request['tools'] !== undefined && request['tools'] !== null) counts.TEXT += JSON.stringify(request['tools']).length
  counts.TEXT = Math.ceil(counts.TEXT / CHARS_PER_TOKEN)
  const details = Object.entries(counts).filter(([, tokenCount]) => tokenCount > 0).map(([modality, tokenCount]) => ({ modality, tokenCount }))
  return { totalTokens: details.reduce((sum, detail) => sum + detail.tokenCount, 0), promptTokensDetails: details }
}

const MODALITIES: Readonly<Record<string, 'IMAGE' | 'AUDIO' | 'VIDEO' | 'DOCUMENT'>> = { image_url: 'IMAGE', input_audio: 'AUDIO', video_url: 'VIDEO', file: 'DOCUMENT' }

function charsOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0
}

function mediaTokens(part: JsonObject): number {
  const inner = Object.values(part).find(isObject) ?? {}
  const data = Object.values(inner).find((value) => typeof value === 'string' && value.length > 1_000)
  return typeof data === 'string' ? Math.max(IMAGE_TOKENS, Math.ceil(data.length / (BYTES_PER_TOKEN[String(part['type'])] ?? 200))) : LINKED_TOKENS
}
