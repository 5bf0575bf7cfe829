import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'

/** What an answer says, whichever dialect says it. */
export interface Told {
  text: string
  thinking: string
  calls: { name: string; arguments: unknown }[]
  finish: string
  /** Counts and cost, as the dialect has them. */
  usage: JsonObject
  /** Its error, where it ends in one. */
  error?: string
}

/** A dialect that clients speak, as bare HTTP. */
export interface Face {
  readonly name: string
  path(model: string, stream: boolean): string
  /** A question, with tools to call (in the shape of chat), where the dialect has tools. */
  body(model: string, question: string, stream: boolean, tools?: readonly JsonObject[]): JsonObject
  /** Its words for why an answer ended, of a contract's word. */
  finishes(reason: string): readonly string[]
  /** The pieces of a streamed answer, each a JSON object. */
  pieces(text: string): JsonObject[]
  /** What a whole reply, or the pieces of a stream, say. */
  told(pieces: readonly JsonObject[], stream: boolean): Told
}

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] }
const TOOL: JsonObject = { type: 'function', function: { name: 'get_weather', description: 'The weather now', parameters: PARAMETERS } }

const FILTERED = ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY', 'OTHER', 'MALFORMED_FUNCTION_CALL']
const chatFinishes = (reason: string): readonly string[] => [reason]
/** Where there are no tools, their calls end an answer as nothing does. */
const toollessFinishes = (reason: string): readonly string[] => [reason === 'tool_calls' ? 'stop' : reason]
const functionOf = (tool: JsonObject): JsonObject => objectOf(tool['function'])
const flat = (tool: JsonObject): JsonObject => ({ type: 'function', ...functionOf(tool) })
const declared = (tool: JsonObject): JsonObject => ({ name: functionOf(tool)['name'], parametersJsonSchema: functionOf(tool)['parameters'] })

const nothing = (): Told => ({ text: '', thinking: '', calls: [], finish: '', usage: {} })
const sse = (text: string): JsonObject[] => text.split(/\r?\n/).filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]').map((line) => parseObject(line.slice('data: '.length)) ?? {})
const lines = (text: string): JsonObject[] => text.split('\n').filter((line) => line !== '').map((line) => parseObject(line) ?? {})

/** Arguments as a value. A model may write what is no JSON, or be cut off in it: then the text itself must arrive. */
function parsed(text: string): unknown {
  try {
    return text.trim() === '' ? {} : ((JSON.parse(text) as unknown) ?? {})
  } catch {
    // As said: the text.
    return text
  }
}

/** Calls in their order; a provider may count from 1. */
function callsIn(calls: readonly { readonly name: string; readonly arguments: string }[]): Told['calls'] {
  return calls.filter((call) => call !== undefined).map((call) => ({ name: call.name, arguments: parsed(call.arguments) }))
}

function geminiTold(pieces: readonly JsonObject[]): Told {
  const told = nothing()
  for (const piece of pieces) {
    const candidate = listOf(piece['candidates'])[0] ?? {}
    for (const part of listOf(objectOf(candidate['content'])['parts'])) {
      if (part['thought'] === true) told.thinking += textOf(part['text'])
      else told.text += textOf(part['text'])
      const call = objectOf(part['functionCall'])
      if (call['name'] !== undefined) told.calls.push({ name: textOf(call['name']), arguments: call['args'] })
    }
    told.finish = textOf(candidate['finishReason']) || told.finish
    if (piece['usageMetadata']) told.usage = objectOf(piece['usageMetadata'])
    if (piece['error']) told.error = textOf(objectOf(piece['error'])['message'])
  }
  return told
}

const gemini: Face = {
  name: 'generateContent',
  path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  body: (_model, question, _stream, tools = [TOOL]) => ({ contents: [{ role: 'user', parts: [{ text: question }] }], ...(tools.length > 0 ? { tools: [{ functionDeclarations: tools.map(declared) }] } : {}), generationConfig: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 1024, includeThoughts: true } } }),
  pieces: sse,
  finishes: (reason) => (reason === 'length' ? ['MAX_TOKENS'] : reason === 'content_filter' ? FILTERED : ['STOP']),
  told: geminiTold,
}

