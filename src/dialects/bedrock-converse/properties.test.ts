import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bedrockEndpoint } from '../../../test/wire/bedrock-call.ts'
import { anyBody, anyReasoning, conversation, nodeOf } from '../../../test/wire/chat-arbitraries.ts'
import { problemsOfConverseRequest } from '../../../test/wire/converse-request.ts'
import { foldMessage, geminiCall } from '../../../test/wire/gemini-call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'
import { bedrockConverse } from './bedrock-converse.ts'

const ids = ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-opus-5', 'us.amazon.nova-pro-v1:0', 'mistral.pixtral-large-2502-v1:0', 'us.meta.llama4-maverick-17b-instruct-v1:0', 'openai.gpt-oss-120b-1:0', 'qwen.qwen3-32b-v1:0', 'mine']
const endpoint = fc.constantFrom(...ids.map((id) => bedrockEndpoint(id)))
const TOOLS = [{ type: 'function', function: { name: 'f8' } }]

describe('writeCall', () => {
  test('throws nothing but a Fault, whatever the call says', () => {
    fc.assert(fc.property(anyBody, endpoint, anyReasoning, fc.boolean(), (chat, target, wish, stream) => {
      try {
        expect(JSON.parse(bedrockConverse.writeCall(geminiCall(chat, { reasoning: wish, stream }), target).body)).toBeObject()
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 400 })
  })

  test('writes what Bedrock takes, for any conversation that is in order, with tools and without', () => {
    fc.assert(fc.property(conversation, endpoint, fc.boolean(), anyReasoning, (messages, target, hasTools, reasoning) => {
      const written = bedrockConverse.writeCall(geminiCall({ messages, ...(hasTools ? { tools: TOOLS } : {}) }, { reasoning: { ...reasoning, enabled: reasoning.enabled ?? true } }), target)
      expect(problemsOfConverseRequest(JSON.parse(written.body), target.upstreamId)).toEqual([])
    }), { numRuns: 400 })
  })
})

/** An answer as Converse gives it, block by block. */
const block = fc.oneof(
  fc.record({ text: fc.string({ unit: 'grapheme', minLength: 1 }) }),
  fc.record({ reasoningContent: fc.record({ reasoningText: fc.record({ text: fc.string({ minLength: 1 }), signature: fc.stringMatching(/^[A-Za-z0-9+/]{4,20}$/) }) }) }),
  fc.record({ toolUse: fc.record({ toolUseId: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/), name: fc.constantFrom('f', 'g'), input: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean())) }) }),
)
const blocks = fc.uniqueArray(block, { minLength: 1, maxLength: 6, selector: (one) => ('toolUse' in one ? one.toolUse.toolUseId : one) })

