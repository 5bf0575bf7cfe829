import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import { problemsOfGeminiRequest } from '../../../test/wire/gemini-request.ts'
import type { ChatBody, Message, Part, ReasoningWish, ToolCall } from '../../core/call.ts'
import type { Event, ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import { gemini } from './gemini.ts'

const endpoints = ['gemini-2.0-flash', 'gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-3-flash-preview', 'gemini-3-pro-preview', 'gemma-3-27b-it', 'mine'].map((id) => geminiEndpoint(id))
const endpoint = fc.constantFrom(...endpoints)
// What JSON.parse gives: jsonValue makes no __proto__ and no -0 that would not come back.
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
const word = fc.string({ minLength: 1, maxLength: 8 })
const toolName = fc.constantFrom('get_weather', 'get_time', 'f')
const url = fc.oneof(fc.constantFrom('data:image/png;base64,AAAA', 'https://a.example/b.png', 'https://youtu.be/x', 'gs://b/c.mp4', 'data:text/plain,h%C3%A9'), fc.string())

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.string() }),
  fc.record({ type: fc.constant('image_url'), image_url: fc.oneof(fc.record({ url }), url, json) }),
  fc.record({ type: fc.constant('video_url'), video_url: fc.oneof(fc.record({ url }), json) }),
  fc.record({ type: fc.constant('file'), file: fc.oneof(fc.record({ file_data: url, filename: fc.string() }), json) }),
  fc.record({ type: fc.constant('input_audio'), input_audio: fc.oneof(fc.record({ data: fc.constant('AAAA'), format: fc.constantFrom('wav', 'mp3', 'constructor') }), json) }),
  fc.record({ type: fc.string(), text: json }),
)
const content = fc.oneof(fc.string(), fc.array(part, { maxLength: 3 }), fc.constant(null))
const toolCall: fc.Arbitrary<ToolCall> = fc.record({ id: fc.oneof(word, fc.constant('call_a')), type: fc.constant('function' as const), function: fc.record({ name: toolName, arguments: fc.oneof(fc.string(), fc.json({ maxDepth: 2 })) }) })
const detail = fc.record({ type: fc.constantFrom('reasoning.text', 'reasoning.encrypted', 'reasoning.summary', 'reasoning.server_tool_call'), format: fc.constantFrom('google-gemini-v1', 'anthropic-claude-v1', null), id: fc.oneof(word, fc.constantFrom('call_a', 'r/empty', 'r/image/0', null)), text: json, data: json, signature: json, tool_name: json, arguments: json, result: json }) as fc.Arbitrary<ReasoningDetail>
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function'), content, name: word, tool_calls: fc.array(toolCall, { maxLength: 3 }), tool_call_id: fc.constantFrom('call_a', 'b'),
  reasoning_details: fc.array(detail, { maxLength: 3 }), images: json, refusal: fc.string(), function_call: json,
}, { requiredKeys: ['role', 'content'] }) as fc.Arbitrary<Message>
const reasoning: fc.Arbitrary<Partial<ReasoningWish>> = fc.record({ enabled: fc.boolean(), effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'), maxTokens: fc.nat(), exclude: fc.boolean() }, { requiredKeys: ['exclude'] })
const body = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 6 }), temperature: fc.double({ min: 0, max: 2, noNaN: true }), top_k: fc.nat(), seed: fc.integer(), stop: json, tools: fc.array(fc.oneof(fc.record({ type: fc.constant('function'), function: fc.record({ name: toolName, parameters: json }) }), fc.dictionary(word, json)), { maxLength: 3 }),
  tool_choice: json, response_format: fc.record({ type: fc.constantFrom('json_schema', 'json_object', 'text', 'grammar'), json_schema: json }), modalities: json, audio: json, image_config: json, logprobs: fc.boolean(), top_logprobs: fc.nat(20), generationConfig: json, toolConfig: json, constructor: json, toString: json,
}, { requiredKeys: ['messages'] }) as fc.Arbitrary<Partial<ChatBody>>

