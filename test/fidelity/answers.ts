import type { Json, JsonObject } from '../../src/core/json.ts'
import type { SseFrame } from '../../src/dialects/dialect.ts'
import { SseParser } from '../../src/lib/sse.ts'
import { saysAnthropic } from '../clients/says-anthropic.ts'
import { saysGemini } from '../clients/says-gemini.ts'
import { saysOpenai } from '../clients/says-openai.ts'
import { saysResponses } from '../clients/says-responses.ts'
import type { Speech, Turn } from '../clients/turn.ts'
import type { ProviderName } from './columns.ts'
import type { AnswerName } from './features.ts'

/** What a provider's reply holds, and the text by which it is found in what the client gets. */
export interface Answer { readonly reply: JsonObject; readonly mark: RegExp }
export type Answers = Readonly<Partial<Record<AnswerName, Answer>>>

const SIGNATURE = 'c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=='
const HIDDEN = 'aGlkZGVuIHRob3VnaHQ='
const SOURCE = 'https://source.example/page'
const TEXT = 'Answ3r'
/** In the client's words for them. */
const LENGTH = /"(?:length|max_tokens|max_output_tokens|MAX_TOKENS)"/
const FILTERED = /"(?:content_filter|refusal|SAFETY|ERROR(?:_TOXIC)?)"|R3fused/
const MARKS: Readonly<Record<AnswerName, RegExp>> = {
  'text': /Answ3r/, 'tool calls, two at once': /Par1s.*R0me/s, 'reasoning': /Th0ught/, 'reasoning signature, sent back': new RegExp(SIGNATURE), 'redacted reasoning, sent back': new RegExp(HIDDEN),
  'citations': /source\.example/, 'cached tokens': /\b1357\b/, 'logprobs': /-0\.125/, 'refusal': FILTERED, 'ends by max tokens': LENGTH, 'error': /429|rate.?limit|RESOURCE_EXHAUSTED|too many/i, 'stream says what the reply says': /Answ3r/,
}

function answers(replies: Readonly<Partial<Record<AnswerName, JsonObject>>>): Answers {
  // Object.entries forgets the names of the keys that it was given.
  return Object.fromEntries(Object.entries(replies).map(([name, reply]) => [name, { reply, mark: MARKS[name as AnswerName] }]))
}

const CITIES = ['Par1s', 'R0me'] as const

function chat(message: JsonObject, finish = 'stop', more: JsonObject = {}): JsonObject {
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1_790_000_000, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: TEXT, ...message }, finish_reason: finish, ...more }], usage: { prompt_tokens: 2468, completion_tokens: 8, total_tokens: 2476, prompt_tokens_details: { cached_tokens: 1357 } } }
}
const LOGPROB: JsonObject = { token: TEXT, logprob: -0.125, bytes: null, top_logprobs: [] }

const CHAT = answers({
  'text': chat({}),
  'tool calls, two at once': chat({ content: null, tool_calls: CITIES.map((c1ty, at) => ({ id: `call_${at}`, type: 'function', function: { name: 'get_weather', arguments: JSON.stringify({ c1ty }) } })) }, 'tool_calls'),
  'reasoning': chat({ reasoning_content: 'Th0ught' }),
  'citations': chat({ annotations: [{ type: 'url_citation', url_citation: { url: SOURCE, title: 'Page', start_index: 0, end_index: 6 } }] }),
  'cached tokens': chat({}),
  'logprobs': chat({}, 'stop', { logprobs: { content: [LOGPROB], refusal: null } }),
  'refusal': chat({ content: null, refusal: 'R3fused' }),
  'ends by max tokens': chat({}, 'length'),
})

function response(output: Json, more: JsonObject = {}): JsonObject {
  return { id: 'resp_1', object: 'response', created_at: 1_790_000_000, model: 'm', status: 'completed', error: null, incomplete_details: null, instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: 'auto', tools: [], output, usage: { input_tokens: 2468, input_tokens_details: { cached_tokens: 1357 }, output_tokens: 8, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 2476 }, ...more }
}
const said = (content: JsonObject = {}): JsonObject => ({ id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: TEXT, annotations: [], logprobs: [], ...content }] })
const thought = (more: JsonObject = {}): JsonObject => ({ id: 'rs_1', type: 'reasoning', summary: [], ...more })

