import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Call, CallHeaders } from '../../src/core/call.ts'
import type { Event } from '../../src/core/event.ts'
import type { Fault } from '../../src/core/fault.ts'
import { asString, isObject, type JsonObject } from '../../src/core/json.ts'
import type { Usage } from '../../src/core/usage.ts'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/anthropic-messages.ts'
import { readCall } from '../../src/dialects/openai-chat/call-read.ts'
import type { SseFrame } from '../../src/dialects/dialect.ts'
import { SseParser, type Frame } from '../../src/lib/sse.ts'
import { hasShared, sharedPath } from '../shared.ts'

/** An endpoint at Anthropic, of the model by that id. */
export function endpointOf(upstreamId = 'claude-sonnet-4-5', more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `anthropic/${upstreamId}@anthropic`, modelId: `anthropic/${upstreamId}`, tag: 'anthropic', upstreamId,
    provider: {
      slug: 'anthropic', name: 'Anthropic', baseUrl: 'http://127.0.0.1:1', dialect: 'anthropic-messages', auth: 'x-api-key', env: [], quirks: new Set(), headers: {},
      retainsPrompts: true, mayTrain: false,
    },
    price: { state: 'free', prompt: 0n, completion: 0n }, contextMax: 200_000, outputMax: 64_000, parameters: null, inputs: null, outputs: new Set(['text']),
    quantization: 'unknown', deprecated: false, ...more,
  }
}

/** A call as the chat endpoint reads it. */
export function callOf(body: JsonObject, headers: CallHeaders = {}): Call {
  return readCall({ model: 'anthropic/claude', ...body }, { id: 'gen-1-test', createdMs: 0, headers, bodyBytes: JSON.stringify(body).length })
}

/** A recorded or constructed exchange, as far as the tests here need it. */
export interface Recording {
  readonly name: string
  readonly features: readonly string[]
  readonly request: { readonly body: JsonObject | null }
  readonly response: { readonly status: number; readonly body?: JsonObject; readonly sse?: string }
}

/** All exchanges of this dialect below `corpus/dev` and `corpus/constructed`; none where the shared folder is absent. */
export function recordings(): readonly Recording[] {
  if (!hasShared) return []
  return ['dev', 'constructed'].flatMap((kind) => {
    const folder = sharedPath('corpus', kind, 'anthropic.messages')
    // The corpus's README says what is in these files.
    return readdirSync(folder).toSorted().map((file) => ({ ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording), name: file.replace(/^anthropic--|\.json$/g, '') }))
  })
}

/** The frames of a stream that comes in pieces of `size` bytes. */
export function framesOf(sse: string, size = Number.MAX_SAFE_INTEGER): Frame[] {
  const bytes = new TextEncoder().encode(sse)
  const parser = new SseParser(10_000_000)
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size), frames)
  parser.end(frames)
  return frames
}

/** What our reader makes of a stream, closed by the provider at its end. */
export function eventsOf(frames: readonly SseFrame[], endpoint = endpointOf()): Event[] {
  const out: Event[] = []
  const reader = anthropicMessages.streamReader(callOf({ messages: [{ role: 'user', content: 'x' }] }), endpoint, false)
  for (const frame of frames) reader.read(frame, out)
  reader.end(out)
  return out
}

/** What our reader makes of a reply that is not streamed. */
export function replyOf(body: JsonObject, endpoint = endpointOf()): Event[] {
  return anthropicMessages.readReply(callOf({ messages: [{ role: 'user', content: 'x' }] }), endpoint, body, false)
}

/** An answer with its deltas joined, as a client that streams has it in the end. */
export interface Folded {
  readonly message: { role: 'assistant'; content: string; refusal?: string; reasoning_details?: JsonObject[]; tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]; [field: string]: unknown }
  readonly annotations: readonly JsonObject[]
  readonly finish?: { readonly reason: string; readonly native: string | null }
  readonly usage?: Usage
  readonly fault?: Fault
}

