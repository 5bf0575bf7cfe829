import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { describeShared, hasShared, sharedPath } from '../../../test/shared.ts'
import { foldMessage, geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import { problemsOfGeminiRequest } from '../../../test/wire/gemini-request.ts'
import type { Message } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { asArray, asObject, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { SseParser, type Frame } from '../../lib/sse.ts'
import { gemini } from './gemini.ts'
import type { Part } from './wire.ts'

interface Exchange {
  readonly id: string
  readonly features: readonly string[]
  readonly request: { readonly url: string; readonly body: JsonObject | null }
  readonly response: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: JsonObject; readonly sse?: string }
}

const FOLDERS = ['dev/google.generateContent', 'dev/google.vertex', 'constructed/google.generateContent']
const exchanges = hasShared ? FOLDERS.flatMap((folder) => readdirSync(sharedPath('corpus', folder)).map((file): Exchange => {
  // The corpus's own README gives the shape.
  const exchange = JSON.parse(readFileSync(sharedPath('corpus', folder, file), 'utf8')) as Exchange
  return { ...exchange, id: `${folder}/${file.replace(/\.json$/, '')}` }
})) : []
const good = exchanges.filter((exchange) => exchange.response.status === 200)
const streams = good.filter((exchange) => exchange.response.sse !== undefined)
const replies = good.filter((exchange) => exchange.response.body !== undefined)

function modelOf(exchange: Exchange): string {
  return /models\/([^:]+)/.exec(exchange.request.url)?.[1] ?? 'gemini-2.5-flash'
}

/** The call that led to the answer, as far as reading it needs to know: the names of its functions. */
function callOf(exchange: Exchange) {
  const tools = exchange.request.body?.['tools']
  return geminiCall({ tools: (Array.isArray(tools) ? tools : tools ? [tools] : []) as JsonObject[] }, { stream: exchange.response.sse !== undefined })
}

/** Ids that we mint differ from run to run: they are numbered. */
function settled(events: readonly Event[]): Event[] {
  const ids = new Map<string, string>()
  const text = JSON.stringify(events, (key, value: unknown) => (key === 'fault' ? String(value) : value)).replace(/call_[A-Za-z0-9]{24}/g, (id) => {
    if (!ids.has(id)) ids.set(id, `call_${ids.size}`)
    return ids.get(id) ?? id
  })
  return JSON.parse(text) as Event[]
}

function readFrames(exchange: Exchange, frames: readonly Frame[]): Event[] {
  const reader = gemini.streamReader(callOf(exchange), geminiEndpoint(modelOf(exchange)), false)
  const out: Event[] = []
  for (const frame of frames) reader.read(frame, out)
  reader.end(out)
  return settled(out)
}

function framesOf(bytes: Uint8Array, cut: number): Frame[] {
  const parser = new SseParser(10_000_000)
  const frames: Frame[] = []
  parser.push(bytes.subarray(0, cut), frames)
  parser.push(bytes.subarray(cut), frames)
  parser.end(frames)
  return frames
}

function readStream(exchange: Exchange): Event[] {
  return readFrames(exchange, framesOf(new TextEncoder().encode(exchange.response.sse), 0))
}

function readWhole(exchange: Exchange, body = exchange.response.body ?? {}): Event[] {
  return settled(gemini.readReply(callOf(exchange), geminiEndpoint(modelOf(exchange)), body, false))
}

/** The parts of an answer, whatever way it came, with those of a stream one after the other. */
function partsOf(exchange: Exchange): JsonObject[] {
  const chunks = exchange.response.body ? [exchange.response.body] : framesOf(new TextEncoder().encode(exchange.response.sse), 0).map((frame) => JSON.parse(frame.data) as JsonObject)
  return chunks.flatMap((chunk) => (asArray(asObject(asObject(asArray(chunk['candidates'])?.[0])?.['content'])?.['parts']) ?? []).filter(isObject))
}

describeShared('every recorded answer', () => {
  test('there are some of each kind', () => {
    for (const folder of FOLDERS) expect(exchanges.some((exchange) => exchange.id.startsWith(folder))).toBe(true)
    expect(streams.length).toBeGreaterThan(10)
    expect(replies.length).toBeGreaterThan(100)
  })

  for (const exchange of good) {
    test(`${exchange.id} is read to its end`, () => {
      const events = exchange.response.sse === undefined ? readWhole(exchange) : readStream(exchange)
      expect(events[0]?.type).toBe('start')
      expect(events.at(-1)?.type).toBe('finish')
      expect(events.filter((event) => event.type === 'finish').length).toBe(1)
      expect(events.some((event) => event.type === 'fault')).toBe(false)
      const { tool_calls: calls = [], finish, content } = foldMessage(events)
      for (const call of calls) expect(typeof JSON.parse(call.function.arguments)).toBe('object')
      expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length)
      expect(finish === 'tool_calls').toBe(calls.length > 0)
      const text = partsOf(exchange).filter((part) => part['thought'] !== true).map((part) => part['text'] ?? '').join('')
      expect(content ?? '').toBe(text)
    })
  }
})

describeShared('every recorded count', () => {
  for (const exchange of good) {
    test(`${exchange.id} adds up to Google's total`, () => {
      const sent = [...JSON.stringify(exchange.response).matchAll(/\\?"totalTokenCount\\?":\s*(\d+)/g)].at(-1)?.[1]
      const events = exchange.response.sse === undefined ? readWhole(exchange) : readStream(exchange)
      const last = events.findLast((event) => event.type === 'usage')
      expect(last && last.usage.promptTokens + last.usage.completionTokens).toBe(sent === undefined ? undefined : Number(sent))
    })
  }
})

