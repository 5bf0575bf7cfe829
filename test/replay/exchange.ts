import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { hasShared, sharedPath } from '../shared.ts'

/** One recorded request and its answer, as the corpus has it (`shared/corpus/README.md`). */
export interface Exchange {
  /** `openai.chat/openai--chat-basic`, or `constructed/openai.chat/…`. */
  readonly id: string
  readonly dialect: 'openai.chat' | 'anthropic.messages' | 'google.generateContent' | 'openai.responses' | 'google.vertex' | 'bedrock.converse' | 'cohere.chat' | 'mistral.chat'
  /** Who answered: `openai`, `groq`, … */
  readonly provider: string
  readonly features: readonly string[]
  readonly request: { readonly method: string; readonly url: string; readonly body: JsonObject | null }
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body?: Json; readonly sse?: string; readonly text?: string; readonly eventstream_base64?: string }
}

/** Every exchange of one dialect, recorded and constructed, in the order of their names. Empty without the corpus. */
export function exchangesOf(dialect: Exchange['dialect']): Exchange[] {
  if (!hasShared) return []
  return (['dev', 'constructed'] as const).filter((kind) => existsSync(sharedPath('corpus', kind, dialect))).flatMap((kind) => readdirSync(sharedPath('corpus', kind, dialect)).toSorted().map((file): Exchange => {
    // The corpus states this shape in its README.
    const recorded = JSON.parse(readFileSync(sharedPath('corpus', kind, dialect, file), 'utf8')) as Exchange
    return { ...recorded, id: `${kind === 'dev' ? '' : 'constructed/'}${dialect}/${basename(file, '.json')}` }
  }))
}

/** True when the recorded answer is a stream. */
export function isStream(exchange: Exchange): boolean {
  return exchange.response.sse !== undefined || exchange.response.eventstream_base64 !== undefined
}

/** The recorded answer's body, where it is a text. */
export function answerText(exchange: Exchange): string {
  return answerBytes(exchange).toString()
}

/** The bytes of the recorded answer's body. */
export function answerBytes(exchange: Exchange): Buffer {
  const { body, sse, text, eventstream_base64: binary } = exchange.response
  return binary === undefined ? Buffer.from(sse ?? text ?? JSON.stringify(body)) : Buffer.from(binary, 'base64')
}

/** The JSON objects of a stream's `data:` lines, in order, `[DONE]` left out. A second, plainer reader than the gateway's own. */
export function dataOf(sse: string): JsonObject[] {
  return sse.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).filter((data) => data !== '[DONE]' && data !== '')
    .map((data): unknown => JSON.parse(data)).filter(isObject)
}

/** The model of the request, or the one that the answer names where only the answer was kept. */
export function recordedModel(exchange: Exchange): string {
  const fromUrl = /\/models\/([^:?]+):/.exec(exchange.request.url)?.[1] ?? /\/model\/([^/]+)\/converse/.exec(exchange.request.url)?.[1]
  const fromBody = exchange.request.body?.['model']
  if (fromUrl) return decodeURIComponent(fromUrl)
  if (typeof fromBody === 'string') return fromBody
  const answers = exchange.response.sse === undefined ? [exchange.response.body] : dataOf(exchange.response.sse)
  for (const answer of answers) {
    const holder = isObject(answer) ? (isObject(answer['message']) ? answer['message'] : isObject(answer['response']) ? answer['response'] : answer) : answer
    if (isObject(holder) && typeof holder['model'] === 'string' && holder['model'] !== '') return holder['model']
  }
  return 'recorded-model'
}
