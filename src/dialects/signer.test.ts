import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { callOf, endpointOf, fold } from '../../test/wire/anthropic.ts'
import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, Message, Warning } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { isObject, parseObject, type Json, type JsonObject } from '../core/json.ts'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts'
import { readCall } from './anthropic-messages/call-read.ts'
import { openaiResponses } from './openai-responses/openai-responses.ts'
import { openaiResponsesClient } from './openai-responses/openai-responses.ts'
import { END, SERVED, testCall, testEndpoint } from './openai-responses/fixtures.test-support.ts'
import { isSignedBy, signedBy, signedIn, unsigned } from './signer.ts'

describe('a signer’s mark', () => {
  test('tells whose a piece is, and gives the piece back', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }).filter((text) => !text.startsWith('sws1:')), (signer, text) => {
      const signed = signedBy(signer, text)
      expect([unsigned(signed), isSignedBy(signed, signer), isSignedBy(signed, `${signer}x`), isSignedBy(signed, undefined), isSignedBy(text, undefined), isSignedBy(text, signer)]).toEqual([text, true, false, false, true, false])
    }))
  })
  test('nothing stays nothing, and what is broken names nobody', () => {
    expect([signedBy('a', ''), signedIn('EqQB'), signedIn('sws1:a'), signedIn(undefined)]).toEqual(['', undefined, undefined, undefined])
    expect(isSignedBy('sws1::x', '')).toBe(true)
    expect(isSignedBy('sws1:a b:x', 'a b')).toBe(false)
  })
})

const provider = (slug: string, upstreamId: string): Endpoint => {
  const claude = endpointOf(upstreamId)
  return { ...claude, id: `${slug}/${upstreamId}`, modelId: `${slug}/${upstreamId}`, tag: slug, provider: { ...claude.provider, slug, name: slug } }
}
const MINIMAX = provider('minimax', 'MiniMax-M2')
const DEEPSEEK = provider('deepseek', 'deepseek-chat')
const CLAUDE = endpointOf('claude-sonnet-4-5')
const REPLY = (signature: string): JsonObject => ({
  id: 'm', type: 'message', role: 'assistant', model: 'x', stop_reason: 'tool_use', usage: { input_tokens: 1, output_tokens: 1 },
  content: [{ type: 'thinking', thinking: 'Hm.', signature }, { type: 'redacted_thinking', data: 'b1c2' }, { type: 'tool_use', id: 't1', name: 'f', input: {} }],
})
const asJson = (value: unknown): JsonObject => parseObject(JSON.stringify(value)) ?? {}
const bodyOf = (text: string): JsonObject => parseObject(text) ?? {}

/** A call of a Messages client with this answer behind it. */
function messagesTurn(content: Json): Call {
  const body = { model: 'x', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] }] }
  return readCall(body, { id: 'gen-1-test', createdMs: 0, headers: {}, bodyBytes: 10 })
}

const chatTurn = (message: Message): Call => callOf(asJson({ messages: [{ role: 'user', content: 'Hi' }, message, { role: 'tool', tool_call_id: 't1', content: 'ok' }] }))
const thoughtsOf = (text: string): Json[] => (bodyOf(text)['messages'] as JsonObject[]).flatMap((turn) => (Array.isArray(turn['content']) ? turn['content'].filter((block) => isObject(block) && /thinking/.test(String(block['type']))) : []))
const OWN: Json[] = [{ type: 'thinking', thinking: 'Hm.', signature: 'a0f1' }, { type: 'redacted_thinking', data: 'b1c2' }]
const leftOut = (warnings: readonly Warning[]): boolean => warnings.some(({ why }) => why.includes('another provider'))

