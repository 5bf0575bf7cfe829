import fc from 'fast-check'
import type { ChatBody, Message, Part, ReasoningWish, ToolCall } from '../../src/core/call.ts'
import type { ReasoningDetail } from '../../src/core/event.ts'
import type { Json } from '../../src/core/json.ts'

// What JSON.parse gives: jsonValue makes no __proto__ and no -0 that would not come back.
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
const word = fc.string({ minLength: 1, maxLength: 8 })
const toolName = fc.constantFrom('get_weather', 'get_time', 'f')
const url = fc.oneof(fc.constantFrom('data:image/png;base64,AAAA', 'https://a.example/b.png', 's3://b/c.mp4', 'gs://b/c.mp4', 'data:text/plain,h%C3%A9', 'data:application/pdf;base64,JVBERi0='), fc.string())

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.string() }),
  fc.record({ type: fc.constant('image_url'), image_url: fc.oneof(fc.record({ url }), url, json) }),
  fc.record({ type: fc.constant('video_url'), video_url: fc.oneof(fc.record({ url }), json) }),
  fc.record({ type: fc.constant('file'), file: fc.oneof(fc.record({ file_data: url, filename: fc.string() }), json) }),
  fc.record({ type: fc.constant('input_audio'), input_audio: fc.oneof(fc.record({ data: fc.constant('AAAA'), format: fc.constantFrom('wav', 'mp3', 'constructor') }), json) }),
  fc.record({ type: fc.string(), text: json, cache_control: json }),
)
const content = fc.oneof(fc.string(), fc.array(part, { maxLength: 3 }), fc.constant(null))
const toolCall: fc.Arbitrary<ToolCall> = fc.record({ id: fc.oneof(word, fc.constant('call_a')), type: fc.constant('function' as const), function: fc.record({ name: toolName, arguments: fc.oneof(fc.string(), fc.json({ maxDepth: 2 })) }) })
const detail = fc.record({ type: fc.constantFrom('reasoning.text', 'reasoning.encrypted', 'reasoning.summary', 'reasoning.server_tool_call'), format: fc.constantFrom('google-gemini-v1', 'anthropic-claude-v1', 'unknown', null), id: fc.oneof(word, fc.constant(null)), index: fc.nat(2), text: json, data: json, signature: json, tool_name: json, tool_call_id: json, arguments: json, result: fc.oneof(json, fc.constant('{"toolUseId":"x"}')) }) as fc.Arbitrary<ReasoningDetail>
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function'), content, name: word, tool_calls: fc.array(toolCall, { maxLength: 3 }), tool_call_id: fc.constantFrom('call_a', 'b'),
  reasoning_details: fc.array(detail, { maxLength: 3 }), refusal: fc.string(), function_call: json, cache_control: json,
}, { requiredKeys: ['role', 'content'] }) as fc.Arbitrary<Message>

/** A wish to reason, of any kind. */
export const anyReasoning: fc.Arbitrary<Partial<ReasoningWish>> = fc.record({ enabled: fc.boolean(), effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'), maxTokens: fc.nat(), exclude: fc.boolean() }, { requiredKeys: ['exclude'] })

/** A body that our reader may have let through, with anything where it looks no deeper. */
export const anyBody = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 6 }), temperature: fc.double({ min: 0, max: 2, noNaN: true }), top_p: fc.double({ min: 0, max: 1, noNaN: true }), top_k: fc.nat(), seed: fc.integer(), stop: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 7 })),
  tools: fc.array(fc.oneof(fc.record({ type: fc.constant('function'), function: fc.record({ name: toolName, parameters: json, strict: fc.boolean() }) }), fc.dictionary(word, json)), { maxLength: 3 }),
  tool_choice: fc.oneof(json, fc.constantFrom('auto', 'none', 'required')), parallel_tool_calls: fc.boolean(), response_format: fc.record({ type: fc.constantFrom('json_schema', 'json_object', 'text', 'grammar'), json_schema: json }),
  logprobs: fc.boolean(), top_logprobs: fc.nat(20), frequency_penalty: fc.double({ min: -2, max: 2, noNaN: true }), thinking: json, documents: json, guardrailConfig: json, additionalModelRequestFields: json, cache_control: json, service_tier: json, verbosity: fc.constantFrom('low', 'medium', 'high'), constructor: json, toString: json,
}, { requiredKeys: ['messages'] }) as fc.Arbitrary<Partial<ChatBody>>

const text = fc.string()
const said: fc.Arbitrary<Message[]> = fc.oneof(
  fc.record({ role: fc.constant('user' as const), content: text }).map((one) => [one]),
  fc.record({ role: fc.constant('system' as const), content: text }).map((one) => [one]),
  fc.record({ role: fc.constant('assistant' as const), content: text }).map((one) => [one]),
  // A turn that calls, and its results in any order.
  fc.tuple(text, fc.uniqueArray(fc.oneof(fc.nat(0xffffffff).map((n) => n.toString(16).padStart(8, '0')), fc.nat(999).map((n) => `call.${n}`)), { minLength: 1, maxLength: 4 }), fc.boolean(), fc.infiniteStream(fc.oneof(text, fc.json()))).map(([words, ids, reversed, outputs]) => {
    const calls = ids.map((id): ToolCall => ({ id, type: 'function', function: { name: `f${id.length}`, arguments: '{"a":1}' } }))
    const results = ids.map((id): Message => ({ role: 'tool', tool_call_id: id, content: outputs.next().value ?? '' }))
    return [{ role: 'assistant', content: words, tool_calls: calls } satisfies Message, ...(reversed ? results.toReversed() : results)]
  }),
)

/** A conversation that is in order: whoever calls tools gets all their results at once. */
export const conversation: fc.Arbitrary<Message[]> = fc.array(said, { minLength: 1, maxLength: 6 }).map((turns) => turns.flat())

/** Any JSON whose keys are those of a dialect. */
export function nodeOf(keys: readonly string[]): fc.Arbitrary<Json> {
  const { node } = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof({ maxDepth: 7, depthSize: 'large' }, fc.oneof(fc.constantFrom('constructor', 'f', ''), fc.string(), fc.integer({ min: -5, max: 50 }), fc.boolean(), fc.constant(null)), fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...keys), tie('node'), { maxKeys: 5 })),
  }))
  return node
}
