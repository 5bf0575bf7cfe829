import { describe, expect, test } from 'bun:test'
import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { NO_USAGE } from '../core/usage.ts'
import { SseParser, type Frame } from '../lib/sse.ts'
import { anthropicMessages, anthropicMessagesClient } from './anthropic-messages/anthropic-messages.ts'
import { cohereClient } from './cohere-client/cohere-client.ts'
import { cohere } from './cohere/cohere.ts'
import type { ClientDialect, ProviderDialect } from './dialect.ts'
import { geminiArrayClient, geminiClient } from './gemini/gemini-client.ts'
import { gemini } from './gemini/gemini.ts'
import { ollamaChatClient } from './ollama/ollama.ts'
import { testCall, testEndpoint } from './openai-chat/fixtures.test-support.ts'
import { openaiChat, openaiChatClient } from './openai-chat/openai-chat.ts'
import { openaiCompletionsClient } from './openai-completions/openai-completions.ts'
import { openaiResponses, openaiResponsesClient } from './openai-responses/openai-responses.ts'
import { workOf } from './work.test-support.ts'

/*
 * No reader and no writer looks again at what has been said with each piece that comes: an answer of four times the
 * length is four times the work.
 */

const FEW = 150
const TIMES = 4
/** Four times the pieces, and half a time for what does not go by pieces. */
const RATIO_MAX = TIMES + 0.5

const SERVED: Event = { type: 'served', model: 'acme/tiny', provider: 'Acme', warnings: [] }
const START: Event = { type: 'start', providerId: 'x' }
const USAGE: Event = { type: 'usage', usage: { ...NO_USAGE, promptTokens: 7, completionTokens: 3 } }
const END: Event = { type: 'end', usage: { ...NO_USAGE, promptTokens: 7, completionTokens: 3 }, cost: { total: 1n, prompt: 1n, completion: 0n, byok: false, upstream: 1n } }
const toolCalls = (count: number): Event[] => Array.from({ length: count }, (_, index): Event => ({ type: 'tool', choice: 0, index, id: `call_${index}`, name: 'write', arguments: '{"text":"' }))
const closing = (count: number): Event[] => Array.from({ length: count }, (_, index): Event => ({ type: 'tool', choice: 0, index, arguments: '"}' }))
const many = (count: number, event: (at: number) => Event): Event[] => Array.from({ length: count }, (_, at) => event(at))

/** Answers in so many pieces, each of one kind. */
const ANSWERS: Readonly<Record<string, (count: number) => Event[]>> = {
  'text': (count) => many(count, () => ({ type: 'text', choice: 0, text: 'a word ' })),
  'a refusal': (count) => many(count, () => ({ type: 'refusal', choice: 0, text: 'never ' })),
  'reasoning': (count) => [...many(count, () => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: 'a thought ', format: 'unknown', index: 0 } })), { type: 'text', choice: 0, text: 'so' }],
  'a summary of reasoning': (count) => [...many(count, () => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.summary', summary: 'in short ', format: 'unknown', index: 0 } })), { type: 'text', choice: 0, text: 'so' }],
  'arguments of a call': (count) => [...toolCalls(1), ...many(count, () => ({ type: 'tool', choice: 0, index: 0, arguments: 'a word ' })), ...closing(1)],
  'arguments of three calls by turns': (count) => [...toolCalls(3), ...many(count, (at) => ({ type: 'tool', choice: 0, index: at % 3, arguments: 'a word ' })), ...closing(3)],
  'arguments of three calls that wait for the first': (count) => [...toolCalls(3), ...many(count, (at) => ({ type: 'tool', choice: 0, index: 1 + Math.floor(2 * at / count), arguments: 'a word ' })), ...closing(3)],
  'logprobs': (count) => many(count, () => ({ type: 'text' as const, choice: 0, text: 'word ' })).flatMap((text): Event[] => [text, { type: 'logprobs', choice: 0, logprobs: { content: [{ token: 'word ', logprob: -1, bytes: null, top_logprobs: [] }] } }]),
  'citations': (count) => [{ type: 'text', choice: 0, text: 'see' }, ...many(count, (at) => ({ type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: `https://a.test/${at}`, title: 't', content: 'c', start_index: 0, end_index: 3 } } }))],
}

