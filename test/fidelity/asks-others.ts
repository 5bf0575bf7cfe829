import type { JsonObject } from '../../src/core/json.ts'
import { ask, CHAT_ASKS, FILES, PARAMETERS, SCHEMA } from './asks-openai.ts'
import type { Asks } from './features.ts'

const OWN = [{ name: 'get_weather', description: 'The weather now', input_schema: PARAMETERS }]
const blocks = (...parts: JsonObject[]): JsonObject => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, ...parts] }] })
const png: JsonObject = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: FILES.picture } }
const use = (id: string, city: string): JsonObject => ({ type: 'tool_use', id, name: 'get_weather', input: { c1ty: city } })
const used = (first: string | JsonObject[], second: string, isError = false): JsonObject => ({
  tools: OWN,
  messages: [
    { role: 'user', content: 'Weather?' }, { role: 'assistant', content: [use('toolu_a1', 'Par1s'), use('toolu_b2', 'R0me')] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_a1', content: first, ...(isError ? { is_error: true } : {}) }, { type: 'tool_result', tool_use_id: 'toolu_b2', content: second }] },
  ],
})
const pdf = (more: JsonObject = {}): JsonObject => blocks({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: FILES.document }, ...more })

/** Anthropic Messages. */
export const MESSAGES_ASKS: Asks = {
  'text': ask({ messages: [{ role: 'user', content: 'Qu3stion' }] }),
  'system prompt': ask({ system: 'Syst3m' }),
  'several system messages': ask({ system: [{ type: 'text', text: 'Syst3m' }, { type: 'text', text: 'L4ter' }] }),
  'tools': ask({ tools: OWN }),
  'parallel tool calls and results': ask(used('21 degrees', '24 degrees')),
  'no parallel tool calls': ask({ tools: OWN, tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, { tools: OWN, tool_choice: { type: 'auto' } }),
  'tool choice: must call': ask({ tools: OWN, tool_choice: { type: 'any' } }, { tools: OWN }),
  'tool choice: one tool': ask({ tools: OWN, tool_choice: { type: 'tool', name: 'get_weather' } }, { tools: OWN }),
  'tool choice: none': ask({ tools: OWN, tool_choice: { type: 'none' } }, { tools: OWN }),
  'tool result that is an error': ask(used('21 degrees', '24 degrees', true), used('21 degrees', '24 degrees')),
  'strict tools': ask({ tools: OWN.map((tool) => ({ ...tool, strict: true })) }, { tools: OWN }),
  'tool result with an image': ask(used([{ type: 'text', text: 'See' }, png], '24 degrees')),
  'image, data': ask(blocks(png)),
  'image, URL': ask(blocks({ type: 'image', source: { type: 'url', url: FILES.pictureUrl } })),
  'PDF, data': ask(pdf()),
  'PDF, URL': ask(blocks({ type: 'document', source: { type: 'url', url: FILES.documentUrl } })),
  'code run by the provider': ask({ tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }),
  'reasoning effort': ask({ output_config: { effort: 'low' }, max_tokens: 6000 }, { max_tokens: 6000 }),
  'reasoning budget': ask({ thinking: { type: 'enabled', budget_tokens: 2048 }, max_tokens: 6000 }, { max_tokens: 6000 }),
  'reasoning off': ask({ thinking: { type: 'disabled' } }),
  'structured output: JSON schema': ask({ output_config: { format: { type: 'json_schema', schema: SCHEMA } } }),
  'cache mark': ask(blocks({ type: 'text', text: 'Long', cache_control: { type: 'ephemeral' } }), blocks({ type: 'text', text: 'Long' })),
  'web search by the provider': ask({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
  'citations asked for': ask(pdf({ citations: { enabled: true } }), pdf()),
  'temperature': ask({ temperature: 0.25 }),
  'top_p': ask({ top_p: 0.875 }),
  'top_k': ask({ top_k: 37 }),
  'max tokens': ask({ max_tokens: 777 }),
  'stop sequences': ask({ stop_sequences: ['ST0P'] }),
  'assistant turn sent back': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: [{ type: 'text', text: '3arlier' }] }, { role: 'user', content: 'Go on' }] }),
  'prefill': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Pr3fill' }] }),
  'service tier': ask({ service_tier: 'standard_only' }),
  'user': ask({ metadata: { user_id: 'someone' } }),
  'unknown field': ask({ x_unkn0wn: 'value' }),
}

