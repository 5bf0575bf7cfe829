import { describe, expect, test } from 'bun:test'
import { foldMessage, geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { gemini } from './gemini.ts'

const TOOLS = ['get_weather', 'get_time'].map((name) => ({ type: 'function' as const, function: { name } }))
const call = geminiCall({ tools: TOOLS }, { stream: true })
const endpoint = geminiEndpoint('gemini-3-flash-preview')

function stream(...chunks: readonly Json[]): Event[] {
  const reader = gemini.streamReader(call, endpoint, false)
  const out: Event[] = []
  for (const chunk of chunks) reader.read({ event: '', data: JSON.stringify(chunk) }, out)
  reader.end(out)
  return out
}

function reply(body: JsonObject): Event[] {
  return gemini.readReply(call, endpoint, body, false)
}

/** One chunk of one candidate. */
function chunk(parts: readonly Json[], more: JsonObject = {}, envelope: JsonObject = {}): JsonObject {
  return { candidates: [{ content: { role: 'model', parts }, ...more }], responseId: 'r1', modelVersion: 'gemini-3-flash-preview', ...envelope }
}

const STOP = { finishReason: 'STOP', index: 0 }
const ofType = (events: readonly Event[], type: Event['type']): Event[] => events.filter((event) => event.type === type)
const faultOf = (events: readonly Event[]): Fault | undefined => events.flatMap((event) => (event.type === 'fault' ? [event.fault] : []))[0]

describe('the stream', () => {
  test('starts with who answers', () => {
    expect(stream(chunk([{ text: 'Hi' }], STOP, { usageMetadata: { promptTokenCount: 1, totalTokenCount: 2, serviceTier: 'standard' } }))[0])
      .toEqual({ type: 'start', providerId: 'r1', model: 'gemini-3-flash-preview', serviceTier: 'default' })
  })

  test('without a finish reason is cut, however it ends', () => {
    expect(faultOf(stream(chunk([{ text: 'Hi' }])))?.code).toBe('provider_cut')
    expect(faultOf(stream())?.code).toBe('provider_cut')
  })

  test('ends though a finish reason comes with every chunk', () => {
    const events = stream(chunk([{ text: 'a' }], STOP), chunk([{ text: 'b' }], STOP))
    expect(events.map((event) => event.type)).toEqual(['start', 'text', 'text', 'finish'])
  })

  test('that breaks off in an error object is a fault, and nothing follows', () => {
    const events = stream(chunk([{ text: 'Hi' }]), { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }, chunk([{ text: 'x' }], STOP))
    expect(faultOf(events)?.code).toBe('provider_overloaded')
    expect(events.at(-1)?.type).toBe('fault')
  })

  test('that is a list, as errors come without alt=sse, is read alike', () => {
    expect(faultOf(stream([{ error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }]))?.code).toBe('provider_rate_limited')
  })

  test('of something else is a bad answer', () => {
    for (const data of ['<html>', '"text"', '7', '[1]', '{"candidates":']) {
      const out: Event[] = []
      gemini.streamReader(call, endpoint, false).read({ event: '', data }, out)
      expect(faultOf(out)?.code).toBe('provider_bad_answer')
    }
  })
})

describe('tool calls', () => {
  test('finish as tool_calls though Gemini says STOP', () => {
    expect(reply(chunk([{ functionCall: { name: 'get_weather', args: { city: 'Rome' } } }], STOP)).at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'tool_calls', native: 'STOP' })
  })

  test('are remembered when STOP comes in the next chunk', () => {
    const events = stream(chunk([{ functionCall: { name: 'get_weather', args: {} } }]), chunk([{ text: '' }], STOP))
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' })
    expect(ofType(events, 'text')).toEqual([])
  })

  test('without an id get one of ours, each its own', () => {
    const [first, second] = foldMessage(reply(chunk([{ functionCall: { name: 'get_weather', args: {} } }, { functionCall: { name: 'get_weather', args: {} } }], STOP))).tool_calls ?? []
    expect(first?.id).toMatch(/^call_[A-Za-z0-9]{24}$/)
    expect(second?.id).toMatch(/^call_[A-Za-z0-9]{24}$/)
    expect(first?.id).not.toBe(second?.id ?? '')
  })

  test("keep Gemini's id, unless an earlier call has it", () => {
    const calls = foldMessage(reply(chunk([{ functionCall: { name: 'get_weather', args: {}, id: 'x8i00o1q' } }, { functionCall: { name: 'get_time', args: {}, id: 'x8i00o1q' } }], STOP))).tool_calls ?? []
    expect(calls[0]?.id).toBe('x8i00o1q')
    expect(calls[1]?.id).toMatch(/^call_/)
  })

  test('without args have none: {}', () => {
    expect(foldMessage(reply(chunk([{ functionCall: { name: 'get_time' } }], STOP))).tool_calls?.[0]?.function).toEqual({ name: 'get_time', arguments: '{}' })
  })

  test('in parallel keep their order over chunks, and the signature stays with the first', () => {
    const message = foldMessage(stream(
      chunk([{ functionCall: { name: 'get_weather', args: { a: 1 }, id: 'one' }, thoughtSignature: 'c2ln' }, { functionCall: { name: 'get_time', args: {}, id: 'two' } }]),
      chunk([{ functionCall: { name: 'get_weather', args: { a: 2 }, id: 'three' } }], STOP),
    ))
    expect(message.tool_calls?.map((one) => `${one.id} ${one.function.arguments}`)).toEqual(['one {"a":1}', 'two {}', 'three {"a":2}'])
    expect(message.reasoning_details).toEqual([{ type: 'reasoning.encrypted', data: 'c2ln', format: 'google-gemini-v1', index: 0, id: 'one' }])
  })

  test('of a function that nobody declared are not handed out when Gemini says so', () => {
    const events = reply(chunk([{ functionCall: { name: 'list_files', args: {} }, thoughtSignature: 'c2ln' }], { finishReason: 'UNEXPECTED_TOOL_CALL', finishMessage: 'Unexpected tool call' }))
    expect(events.map((event) => event.type)).toEqual(['start', 'finish'])
    expect(events.at(-1)).toMatchObject({ reason: 'error', native: 'UNEXPECTED_TOOL_CALL' })
  })

  test('of such a function wait for the end of the stream, and then are handed out or not', () => {
    const bogus = chunk([{ functionCall: { name: 'list_files', args: { a: 1 } } }])
    expect(ofType(stream(bogus, chunk([], { finishReason: 'UNEXPECTED_TOOL_CALL' })), 'tool')).toEqual([])
    const events = stream(bogus, chunk([{ functionCall: { name: 'get_time' } }], STOP))
    expect(foldMessage(events).tool_calls?.map((one) => one.function)).toEqual([{ name: 'get_time', arguments: '{}' }, { name: 'list_files', arguments: '{"a":1}' }])
  })

  test('that Gemini could not write are an error', () => {
    expect(reply({ candidates: [{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed function call' }] }).at(-1)).toMatchObject({ type: 'finish', reason: 'error' })
  })

  test('in pieces are said as they come, and closed by nothing at all', () => {
    const piece = (jsonPath: string, value: JsonObject, willContinue = true): JsonObject => chunk([{ functionCall: { partialArgs: [{ jsonPath, ...value }], ...(willContinue ? { willContinue } : {}) } }])
    const events = stream(
      chunk([{ functionCall: { name: 'get_weather', willContinue: true }, thoughtSignature: 'c2ln' }]),
      piece('$.places[0].city', { stringValue: 'Ro', willContinue: true }), piece('$.places[0].city', { stringValue: 'me "x"' }), piece('$.places[1].days', { numberValue: 3 }, false),
      chunk([{ text: '' }], STOP),
    )
    const pieces = events.flatMap((event) => (event.type === 'tool' ? [event.arguments] : []))
    expect(pieces.length).toBeGreaterThan(3)
    expect(JSON.parse(pieces.join(''))).toEqual({ places: [{ city: 'Rome "x"' }, { days: 3 }] })
    expect(events.at(-1)).toMatchObject({ reason: 'tool_calls' })
  })

  test('that Gemini runs itself are no tool calls', () => {
    const events = reply(chunk([
      { executableCode: { language: 'PYTHON', code: 'print(1)', id: 'h0m' }, thoughtSignature: 'YQ==' }, { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n', id: 'h0m' } },
      { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['x'] }, id: 'd6v' }, thoughtSignature: 'Yg==' }, { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { a: 1 }, id: 'd6v' }, thoughtSignature: 'Yw==' },
      { text: 'One.' },
    ], STOP))
    const message = foldMessage(events)
    expect(message.tool_calls).toBeUndefined()
    expect(message.finish).toBe('stop')
    expect(message.reasoning_details?.map((detail) => [detail.type, detail['id'], detail['tool_name'] ?? detail['data']])).toEqual([
      ['reasoning.encrypted', 'h0m', 'YQ=='], ['reasoning.server_tool_call', 'h0m', 'code_execution'],
      ['reasoning.encrypted', 'd6v', 'Yg=='], ['reasoning.server_tool_call', 'd6v', 'GOOGLE_SEARCH_WEB'], ['reasoning.encrypted', 'd6v/result', 'Yw=='],
    ])
  })
})

describe('reasoning', () => {
  test('is said apart from the answer, its pieces under one index', () => {
    const events = stream(chunk([{ text: 'Let me ', thought: true }]), chunk([{ text: 'think.', thought: true }]), chunk([{ text: 'Done.' }], STOP))
    expect(foldMessage(events)).toMatchObject({ content: 'Done.', reasoning_details: [{ type: 'reasoning.text', text: 'Let me think.', format: 'google-gemini-v1', index: 0 }] })
  })

  test('has no id for the signature of text, and one for that of an empty part at the end', () => {
    expect(foldMessage(reply(chunk([{ text: 'Hi', thoughtSignature: 'YQ==' }], STOP))).reasoning_details).toEqual([{ type: 'reasoning.encrypted', data: 'YQ==', format: 'google-gemini-v1', index: 0 }])
    expect(foldMessage(stream(chunk([{ text: 'Hi' }]), chunk([{ text: '', thoughtSignature: 'YQ==' }], STOP))).reasoning_details)
      .toEqual([{ type: 'reasoning.encrypted', data: 'YQ==', format: 'google-gemini-v1', index: 0, id: 'r1/empty' }])
  })

  test('is counted beside the candidates, and tools beside the prompt', () => {
    const usageMetadata = {
      promptTokenCount: 100, cachedContentTokenCount: 60, candidatesTokenCount: 20, thoughtsTokenCount: 30, toolUsePromptTokenCount: 7, totalTokenCount: 157,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 40 }, { modality: 'AUDIO', tokenCount: 50 }, { modality: 'VIDEO', tokenCount: 10 }], candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 12 }],
    }
    expect(ofType(reply(chunk([{ text: 'Hi' }], STOP, { usageMetadata })), 'usage')).toMatchObject([{ usage: {
      promptTokens: 107, cacheReadTokens: 60, promptAudioTokens: 50, promptVideoTokens: 10, completionTokens: 50, reasoningTokens: 30, completionImageTokens: 12, estimated: false,
    } }])
  })

  test('and answer are counted last by the last counts that there are', () => {
    const events = stream(
      chunk([{ text: 'a' }], {}, { usageMetadata: { trafficType: 'ON_DEMAND' } }), chunk([{ text: 'b' }], {}, { usageMetadata: { promptTokenCount: 5, totalTokenCount: 5 } }),
      chunk([{ text: 'c' }], STOP, { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 } }),
    )
    expect(ofType(events, 'usage').length).toBe(2)
    expect(ofType(events, 'usage').at(-1)).toMatchObject({ usage: { promptTokens: 5, completionTokens: 3 } })
  })
})

