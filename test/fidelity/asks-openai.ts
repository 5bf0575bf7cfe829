import type { JsonObject } from '../../src/core/json.ts'
import type { Ask, Asks } from './features.ts'

const PICTURE = 'cGljdHVyZQ=='
const SOUND = 'c291bmRzb3VuZA=='
const DOCUMENT = 'ZG9jdW1lbnQ='
const FILM = 'dmlkZW9maWxt'
const DOCUMENT_URL = 'https://files.example/a.pdf'
const PICTURE_URL = 'https://pictures.example/cat.png'
export const SCHEMA: JsonObject = { type: 'object', properties: { d3grees: { type: 'number' } }, required: ['d3grees'], additionalProperties: false }
export const PARAMETERS: JsonObject = { type: 'object', properties: { c1ty: { type: 'string' } }, required: ['c1ty'] }
export const FILES = { picture: PICTURE, sound: SOUND, document: DOCUMENT, film: FILM, pictureUrl: PICTURE_URL, documentUrl: DOCUMENT_URL } as const
const FUNCTION: JsonObject = { name: 'get_weather', description: 'The weather now', parameters: PARAMETERS }

/** Fields of a request beside a plain one's, as they are. */
export const ask = (fields: JsonObject, without?: JsonObject): Ask => (without ? { fields, without } : { fields })

const TOOLS = [{ type: 'function', function: FUNCTION }]
const user = (...parts: JsonObject[]): JsonObject => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, ...parts] }] })
const call = (id: string, city: string): JsonObject => ({ id, type: 'function', function: { name: 'get_weather', arguments: JSON.stringify({ c1ty: city }) } })
const turns = (first: string | JsonObject[], second: string): JsonObject => ({
  tools: TOOLS,
  messages: [
    { role: 'user', content: 'Weather?' }, { role: 'assistant', content: null, tool_calls: [call('call_a1', 'Par1s'), call('call_b2', 'R0me')] },
    { role: 'tool', tool_call_id: 'call_a1', content: first }, { role: 'tool', tool_call_id: 'call_b2', content: second },
  ],
})