describe('writeCall', () => {
  test('throws nothing but a Fault, whatever the call says', () => {
    fc.assert(fc.property(body, endpoint, reasoning, fc.boolean(), (chat, target, wish, stream) => {
      try {
        expect(JSON.parse(gemini.writeCall(geminiCall(chat, { reasoning: wish, stream }), target).body)).toBeObject()
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 400 })
  })

  test('writes what Google takes, for any conversation that is in order', () => {
    fc.assert(fc.property(conversation, endpoint, (messages, target) => {
      const written = gemini.writeCall(geminiCall({ messages, tools: [{ type: 'function', function: { name: 'f' } }] }), target)
      expect(problemsOfGeminiRequest(JSON.parse(written.body))).toEqual([])
    }), { numRuns: 300 })
  })

  test('puts results in the order of their calls, also where a later turn uses the same ids', () => {
    const calls = [{ id: 'call_1', type: 'function' as const, function: { name: 'f', arguments: '{}' } }, { id: '00000000', type: 'function' as const, function: { name: 'f', arguments: '{}' } }]
    const result = (id: string): Message => ({ role: 'tool', tool_call_id: id, content: id })
    const messages: Message[] = [{ role: 'assistant', content: '', tool_calls: calls }, result('call_1'), result('00000000'), { role: 'assistant', content: '', tool_calls: calls }, result('00000000'), result('call_1')]
    fc.assert(fc.property(endpoint, (target) => {
      expect(problemsOfGeminiRequest(JSON.parse(gemini.writeCall(geminiCall({ messages }), target).body))).toEqual([])
    }), { numRuns: 20 })
  })

  test('says the same call in the same bytes', () => {
    fc.assert(fc.property(conversation, endpoint, (messages, target) => {
      expect(gemini.writeCall(geminiCall({ messages }), target)).toEqual(gemini.writeCall(geminiCall(structuredClone({ messages })), target))
    }), { numRuns: 50 })
  })
})

const text = fc.string()
const said: fc.Arbitrary<Message[]> = fc.oneof(
  fc.record({ role: fc.constant('user' as const), content: text }).map((one) => [one]),
  fc.record({ role: fc.constant('assistant' as const), content: text }).map((one) => [one]),
  // A turn that calls, and its results in any order.
  fc.tuple(text, fc.uniqueArray(fc.oneof(fc.nat(0xffffffff).map((n) => n.toString(16).padStart(8, '0')), fc.nat(999).map((n) => `call_${n}`)), { minLength: 1, maxLength: 4 }), fc.boolean(), fc.infiniteStream(fc.oneof(text, fc.json()))).map(([words, ids, reversed, outputs]) => {
    const calls = ids.map((id): ToolCall => ({ id, type: 'function', function: { name: `f${id.length}`, arguments: '{"a":1}' } }))
    const results = ids.map((id): Message => ({ role: 'tool', tool_call_id: id, content: outputs.next().value ?? '' }))
    return [{ role: 'assistant', content: words, tool_calls: calls } satisfies Message, ...(reversed ? results.toReversed() : results)]
  }),
)
const conversation: fc.Arbitrary<Message[]> = fc.array(said, { minLength: 1, maxLength: 6 }).map((turns) => turns.flat())

const KEYS = [
  'candidates', 'content', 'parts', 'text', 'thought', 'thoughtSignature', 'functionCall', 'name', 'args', 'id', 'partialArgs', 'willContinue', 'jsonPath', 'stringValue', 'numberValue', 'inlineData', 'mimeType', 'data', 'executableCode', 'codeExecutionResult',
  'toolCall', 'toolResponse', 'finishReason', 'finishMessage', 'index', 'groundingMetadata', 'groundingChunks', 'groundingSupports', 'segment', 'startIndex', 'endIndex', 'groundingChunkIndices', 'web', 'uri', 'logprobsResult', 'chosenCandidates', 'topCandidates',
  'usageMetadata', 'promptTokenCount', 'candidatesTokenCount', 'promptTokensDetails', 'promptFeedback', 'blockReason', 'error', 'responseId',
] as const
const { node } = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof({ maxDepth: 7, depthSize: 'large' }, fc.oneof(fc.constantFrom('STOP', 'constructor', '$.a', '$.a[0].b', 'f', ''), fc.string(), fc.integer({ min: -5, max: 50 }), fc.boolean(), fc.constant(null)), fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5 })),
}))

/** A chunk with the outline of one, and anything in it. */
const chunk: fc.Arbitrary<Json> = fc.oneof(node, fc.record({ candidates: fc.array(fc.record({ content: fc.record({ parts: fc.array(fc.dictionary(fc.constantFrom(...KEYS), node, { maxKeys: 4 }), { maxLength: 4 }) }), finishReason: fc.oneof(node, fc.constantFrom('STOP', 'UNEXPECTED_TOOL_CALL', 'SAFETY')), groundingMetadata: node, logprobsResult: node }, { requiredKeys: [] }), { maxLength: 3 }), usageMetadata: node }, { requiredKeys: [] }))

describe('the reader', () => {
  test('throws nothing but a Fault, ends every stream, and says nothing after a fault', () => {
    fc.assert(fc.property(fc.array(fc.oneof(chunk.map((one) => JSON.stringify(one)), fc.string()), { maxLength: 5 }), (frames) => {
      const reader = gemini.streamReader(geminiCall({}), endpoints[1] ?? geminiEndpoint(), false)
      const out: Event[] = []
      for (const data of frames) reader.read({ event: '', data }, out)
      reader.end(out)
      const fault = out.findIndex((event) => event.type === 'fault')
      expect(fault === -1 || fault === out.length - 1).toBe(true)
      expect(fault !== -1 || out.some((event) => event.type === 'finish')).toBe(true)
    }), { numRuns: 1_000 })
  })

  test('reads any reply, or throws a Fault', () => {
    fc.assert(fc.property(chunk.filter(isObject), (reply) => {
      try {
        expect(gemini.readReply(geminiCall({}), geminiEndpoint(), reply, false).at(-1)?.type).toBe('finish')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 500 })
  })

  test('makes a Fault of any error', () => {
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), node.map((one) => JSON.stringify({ error: one })), fc.record({ error: fc.record({ code: json, message: json, status: json, details: json }) }).map((one) => JSON.stringify(one))), (status, error) => {
      expect(gemini.readFault(status, new Headers(), error, geminiEndpoint())).toBeInstanceOf(Fault)
    }), { numRuns: 300 })
  })
})