describe('an answer that is none', () => {
  test('without parts is empty and finishes as Gemini says', () => {
    for (const content of [{ role: 'model' }, {}, undefined]) {
      expect(foldMessage(reply({ candidates: [{ ...(content ? { content } : {}), finishReason: 'MAX_TOKENS' }] }))).toMatchObject({ content: null, finish: 'length', native: 'MAX_TOKENS' })
    }
  })

  test('to a prompt that was blocked is a content_filter that says why', () => {
    const body = { promptFeedback: { blockReason: 'MODEL_ARMOR', blockReasonMessage: 'The prompt violated filters.' }, usageMetadata: { trafficType: 'ON_DEMAND' } }
    for (const events of [reply(body), stream(body)]) {
      expect(events.slice(1)).toEqual([{ type: 'refusal', choice: 0, text: 'The prompt violated filters.' }, { type: 'finish', choice: 0, reason: 'content_filter', native: 'MODEL_ARMOR' }])
    }
  })

  test('that was blocked on its way is a content_filter', () => {
    for (const finishReason of ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'MODEL_ARMOR', 'IMAGE_SAFETY']) {
      expect(reply({ candidates: [{ finishReason }] }).at(-1)).toMatchObject({ reason: 'content_filter', native: finishReason })
    }
  })

  test('or an error with 200, is a fault', () => {
    expect(() => reply({})).toThrow(Fault)
    expect(() => reply({ candidates: [] })).toThrow(/without candidates/)
    expect(() => reply({ error: { code: 500, message: 'Internal error', status: 'INTERNAL' } })).toThrow(/Internal error/)
  })

  test('but says no reason, has stopped: nothing of a whole reply is to come', () => {
    expect(reply(chunk([{ text: 'Hi' }])).at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'stop', native: null })
  })
})