/** Chat completions. */
export const CHAT_ASKS: Asks = {
  'text': ask({ messages: [{ role: 'user', content: 'Qu3stion' }] }),
  'system prompt': ask({ messages: [{ role: 'system', content: 'Syst3m' }, { role: 'user', content: 'Hi' }] }),
  'several system messages': ask({ messages: [{ role: 'system', content: 'Syst3m' }, { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Yes?' }, { role: 'system', content: 'L4ter' }, { role: 'user', content: 'Go on' }] }),
  'developer role': ask({ messages: [{ role: 'developer', content: 'Devel0per' }, { role: 'user', content: 'Hi' }] }),
  'tools': ask({ tools: TOOLS }),
  'parallel tool calls and results': ask(turns('21 degrees', '24 degrees')),
  'no parallel tool calls': ask({ tools: TOOLS, parallel_tool_calls: false }, { tools: TOOLS }),
  'tool choice: must call': ask({ tools: TOOLS, tool_choice: 'required' }, { tools: TOOLS }),
  'tool choice: one tool': ask({ tools: TOOLS, tool_choice: { type: 'function', function: { name: 'get_weather' } } }, { tools: TOOLS }),
  'tool choice: none': ask({ tools: TOOLS, tool_choice: 'none' }, { tools: TOOLS }),
  'strict tools': ask({ tools: [{ type: 'function', function: { ...FUNCTION, strict: true } }] }, { tools: TOOLS }),
  'tool result with an image': ask(turns([{ type: 'text', text: 'See' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } }], '24 degrees')),
  'image, data': ask(user({ type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } })),
  'image detail': ask(user({ type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}`, detail: 'low' } }), user({ type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } })),
  'image, URL': ask(user({ type: 'image_url', image_url: { url: PICTURE_URL } })),
  'PDF, data': ask(user({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${DOCUMENT}` } })),
  'PDF, URL': ask(user({ type: 'file', file: { filename: 'a.pdf', file_data: DOCUMENT_URL } })),
  'video, data': ask(user({ type: 'video_url', video_url: { url: `data:video/mp4;base64,${FILM}` } })),
  'audio as an answer': ask({ modalities: ['text', 'audio'], audio: { voice: 'al1oy', format: 'pcm16' } }),
  'audio': ask(user({ type: 'input_audio', input_audio: { data: SOUND, format: 'wav' } })),
  'reasoning effort': ask({ reasoning_effort: 'low', max_tokens: 6000 }, { max_tokens: 6000 }),
  'reasoning budget': ask({ reasoning: { max_tokens: 2048 }, max_tokens: 6000 }, { max_tokens: 6000 }),
  'reasoning off': ask({ reasoning: { enabled: false } }),
  'structured output: JSON schema': ask({ response_format: { type: 'json_schema', json_schema: { name: 'report', strict: true, schema: SCHEMA } } }),
  'structured output: JSON object': ask({ response_format: { type: 'json_object' } }),
  'cache mark': ask(user({ type: 'text', text: 'Long', cache_control: { type: 'ephemeral' } }), user({ type: 'text', text: 'Long' })),
  'temperature': ask({ temperature: 0.25 }),
  'top_p': ask({ top_p: 0.875 }),
  'top_k': ask({ top_k: 37 }),
  'max tokens': ask({ max_tokens: 777 }),
  'stop sequences': ask({ stop: ['ST0P'] }),
  'seed': ask({ seed: 424_242 }),
  'penalties': ask({ frequency_penalty: 0.375, presence_penalty: 0.625 }),
  'logit bias': ask({ logit_bias: { 50256: -10 } }),
  'logprobs': ask({ logprobs: true, top_logprobs: 2 }),
  'n > 1': ask({ n: 3 }),
  'assistant turn sent back': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: '3arlier' }, { role: 'user', content: 'Go on' }] }),
  'prefill': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Pr3fill' }] }),
  'verbosity': ask({ verbosity: 'low' }),
  'prediction': ask({ prediction: { type: 'content', content: 'Pr3dicted' } }),
  'service tier': ask({ service_tier: 'flex' }),
  'user': ask({ user: 'someone' }),
  'metadata': ask({ metadata: { m3ta: 'value' } }),
  'unknown field': ask({ x_unkn0wn: 'value' }),
}

/** Legacy completions: a prompt, and the parameters of chat. */
export const COMPLETIONS_ASKS: Asks = {
  'text': ask({ prompt: 'Qu3stion' }),
  'logprobs': ask({ logprobs: 2 }),
  ...Object.fromEntries((['reasoning effort', 'reasoning budget', 'reasoning off', 'structured output: JSON schema', 'structured output: JSON object', 'temperature', 'top_p', 'top_k', 'max tokens', 'stop sequences', 'seed',
    'penalties', 'logit bias', 'n > 1', 'service tier', 'user', 'metadata', 'unknown field'] as const).map((name) => [name, CHAT_ASKS[name]])),
}

const FLAT = [{ type: 'function', ...FUNCTION, strict: false }]
const input = (...parts: JsonObject[]): JsonObject => ({ input: [{ role: 'user', content: [{ type: 'input_text', text: 'Look' }, ...parts] }] })
const flatCall = (id: string, city: string): JsonObject => ({ type: 'function_call', call_id: id, name: 'get_weather', arguments: JSON.stringify({ c1ty: city }) })
const items = (first: string | JsonObject[], second: string): JsonObject => ({
  tools: FLAT,
  input: [
    { role: 'user', content: 'Weather?' }, flatCall('call_a1', 'Par1s'), flatCall('call_b2', 'R0me'),
    { type: 'function_call_output', call_id: 'call_a1', output: first }, { type: 'function_call_output', call_id: 'call_b2', output: second },
  ],
})

