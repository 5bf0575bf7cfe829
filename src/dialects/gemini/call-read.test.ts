import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ORIGIN } from '../../../test/wire/client-call.ts'
import { geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { estimateTokens } from './count-tokens.ts'
import { readGenerate } from './call-read.ts'
import { gemini } from './gemini.ts'
import { packetIn, packetSignature } from './packet.ts'

const read = (sent: JsonObject): Call => readGenerate(sent, ORIGIN, { model: 'acme/tiny', stream: false })
const turn = (...parts: Json[]): JsonObject => ({ role: 'user', parts })
const said = (...parts: Json[]): JsonObject => ({ role: 'model', parts })
const hi = [turn({ text: 'Hi' })]

describe('a request in either spelling', () => {
  test('is the same call', () => {
    const camel = read({ contents: [turn({ inlineData: { mimeType: 'image/png', data: 'AAAA' } })], systemInstruction: { parts: [{ text: 'Be brief.' }] }, generationConfig: { maxOutputTokens: 9, topP: 0.5, stopSequences: ['a'], thinkingConfig: { thinkingBudget: 100 } } })
    const snake = read({ contents: [turn({ inline_data: { mime_type: 'image/png', data: 'AAAA' } })], system_instruction: { parts: [{ text: 'Be brief.' }] }, generation_config: { max_output_tokens: 9, top_p: 0.5, stop_sequences: ['a'], thinking_config: { thinking_budget: 100 } } })
    expect(snake.body).toEqual(camel.body)
    expect(camel).toMatchObject({ api: 'gemini', dialect: 'gemini', needs: { maxTokens: 9, inputs: ['image'] }, reasoning: { enabled: true, maxTokens: 100 }, unsaid: [] })
    expect(camel.body).toMatchObject({ max_tokens: 9, top_p: 0.5, stop: ['a'], messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }] })
  })

  test('a thing may stand for a list of one, as Google reads it', () => {
    const { body } = read({ contents: turn({ text: 'Hi' }), tools: { functionDeclarations: { name: 'f' } }, toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: 'f' } } })
    expect(body).toMatchObject({ messages: [{ role: 'user', content: 'Hi' }], tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: { type: 'function', function: { name: 'f' } } })
  })
})

describe('a conversation', () => {
  test('pieces of a stream that the client kept are one message', () => {
    const { body } = read({ contents: [...hi, said({ text: 'One, ' }), said({ text: 'two' }, { text: 'hm', thought: true }), said({ text: '' }), turn({ text: 'Go on' })] })
    expect(body.messages.map((message) => [message.role, message.content])).toEqual([['user', 'Hi'], ['assistant', 'One, two'], ['user', 'Go on']])
  })

  test('results without ids answer the calls of their name, in order', () => {
    const call = (city: string): JsonObject => ({ functionCall: { name: 'f', args: { city } } })
    const result = (output: string): JsonObject => ({ functionResponse: { name: 'f', response: { output } } })
    const { body } = read({ contents: [...hi, said(call('a'), call('b')), turn(result('1'), result('2')), said(call('c')), turn(result('3'), { text: 'And?' })] })
    const ids = body.messages.flatMap((message) => message.tool_calls?.map((one) => one.id) ?? [])
    expect(new Set(ids).size).toBe(3)
    expect(body.messages.filter((message) => message.role === 'tool').map((message) => [message.tool_call_id, message.content])).toEqual([[ids[0], '1'], [ids[1], '2'], [ids[2], '3']])
    expect(body.messages.at(-1)).toEqual({ role: 'user', content: 'And?' })
  })

  test('ids that were said pair what is out of order; other results are JSON', () => {
    const { body } = read({ contents: [...hi, said({ functionCall: { id: 'x', name: 'f' } }, { functionCall: { id: 'y', name: 'f' } }), turn({ functionResponse: { id: 'y', name: 'f', response: { a: 1 } } }, { functionResponse: { id: 'x', name: 'f', response: { result: 'text' } } })] })
    expect(body.messages.filter((message) => message.role === 'tool').map((message) => [message.tool_call_id, message.content])).toEqual([['y', '{"a":1}'], ['x', 'text']])
  })

  test("Google's signatures stand where Gemini's own writer finds them", () => {
    const contents = [...hi, said({ text: 'Hm', thought: true }, { functionCall: { name: 'f', args: {} }, thoughtSignature: 'AAA=' }), turn({ functionResponse: { name: 'f', response: {} } }), said({ text: 'Done', thoughtSignature: 'BBB=' }), turn({ text: 'Thanks' })]
    const { native: _native, ...call } = read({ contents })
    const wire = gemini.writeCall({ ...call, dialect: 'openai-chat' }, geminiEndpoint('gemini-3-flash-preview'))
    expect(JSON.parse(wire.body)).toMatchObject({ contents: [turn({ text: 'Hi' }), said({ functionCall: { name: 'f', args: {} }, thoughtSignature: 'AAA=' }), turn({ functionResponse: { name: 'f' } }), said({ text: 'Done', thoughtSignature: 'BBB=' }), turn({ text: 'Thanks' })] })
  })

  test('media by kind', () => {
    const { body } = read({ contents: [turn(
      { inlineData: { mimeType: 'audio/mpeg', data: 'AA' } }, { inlineData: { mimeType: 'application/pdf', data: 'AA-_' } }, { inlineData: { mimeType: 'video/mp4', data: 'AA' } },
      { fileData: { fileUri: 'https://youtu.be/x' } }, { fileData: { fileUri: 'https://a.example/b.png' } }, { fileData: { mimeType: 'application/pdf', fileUri: 'https://a.example/c' } },
    )] })
    expect(body.messages[0]?.content).toEqual([
      { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } }, { type: 'file', file: { filename: 'file.pdf', file_data: 'data:application/pdf;base64,AA+/' } }, { type: 'video_url', video_url: { url: 'data:video/mp4;base64,AA' } },
      { type: 'video_url', video_url: { url: 'https://youtu.be/x' } }, { type: 'image_url', image_url: { url: 'https://a.example/b.png' } }, { type: 'file', file: { file_data: 'https://a.example/c' } },
    ])
  })
})