describeShared('every recorded stream', () => {
  for (const exchange of streams) {
    test(`${exchange.id} gives the same events wherever it is cut`, () => {
      const bytes = new TextEncoder().encode(exchange.response.sse)
      const whole = framesOf(bytes, 0)
      // Long streams are cut at each byte of their ends and at a spread of others: each cut reads the stream anew.
      const step = Math.max(1, Math.floor(bytes.length / 3_000))
      for (let cut = 1; cut < bytes.length; cut += cut < 500 || cut > bytes.length - 500 ? 1 : step) expect(framesOf(bytes, cut)).toEqual(whole)
      expect(readFrames(exchange, framesOf(bytes, 1))).toEqual(readFrames(exchange, whole))
    })

    test(`${exchange.id} without its last event is cut`, () => {
      const frames = framesOf(new TextEncoder().encode(exchange.response.sse), 0)
      const events = readFrames(exchange, frames.slice(0, -1))
      expect(events.at(-1)).toMatchObject({ type: 'fault' })
      expect(events.some((event) => event.type === 'finish')).toBe(false)
    })

    test(`${exchange.id} says what the same answer in one piece says`, () => {
      const chunks = framesOf(new TextEncoder().encode(exchange.response.sse), 0).map((frame) => JSON.parse(frame.data) as JsonObject)
      expect(foldMessage(readWhole(exchange, inOnePiece(chunks)))).toEqual(foldMessage(readStream(exchange)))
    })
  }

  for (const exchange of replies) {
    test(`${exchange.id} as a stream of one event gives the same events`, () => {
      expect(readFrames(exchange, [{ event: '', data: JSON.stringify(exchange.response.body) }])).toEqual(readWhole(exchange))
    })
  }
})

function inOnePiece(chunks: readonly JsonObject[]): JsonObject {
  const candidates = chunks.flatMap((chunk) => (asArray(chunk['candidates']) ?? []).filter(isObject))
  const parts = candidates.flatMap((candidate) => asArray(asObject(candidate['content'])?.['parts']) ?? [])
  return { ...chunks.at(-1), candidates: [{ ...candidates.at(-1), content: { role: 'model', parts } }] }
}

describeShared('every recorded error', () => {
  const expected: Readonly<Record<number, string>> = { 400: 'provider_bad_request', 404: 'provider_model_missing', 429: 'provider_rate_limited' }
  for (const exchange of exchanges.filter((one) => one.response.status !== 200)) {
    test(`${exchange.id} is a fault`, () => {
      const { status, headers, body } = exchange.response
      const fault = gemini.readFault(status, new Headers(headers), JSON.stringify(body), geminiEndpoint())
      expect(fault.code as string).toBe(expected[status] ?? '')
      expect(fault.message).toContain('Google AI Studio: ')
    })
  }
})

describeShared('every signature', () => {
  for (const exchange of good) {
    const signed = partsOf(exchange).filter((part) => typeof part['thoughtSignature'] === 'string')
    if (signed.length === 0) continue
    test(`${exchange.id} goes back on the part that it came on`, () => {
      const { finish, native, ...message } = foldMessage(exchange.response.sse === undefined ? readWhole(exchange) : readStream(exchange))
      if (native === 'UNEXPECTED_TOOL_CALL') return
      // The client keeps the message as JSON, and answers its calls.
      const kept = JSON.parse(JSON.stringify(message)) as Message
      const results = (kept.tool_calls ?? []).map((call): Message => ({ role: 'tool', tool_call_id: call.id, content: '{"ok":true}' }))
      const written = gemini.writeCall(geminiCall({ messages: [{ role: 'user', content: 'Hello' }, kept, ...results] }), geminiEndpoint(modelOf(exchange)))
      const body = JSON.parse(written.body) as { contents: { parts: Part[] }[] }
      expect(problemsOfGeminiRequest(body)).toEqual([])
      expect(written.warnings).toEqual([])
      const back = (body.contents[1]?.parts ?? []).filter((part) => part.thoughtSignature !== undefined)
      const say = (part: JsonObject): string => `${kindOf(part)} ${String(part['thoughtSignature'])}`
      expect(new Set(back.map(say))).toEqual(new Set(signed.map(say)))
      expect(finish).toBeString()
    })
  }
})

/** What a part is, by its data; whether its text is empty counts, too. */
function kindOf(part: JsonObject): string {
  const key = Object.keys(part).find((one) => one !== 'thoughtSignature' && one !== 'thought') ?? ''
  const data: Json | undefined = part[key]
  return key === 'text' ? (data === '' ? 'empty text' : 'text') : `${key} ${isObject(data) ? String(data['name'] ?? data['toolType'] ?? '') : ''}`
}

/** A part with settings of a video and no video: Google let it pass, we let nobody send it. */
const ODD = /video-as-binary-content-input-with-vendor-metadata$/

describeShared('every recorded request that Google took', () => {
  for (const exchange of good.filter((one) => one.request.body && !ODD.test(one.id))) {
    test(`${exchange.id} passes the judge of our own`, () => {
      expect(problemsOfGeminiRequest(camelCase(exchange.request.body ?? {}))).toEqual([])
    })
  }
})

/** The recorded requests use both of Google's spellings; ours is camelCase. What is the user's own stays as it is. */
function camelCase(value: Json, key = ''): Json {
  if (Array.isArray(value)) return value.map((item: Json) => camelCase(item, key))
  if (!isObject(value) || /^(args|response|parametersJsonSchema|responseJsonSchema|parameters|labels|fileSearch)$/.test(key)) return value
  const object: JsonObject = {}
  for (const [name, inner] of Object.entries(value)) {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    object[camel] = camelCase(camel === 'tools' && isObject(inner) ? [inner] : (inner ?? null), camel)
  }
  return object
}