/** Responses. */
export const RESPONSES_ASKS: Asks = {
  'text': ask({ input: 'Qu3stion' }),
  'system prompt': ask({ instructions: 'Syst3m' }),
  'several system messages': ask({ instructions: 'Syst3m', input: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Yes?' }, { role: 'system', content: 'L4ter' }, { role: 'user', content: 'Go on' }] }),
  'developer role': ask({ input: [{ role: 'developer', content: 'Devel0per' }, { role: 'user', content: 'Hi' }] }),
  'tools': ask({ tools: FLAT }),
  'parallel tool calls and results': ask(items('21 degrees', '24 degrees')),
  'no parallel tool calls': ask({ tools: FLAT, parallel_tool_calls: false }, { tools: FLAT }),
  'tool choice: must call': ask({ tools: FLAT, tool_choice: 'required' }, { tools: FLAT }),
  'tool choice: one tool': ask({ tools: FLAT, tool_choice: { type: 'function', name: 'get_weather' } }, { tools: FLAT }),
  'tool choice: none': ask({ tools: FLAT, tool_choice: 'none' }, { tools: FLAT }),
  'strict tools': ask({ tools: [{ type: 'function', ...FUNCTION, strict: true }] }, { tools: FLAT }),
  'tool result with an image': ask(items([{ type: 'input_text', text: 'See' }, { type: 'input_image', image_url: `data:image/png;base64,${PICTURE}`, detail: 'auto' }], '24 degrees')),
  'image, data': ask(input({ type: 'input_image', image_url: `data:image/png;base64,${PICTURE}`, detail: 'auto' })),
  'image detail': ask(input({ type: 'input_image', image_url: `data:image/png;base64,${PICTURE}`, detail: 'low' }), input({ type: 'input_image', image_url: `data:image/png;base64,${PICTURE}`, detail: 'auto' })),
  'image, URL': ask(input({ type: 'input_image', image_url: PICTURE_URL, detail: 'auto' })),
  'PDF, data': ask(input({ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${DOCUMENT}` })),
  'PDF, URL': ask(input({ type: 'input_file', file_url: DOCUMENT_URL })),
  'video, data': ask(input({ type: 'input_video', video_url: `data:video/mp4;base64,${FILM}` })),
  'code run by the provider': ask({ tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }),
  'audio': ask(input({ type: 'input_audio', input_audio: { data: SOUND, format: 'wav' } })),
  'reasoning effort': ask({ reasoning: { effort: 'low' }, max_output_tokens: 6000 }, { max_output_tokens: 6000 }),
  'reasoning off': ask({ reasoning: { effort: 'none' } }),
  'structured output: JSON schema': ask({ text: { format: { type: 'json_schema', name: 'report', strict: true, schema: SCHEMA } } }),
  'structured output: JSON object': ask({ text: { format: { type: 'json_object' } } }),
  'web search by the provider': ask({ tools: [{ type: 'web_search' }] }),
  'temperature': ask({ temperature: 0.25 }),
  'top_p': ask({ top_p: 0.875 }),
  'top_k': ask({ top_k: 37 }),
  'max tokens': ask({ max_output_tokens: 777 }),
  'logprobs': ask({ include: ['message.output_text.logprobs'], top_logprobs: 2 }),
  'assistant turn sent back': ask({ input: [{ role: 'user', content: 'Hi' }, { type: 'message', role: 'assistant', id: 'msg_1', status: 'completed', content: [{ type: 'output_text', text: '3arlier', annotations: [] }] }, { role: 'user', content: 'Go on' }] }),
  'prefill': ask({ input: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Pr3fill' }] }),
  'verbosity': ask({ text: { verbosity: 'low' } }),
  'service tier': ask({ service_tier: 'flex' }),
  'user': ask({ user: 'someone' }),
  'metadata': ask({ metadata: { m3ta: 'value' } }),
  'unknown field': ask({ x_unkn0wn: 'value' }),
}