const DECLARED = [{ functionDeclarations: [{ name: 'get_weather', description: 'The weather now', parametersJsonSchema: PARAMETERS }] }]
const parts = (...more: JsonObject[]): JsonObject => ({ contents: [{ role: 'user', parts: [{ text: 'Look' }, ...more] }] })
const config = (fields: JsonObject): JsonObject => ({ generationConfig: { maxOutputTokens: 500, ...fields } })
const called = (city: string): JsonObject => ({ functionCall: { name: 'get_weather', args: { c1ty: city } } })
const responded = (output: string, more: JsonObject = {}): JsonObject => ({ functionResponse: { name: 'get_weather', response: { output }, ...more } })
const responses = (...results: JsonObject[]): JsonObject => ({ tools: DECLARED, contents: [{ role: 'user', parts: [{ text: 'Weather?' }] }, { role: 'model', parts: [called('Par1s'), called('R0me')] }, { role: 'user', parts: results }] })
const choice = (fields: JsonObject): JsonObject => ({ tools: DECLARED, toolConfig: { functionCallingConfig: fields } })
const inline = (mimeType: string, data: string): JsonObject => ({ inlineData: { mimeType, data } })

/** Gemini's generateContent. */
export const GEMINI_ASKS: Asks = {
  'text': ask({ contents: [{ role: 'user', parts: [{ text: 'Qu3stion' }] }] }),
  'system prompt': ask({ systemInstruction: { parts: [{ text: 'Syst3m' }] } }),
  'tools': ask({ tools: DECLARED }),
  'parallel tool calls and results': ask(responses(responded('21 degrees'), responded('24 degrees'))),
  'tool choice: must call': ask(choice({ mode: 'ANY' }), { tools: DECLARED }),
  'tool choice: one tool': ask(choice({ mode: 'ANY', allowedFunctionNames: ['get_weather'] }), { tools: DECLARED }),
  'tool choice: none': ask(choice({ mode: 'NONE' }), { tools: DECLARED }),
  'tool result with an image': ask(responses(responded('21 degrees', { parts: [inline('image/png', FILES.picture)] }), responded('24 degrees'))),
  'image, data': ask(parts(inline('image/png', FILES.picture))),
  'image, URL': ask(parts({ fileData: { mimeType: 'image/png', fileUri: FILES.pictureUrl } })),
  'PDF, data': ask(parts(inline('application/pdf', FILES.document))),
  'PDF, URL': ask(parts({ fileData: { mimeType: 'application/pdf', fileUri: FILES.documentUrl } })),
  'audio': ask(parts(inline('audio/wav', FILES.sound))),
  'video, data': ask(parts(inline('video/mp4', FILES.film))),
  'audio as an answer': ask(config({ responseModalities: ['AUDIO'], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'al1oy' } } } })),
  'code run by the provider': ask({ tools: [{ codeExecution: {} }] }),
  'reasoning effort': ask(config({ maxOutputTokens: 6000, thinkingConfig: { thinkingLevel: 'LOW' } }), config({ maxOutputTokens: 6000 })),
  'reasoning budget': ask(config({ maxOutputTokens: 6000, thinkingConfig: { thinkingBudget: 2048 } }), config({ maxOutputTokens: 6000 })),
  'reasoning off': ask(config({ thinkingConfig: { thinkingBudget: 0 } })),
  'web search by the provider': ask({ tools: [{ googleSearch: {} }] }),
  'structured output: JSON schema': ask(config({ responseMimeType: 'application/json', responseJsonSchema: SCHEMA })),
  'structured output: JSON object': ask(config({ responseMimeType: 'application/json' })),
  'temperature': ask(config({ temperature: 0.25 })),
  'top_p': ask(config({ topP: 0.875 })),
  'top_k': ask(config({ topK: 37 })),
  'max tokens': ask(config({ maxOutputTokens: 777 })),
  'stop sequences': ask(config({ stopSequences: ['ST0P'] })),
  'seed': ask(config({ seed: 424_242 })),
  'penalties': ask(config({ frequencyPenalty: 0.375, presencePenalty: 0.625 })),
  'logprobs': ask(config({ responseLogprobs: true, logprobs: 2 })),
  'n > 1': ask(config({ candidateCount: 3 })),
  'assistant turn sent back': ask({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }, { role: 'model', parts: [{ text: '3arlier' }] }, { role: 'user', parts: [{ text: 'Go on' }] }] }),
  'prefill': ask({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }, { role: 'model', parts: [{ text: 'Pr3fill' }] }] }),
  'service tier': ask({ serviceTier: 'flex' }),
  'metadata': ask({ labels: { m3ta: 'value' } }),
  'unknown field': ask({ x_unkn0wn: 'value' }),
}

