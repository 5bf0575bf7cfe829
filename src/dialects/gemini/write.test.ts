import { describe, expect, test } from 'bun:test'
import { geminiCall, geminiEndpoint, type CallWishes } from '../../../test/wire/gemini-call.ts'
import { problemsOfGeminiRequest } from '../../../test/wire/gemini-request.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { ChatBody, Message, Part, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { gemini } from './gemini.ts'
import { packetSignature } from './packet.ts'
import type { Content } from './wire.ts'

interface Body { contents: Content[]; systemInstruction?: JsonObject; tools?: JsonObject[]; toolConfig?: JsonObject; generationConfig?: JsonObject; [key: string]: unknown }

/** The body that is written, which Google would take, and the warnings. */
function write(body: Partial<ChatBody>, endpoint: Endpoint = geminiEndpoint('gemini-2.0-flash'), wishes: CallWishes = {}): { body: Body; warnings: readonly Warning[] } {
  const written = gemini.writeCall(geminiCall(body, wishes), endpoint)
  const parsed = JSON.parse(written.body) as Body
  expect(problemsOfGeminiRequest(parsed)).toEqual([])
  return { body: parsed, warnings: written.warnings }
}

const config = (body: Partial<ChatBody>, endpoint?: Endpoint) => write(body, endpoint).body.generationConfig
const contents = (messages: readonly Message[], endpoint?: Endpoint) => write({ messages }, endpoint).body.contents
const user = (content: string | readonly Part[]): Message => ({ role: 'user', content })
const third = geminiEndpoint('gemini-3-flash-preview')

describe('the path', () => {
  test('has the model and whether it streams', () => {
    expect(gemini.writeCall(geminiCall({}), geminiEndpoint()).path).toBe('/v1beta/models/gemini-2.5-flash:generateContent')
    expect(gemini.writeCall(geminiCall({}, { stream: true }), geminiEndpoint()).path).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse')
    expect(gemini.writeCall(geminiCall({}), geminiEndpoint('tunedModels/mine')).path).toBe('/v1beta/tunedModels/mine:generateContent')
  })
})

describe('parameters', () => {
  test('that the client does not name are not sent', () => {
    expect(write({}).body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] })
  })

  test('have their own names', () => {
    expect(config({ temperature: 0.5, top_p: 0.9, top_k: 40, seed: 7, presence_penalty: 1, frequency_penalty: -1, max_tokens: 100, n: 2, stop: 'END' })).toEqual({
      temperature: 0.5, topP: 0.9, topK: 40, seed: 7, presencePenalty: 1, frequencyPenalty: -1, maxOutputTokens: 100, candidateCount: 2, stopSequences: ['END'],
    })
  })

  test('that are off are left out, and seeds stay within 32 bits', () => {
    expect(config({ top_k: 0, n: 1, temperature: null, seed: 2 ** 40 + 5 })).toEqual({ seed: 5 })
  })

  test('ask for log-probabilities', () => {
    expect(config({ logprobs: true, top_logprobs: 5 })).toEqual({ responseLogprobs: true, logprobs: 5 })
    expect(config({ logprobs: true })).toEqual({ responseLogprobs: true })
  })

  test('stop at five sequences, and say so', () => {
    const { body, warnings } = write({ stop: ['a', 'b', 'c', 'd', 'e', 'f'] })
    expect(body.generationConfig).toEqual({ stopSequences: ['a', 'b', 'c', 'd', 'e'] })
    expect(warnings.map((warning) => warning.field)).toEqual(['stop'])
  })

  test('ask for JSON, with the schema as it came', () => {
    const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: ['string', 'null'] } }, additionalProperties: false }
    expect(config({ response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } } })).toEqual({ responseMimeType: 'application/json', responseJsonSchema: schema })
    expect(config({ response_format: { type: 'json_object' } })).toEqual({ responseMimeType: 'application/json' })
    expect(config({ response_format: { type: 'text' } })).toBeUndefined()
  })

  test('ask for images and sound', () => {
    expect(config({ modalities: ['image', 'text'], image_config: { aspect_ratio: '16:9', image_size: '2K' } })).toEqual({ responseModalities: ['IMAGE', 'TEXT'], imageConfig: { aspectRatio: '16:9', imageSize: '2K' } })
    expect(config({ modalities: ['audio'], audio: { voice: 'Kore', format: 'pcm16' } })).toEqual({ responseModalities: ['AUDIO'], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } })
    expect(config({ modalities: ['text'] })).toBeUndefined()
  })

  test('of Gemini itself are carried', () => {
    const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }]
    const { body, warnings } = write({ safety_settings: safetySettings, cachedContent: 'cachedContents/1', generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW', temperature: 1 }, temperature: 0.2 })
    expect(body).toMatchObject({ safetySettings, cachedContent: 'cachedContents/1', generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW', temperature: 0.2 } })
    expect(warnings).toEqual([])
  })

  test('that Gemini does not have become warnings, those for us do not', () => {
    const { body, warnings } = write({ repetition_penalty: 1.1, min_p: 0, logit_bias: { 5: 1 }, service_tier: 'priority', parallel_tool_calls: false, user: 'u', provider: { only: ['x'] }, models: ['a'], usage: { include: true }, metadata: {} })
    expect(Object.keys(body)).toEqual(['contents'])
    expect(warnings.map((warning) => warning.field)).toEqual(['parallel_tool_calls', 'repetition_penalty', 'logit_bias', 'service_tier'])
  })

  test('that the endpoint is known not to take become warnings', () => {
    const { body, warnings } = write({ presence_penalty: 1, temperature: 1 }, geminiEndpoint('gemini-2.0-flash', { parameters: new Set(['temperature']) }))
    expect(body.generationConfig).toEqual({ temperature: 1 })
    expect(warnings.map((warning) => warning.field)).toEqual(['presence_penalty'])
  })

  test('that mark caches are dropped with a warning', () => {
    const { warnings } = write({ messages: [user([{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }])] })
    expect(warnings.map((warning) => warning.field)).toEqual(['cache_control'])
  })
})

