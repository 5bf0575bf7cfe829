import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { chunksOf, ORIGIN, replyOf, streamOf } from '../../../test/wire/client-call.ts'
import type { Call } from '../../core/call.ts'
import type { Event, FinishReason, ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, type Json, type JsonObject } from '../../core/json.ts'
import { readGenerate } from './call-read.ts'
import { geminiArrayClient, geminiClient } from './gemini-client.ts'

const thinking = { generationConfig: { thinkingConfig: { includeThoughts: true } } }
const callOf = (more: JsonObject = {}): Call => readGenerate({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], ...more }, ORIGIN, { model: 'acme/tiny', stream: true })
const text = (said: string, choice = 0): Event => ({ type: 'text', choice, text: said })
const finish = (reason: FinishReason = 'stop', native: string | null = null, choice = 0): Event => ({ type: 'finish', choice, reason, native })
const tool = (index: number, name: string, args: string): Event => ({ type: 'tool', choice: 0, index, id: `id-${index}`, name, arguments: args })
const think = (detail: Partial<ReasoningDetail>): Event => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0, ...detail } })

const candidateOf = (body: JsonObject, at = 0): JsonObject => asObject(asArray(body['candidates'])?.[at]) ?? {}
const partsOf = (candidate: JsonObject): JsonObject[] => (asArray(asObject(candidate['content'])?.['parts']) ?? []) as JsonObject[]
const reply = (events: readonly Event[], more: JsonObject = thinking): JsonObject => replyOf(geminiClient, callOf(more), events)
const stream = (events: readonly Event[], more: JsonObject = thinking): JsonObject[] => chunksOf(streamOf(geminiClient, callOf(more), events))

/** The answer as the next request of the client has it. */
function sentBack(candidates: readonly JsonObject[]): Call['body']['messages'][number] | undefined {
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }, ...candidates.map((candidate) => candidate['content'] as Json), { role: 'user', parts: [{ text: 'Go on' }] }]
  return callOf({ contents }).body.messages[1]
}

describe('a turn', () => {
  test('has a part, also when it says nothing', () => {
    expect(candidateOf(reply([finish()]))).toEqual({ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 })
    for (const chunk of stream([text('a'), finish()])) expect(partsOf(candidateOf(chunk)).length).toBeGreaterThan(0)
  })

  test.each<[FinishReason, string | null, string]>([
    ['stop', 'end_turn', 'STOP'], ['length', 'length', 'MAX_TOKENS'], ['tool_calls', 'tool_use', 'STOP'], ['content_filter', 'refusal', 'SAFETY'], ['content_filter', 'RECITATION', 'RECITATION'], ['error', null, 'OTHER'],
  ])('ends for %s (%s) as %s', (reason, native, word) => expect(candidateOf(reply([text('a'), finish(reason, native)]))['finishReason']).toBe(word))

  test('ends with its usage and cost in the last chunk, which has the candidate too', () => {
    const last = stream([text('a'), finish()]).at(-1) ?? {}
    expect(last['usageMetadata']).toEqual({
      promptTokenCount: 12, candidatesTokenCount: 4, totalTokenCount: 19, cachedContentTokenCount: 2, thoughtsTokenCount: 3, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 12 }],
      cost: 0.000123, is_byok: false, cost_details: { upstream_inference_cost: null, upstream_inference_prompt_cost: 0.000023, upstream_inference_completions_cost: 0.0001 },
    })
    expect(candidateOf(last)['finishReason']).toBe('STOP')
  })

  test('calls are whole and last; arguments that are no object are none', () => {
    const parts = partsOf(candidateOf(reply([tool(0, 'f', '{"a"'), { type: 'tool', choice: 0, index: 0, arguments: ':1}' }, tool(1, 'g', ''), text('So'), finish('tool_calls')])))
    expect(parts).toEqual([{ text: 'So' }, { functionCall: { id: 'id-0', name: 'f', args: { a: 1 } } }, { functionCall: { id: 'id-1', name: 'g', args: {} } }])
    expect(candidateOf(reply([tool(0, 'f', '{"a'), finish('tool_calls')]))).toMatchObject({ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: expect.stringContaining('{"a') as unknown })
    expect(candidateOf(reply([tool(0, 'f', '{"a'), finish('length')]))).toMatchObject({ finishReason: 'MAX_TOKENS', content: { parts: [{ text: '' }] } })
  })

  test('candidates side by side', () => {
    const chunks = stream([text('a'), text('b', 1), finish(), text('c', 1), finish('length', null, 1)])
    const said = (index: number): string => chunks.flatMap((chunk) => (asArray(chunk['candidates']) ?? []) as JsonObject[]).filter((candidate) => candidate['index'] === index).flatMap(partsOf).map((part) => asString(part['text'])).join('')
    expect([said(0), said(1)]).toEqual(['a', 'bc'])
    expect((asArray(chunks.at(-1)?.['candidates']) as JsonObject[]).map((candidate) => candidate['finishReason'])).toEqual(['STOP', 'MAX_TOKENS'])
  })

  test('images, sound, logprobs and citations', () => {
    const candidate = candidateOf(reply([
      text('Größe'), { type: 'image', choice: 0, url: 'data:image/webp;base64,AAAA' }, { type: 'extra', choice: 0, field: 'audio', value: { data: 'BBBB', format: 'wav' } },
      { type: 'logprobs', choice: 0, logprobs: { content: [{ token: 'G', logprob: -1, top_logprobs: [{ token: 'K', logprob: -2 }] }] } },
      { type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 3, end_index: 5 } } }, finish(),
    ]))
    expect(partsOf(candidate)).toEqual([{ text: 'Größe' }, { inlineData: { mimeType: 'image/webp', data: 'AAAA' } }, { inlineData: { mimeType: 'audio/wav', data: 'BBBB' } }])
    expect(candidate).toMatchObject({
      logprobsResult: { chosenCandidates: [{ token: 'G', logProbability: -1 }], topCandidates: [{ candidates: [{ token: 'K', logProbability: -2 }] }] },
      groundingMetadata: { groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }], groundingSupports: [{ segment: { startIndex: 4, endIndex: 7, text: 'ße' }, groundingChunkIndices: [0] }] },
    })
  })
})