const RESPONSES = answers({
  'text': response([said()]),
  'tool calls, two at once': response(CITIES.map((c1ty, at) => ({ id: `fc_${at}`, type: 'function_call', status: 'completed', call_id: `call_${at}`, name: 'get_weather', arguments: JSON.stringify({ c1ty }) }))),
  'reasoning': response([thought({ summary: [{ type: 'summary_text', text: 'Th0ught' }] }), said()]),
  'reasoning signature, sent back': response([thought({ summary: [{ type: 'summary_text', text: 'Th0ught' }], encrypted_content: SIGNATURE }), said()]),
  'redacted reasoning, sent back': response([thought({ encrypted_content: HIDDEN }), said()]),
  'citations': response([said({ annotations: [{ type: 'url_citation', url: SOURCE, title: 'Page', start_index: 0, end_index: 6 }] })]),
  'cached tokens': response([said()]),
  'logprobs': response([said({ logprobs: [LOGPROB] })]),
  'refusal': response([{ ...said(), content: [{ type: 'refusal', refusal: 'R3fused' }] }]),
  'ends by max tokens': response([{ ...said(), status: 'incomplete' }], { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
})

function message(content: Json, stop = 'end_turn'): JsonObject {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content, stop_reason: stop, stop_sequence: null, usage: { input_tokens: 1111, cache_read_input_tokens: 1357, cache_creation_input_tokens: 0, output_tokens: 8 } }
}
const block: JsonObject = { type: 'text', text: TEXT }

const MESSAGES = answers({
  'text': message([block]),
  'tool calls, two at once': message(CITIES.map((c1ty, at) => ({ type: 'tool_use', id: `toolu_${at}`, name: 'get_weather', input: { c1ty } })), 'tool_use'),
  'reasoning': message([{ type: 'thinking', thinking: 'Th0ught', signature: SIGNATURE }, block]),
  'reasoning signature, sent back': message([{ type: 'thinking', thinking: 'Th0ught', signature: SIGNATURE }, block]),
  'redacted reasoning, sent back': message([{ type: 'redacted_thinking', data: HIDDEN }, block]),
  'citations': message([{ ...block, citations: [{ type: 'web_search_result_location', url: SOURCE, title: 'Page', cited_text: 'Text', encrypted_index: 'x' }] }]),
  'cached tokens': message([block]),
  'refusal': message([block], 'refusal'),
  'ends by max tokens': message([block], 'max_tokens'),
})

function candidate(parts: Json, finishReason = 'STOP', more: JsonObject = {}): JsonObject {
  return { responseId: 'r', modelVersion: 'm', candidates: [{ index: 0, content: { role: 'model', parts }, finishReason, ...more }], usageMetadata: { promptTokenCount: 2468, cachedContentTokenCount: 1357, candidatesTokenCount: 8, totalTokenCount: 2476 } }
}

const GEMINI = answers({
  'text': candidate([{ text: TEXT }]),
  'tool calls, two at once': candidate(CITIES.map((c1ty) => ({ functionCall: { name: 'get_weather', args: { c1ty } } }))),
  'reasoning': candidate([{ text: 'Th0ught', thought: true }, { text: TEXT }]),
  'reasoning signature, sent back': candidate([{ text: 'Th0ught', thought: true }, { text: TEXT, thoughtSignature: SIGNATURE }]),
  'citations': candidate([{ text: TEXT }], 'STOP', { groundingMetadata: { groundingChunks: [{ web: { uri: SOURCE, title: 'Page' } }], groundingSupports: [{ segment: { startIndex: 0, endIndex: 6, text: TEXT }, groundingChunkIndices: [0] }] } }),
  'cached tokens': candidate([{ text: TEXT }]),
  'logprobs': candidate([{ text: TEXT }], 'STOP', { logprobsResult: { chosenCandidates: [{ token: TEXT, tokenId: 1, logProbability: -0.125 }], topCandidates: [{ candidates: [] }] } }),
  'refusal': candidate([{ text: TEXT }], 'SAFETY'),
  'ends by max tokens': candidate([{ text: TEXT }], 'MAX_TOKENS'),
})

function converse(content: Json, stopReason = 'end_turn'): JsonObject {
  return { output: { message: { role: 'assistant', content } }, stopReason, usage: { inputTokens: 1111, cacheReadInputTokens: 1357, outputTokens: 8, totalTokens: 2476 }, metrics: { latencyMs: 1 } }
}

const CONVERSE = answers({
  'text': converse([{ text: TEXT }]),
  'tool calls, two at once': converse(CITIES.map((c1ty, at) => ({ toolUse: { toolUseId: `tooluse_${at}`, name: 'get_weather', input: { c1ty } } })), 'tool_use'),
  'reasoning': converse([{ reasoningContent: { reasoningText: { text: 'Th0ught', signature: SIGNATURE } } }, { text: TEXT }]),
  'reasoning signature, sent back': converse([{ reasoningContent: { reasoningText: { text: 'Th0ught', signature: SIGNATURE } } }, { text: TEXT }]),
  'redacted reasoning, sent back': converse([{ reasoningContent: { redactedContent: Buffer.from(HIDDEN).toString('base64') } }, { text: TEXT }]),
  'citations': converse([{ citationsContent: { content: [{ text: TEXT }], citations: [{ title: 'Page', sourceContent: [{ text: 'Text' }], location: { web: { url: SOURCE, domain: 'source.example' } } }] } }]),
  'cached tokens': converse([{ text: TEXT }]),
  'refusal': converse([{ text: TEXT }], 'content_filtered'),
  'ends by max tokens': converse([{ text: TEXT }], 'max_tokens'),
})

function cohere(fields: JsonObject, finish = 'COMPLETE', more: JsonObject = {}): JsonObject {
  return { id: 'c', finish_reason: finish, message: { role: 'assistant', content: [{ type: 'text', text: TEXT }], ...fields }, usage: { billed_units: { input_tokens: 2468, output_tokens: 8 }, tokens: { input_tokens: 2468, output_tokens: 8 }, cached_tokens: 1357 }, ...more }
}

const COHERE = answers({
  'text': cohere({}),
  'tool calls, two at once': cohere({ content: [], tool_calls: CITIES.map((c1ty, at) => ({ id: `call_${at}`, type: 'function', function: { name: 'get_weather', arguments: JSON.stringify({ c1ty }) } })) }, 'TOOL_CALL'),
  'reasoning': cohere({ content: [{ type: 'thinking', thinking: 'Th0ught' }, { type: 'text', text: TEXT }] }),
  'citations': cohere({ citations: [{ start: 0, end: 6, text: TEXT, type: 'TEXT_CONTENT', sources: [{ type: 'document', id: 'd', document: { id: 'd', title: 'Page', url: SOURCE } }] }] }),
  'cached tokens': cohere({}),
  'logprobs': cohere({}, 'COMPLETE', { logprobs: [{ text: TEXT, token_ids: [1], logprobs: [-0.125] }] }),
  'refusal': cohere({}, 'ERROR_TOXIC'),
  'ends by max tokens': cohere({}, 'MAX_TOKENS'),
})

/** What each provider's answers can hold. */
export const ANSWERS: Readonly<Record<ProviderName, Answers>> = {
  'openai-chat': CHAT, 'openai-responses': RESPONSES, 'anthropic-messages': MESSAGES, 'gemini': GEMINI, 'vertex': GEMINI, 'bedrock-converse': CONVERSE, 'cohere': COHERE,
}
/** What Bedrock answers where it is asked by InvokeModel: Claude's own. */
export const INVOKED: Answers = MESSAGES

/** A refusal of a provider that limits the rate. */
export const REFUSALS: Readonly<Record<ProviderName, JsonObject>> = {
  'openai-chat': saysOpenai.faultBody(429, 'slow down'), 'openai-responses': saysResponses.faultBody(429, 'slow down'), 'anthropic-messages': saysAnthropic.faultBody(429, 'slow down'),
  'gemini': saysGemini.faultBody(429, 'slow down'), 'vertex': saysGemini.faultBody(429, 'slow down'), 'bedrock-converse': { message: 'slow down', __type: 'ThrottlingException' }, 'cohere': { message: 'slow down' },
}
export const REFUSED = MARKS['error']

/** One answer, streamed and whole. */
export interface Twice { readonly frames: readonly SseFrame[]; readonly reply: JsonObject }

const TURN: Turn = { thinking: { text: 'Th0ught about it', signature: SIGNATURE }, text: `${TEXT} at length`, calls: CITIES.map((c1ty, at) => ({ id: `call_a${at}`, name: 'get_weather', arguments: { c1ty } })) }

function spoken(speech: Speech): Twice {
  const frames: SseFrame[] = []
  new SseParser(1 << 20).push(Buffer.from(speech.frames(TURN).join('')), frames)
  return { frames, reply: speech.reply(TURN) }
}

const frame = (event: string, payload: JsonObject): SseFrame => ({ event, data: JSON.stringify(payload) })
const CONVERSE_TWICE: Twice = {
  reply: converse([{ reasoningContent: { reasoningText: { text: 'Th0ught', signature: SIGNATURE } } }, { text: TEXT }, { toolUse: { toolUseId: 'tooluse_0', name: 'get_weather', input: { c1ty: 'Par1s' } } }], 'tool_use'),
  frames: [
    frame('messageStart', { role: 'assistant' }),
    frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Th0u' } } }), frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'ght' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: SIGNATURE } } }), frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Answ' } }), frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: '3r' } }), frame('contentBlockStop', { contentBlockIndex: 1 }),
    frame('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'tooluse_0', name: 'get_weather' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"c1ty":' } } }), frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '"Par1s"}' } } }), frame('contentBlockStop', { contentBlockIndex: 2 }),
    frame('messageStop', { stopReason: 'tool_use' }), frame('metadata', { usage: { inputTokens: 1111, cacheReadInputTokens: 1357, outputTokens: 8, totalTokens: 2476 }, metrics: { latencyMs: 1 } }),
  ],
}