const geminiArray: Face = {
  ...gemini,
  name: 'streamGenerateContent as an array',
  path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}`,
  pieces: (text) => JSON.parse(text) as JsonObject[],
}

function chatTold(pieces: readonly JsonObject[], stream: boolean): Told {
  const told = nothing()
  const calls: { name: string; arguments: string }[] = []
  for (const piece of pieces) {
    const choice = listOf(piece['choices'])[0] ?? {}
    const said = objectOf(choice[stream ? 'delta' : 'message'])
    told.text += textOf(said['content']) + textOf(said['refusal'])
    told.thinking += textOf(said['reasoning'])
    for (const [at, call] of listOf(said['tool_calls']).entries()) {
      const known = (calls[stream ? Number(call['index']) : at] ??= { name: '', arguments: '' })
      known.name += textOf(objectOf(call['function'])['name'])
      known.arguments += textOf(objectOf(call['function'])['arguments'])
    }
    told.finish = textOf(choice['finish_reason']) || told.finish
    if (piece['usage']) told.usage = objectOf(piece['usage'])
    if (piece['error']) told.error = textOf(objectOf(piece['error'])['message'])
  }
  return { ...told, calls: callsIn(calls) }
}

const cursor: Face = {
  name: 'cursor/chat/completions',
  path: () => '/api/v1/cursor/chat/completions',
  body: (model, question, stream, tools = [TOOL]) => ({ model, stream, messages: [{ role: 'user', content: question }], tools: tools.map(flat), reasoning: { max_tokens: 1024 }, max_tokens: 8000 }),
  pieces: sse,
  finishes: chatFinishes,
  told: chatTold,
}

const completions: Face = {
  name: 'completions',
  path: () => '/api/v1/completions',
  body: (model, question, stream) => ({ model, stream, prompt: question, reasoning: { max_tokens: 1024 }, max_tokens: 8000 }),
  pieces: sse,
  finishes: toollessFinishes,
  told: (pieces) => {
    const told = nothing()
    for (const piece of pieces) {
      const choice = listOf(piece['choices'])[0] ?? {}
      told.text += textOf(choice['text'])
      told.thinking += textOf(choice['reasoning'])
      told.finish = textOf(choice['finish_reason']) || told.finish
      if (piece['usage']) told.usage = objectOf(piece['usage'])
      if (piece['error']) told.error = textOf(objectOf(piece['error'])['message'])
    }
    return told
  },
}

function ollamaTold(pieces: readonly JsonObject[]): Told {
  const told = nothing()
  for (const piece of pieces) {
    const message = objectOf(piece['message'])
    told.text += textOf(message['content']) + textOf(piece['response'])
    told.thinking += textOf(message['thinking']) + textOf(piece['thinking'])
    told.calls.push(...listOf(message['tool_calls']).map((call) => ({ name: textOf(objectOf(call['function'])['name']), arguments: objectOf(call['function'])['arguments'] })))
    told.finish = textOf(piece['done_reason']) || told.finish
    if (piece['done'] === true) told.usage = { prompt_eval_count: piece['prompt_eval_count'], eval_count: piece['eval_count'], ...objectOf(piece['usage']) }
    if (piece['error']) told.error = textOf(piece['error'])
  }
  return told
}

const ollamaChat: Face = {
  name: 'Ollama chat',
  path: () => '/api/chat',
  body: (model, question, stream, tools = [TOOL]) => ({ model, stream, messages: [{ role: 'user', content: question }], tools, think: 'low', options: { num_predict: 8000 } }),
  pieces: lines,
  finishes: toollessFinishes,
  told: ollamaTold,
}

const ollamaGenerate: Face = {
  ...ollamaChat,
  name: 'Ollama generate',
  path: () => '/api/generate',
  body: (model, question, stream) => ({ model, stream, prompt: question, think: 'low', options: { num_predict: 8000 } }),
}

function cohereTold(pieces: readonly JsonObject[], stream: boolean): Told {
  const told = nothing()
  const calls: { name: string; arguments: string }[] = []
  for (const piece of pieces) {
    const message = objectOf(stream ? objectOf(piece['delta'])['message'] : piece['message'])
    for (const content of stream ? [objectOf(message['content'])] : listOf(message['content'])) {
      told.text += textOf(content['text'])
      told.thinking += textOf(content['thinking'])
    }
    for (const [at, call] of (stream ? [objectOf(message['tool_calls'])] : listOf(message['tool_calls'])).entries()) {
      const fn = objectOf(call['function'])
      if (Object.keys(fn).length === 0) continue
      const known = (calls[stream ? Number(piece['index']) : at] ??= { name: '', arguments: '' })
      known.name += textOf(fn['name'])
      known.arguments += textOf(fn['arguments'])
    }
    const end = stream ? objectOf(piece['delta']) : piece
    told.finish = textOf(end['finish_reason']) || told.finish
    if (end['usage']) told.usage = objectOf(end['usage'])
    if (end['error']) told.error = textOf(end['error'])
  }
  return { ...told, calls: callsIn(calls) }
}

const cohere: Face = {
  name: 'Cohere chat',
  path: () => '/v2/chat',
  body: (model, question, stream, tools = [TOOL]) => ({ model, stream, messages: [{ role: 'user', content: question }], tools, thinking: { type: 'enabled', token_budget: 1024 }, max_tokens: 8000 }),
  pieces: sse,
  finishes: (reason) => ({ stop: ['COMPLETE', 'STOP_SEQUENCE'], length: ['MAX_TOKENS'], tool_calls: ['TOOL_CALL'] })[reason] ?? ['ERROR'],
  told: cohereTold,
}

/** Every client dialect that is not tested for this elsewhere. */
export const FACES: readonly Face[] = [gemini, geminiArray, cursor, completions, ollamaChat, ollamaGenerate, cohere]
