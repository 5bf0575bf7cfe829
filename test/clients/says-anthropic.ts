import { isObject, type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'
import { problemsOfAnthropicRequest } from '../wire/anthropic-request.ts'
import { BILLED, piecesOf, type Heard, type Speech, type Turn } from './turn.ts'

const INPUT = { input_tokens: BILLED.prompt - BILLED.cached, cache_read_input_tokens: BILLED.cached, cache_creation_input_tokens: 0 }
const FAULT_TYPES: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 429: 'rate_limit_error' }
const HEAD = { id: 'msg_scripted', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929', stop_sequence: null }

/** Anthropic Messages. */
export const saysAnthropic: Speech = {
  isStream: (_url, body) => body['stream'] === true,
  reply: (turn) => ({ ...HEAD, content: blocksOf(turn), stop_reason: stopOf(turn), usage: { ...INPUT, output_tokens: BILLED.completion, output_tokens_details: { thinking_tokens: BILLED.reasoning } } }),
  frames: (turn) => [
    frame('message_start', { message: { ...HEAD, content: [], stop_reason: null, usage: { ...INPUT, output_tokens: 1 } } }),
    ...blocksOf(turn).flatMap(blockFrames),
    ...(turn.ends ? [] : [
      frame('message_delta', { delta: { stop_reason: stopOf(turn), stop_sequence: null }, usage: { output_tokens: BILLED.completion, output_tokens_details: { thinking_tokens: BILLED.reasoning } } }),
      frame('message_stop', {}),
    ]),
  ],
  faultFrame: (message) => frame('error', { error: { type: 'api_error', message } }),
  faultBody: (status, message) => ({ type: 'error', error: { type: FAULT_TYPES[status] ?? 'api_error', message } }),
  hear,
  problems: problemsOfAnthropicRequest,
}

function stopOf(turn: Turn): string {
  return turn.calls ? 'tool_use' : 'end_turn'
}

function blocksOf({ thinking, text, calls }: Turn): JsonObject[] {
  return [
    ...(thinking ? [{ type: 'thinking', thinking: thinking.text, signature: thinking.signature }] : []),
    ...(text === undefined ? [] : [{ type: 'text', text }]),
    ...(calls ?? []).map((call) => ({ type: 'tool_use', id: call.id, name: call.name, input: call.arguments })),
  ]
}

function blockFrames(block: JsonObject, index: number): string[] {
  const { start, deltas } = partsOf(block)
  return [
    frame('content_block_start', { index, content_block: start }),
    ...deltas.map((delta) => frame('content_block_delta', { index, delta })),
    frame('content_block_stop', { index }),
  ]
}

function partsOf(block: JsonObject): { start: JsonObject; deltas: JsonObject[] } {
  if (block['type'] === 'tool_use') {
    return { start: { ...block, input: {} }, deltas: ['', ...piecesOf(JSON.stringify(block['input']))].map((piece) => ({ type: 'input_json_delta', partial_json: piece })) }
  }
  if (block['type'] === 'text') return { start: { type: 'text', text: '' }, deltas: piecesOf(textOf(block['text'])).map((text) => ({ type: 'text_delta', text })) }
  const thoughts = piecesOf(textOf(block['thinking'])).map((thinking): JsonObject => ({ type: 'thinking_delta', thinking }))
  return { start: { type: 'thinking', thinking: '', signature: '' }, deltas: [...thoughts, { type: 'signature_delta', signature: block['signature'] }] }
}

function frame(type: string, data: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}

function hear(body: JsonObject): Heard {
  const blocks = listOf(body['messages']).flatMap((message) => (Array.isArray(message['content']) ? listOf(message['content']) : []))
  const ofType = (type: string): JsonObject[] => blocks.filter((block) => block['type'] === type)
  return {
    signatures: ofType('thinking').map((block) => textOf(block['signature'])),
    thoughts: ofType('thinking').map((block) => textOf(block['thinking'])),
    calls: ofType('tool_use').map((block) => ({ name: textOf(block['name']), arguments: block['input'] })),
    results: ofType('tool_result').map((block) => (typeof block['content'] === 'string' ? block['content'] : listOf(block['content']).map((part) => textOf(part['text'])).join(''))),
    files: [...ofType('image'), ...ofType('document')].map((block) => textOf(objectOf(block['source'])['data'])),
    schema: objectOf(objectOf(body['output_config'])['format'])['schema'],
    tools: listOf(body['tools']).map((tool) => textOf(tool['name'])),
    thinks: isObject(body['thinking']) && body['thinking']['type'] !== 'disabled',
  }
}