const piece = (type: string, index: number, content: JsonObject): SseFrame => frame(type, { type, index, delta: { message: content } })
const COHERE_TWICE: Twice = {
  reply: cohere({ content: [{ type: 'thinking', thinking: 'Th0ught' }, { type: 'text', text: TEXT }] }),
  frames: [
    frame('message-start', { type: 'message-start', id: 'c', delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } } }),
    piece('content-start', 0, { content: { type: 'thinking', thinking: '' } }), piece('content-delta', 0, { content: { thinking: 'Th0u' } }), piece('content-delta', 0, { content: { thinking: 'ght' } }), frame('content-end', { type: 'content-end', index: 0 }),
    piece('content-start', 1, { content: { type: 'text', text: '' } }), piece('content-delta', 1, { content: { text: 'Answ' } }), piece('content-delta', 1, { content: { text: '3r' } }), frame('content-end', { type: 'content-end', index: 1 }),
    frame('message-end', { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 2468, output_tokens: 8 }, tokens: { input_tokens: 2468, output_tokens: 8 }, cached_tokens: 1357 } } }),
  ],
}

/** One answer of each provider in both its forms. */
export const TWICE: Readonly<Record<ProviderName, Twice>> = {
  'openai-chat': spoken(saysOpenai), 'openai-responses': spoken(saysResponses), 'anthropic-messages': spoken(saysAnthropic), 'gemini': spoken(saysGemini), 'vertex': spoken(saysGemini),
  'bedrock-converse': CONVERSE_TWICE, 'cohere': COHERE_TWICE,
}
export const INVOKED_TWICE: Twice = { reply: TWICE['anthropic-messages'].reply, frames: TWICE['anthropic-messages'].frames.map(({ data }) => frame('chunk', { bytes: Buffer.from(data).toString('base64') })) }
