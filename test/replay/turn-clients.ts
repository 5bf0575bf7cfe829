import { isObject, parseObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { dataOf } from './exchange.ts'
import { listOf, numberOf, objectOf, textOf } from './meaning.ts'
import { foldEvents } from './messages-meaning.ts'

/** A dialect's client in a conversation: its first question, what it keeps of an answer, and its next question with results. */
export interface TurnClient {
  readonly name: string
  path(model: string, stream: boolean): string
  /** `tools` are functions: name and parameters. */
  first(model: string, stream: boolean, tools: readonly JsonObject[]): JsonObject
  /** What the client's package keeps of an answer. */
  kept(text: string, stream: boolean): Kept
  /** The first question again with what was kept, and a result for each call, or the next question. */
  second(first: JsonObject, kept: Kept): JsonObject
}

/** An answer in the client's own shape, and how many calls are in it. */
export interface Kept { readonly turn: Json; readonly calls: readonly JsonObject[] }

const QUESTION = 'Hello.'
const NEXT = 'Go on.'
const RESULT = '{"done":"R3sult"}'
const declared = (tool: JsonObject): JsonObject => ({ type: 'function', function: tool })
const some = (field: string, list: readonly JsonObject[]): JsonObject => (list.length > 0 ? { [field]: list } : {})

/** Fields of a delta that are said bit by bit; others are said once. */
function grow(into: JsonObject, delta: JsonObject): void {
  for (const [field, value] of Object.entries(delta)) {
    if (value === undefined || value === null) continue
    if (Array.isArray(value) && field !== 'tool_calls') into[field] = [...listOf(into[field]), ...value.filter(isObject)]
    else if (typeof value === 'string' && (field === 'content' || field === 'reasoning' || field === 'refusal' || field === 'thinking')) into[field] = textOf(into[field]) + value
    else if (field !== 'tool_calls') into[field] = value
  }
}

function growCalls(calls: JsonObject[], deltas: readonly JsonObject[]): void {
  for (const delta of deltas) {
    const at = numberOf(delta['index'])
    const fn = objectOf(delta['function'])
    const known = calls[at]
    if (!known) calls[at] = { id: delta['id'], type: 'function', function: { name: fn['name'], arguments: textOf(fn['arguments']) } }
    else known['function'] = { ...objectOf(known['function']), arguments: textOf(objectOf(known['function'])['arguments']) + textOf(fn['arguments']) }
  }
}

const chat: TurnClient = {
  name: 'chat',
  path: () => '/api/v1/chat/completions',
  first: (model, stream, tools) => ({ model, stream, max_tokens: 8000, messages: [{ role: 'user', content: QUESTION }], ...some('tools', tools.map(declared)) }),
  kept: (text, stream) => {
    if (!stream) {
      const { refusal, ...turn } = objectOf(listOf(parseObject(text)?.['choices'])[0]?.['message'])
      return { turn: { ...turn, ...(refusal === null ? {} : { refusal }) } as JsonObject, calls: listOf(turn['tool_calls']) }
    }
    const turn: JsonObject = { role: 'assistant', content: '' }
    const calls: JsonObject[] = []
    for (const chunk of dataOf(text)) {
      const choice = listOf(chunk['choices']).find((one) => numberOf(one['index']) === 0)
      const delta = objectOf(choice?.['delta'])
      grow(turn, delta)
      growCalls(calls, listOf(delta['tool_calls']))
    }
    return { turn: { ...turn, ...some('tool_calls', calls) }, calls }
  },
  second: (first, { turn, calls }) => ({ ...first, messages: [...listOf(first['messages']), objectOf(turn), ...(calls.length > 0 ? calls.map((call) => ({ role: 'tool', tool_call_id: call['id'], content: RESULT })) : [{ role: 'user', content: NEXT }])] }),
}

const responses: TurnClient = {
  name: 'responses',
  path: () => '/api/v1/responses',
  first: (model, stream, tools) => ({ model, stream, max_output_tokens: 8000, include: ['reasoning.encrypted_content'], input: [{ role: 'user', content: QUESTION }], ...some('tools', tools.map((tool) => ({ type: 'function', ...tool }))) }),
  kept: (text, stream) => {
    // What is encrypted is encrypted anew in each event: its client keeps the items as they were done.
    const output = stream ? dataOf(text).filter((event) => event['type'] === 'response.output_item.done').map((event) => objectOf(event['item'])) : listOf(parseObject(text)?.['output'])
    return { turn: output, calls: output.filter((item) => item['type'] === 'function_call' || item['type'] === 'custom_tool_call') }
  },
  second: (first, { turn, calls }) => ({
    ...first, input: [...listOf(first['input']), ...listOf(turn), ...(calls.length > 0 ? calls.map((call) => ({ type: `${textOf(call['type'])}_output`, call_id: call['call_id'], output: RESULT })) : [{ role: 'user', content: NEXT }])],
  }),
}

const messages: TurnClient = {
  name: 'messages',
  path: () => '/api/v1/messages',
  first: (model, stream, tools) => ({ model, stream, max_tokens: 8000, messages: [{ role: 'user', content: QUESTION }], ...some('tools', tools.map(({ name, parameters }) => ({ name, input_schema: isObject(parameters) ? parameters : { type: 'object' } }))) }),
  kept: (text, stream) => {
    const { content } = stream ? foldEvents(dataOf(text)).message : (parseObject(text) ?? {})
    return { turn: content ?? [], calls: listOf(content).filter((block) => block['type'] === 'tool_use') }
  },
  second: (first, { turn, calls }) => ({ ...first, messages: [...listOf(first['messages']), { role: 'assistant', content: turn }, { role: 'user', content: calls.length > 0 ? calls.map((call) => ({ type: 'tool_result', tool_use_id: call['id'], content: RESULT })) : NEXT }] }),
}

const gemini: TurnClient = {
  name: 'gemini',
  path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  first: (_model, _stream, tools) => ({ contents: [{ role: 'user', parts: [{ text: QUESTION }] }], ...(tools.length > 0 ? { tools: [{ functionDeclarations: tools.map(({ name, parameters }) => ({ name, parametersJsonSchema: parameters ?? {} })) }] } : {}), generationConfig: { maxOutputTokens: 8000, thinkingConfig: { includeThoughts: true } } }),
  kept: (text, stream) => {
    // Its client keeps the turn of each chunk as it came.
    const turns = (stream ? dataOf(text) : [parseObject(text) ?? {}]).flatMap((piece) => listOf(piece['candidates']).filter((one) => numberOf(one['index']) === 0).map((one) => objectOf(one['content'])).filter((content) => listOf(content['parts']).length > 0))
    return { turn: turns, calls: turns.flatMap((content) => listOf(content['parts'])).map((part) => part['functionCall']).filter(isObject) }
  },
  second: (first, { turn, calls }) => ({
    ...first, contents: [...listOf(first['contents']), ...listOf(turn), { role: 'user', parts: calls.length > 0 ? calls.map((call) => ({ functionResponse: { ...(call['id'] === undefined ? {} : { id: call['id'] }), name: call['name'], response: { output: RESULT } } })) : [{ text: NEXT }] }],
  }),
}

const ollama: TurnClient = {
  name: 'ollama',
  path: () => '/api/chat',
  first: (model, stream, tools) => ({ model, stream, think: true, options: { num_predict: 8000 }, messages: [{ role: 'user', content: QUESTION }], ...some('tools', tools.map(declared)) }),
  kept: (text, stream) => {
    const turn: JsonObject = { role: 'assistant', content: '' }
    const calls: JsonObject[] = []
    for (const piece of stream ? text.split('\n').filter((line) => line !== '').map((line) => parseObject(line) ?? {}) : [parseObject(text) ?? {}]) {
      grow(turn, objectOf(piece['message']))
      calls.push(...listOf(objectOf(piece['message'])['tool_calls']))
    }
    return { turn: { ...turn, ...some('tool_calls', calls) }, calls }
  },
  second: (first, { turn, calls }) => ({ ...first, messages: [...listOf(first['messages']), objectOf(turn), ...(calls.length > 0 ? calls.map((call) => ({ role: 'tool', tool_name: objectOf(call['function'])['name'], content: RESULT })) : [{ role: 'user', content: NEXT }])] }),
}

const cohere: TurnClient = {
  name: 'cohere',
  path: () => '/v2/chat',
  first: (model, stream, tools) => ({ model, stream, max_tokens: 8000, messages: [{ role: 'user', content: QUESTION }], ...some('tools', tools.map(declared)) }),
  kept: (text, stream) => {
    if (!stream) {
      const turn = objectOf(parseObject(text)?.['message'])
      return { turn, calls: listOf(turn['tool_calls']) }
    }
    const content: JsonObject[] = []
    const calls: JsonObject[] = []
    for (const event of dataOf(text)) {
      const said = objectOf(objectOf(event['delta'])['message'])
      const part = objectOf(said['content'])
      if (event['type'] === 'content-start') content[numberOf(event['index'])] = { ...part }
      const open = content[numberOf(event['index'])]
      if (event['type'] === 'content-delta' && open) for (const field of ['text', 'thinking'] as const) if (typeof part[field] === 'string') open[field] = textOf(open[field]) + part[field]
      if (String(event['type']).startsWith('tool-call') && isObject(said['tool_calls'])) growCalls(calls, [{ ...said['tool_calls'], index: event['index'] }])
    }
    return { turn: { role: 'assistant', ...some('content', content.filter(isObject)), ...some('tool_calls', calls) }, calls }
  },
  second: (first, { turn, calls }) => ({ ...first, messages: [...listOf(first['messages']), objectOf(turn), ...(calls.length > 0 ? calls.map((call) => ({ role: 'tool', tool_call_id: call['id'], content: RESULT })) : [{ role: 'user', content: NEXT }])] }),
}

/** Every client dialect that has conversations; completions have none. */
export const TURN_CLIENTS: readonly TurnClient[] = [chat, responses, messages, gemini, ollama, cohere]
/** Clients whose dialect has a place for what only the model can read. */
export const KEEPS_OPAQUE: ReadonlySet<string> = new Set(['chat', 'responses', 'messages', 'gemini', 'ollama'])