describe('reasoning', () => {
  const signed = [think({ text: 'Hm, ' }), think({ text: 'yes' }), think({ signature: 'sig==' })]
  const details = [{ type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0, text: 'Hm, yes', signature: 'sig==' }]

  test('is shown to those who ask, and comes back either way', () => {
    for (const more of [thinking, {}]) {
      const events = [...signed, text('So'), tool(0, 'f', '{}'), finish('tool_calls')]
      const whole = candidateOf(reply(events, more))
      const shown = partsOf(whole).filter((part) => part['thought'] === true).map((part) => part['text'])
      expect(shown).toEqual(more === thinking ? ['Hm, yes'] : [])
      expect(sentBack([whole])).toMatchObject({ content: 'So', reasoning_details: details, tool_calls: [{ id: 'id-0' }] })
      expect(sentBack(stream(events, more).map((chunk) => candidateOf(chunk)))).toEqual(sentBack([whole]))
    }
  })

  test('that nobody signed stays here, unless a call has to be answered', () => {
    expect(partsOf(candidateOf(reply([think({ text: 'Hm' }), text('So'), finish()], {})))).toEqual([{ text: 'So' }])
    expect(sentBack([candidateOf(reply([think({ text: 'Hm' }), tool(0, 'f', '{}'), finish('tool_calls')], {}))])?.reasoning_details).toHaveLength(1)
  })

  test("Google's own signatures stand on their parts, as they are", () => {
    const google = (detail: Partial<ReasoningDetail>): Event => think({ type: 'reasoning.encrypted', format: 'google-gemini-v1', ...detail })
    const parts = partsOf(candidateOf(reply([text('So'), google({ data: 'TEXT' }), google({ id: 'id-1', data: 'CALL' }), tool(0, 'f', '{}'), tool(1, 'g', '{}'), { type: 'image', choice: 0, url: 'data:image/png;base64,AA' }, google({ id: 'r/image/0', data: 'IMAGE' }), finish()])))
    expect(parts).toEqual([
      { text: 'So' }, { text: '', thoughtSignature: 'TEXT' }, { inlineData: { mimeType: 'image/png', data: 'AA' }, thoughtSignature: 'IMAGE' },
      { functionCall: { id: 'id-0', name: 'f', args: {} } }, { functionCall: { id: 'id-1', name: 'g', args: {} }, thoughtSignature: 'CALL' },
    ])
  })
})