const { tools: TOOLS } = CHAT_ASKS['tools']?.fields ?? {}
const local = (city: string): JsonObject => ({ function: { name: 'get_weather', arguments: { c1ty: city } } })
const option = (fields: JsonObject): JsonObject => ({ options: { num_predict: 500, ...fields } })

/** Ollama's /api/chat. */
export const OLLAMA_ASKS: Asks = {
  'text': ask({ messages: [{ role: 'user', content: 'Qu3stion' }] }),
  'system prompt': ask({ messages: [{ role: 'system', content: 'Syst3m' }, { role: 'user', content: 'Hi' }] }),
  'tools': ask({ tools: TOOLS }),
  'parallel tool calls and results': ask({
    tools: TOOLS,
    messages: [{ role: 'user', content: 'Weather?' }, { role: 'assistant', content: '', tool_calls: [local('Par1s'), local('R0me')] }, { role: 'tool', tool_name: 'get_weather', content: '21 degrees' }, { role: 'tool', tool_name: 'get_weather', content: '24 degrees' }],
  }),
  'image, data': ask({ messages: [{ role: 'user', content: 'Look', images: [FILES.picture] }] }),
  'reasoning effort': ask({ think: 'low', ...option({ num_predict: 6000 }) }, option({ num_predict: 6000 })),
  'reasoning off': ask({ think: false }),
  'structured output: JSON schema': ask({ format: SCHEMA }),
  'structured output: JSON object': ask({ format: 'json' }),
  'temperature': ask(option({ temperature: 0.25 })),
  'top_p': ask(option({ top_p: 0.875 })),
  'top_k': ask(option({ top_k: 37 })),
  'max tokens': ask(option({ num_predict: 777 })),
  'stop sequences': ask(option({ stop: ['ST0P'] })),
  'seed': ask(option({ seed: 424_242 })),
  'penalties': ask(option({ frequency_penalty: 0.375, presence_penalty: 0.625 })),
  'logprobs': ask({ logprobs: true, top_logprobs: 2 }),
  'prefill': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Pr3fill' }] }),
  'unknown field': ask({ x_unkn0wn: 'value' }),
}

/** Cohere's /v2/chat. */
export const COHERE_ASKS: Asks = {
  ...Object.fromEntries((['text', 'assistant turn sent back', 'system prompt', 'tools', 'parallel tool calls and results', 'image, data', 'image, URL', 'temperature', 'max tokens', 'seed', 'penalties', 'structured output: JSON object', 'unknown field'] as const).map((name) => [name, CHAT_ASKS[name]])),
  'tool choice: must call': ask({ tools: TOOLS, tool_choice: 'REQUIRED' }, { tools: TOOLS }),
  'tool choice: none': ask({ tools: TOOLS, tool_choice: 'NONE' }, { tools: TOOLS }),
  'strict tools': ask({ tools: TOOLS, strict_tools: true }, { tools: TOOLS }),
  'reasoning off': ask({ thinking: { type: 'disabled' } }),
  'reasoning budget': ask({ thinking: { type: 'enabled', token_budget: 2048 }, max_tokens: 6000 }, { max_tokens: 6000 }),
  'structured output: JSON schema': ask({ response_format: { type: 'json_object', json_schema: SCHEMA } }),
  'citations asked for': ask({ documents: ['Text'], citation_options: { mode: 'ACCURATE' } }, { documents: ['Text'] }),
  'top_p': ask({ p: 0.875 }),
  'top_k': ask({ k: 37 }),
  'stop sequences': ask({ stop_sequences: ['ST0P'] }),
  'logprobs': ask({ logprobs: true }),
  'prefill': ask({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Pr3fill' }] }),
  'service tier': ask({ priority: 2 }),
}
