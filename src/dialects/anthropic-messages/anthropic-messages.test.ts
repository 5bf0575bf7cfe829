import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { describeShared } from '../../../test/shared.ts'
import { problemsOfAnthropicRequest } from '../../../test/wire/anthropic-request.ts'
import { callOf, endpointOf, eventsOf, fold, framesOf, recordings, replyOf } from '../../../test/wire/anthropic.ts'
import { anthropicMessages } from './anthropic-messages.ts'

const MODELS = ['claude-3-haiku-20240307', 'claude-sonnet-4-20250514', 'claude-opus-4-5', 'claude-sonnet-4-5', 'claude-opus-4-6', 'claude-opus-4-8', 'claude-opus-5', 'claude-fable-5', 'acme-1']

function writeBody(call: Call, upstreamId: string): JsonObject {
  // It was written as JSON of an object.
  return JSON.parse(anthropicMessages.writeCall(call, endpointOf(upstreamId)).body) as JsonObject
}

/** The same without what a fault of the client's explains. */
function writtenOrFault(call: Call, upstreamId: string): JsonObject | undefined {
  try {
    return writeBody(call, upstreamId)
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

describe('writeCall, whatever a valid chat body says', () => {
  const mark = fc.option(fc.oneof(fc.constant({ type: 'ephemeral' }), fc.constant({ type: 'ephemeral', ttl: '1h' }), fc.jsonValue({ maxDepth: 1 })), { nil: undefined })
  const words = fc.oneof(fc.constantFrom('', ' ', '\n', 'Hi'), fc.string({ maxLength: 8 }))
  const textPart = fc.record({ type: fc.constant('text'), text: words, cache_control: mark }, { requiredKeys: ['type', 'text'] })
  const part = fc.oneof({ weight: 4, arbitrary: textPart }, fc.constant({ type: 'image_url', image_url: { url: 'https://a/b.png' } }), fc.constant({ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }),
    fc.constant({ type: 'file', file: { file_data: 'data:text/plain,hi', filename: 'a.txt' } }), fc.record({ type: fc.string({ maxLength: 6 }) }), fc.constant({ type: 'refusal', refusal: 'No' }))
  const content = fc.oneof(words, fc.array(part, { maxLength: 4 }))
  const id = fc.constantFrom('a', 'b', 'call.1', '', 'é')
  const detail = fc.record({
    type: fc.constantFrom('reasoning.text', 'reasoning.encrypted', 'reasoning.summary', 'reasoning.server_tool_call'), format: fc.constantFrom('anthropic-claude-v1', 'google-gemini-v1', null),
    text: words, signature: fc.constantFrom('s', '', undefined, null), data: fc.constantFrom('d', 1), index: fc.nat(2), tool_name: fc.constantFrom('web_search', ''), tool_call_id: fc.constantFrom('s1', 's2'),
    arguments: fc.constantFrom('{}', 'x'), result: fc.constantFrom('', 'x', '{"type":"web_search_tool_result","tool_use_id":"s1","content":[]}'),
  }, { requiredKeys: ['type', 'format'] })
  const toolCall = fc.record({ id, type: fc.constant('function'), function: fc.record({ name: fc.constantFrom('f', 'g'), arguments: fc.oneof(fc.constantFrom('', '{}', 'null', '{"a":1}', '{"a"'), fc.json({ maxDepth: 2 })) }) })
  const name = fc.option(fc.constant('Ann'), { nil: undefined })
  const message = fc.oneof(
    fc.record({ role: fc.constantFrom('system', 'developer', 'user'), content, name }),
    fc.record({ role: fc.constant('assistant'), content: fc.oneof(content, fc.constant(null)), tool_calls: fc.array(toolCall, { maxLength: 3 }), reasoning_details: fc.array(detail, { maxLength: 4 }), cache_control: mark }, { requiredKeys: ['role', 'content'] }),
    fc.record({ role: fc.constant('tool'), tool_call_id: id, content, cache_control: mark }),
  )
  const tool = fc.record({ type: fc.constant('function'), function: fc.record({ name: fc.constantFrom('f', 'g', 'h'), description: words, parameters: fc.constantFrom(undefined, {}, { type: 'object', properties: {} }), strict: fc.boolean() }), cache_control: mark })
  const body = fc.record({
    messages: fc.array(message, { minLength: 1, maxLength: 8 }),
    stream: fc.boolean(), max_tokens: fc.constantFrom(1, 100, 1024, 1025, 5000, 1_000_000), temperature: fc.double({ min: 0, max: 2, noNaN: true }), top_p: fc.double({ min: 0.01, max: 1, noNaN: true }), top_k: fc.nat(50),
    stop: fc.oneof(words, fc.array(words, { maxLength: 4 })), tools: fc.uniqueArray(tool, { maxLength: 3, selector: (one) => one.function.name }), tool_choice: fc.constantFrom('auto', 'none', 'required', { type: 'function', function: { name: 'f' } }),
    parallel_tool_calls: fc.boolean(), response_format: fc.constantFrom({ type: 'text' }, { type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', properties: {} } } }),
    reasoning: fc.oneof(fc.record({ effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max') }), fc.record({ max_tokens: fc.constantFrom(1, 1024, 2000, 100_000) }), fc.record({ enabled: fc.boolean(), exclude: fc.boolean() })),
    verbosity: fc.constantFrom('low', 'medium', 'high'), user: words, seed: fc.nat(), n: fc.constantFrom(1, 2), cache_control: mark,
  }, { requiredKeys: ['messages'] })

  test('is a valid request or a Fault, for every generation', () => {
    fc.assert(fc.property(body, fc.constantFrom(...MODELS), (chat, model) => {
      let call: Call
      try {
        // fast-check's records are JSON once they have been said as JSON.
        call = callOf(JSON.parse(JSON.stringify(chat)) as JsonObject)
      } catch (error) {
        // What the chat endpoint refuses never comes here.
        if (error instanceof Fault) return
        throw error
      }
      const written = writtenOrFault(call, model)
      if (written) expect(problemsOfAnthropicRequest(written)).toEqual([])
    }), { numRuns: 1_500 })
  })

  test('throws nothing but a Fault, whatever stands in fields that nobody checks', () => {
    const field = fc.constantFrom('thinking', 'output_config', 'context_management', 'container', 'mcp_servers', 'metadata', 'service_tier', 'speed', 'tools', 'tool_choice', 'response_format', 'cache_control', '__proto__', 'made_up')
    fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), fc.constantFrom(...MODELS), (more, model) => {
      const call = callOf({ messages: [{ role: 'user', content: 'x' }] })
      // Past the reader's checks on purpose.
      writtenOrFault({ ...call, body: { ...call.body, ...(more as JsonObject) } }, model)
    }), { numRuns: 500 })
  })
})

describeShared('round trip', () => {
  const recorded = recordings().filter((one) => one.response.status === 200 && one.name !== 'spliced-message-start-stream')

  /** Blocks of a recorded answer that must come back as they were, in order. */
  function opaqueOf(answer: { readonly body?: JsonObject; readonly sse?: string }): Json[] {
    if (answer.body) return (answer.body['content'] as Json[]).filter(isOpaque)
    const blocks: JsonObject[] = []
    for (const frame of framesOf(answer.sse ?? '')) {
      const event = JSON.parse(frame.data) as { type: string; index: number; content_block: JsonObject; delta: JsonObject }
      const block = blocks[event.index]
      if (event.type === 'content_block_start') blocks[event.index] = { ...event.content_block }
      else if (event.type === 'content_block_delta' && block) for (const key of ['thinking', 'signature'] as const) if (event.delta[key] !== undefined) block[key] = String(block[key] ?? '') + String(event.delta[key])
    }
    return blocks.filter(isOpaque)
  }

  function isOpaque(block: Json | undefined): boolean {
    return isObject(block) && ((block['type'] === 'thinking' && Boolean(block['signature'])) || block['type'] === 'redacted_thinking')
  }

  test('gives thinking blocks back byte for byte, streamed or not, by way of a client', () => {
    let seen = 0
    for (const one of recorded) {
      const { message } = fold(one.response.sse === undefined ? replyOf(one.response.body ?? {}) : eventsOf(framesOf(one.response.sse)))
      const opaque = opaqueOf(one.response)
      seen += opaque.length
      const results = (message.tool_calls ?? []).map((call) => ({ role: 'tool', tool_call_id: call.id, content: 'ok' }))
      // The client keeps the message as JSON and sends it with its next question.
      const chat = JSON.parse(JSON.stringify({ messages: [{ role: 'user', content: 'q' }, message, ...results, { role: 'user', content: 'and?' }] })) as JsonObject
      const written = writeBody(callOf(chat), 'claude-sonnet-4-5')
      const [, assistant] = written['messages'] as { role: string; content: JsonObject[] }[]
      expect({ name: one.name, opaque: assistant?.role === 'assistant' ? assistant.content.filter(isOpaque) : [] }).toEqual({ name: one.name, opaque: opaque as JsonObject[] })
      expect([one.name, problemsOfAnthropicRequest(written)]).toEqual([one.name, []])
    }
    expect(seen).toBeGreaterThan(25)
  })

  test('gives server tool calls and their results back as they were', () => {
    for (const one of recorded.filter((recording) => recording.response.body)) {
      const content = one.response.body?.['content'] as JsonObject[]
      const answered = new Set(content.map((block) => block['tool_use_id']))
      const own = (block: JsonObject): boolean => (/^(?:server|mcp)_tool_use$/.test(String(block['type'])) && answered.has(block['id'])) || String(block['type']).endsWith('_tool_result')
      const { message } = fold(replyOf(one.response.body ?? {}))
      const results = (message.tool_calls ?? []).map((call) => ({ role: 'tool', tool_call_id: call.id, content: 'ok' }))
      const chat = JSON.parse(JSON.stringify({ messages: [{ role: 'user', content: 'q' }, message, ...results, { role: 'user', content: 'and?' }] })) as JsonObject
      const [, assistant] = writeBody(callOf(chat), 'claude-sonnet-4-5')['messages'] as { content: JsonObject[] }[]
      const byId = (block: JsonObject): string => `${String(block['tool_use_id'] ?? block['id'])} ${String(block['type'])}`
      const sorted = (blocks: readonly JsonObject[]): JsonObject[] => blocks.filter(own).toSorted((a, b) => byId(a).localeCompare(byId(b)))
      expect([one.name, sorted(assistant?.content ?? [])]).toEqual([one.name, sorted(content)])
    }
  })
})