function answer(kind: string, count: number): Event[] {
  const said = ANSWERS[kind]?.(count) ?? []
  return [SERVED, START, ...said, USAGE, { type: 'finish', choice: 0, reason: kind.startsWith('arguments') ? 'tool_calls' : 'stop', native: null }]
}

/** A batch for each Event, as a slow provider makes them. */
function inBatches(events: readonly Event[]): Event[][] {
  return [...events.map((event) => [event]), [END]]
}

const call: Call = testCall({ tools: [{ type: 'function', function: { name: 'write', parameters: { type: 'object' } } }] })
const CLIENTS: Readonly<Record<string, ClientDialect>> = {
  'openai-chat': openaiChatClient, 'openai-completions': openaiCompletionsClient, 'openai-responses': openaiResponsesClient, 'anthropic-messages': anthropicMessagesClient,
  'gemini': geminiClient, 'gemini as an array': geminiArrayClient, 'ollama': ollamaChatClient, 'cohere': cohereClient,
}
const PROVIDERS: Readonly<Record<string, ProviderDialect>> = { 'openai-chat': openaiChat, 'openai-responses': openaiResponses, 'anthropic-messages': anthropicMessages, gemini, cohere }

function expectLinear(run: (count: number) => () => void): void {
  const few = workOf(run(FEW))
  const more = workOf(run(FEW * TIMES))
  expect(few).toBeGreaterThan(0)
  expect(more / few).toBeLessThan(RATIO_MAX)
}

test('what looks at everything again and again is found out', () => {
  const again: Readonly<Record<string, (count: number) => () => void>> = {
    'parses all that came': (count) => () => { for (let at = 0, text = ''; at < count; at++) JSON.parse(`"${text += 'word '}"`) },
    'makes one text of all that came': (count) => () => { for (let at = 0, text = ''; at < count; at++) (text += 'word ').endsWith('.') },
    'copies all that came': (count) => () => { for (let at = 0, list: number[] = []; at < count; at++) list = [...list, at] },
    'looks through all that came': (count) => () => { for (let at = 0, list: number[] = []; at < count; at++) list.push(list.filter((one) => one === at).length) },
  }
  for (const run of Object.values(again)) expect(() => expectLinear(run)).toThrow()
})

for (const [name, client] of Object.entries(CLIENTS)) {
  describe(`${name}, facing a client`, () => {
    for (const kind of Object.keys(ANSWERS)) {
      test(`a stream of ${kind}`, () => expectLinear((count) => {
        const batches = inBatches(answer(kind, count))
        const writer = client.streamWriter(call)
        return () => { for (const batch of batches) writer.write(batch) }
      }))
      test(`a reply of ${kind}`, () => expectLinear((count) => {
        const batches = inBatches(answer(kind, count))
        const writer = client.replyWriter(call)
        return () => {
          for (const batch of batches) writer.add(batch)
          JSON.stringify(writer.body())
        }
      }))
    }
  })
}

for (const [name, provider] of Object.entries(PROVIDERS)) {
  describe(`${name}, facing a provider`, () => {
    // What our own writer of the dialect says is what a provider of it would say.
    const client = CLIENTS[name] as ClientDialect
    for (const kind of Object.keys(ANSWERS)) {
      for (const carry of [false, true]) {
        test(`a stream of ${kind}${carry ? ', carried' : ''}`, () => expectLinear((count) => {
          const said = client.streamWriter(call)
          const pieces = inBatches(answer(kind, count)).map((batch) => Buffer.from(said.write(batch)))
          const parser = new SseParser(1 << 24)
          const reader = provider.streamReader(call, testEndpoint({}), carry)
          const writer = client.streamWriter(call)
          writer.write([SERVED])
          let faults = 0
          return () => {
            for (const piece of pieces) {
              const frames: Frame[] = []
              const events: Event[] = []
              parser.push(piece, frames)
              for (const frame of frames) reader.read(frame, events)
              if (carry) writer.write(events)
              if (events.at(-1)?.type === 'fault') faults++
            }
            expect(faults).toBe(0)
          }
        }))
      }
    }
  })
}
