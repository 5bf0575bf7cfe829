import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { anyBody, anyReasoning, conversation, nodeOf } from '../../../test/wire/chat-arbitraries.ts'
import { cohereEndpoint } from '../../../test/wire/cohere-endpoint.ts'
import { problemsOfCohereRequest } from '../../../test/wire/cohere-request.ts'
import { foldMessage, geminiCall } from '../../../test/wire/gemini-call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'
import { cohere } from './cohere.ts'

const endpoint = cohereEndpoint()

describe('writeCall', () => {
  test('throws nothing but a Fault, whatever the call says', () => {
    fc.assert(fc.property(anyBody, anyReasoning, fc.boolean(), (chat, wish, stream) => {
      try {
        expect(JSON.parse(cohere.writeCall(geminiCall(chat, { reasoning: wish, stream }), endpoint).body)).toBeObject()
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 400 })
  })

  test('writes what Cohere takes, for any conversation that is in order', () => {
    fc.assert(fc.property(conversation, anyReasoning, (messages, reasoning) => {
      const written = cohere.writeCall(geminiCall({ messages, tools: [{ type: 'function', function: { name: 'f' } }] }, { reasoning }), endpoint)
      expect(problemsOfCohereRequest(JSON.parse(written.body))).toEqual([])
    }), { numRuns: 300 })
  })
})

const text = fc.string({ unit: 'grapheme', minLength: 1 })
const call = fc.record({ id: fc.stringMatching(/^[a-z0-9_]{1,12}$/), type: fc.constant('function'), function: fc.record({ name: fc.constantFrom('f', 'g'), arguments: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer())).map((one) => JSON.stringify(one)) }) })
const answer = fc.oneof(
  fc.record({ role: fc.constant('assistant'), tool_plan: text, tool_calls: fc.uniqueArray(call, { minLength: 1, maxLength: 3, selector: (one) => one.id }) }),
  fc.record({ role: fc.constant('assistant'), content: fc.tuple(text, text).map(([thinking, said]) => [{ type: 'thinking', thinking }, { type: 'text', text: said }]) }),
  fc.record({ role: fc.constant('assistant'), content: text.map((said) => [{ type: 'text', text: said }]) }),
)

test('read after write is identity: an answer that is read and sent back is said as it came', () => {
  fc.assert(fc.property(answer, (message) => {
    const read = foldMessage(cohere.readReply(geminiCall({}), endpoint, { id: 'x', message, finish_reason: 'COMPLETE' }, false))
    const { body } = cohere.writeCall(geminiCall({ messages: [{ role: 'user', content: 'Hi' }, read, { role: 'user', content: 'Go on' }] }), endpoint)
    const written: unknown = JSON.parse(body)
    const back = isObject(written) && Array.isArray(written['messages']) ? written['messages'][1] : undefined
    // Text alone may be a string.
    const plain = 'content' in message && message.content.length === 1 ? { ...message, content: read.content } : message
    expect(back).toEqual(plain)
  }), { numRuns: 300 })
})

const node = nodeOf(['type', 'index', 'delta', 'message', 'content', 'text', 'thinking', 'tool_plan', 'tool_calls', 'id', 'function', 'name', 'arguments', 'citations', 'start', 'end', 'sources', 'document', 'url', 'finish_reason', 'usage', 'billed_units', 'tokens', 'input_tokens', 'output_tokens', 'logprobs', 'error'])
const event = fc.oneof(node, fc.record({ type: fc.constantFrom('message-start', 'content-start', 'content-delta', 'content-end', 'tool-plan-delta', 'tool-call-start', 'tool-call-delta', 'tool-call-end', 'citation-start', 'message-end', 'error', 'debug'), delta: fc.oneof(node, fc.record({ message: fc.record({ content: node, tool_calls: node, citations: node, tool_plan: node }, { requiredKeys: [] }), finish_reason: fc.constantFrom('COMPLETE', 'ERROR', 'constructor'), usage: node }, { requiredKeys: [] })), logprobs: node, index: node }, { requiredKeys: ['type'] }))

describe('the reader', () => {
  for (const carry of [false, true]) {
    test(`throws nothing but a Fault, ends every stream, and says nothing after a fault${carry ? ', carried' : ''}`, () => {
      fc.assert(fc.property(fc.array(fc.oneof(event.map((one) => JSON.stringify(one)), fc.string()), { maxLength: 6 }), (frames) => {
        const reader = cohere.streamReader(geminiCall({}, { stream: true }), endpoint, carry)
        const out: Event[] = []
        for (const data of frames) reader.read({ event: '', data }, out)
        reader.end(out)
        const fault = out.findIndex((one) => one.type === 'fault')
        expect(fault === -1 || fault === out.length - 1).toBe(true)
        expect(fault !== -1 || out.some((one) => one.type === 'finish' || (one.type === 'raw' && one.finishReason !== undefined))).toBe(true)
      }), { numRuns: 1_000 })
    })
  }

  test('reads any reply, or throws a Fault', () => {
    fc.assert(fc.property(node.filter(isObject), (reply) => {
      try {
        expect(cohere.readReply(geminiCall({}), endpoint, reply, false).at(-1)?.type).toBe('finish')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 500 })
  })

  test('makes a Fault of any error', () => {
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), node.map((one) => JSON.stringify(one))), (status, text) => {
      expect(cohere.readFault(status, new Headers(), text, endpoint)).toBeInstanceOf(Fault)
    }), { numRuns: 300 })
  })
})