describe('Messages of several makers', () => {
  const carried = (endpoint: Endpoint): Json => {
    const [event] = anthropicMessages.readReply(messagesTurn([{ type: 'text', text: 'x' }, { type: 'tool_use', id: 't1', name: 'f', input: {} }]), endpoint, REPLY('a0f1'), true).filter((one) => one.type === 'raw')
    return event?.body['content'] ?? null
  }
  const folded = (endpoint: Endpoint): Message => fold(anthropicMessages.readReply(callOf({ messages: [{ role: 'user', content: 'x' }] }), endpoint, REPLY('a0f1'), false)).message as Message

  for (const [name, turn] of [['carried', (from: Endpoint) => messagesTurn(carried(from))], ['in chat', (from: Endpoint) => chatTurn(folded(from))]] as const) {
    test(`${name}: each gets its own back as it wrote it, and nobody another's`, () => {
      for (const from of [MINIMAX, DEEPSEEK, CLAUDE]) {
        for (const to of [MINIMAX, DEEPSEEK, CLAUDE]) {
          const wire = anthropicMessages.writeCall(turn(from), to)
          expect([from.id, to.id, thoughtsOf(wire.body)]).toEqual([from.id, to.id, from === to ? OWN : []])
          expect(leftOut(wire.warnings)).toBe(from !== to)
        }
      }
    })
  }

  test('a Messages client brings back in the chat shape what it was sent', () => {
    const { native: _native, ...asChat } = messagesTurn(carried(MINIMAX))
    expect(asChat.body.messages[1]?.reasoning_details).toMatchObject([{ format: 'unknown', signature: 'sws1:minimax:a0f1' }, { format: 'unknown', data: 'sws1:minimax:b1c2' }])
    expect(thoughtsOf(anthropicMessages.writeCall({ ...asChat, dialect: 'openai-chat' }, MINIMAX).body)).toEqual(OWN)
  })

  test('streamed, the first piece of a signature names its writer, and Anthropic’s stay as they are', () => {
    const stream = (endpoint: Endpoint, carry: boolean): Event[] => {
      const reader = anthropicMessages.streamReader(callOf({ messages: [{ role: 'user', content: 'x' }] }), endpoint, carry)
      const out: Event[] = []
      const say = (event: object): void => reader.read({ event: '', data: JSON.stringify(event) }, out)
      say({ type: 'message_start', message: { id: 'm', usage: {} } })
      say({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } })
      for (const signature of ['a0', 'f1']) say({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature } })
      return out
    }
    const signatures = (events: readonly Event[]): Json[] => events.flatMap((event) => (event.type === 'reasoning' ? [event.detail['signature'] ?? null] : event.type === 'raw' && isObject(event.body['delta']) ? [event.body['delta']['signature'] ?? null] : []))
    for (const carry of [true, false]) {
      expect(signatures(stream(MINIMAX, carry))).toEqual(['sws1:minimax:a0', 'f1'])
      expect(signatures(stream(CLAUDE, carry))).toEqual(['a0', 'f1'])
    }
  })

  test('thinking that nobody signed goes to who does not sign, and not to Anthropic', () => {
    const turn = messagesTurn([{ type: 'thinking', thinking: 'Hm.', signature: '' }, { type: 'tool_use', id: 't1', name: 'f', input: {} }])
    expect([MINIMAX, CLAUDE].map((endpoint) => thoughtsOf(anthropicMessages.writeCall(turn, endpoint).body).length)).toEqual([1, 0])
  })
})

describe('Responses of several makers', () => {
  const OPENAI = testEndpoint({ slug: 'openai' })
  const XAI = testEndpoint({ slug: 'xai' })
  const LOCAL = testEndpoint({ slug: 'lmstudio' })
  const OTHER = testEndpoint({ slug: 'vivgrid' })
  const ALL = [OPENAI, XAI, LOCAL, OTHER]
  const OUTPUT: JsonObject[] = [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' }, { type: 'function_call', id: 'fc_1', call_id: 't1', name: 'f', arguments: '{}' }]
  const reply = (): JsonObject => asJson({ id: 'r', object: 'response', status: 'completed', output: OUTPUT, usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } })
  const asked: JsonObject = { include: ['reasoning.encrypted_content'] }
  const turn = (output: readonly Json[]): Call => testCall({ input: [{ role: 'user', content: 'Hi' }, ...output, { type: 'function_call_output', call_id: 't1', output: 'ok' }] })
  const encrypted = (text: string): Json[] => (bodyOf(text)['input'] as JsonObject[]).flatMap((item) => (item['type'] === 'reasoning' ? [item['encrypted_content'] ?? null] : []))
  /** What clients keep of a reasoning item: no format. */
  const bare = (items: readonly JsonObject[]): JsonObject[] => items.map(({ format: _format, ...item }) => item)
  const carried = (from: Endpoint): JsonObject[] => openaiResponses.readReply(testCall(asked), from, reply(), true).flatMap((event) => (event.type === 'raw' ? (event.body['output'] as JsonObject[]) : []))

  const written = (from: Endpoint): JsonObject[] => {
    const writer = openaiResponsesClient.replyWriter(testCall(asked))
    writer.add([SERVED, ...openaiResponses.readReply(testCall(asked), from, reply(), false), END])
    return writer.body()['output'] as JsonObject[]
  }

  for (const [name, output] of [['carried', carried], ['written', written]] as const) {
    for (const isNative of [true, false]) {
      test(`${name}, sent back ${isNative ? 'as it is' : 'by the chat shape'}: each gets its own, and nobody another's`, () => {
        for (const from of ALL) {
          for (const to of ALL) {
            const { native, ...asChat } = turn(bare(output(from)))
            const call: Call = isNative && native ? { ...asChat, native } : { ...asChat, dialect: 'openai-chat' }
            const wire = openaiResponses.writeCall(call, to)
            expect([from.provider.slug, to.provider.slug, encrypted(wire.body)]).toEqual([from.provider.slug, to.provider.slug, from === to ? ['gAAAA'] : []])
            expect(leftOut(wire.warnings)).toBe(from !== to)
          }
        }
      })
    }
  }
})