describe('wishes', () => {
  const configOf = (generationConfig: JsonObject): Call => read({ contents: hi, generationConfig })

  test.each([
    [{ thinkingBudget: 0 }, { enabled: false, effort: 'none' }], [{ thinkingBudget: -1 }, { enabled: true }], [{ thinkingLevel: 'HIGH' }, { enabled: true, effort: 'high' }], [{ includeThoughts: true }, { enabled: true, exclude: false }], [{}, { exclude: true }],
  ])('to think: %j', (thinkingConfig, wish) => expect(configOf({ thinkingConfig }).reasoning).toMatchObject(wish))

  test.each<[JsonObject, Json]>([
    [{ mode: 'AUTO' }, 'auto'], [{ mode: 'NONE' }, 'none'], [{ mode: 'any' }, 'required'], [{ mode: 'VALIDATED' }, 'auto'], [{ mode: 'ANY', allowedFunctionNames: ['f'] }, { type: 'function', function: { name: 'f' } }],
    [{ mode: 'ANY', allowed_function_names: ['f', 'g'] }, { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }, { type: 'function', function: { name: 'g' } }] } }],
  ])('which functions: %j', (functionCallingConfig, choice) => {
    expect(read({ contents: hi, tools: [{ functionDeclarations: [{ name: 'f' }, { name: 'g' }] }], toolConfig: { functionCallingConfig } }).body.tool_choice).toEqual(choice)
  })

  test('a form: JSON, a schema, or what only Google has', () => {
    expect(configOf({ responseMimeType: 'application/json' }).body.response_format).toEqual({ type: 'json_object' })
    expect(configOf({ responseJsonSchema: { type: 'object' } }).needs.parameters).toContain('structured_outputs')
    const choice = configOf({ responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING', enum: ['a'] } })
    expect([choice.body.response_format, choice.unsaid?.map((warning) => warning.field)]).toEqual([undefined, ['generationConfig.responseMimeType']])
  })

  test('five sequences to stop at, and functions by any name', () => {
    const { body, needs } = read({ contents: hi, generationConfig: { stopSequences: ['1', '2', '3', '4', '5'] }, tools: [{ functionDeclarations: [{ name: 'a.b:c' }] }] })
    expect([body.stop, body.tools]).toEqual([['1', '2', '3', '4', '5'], [{ type: 'function', function: { name: 'a.b:c' } }]])
    expect(needs.parameters).toEqual(expect.arrayContaining(['stop', 'tools']))
  })

  test('fields of ours beside them go to the router and to no provider', () => {
    const call = read({ contents: hi, models: ['b/c'], provider: { order: ['google'] }, session_id: 's', user: 'u' })
    expect(call).toMatchObject({ models: ['acme/tiny', 'b/c'], preferences: { order: ['google'] }, headers: { sessionId: 's' } })
    expect(JSON.parse(gemini.writeCall(call, geminiEndpoint()).body)).toEqual({ contents: hi })
  })
})

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>
const anyPart = fc.dictionary(fc.constantFrom('text', 'thought', 'thoughtSignature', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult', 'video_metadata'), fc.oneof(json, fc.constantFrom<Json>('x', { name: 'f', args: {} }, { mimeType: 'image/png', data: 'AA' }, { fileUri: 'https://a.example/b' }, true)))
const anyRequest = fc.dictionary(fc.constantFrom('contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'generation_config', 'safetySettings', 'models', 'provider', 'x'), fc.oneof(json, fc.array(fc.record({ role: fc.constantFrom('user', 'model', 'function'), parts: fc.array(anyPart, { maxLength: 4 }) }), { maxLength: 4 })))

describe('whatever is sent', () => {
  test('it is a call or a fault', () => {
    fc.assert(fc.property(anyRequest, (sent) => {
      try {
        const call = read(sent as JsonObject)
        expect(call.body.messages.length).toBeGreaterThan(0)
        JSON.parse(gemini.writeCall(call, geminiEndpoint()).body)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 600 })
  })

  test('it is counted, or a fault', () => {
    fc.assert(fc.property(anyRequest, (sent) => {
      try {
        expect(estimateTokens(sent as JsonObject)['totalTokens']).toBeGreaterThanOrEqual(0)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 300 })
  })
})

describe('a packet', () => {
  test('comes back as it was, in either base64', () => {
    fc.assert(fc.property(fc.array(fc.record({ type: fc.constant('reasoning.text' as const), text: fc.string({ unit: 'binary' }), signature: fc.base64String() })), (details) => {
      const signature = packetSignature({ details, extra: {} })
      expect(packetIn(signature)?.details).toEqual(details)
      expect(packetIn(signature.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))?.details).toEqual(details)
    }))
  })

  test("Google's signatures are none, and what was changed on its way holds nothing", () => {
    expect(packetIn('AAA=')).toBeUndefined()
    expect(packetIn(packetSignature({ details: [], extra: {} }).slice(0, 20))).toBeUndefined()
  })
})