describe('messages', () => {
  test('of the system stand apart', () => {
    expect(write({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] }, user('Hi')] }).body)
      .toEqual({ systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] }, contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] })
  })

  test('of the system alone, or in the middle, or to a model that takes none', () => {
    expect(write({ messages: [{ role: 'system', content: 'Go.' }] }).body).toEqual({ systemInstruction: { parts: [{ text: 'Go.' }] }, contents: [{ role: 'user', parts: [{ text: '' }] }] })
    expect(write({ messages: [user('Hi'), { role: 'system', content: 'Late.' }] }).warnings.map((warning) => warning.field)).toEqual(['messages'])
    expect(contents([{ role: 'system', content: 'Go.' }, user('Hi')], geminiEndpoint('gemma-3-27b-it'))).toEqual([{ role: 'user', parts: [{ text: 'Go.' }, { text: 'Hi' }] }])
  })

  test('of one side in a row are one turn', () => {
    expect(contents([user('a'), user('b'), { role: 'assistant', content: 'c' }, { role: 'assistant', content: 'd' }, user('e')])).toEqual([
      { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] }, { role: 'model', parts: [{ text: 'c' }, { text: 'd' }] }, { role: 'user', parts: [{ text: 'e' }] },
    ])
  })

  test('with a name begin with it', () => {
    expect(contents([{ role: 'user', name: 'Ann', content: 'Hi' }])[0]?.parts).toEqual([{ text: 'Ann: Hi' }])
  })

  test('that are empty are a turn all the same', () => {
    expect(contents([user(''), { role: 'assistant', content: '' }, user('x')])).toEqual([{ role: 'user', parts: [{ text: '' }] }, { role: 'model', parts: [{ text: '' }] }, { role: 'user', parts: [{ text: 'x' }] }])
    expect(contents([{ role: 'assistant', content: null, refusal: 'No.' }, user('x')])[0]).toEqual({ role: 'model', parts: [{ text: 'No.' }] })
  })

  test('may end with words that the model goes on with', () => {
    expect(contents([user('a'), { role: 'assistant', content: 'The answer' }]).at(-1)).toEqual({ role: 'model', parts: [{ text: 'The answer' }] })
  })
})