/** Joins an answer's Events by the rules of `core/event.ts`. */
export function fold(events: readonly Event[]): Folded {
  const message: Folded['message'] = { role: 'assistant', content: '' }
  const annotations: JsonObject[] = []
  let rest: Pick<Folded, 'finish' | 'usage' | 'fault'> = {}
  for (const event of events) {
    if (event.type === 'text') message.content += event.text
    else if (event.type === 'refusal') message.refusal = (message.refusal ?? '') + event.text
    else if (event.type === 'reasoning') addDetail(message.reasoning_details ??= [], event.detail)
    else if (event.type === 'tool') addTool(message.tool_calls ??= [], event)
    else if (event.type === 'annotation') annotations.push(event.annotation)
    else if (event.type === 'extra') message[event.field] = event.value
    else if (event.type === 'finish') rest = { ...rest, finish: { reason: event.reason, native: event.native } }
    else if (event.type === 'usage') rest = { ...rest, usage: event.usage }
    else if (event.type === 'fault') rest = { ...rest, fault: event.fault }
  }
  return { message, annotations, ...rest }
}

function addDetail(details: JsonObject[], piece: JsonObject): void {
  const known = details.find((detail) => detail['index'] === piece['index'])
  if (!known) details.push({ ...piece })
  else for (const [key, value] of Object.entries(piece)) known[key] = key === 'text' ? (asString(known['text']) ?? '') + (asString(value) ?? '') : value
}

function addTool(calls: NonNullable<Folded['message']['tool_calls']>, event: Extract<Event, { type: 'tool' }>): void {
  const call = (calls[event.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } })
  call.id ||= event.id ?? ''
  call.function.name ||= event.name ?? ''
  call.function.arguments += event.arguments
}

/** A whole message as the stream that Anthropic would send of it, its texts cut in pieces. */
export function streamOf(message: JsonObject): SseFrame[] {
  const { content, stop_reason: reason, stop_sequence: sequence, stop_details: details, container, context_management: management, usage, ...head } = message
  const frames: JsonObject[] = [{ type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...(isObject(usage) ? usage : {}), output_tokens: 1, iterations: null, output_tokens_details: null } } }]
  if (Array.isArray(content)) content.forEach((block: unknown, index) => { if (isObject(block)) frames.push(...framesOfBlock(block, index)) })
  frames.push({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: sequence, stop_details: details, container }, usage, context_management: management })
  frames.push({ type: 'message_stop' })
  return frames.map((frame) => ({ event: String(frame['type']), data: JSON.stringify(frame) }))
}

function framesOfBlock(block: JsonObject, index: number): JsonObject[] {
  const { start, deltas } = cutBlock(block)
  return [{ type: 'content_block_start', index, content_block: start }, ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }]
}

function cutBlock(block: JsonObject): { readonly start: JsonObject; readonly deltas: readonly JsonObject[] } {
  switch (block['type']) {
    case 'text': {
      const citations = Array.isArray(block['citations']) ? block['citations'].map((citation) => ({ type: 'citations_delta', citation })) : []
      return { start: { type: 'text', text: '' }, deltas: [...citations, ...pieces(block['text']).map((text) => ({ type: 'text_delta', text }))] }
    }
    case 'thinking': {
      const signature = block['signature'] === undefined ? [] : [{ type: 'signature_delta', signature: block['signature'] }]
      return { start: { type: 'thinking', thinking: '', signature: '' }, deltas: [...pieces(block['thinking']).map((thinking) => ({ type: 'thinking_delta', thinking })), ...signature] }
    }
    case 'tool_use': case 'server_tool_use': case 'mcp_tool_use': {
      const json = isObject(block['input']) && Object.keys(block['input']).length > 0 ? JSON.stringify(block['input']) : ''
      return { start: { ...block, input: {} }, deltas: ['', ...pieces(json)].map((partial_json) => ({ type: 'input_json_delta', partial_json })) }
    }
    default: return { start: block, deltas: [] }
  }
}

function pieces(text: unknown): string[] {
  return typeof text === 'string' ? (text.match(/[\s\S]{1,17}/g) ?? []) : []
}