describe('a fault', () => {
  const fault = new Fault('provider_cut', 'Acme closed the stream', { retryAfterMs: 1_500 })

  test('ends a stream as an error, what was said before it stays', () => {
    const [first, last] = stream([text('a'), { type: 'fault', fault }])
    expect(partsOf(candidateOf(first ?? {}))).toEqual([{ text: 'a' }])
    expect(last).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE', message: 'Acme closed the stream', details: [{ reason: 'PROVIDER_UNAVAILABLE' }, { retryDelay: '2s' }] }, usageMetadata: { cost: 0.000123 } })
  })

  test('is no reply', () => expect(() => reply([text('a'), { type: 'fault', fault }])).toThrow(fault))

  test('ends an array too, which stays JSON', () => {
    const array = (events: readonly Event[]): unknown => JSON.parse(streamOf(geminiArrayClient, callOf(), events))
    expect(array([text('a'), finish()])).toHaveLength(2)
    expect(array([{ type: 'fault', fault }])).toMatchObject([{ error: { code: 502 } }])
    expect(array([finish()])).toHaveLength(1)
  })
})

describe("chunks of Google's own", () => {
  const raw = (body: JsonObject): Event => ({ type: 'raw', body, contentChars: 1 })
  const chunk = (parts: Json[], more: JsonObject = {}): JsonObject => ({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], responseId: 'theirs', modelVersion: 'theirs', newField: { kept: true } })

  test('stay as they are, but for who answers and what it cost', () => {
    const own = { promptTokenCount: 12, totalTokenCount: 19, trafficType: 'ON_DEMAND' }
    const [first, last] = stream([raw(chunk([{ text: 'a' }])), raw({ ...chunk([{ text: 'b' }], { finishReason: 'STOP' }), usageMetadata: own })])
    expect(first).toEqual({ ...chunk([{ text: 'a' }]), responseId: 'gen-1-test', modelVersion: 'acme/tiny' })
    expect(last).toMatchObject({ candidates: [{ finishReason: 'STOP' }], newField: { kept: true }, usageMetadata: { ...own, cost: 0.000123 } })
  })

  test('each may say why it finishes', () => {
    const chunks = stream([raw(chunk([{ text: 'a' }], { finishReason: 'STOP' })), raw(chunk([{ text: 'b' }], { finishReason: 'STOP' }))])
    expect(chunks.map((one) => [partsOf(candidateOf(one))[0]?.['text'], 'usageMetadata' in one])).toEqual([['a', false], ['b', true]])
  })
})

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.string().map((said): Event => text(said)), fc.string().map((said): Event => think({ text: said })), fc.base64String().map((signature): Event => think({ signature })),
  fc.tuple(fc.nat(2), fc.json({ maxDepth: 1 })).map(([index, args]): Event => tool(index, 'f', args)), fc.constant<Event>({ type: 'ping' }),
)

test('a stream, however it is batched, and a reply say the same', () => {
  fc.assert(fc.property(fc.array(anyEvent, { maxLength: 12 }), fc.boolean(), (events, shows) => {
    const more = shows ? thinking : {}
    const whole = candidateOf(reply([...events, finish()], more))
    const pieces = stream([...events, finish()], more).map((chunk) => candidateOf(chunk))
    const fold = (candidates: readonly JsonObject[]): unknown => {
      const parts = candidates.flatMap(partsOf)
      const join = (thought: boolean): string => parts.filter((part) => (part['thought'] === true) === thought).map((part) => asString(part['text']) ?? '').join('')
      return { said: join(false), thought: join(true), calls: parts.filter((part) => part['functionCall']), signatures: parts.flatMap((part) => part['thoughtSignature'] ?? []), finish: candidates.at(-1)?.['finishReason'] }
    }
    expect(fold(pieces)).toEqual(fold([whole]))
    expect(sentBack(pieces)).toEqual(sentBack([whole]))
  }))
})