describe('beside the text', () => {
  test('images are data URLs, sound is a field of its own', () => {
    const events = reply(chunk([{ text: 'Here: ' }, { inlineData: { mimeType: 'image/png', data: 'iVBO' }, thoughtSignature: 'YQ==' }, { inlineData: { mimeType: 'audio/L16;rate=24000', data: 'AAAA' } }], STOP))
    expect(ofType(events, 'image')).toEqual([{ type: 'image', choice: 0, url: 'data:image/png;base64,iVBO' }])
    expect(ofType(events, 'extra')).toMatchObject([{ field: 'audio', value: { data: 'AAAA' } }])
    expect(ofType(events, 'reasoning')).toMatchObject([{ detail: { id: 'r1/image/0', data: 'YQ==' } }])
  })

  test('citations point at characters where Gemini counts bytes', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, { retrievedContext: { text: 'no link' } }],
      groundingSupports: [{ segment: { startIndex: 8, endIndex: 19, text: 'est à Paris' }, groundingChunkIndices: [0, 1] }],
    }
    // é and à take two bytes each.
    const events = stream(chunk([{ text: 'Le café' }], { groundingMetadata: {} }), chunk([{ text: ' est à Paris' }], { groundingMetadata }), chunk([], { ...STOP, groundingMetadata }))
    const said = 'Le café est à Paris'
    expect(ofType(events, 'annotation')).toEqual([{ type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 8, end_index: 19 } } }])
    expect(said.slice(8, 19)).toBe('est à Paris')
  })

  test('offsets past an astral character are those of a string', () => {
    const text = '😀 è qui. Ecco.'
    const bytes = Buffer.byteLength('😀 è qui. ')
    const groundingMetadata = { groundingChunks: [{ web: { uri: 'https://a.example' } }], groundingSupports: [{ segment: { startIndex: bytes, endIndex: bytes + 5 }, groundingChunkIndices: [0] }] }
    const [event] = ofType(reply(chunk([{ text }], { ...STOP, groundingMetadata })), 'annotation')
    const { start_index: start, end_index: end } = ((event as { annotation: JsonObject }).annotation['url_citation'] as Record<string, number>)
    expect(text.slice(start, end)).toBe('Ecco.')
  })

  test('log-probabilities have the shape of the contract', () => {
    const logprobsResult = { chosenCandidates: [{ token: 'é', logProbability: -0.5, tokenId: 1 }], topCandidates: [{ candidates: [{ token: 'é', logProbability: -0.5 }, { token: 'e', logProbability: -2 }] }] }
    expect(ofType(reply(chunk([{ text: 'é' }], { ...STOP, logprobsResult })), 'logprobs')).toEqual([{ type: 'logprobs', choice: 0, logprobs: {
      content: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [{ token: 'é', logprob: -0.5, bytes: [195, 169] }, { token: 'e', logprob: -2, bytes: [101] }] }], refusal: null,
    } }])
  })

  test('several candidates are several choices, by index or by place', () => {
    const body = { candidates: [{ index: 1, content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' }, { index: 0, content: { parts: [{ text: 'a' }] }, finishReason: 'MAX_TOKENS' }] }
    const events = reply(body)
    expect([foldMessage(events, 0).content, foldMessage(events, 1).content]).toEqual(['a', 'b'])
    expect([foldMessage(events, 0).finish, foldMessage(events, 1).finish]).toEqual(['length', 'stop'])
    const placed = reply({ candidates: body.candidates.map(({ content, finishReason }) => ({ content, finishReason })) })
    expect([foldMessage(placed, 0).content, foldMessage(placed, 1).content]).toEqual(['b', 'a'])
  })
})