describe('read after write', () => {
  test('is identity: an answer that is read and sent back is said as it came', () => {
    fc.assert(fc.property(blocks, (content) => {
      const target = bedrockEndpoint()
      const message = foldMessage(bedrockConverse.readReply(geminiCall({}), target, { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn' }, false))
      const results = (message.tool_calls ?? []).map((call) => ({ role: 'tool' as const, tool_call_id: call.id, content: 'ok' }))
      const { body } = bedrockConverse.writeCall(geminiCall({ messages: [{ role: 'user', content: 'Hi' }, message, ...results, { role: 'user', content: 'Go on' }], tools: [{ type: 'function', function: { name: 'f' } }] }), target)
      const turns: unknown = JSON.parse(body)
      const said = isObject(turns) && Array.isArray(turns['messages']) ? turns['messages'].find((turn) => isObject(turn) && turn['role'] === 'assistant') : undefined
      const speaks = content.some((one) => ('text' in one ? one.text.trim() !== '' : 'toolUse' in one))
      if (speaks) expect(sorted(isObject(said) ? said['content'] : [])).toEqual(sorted(content))
    }), { numRuns: 300 })
  })

  test('a stream says what its reply would', () => {
    fc.assert(fc.property(blocks, fc.nat(5), (content, step) => {
      const target = bedrockEndpoint()
      const whole = bedrockConverse.readReply(geminiCall({}), target, { output: { message: { content } }, stopReason: 'end_turn' }, false)
      const reader = bedrockConverse.streamReader(geminiCall({}, { stream: true }), target, false)
      const out: Event[] = []
      for (const [event, payload] of framesOf(content, step + 1)) reader.read({ event, data: JSON.stringify(payload) }, out)
      reader.end(out)
      expect(foldMessage(out)).toEqual(foldMessage(whole))
    }), { numRuns: 300 })
  })
})

/** Reasoning first, then text joined, then calls: the order in which a message keeps them. */
function sorted(content: unknown): unknown {
  const list = Array.isArray(content) ? content.filter(isObject) : []
  const text = list.map((one) => (typeof one['text'] === 'string' ? one['text'] : '')).join('')
  // Blanks alone are refused, and left out.
  return { text: text.trim() === '' ? '' : text, thoughts: list.flatMap((one) => (one['reasoningContent'] === undefined ? [] : [one])), calls: list.flatMap((one) => (one['toolUse'] === undefined ? [] : [one])) }
}

function framesOf(content: readonly (typeof block extends fc.Arbitrary<infer One> ? One : never)[], step: number): [string, object][] {
  const pieces = (text: string): string[] => Array.from({ length: Math.ceil(text.length / step) }, (_, at) => text.slice(at * step, (at + 1) * step))
  const frames = content.flatMap((one, contentBlockIndex): [string, object][] => {
    const delta = (said: object): [string, object] => ['contentBlockDelta', { contentBlockIndex, delta: said }]
    if ('text' in one) return [...pieces(one.text).map((text) => delta({ text })), ['contentBlockStop', { contentBlockIndex }]]
    if ('toolUse' in one) {
      const { input, ...use } = one.toolUse
      const text = Object.keys(input).length === 0 ? '' : JSON.stringify(input)
      return [['contentBlockStart', { contentBlockIndex, start: { toolUse: use } }], ...pieces(text).map((piece) => delta({ toolUse: { input: piece } })), ['contentBlockStop', { contentBlockIndex }]]
    }
    const { text, signature } = one.reasoningContent.reasoningText
    return [...pieces(text).map((piece) => delta({ reasoningContent: { text: piece } })), delta({ reasoningContent: { signature } }), ['contentBlockStop', { contentBlockIndex }]]
  })
  return [['messageStart', { role: 'assistant' }], ...frames, ['messageStop', { stopReason: 'end_turn' }]]
}

const node = nodeOf(['contentBlockIndex', 'delta', 'start', 'text', 'toolUse', 'toolResult', 'toolUseId', 'name', 'input', 'type', 'reasoningContent', 'reasoningText', 'signature', 'redactedContent', 'image', 'format', 'source', 'bytes', 'citation', 'citationsContent', 'citations', 'content', 'stopReason', 'usage', 'inputTokens', 'outputTokens', 'cacheDetails', 'output', 'message', 'location', 'web', 'url', 'additionalModelResponseFields'])
const event = fc.constantFrom('messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata', 'exception:throttlingException', 'error:x', 'unknown', 'chunk', '')

describe('the reader', () => {
  test('throws nothing but a Fault, ends every stream, and says nothing after a fault', () => {
    fc.assert(fc.property(fc.array(fc.tuple(event, fc.oneof(node.map((one) => JSON.stringify(one)), fc.string())), { maxLength: 8 }), endpoint, (frames, target) => {
      const reader = bedrockConverse.streamReader(geminiCall({}, { stream: true }), target, false)
      const out: Event[] = []
      for (const [name, data] of frames) reader.read({ event: name, data }, out)
      reader.end(out)
      const fault = out.findIndex((one) => one.type === 'fault')
      expect(fault === -1 || fault === out.length - 1).toBe(true)
      expect(fault !== -1 || out.some((one) => one.type === 'finish')).toBe(true)
    }), { numRuns: 1_000 })
  })

  test('reads any reply, or throws a Fault', () => {
    fc.assert(fc.property(node.filter(isObject), (reply) => {
      try {
        expect(bedrockConverse.readReply(geminiCall({}), bedrockEndpoint(), reply, false).some((one) => one.type === 'finish')).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 500 })
  })

  test('makes a Fault of any error', () => {
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), node.map((one) => JSON.stringify(one))), fc.string(), (status, text, type) => {
      expect(bedrockConverse.readFault(status, new Headers({ 'x-amzn-errortype': encodeURIComponent(type) }), text, bedrockEndpoint())).toBeInstanceOf(Fault)
    }), { numRuns: 300 })
  })
})