describe('media', () => {
  const part = (content: Part) => contents([user([content])])[0]?.parts[0]

  test('in data URLs are inline', () => {
    expect(part({ type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA', detail: 'high' } })).toEqual({ inlineData: { mimeType: 'image/webp', data: 'AAAA' } })
    expect(part({ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } })).toEqual({ inlineData: { mimeType: 'application/pdf', data: 'AAAA' } })
    expect(part({ type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain,h%C3%A9' } })).toEqual({ inlineData: { mimeType: 'text/plain', data: Buffer.from('hé').toString('base64') } })
    expect(part({ type: 'video_url', video_url: { url: 'data:video/mp4;base64,AAAA' } })).toEqual({ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } })
  })

  test('of sound say their format', () => {
    expect(part({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } })).toEqual({ inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } })
    expect(part({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'pcm16' } })).toEqual({ inlineData: { mimeType: 'audio/pcm', data: 'AAAA' } })
  })

  test('at URLs are fetched by Google, with the type that we know or guess', () => {
    expect(part({ type: 'image_url', image_url: { url: 'https://a.example/b.PNG?x=1' } })).toEqual({ fileData: { fileUri: 'https://a.example/b.PNG?x=1', mimeType: 'image/png' } })
    expect(part({ type: 'image_url', image_url: { url: 'https://a.example/b' } })).toEqual({ fileData: { fileUri: 'https://a.example/b', mimeType: 'image/jpeg' } })
    expect(part({ type: 'file', file: { file_data: 'https://a.example/b' } })).toEqual({ fileData: { fileUri: 'https://a.example/b', mimeType: 'application/pdf' } })
    expect(part({ type: 'file', file: { file_id: 'files/abc' } })).toEqual({ fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } })
    expect(part({ type: 'video_url', video_url: { url: 'https://www.youtube.com/watch?v=1' } })).toEqual({ fileData: { fileUri: 'https://www.youtube.com/watch?v=1' } })
  })

  test('that Gemini cannot have are refused by their field, and another provider may be tried where it can', () => {
    const fault = (content: Part): Fault => {
      try {
        gemini.writeCall(geminiCall({ messages: [user('a'), user([{ type: 'text', text: 'b' }, content])] }), third)
      } catch (error) {
        return error as Fault
      }
      throw new Error('not refused')
    }
    expect(fault({ type: 'video_url', video_url: { url: 'https://a.example/b.mp4' } })).toMatchObject({ code: 'invalid_request', retry: 'next', message: expect.stringContaining('messages[1].content[1].video_url') as string })
    expect(fault({ type: 'image_url', image_url: { url: 'blob:1' } }).message).toStartWith('messages[1].content[1].image_url')
    expect(fault({ type: 'input_audio', input_audio: {} }).code).toBe('invalid_request')
    expect(fault({ type: 'file', file: { file_id: 'file-abc' } }).message).toContain('file_id')
    expect(fault({ type: 'hologram' }).message).toContain('hologram')
  })
})

describe('tools', () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const tools = [{ type: 'function' as const, function: { name: 'b', description: 'B', parameters, strict: true } }, { type: 'function' as const, function: { name: 'a' } }]

  test('are declarations in the order that they came in', () => {
    expect(write({ tools }).body.tools).toEqual([{ functionDeclarations: [{ name: 'b', description: 'B', parametersJsonSchema: parameters }, { name: 'a' }] }])
  })

  test('of Gemini are carried, and may be mixed with functions from Gemini 3 on', () => {
    const mixed = [{ googleSearch: {} }, ...tools]
    expect(write({ tools: mixed }, third).body).toMatchObject({ tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'b' }, { name: 'a' }] }], toolConfig: { includeServerSideToolInvocations: true } })
    expect(write({ tools: mixed }).body.toolConfig).toBeUndefined()
  })

  test('of others become warnings', () => {
    expect(write({ tools: [{ type: 'web_search_20250305' }] }).warnings).toEqual([{ field: 'tools[0]', why: 'Gemini has no tool of type "web_search_20250305"' }])
  })

  test('are chosen by mode', () => {
    const modes: readonly (readonly [ChatBody['tool_choice'], JsonObject])[] = [
      ['auto', { mode: 'AUTO' }], ['none', { mode: 'NONE' }], ['required', { mode: 'ANY' }], [{ type: 'function', function: { name: 'a' } }, { mode: 'ANY', allowedFunctionNames: ['a'] }],
      [{ type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'b' } }] } }, { mode: 'VALIDATED', allowedFunctionNames: ['b'] }],
    ]
    for (const [choice, said] of modes) expect(write({ tools, tool_choice: choice }).body.toolConfig).toEqual({ functionCallingConfig: said })
    expect(write({ tool_choice: 'auto' }).body.toolConfig).toBeUndefined()
    expect(write({ tools, tool_choice: { type: 'openrouter:web_search' } }).warnings.map((warning) => warning.field)).toEqual(['tools.function.strict', 'tool_choice'])
  })
})

test('a client of the same dialect is told when reasoning of another provider stays behind', () => {
  const packet = packetSignature({ details: [{ type: 'reasoning.text', text: 'Hm', signature: 'S', format: 'anthropic-claude-v1', index: 0 }], extra: {} })
  const write = (signature: string) => gemini.writeCall({ ...geminiCall({ messages: [user('Hi')] }), dialect: 'gemini', native: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }, { role: 'model', parts: [{ text: 'Yes', thoughtSignature: signature }] }, { role: 'user', parts: [{ text: 'Why?' }] }] } }, geminiEndpoint('gemini-2.5-flash'))
  expect(write(packet).warnings.map((warning) => warning.field)).toEqual(['reasoning_details'])
  expect(write(packet).body).not.toContain('thoughtSignature')
  expect(write('R0VN').warnings).toEqual([])
  expect(write('R0VN').body).toContain('R0VN')
})
