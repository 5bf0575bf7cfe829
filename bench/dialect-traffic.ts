/** The same answer in the words of each dialect, and the same question: what the streams bench sends and the mock says. */

/** The dialects that both ends of the streams bench speak. */
export const BENCH_DIALECTS = ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini'] as const
export type BenchDialect = (typeof BENCH_DIALECTS)[number]

/** What the answer is made of: words for people, or the arguments of one tool call. */
export type StreamKind = 'text' | 'tool'

/** A streamed answer: its kind, how many pieces it comes in, and how long the mock waits between them. */
export interface StreamModel { readonly kind: StreamKind; readonly pieces: number; readonly delayMs: number }

/** `mock-tool-500-2`: the model id that stands for a streamed answer. */
export function streamModelId({ kind, pieces, delayMs }: StreamModel): string {
  return `mock-${kind}-${pieces}-${delayMs}`
}

/** The streamed answer that a request asks for, in its path or its body; undefined where it asks for none. */
export function streamModelIn(text: string): StreamModel | undefined {
  const found = /mock-(text|tool)-(\d+)-(\d+)/.exec(text)
  // The pattern lets only these two words pass.
  return found ? { kind: found[1] as StreamKind, pieces: Number(found[2]), delayMs: Number(found[3]) } : undefined
}

/** The dialect that a provider is asked in, by the path of the request. */
export function dialectOfPath(path: string): BenchDialect {
  if (path.endsWith('/messages') || path.endsWith('/invoke')) return 'anthropic-messages'
  if (path.endsWith('/responses')) return 'openai-responses'
  return path.includes('enerateContent') ? 'gemini' : 'openai-chat'
}

/** Where clients of a dialect call the gateway. */
export function clientPath(dialect: BenchDialect, model: string): string {
  switch (dialect) {
    case 'openai-chat': return '/api/v1/chat/completions'
    case 'anthropic-messages': return '/api/v1/messages'
    case 'openai-responses': return '/api/v1/responses'
    case 'gemini': return `/v1beta/models/${model}:streamGenerateContent?alt=sse`
  }
}

const SYSTEM = 'You answer in one paragraph, in plain words, and you never say more than you were asked for. '.repeat(4)
const QUESTION = 'Say what this is about: a gateway that carries every byte of an answer to whoever asked for it, and counts what it cost. '.repeat(3)
const SCHEMA = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const TOOL = { name: 'write_note', description: 'Keeps a note' }

/** A streamed request of about 1 KB in a dialect. */
export function streamRequest(dialect: BenchDialect, model: string, kind: StreamKind): string {
  const isTool = kind === 'tool'
  switch (dialect) {
    case 'openai-chat': return JSON.stringify({
      model, stream: true, stream_options: { include_usage: true }, max_tokens: 100_000, messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: QUESTION }],
      ...(isTool ? { tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA } }] } : {}),
    })
    case 'anthropic-messages': return JSON.stringify({
      model, stream: true, max_tokens: 100_000, system: SYSTEM, messages: [{ role: 'user', content: QUESTION }], ...(isTool ? { tools: [{ ...TOOL, input_schema: SCHEMA }] } : {}),
    })
    case 'openai-responses': return JSON.stringify({
      model, stream: true, max_output_tokens: 100_000, instructions: SYSTEM, input: [{ role: 'user', content: QUESTION }], ...(isTool ? { tools: [{ type: 'function', ...TOOL, parameters: SCHEMA }] } : {}),
    })
    case 'gemini': return JSON.stringify({
      systemInstruction: { parts: [{ text: SYSTEM }] }, contents: [{ role: 'user', parts: [{ text: QUESTION }] }], generationConfig: { maxOutputTokens: 100_000 },
      ...(isTool ? { tools: [{ functionDeclarations: [{ ...TOOL, parameters: SCHEMA }] }] } : {}),
    })
  }
}

const WORDS = 'The quick brown fox jumps over the lazy dog while a gateway carries every byte of it to whoever asked for it and counts what it cost'.split(' ')

function words(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${WORDS[at % WORDS.length] ?? ''} `)
}

/** The arguments of a call in so many pieces, which make one JSON object. */
function argumentPieces(count: number): readonly string[] {
  const [first = '', ...rest] = words(count)
  return [`{"text":"${first}`, ...rest.slice(0, -1), `${rest.at(-1) ?? ''}"}`]
}

/** The events of an answer, as they are on the wire. The first of them open it; the last close it. */
export interface StreamEvents { readonly open: readonly string[]; readonly pieces: readonly string[]; readonly close: readonly string[] }

/** A streamed answer as a provider of a dialect says it. */
export function streamAnswer(dialect: BenchDialect, kind: StreamKind, count: number): StreamEvents {
  switch (dialect) {
    case 'openai-chat': return chatAnswer(kind, count)
    case 'anthropic-messages': return messagesAnswer(kind, count)
    case 'openai-responses': return responsesAnswer(kind, count)
    case 'gemini': return geminiAnswer(kind, count)
  }
}

function chatAnswer(kind: StreamKind, count: number): StreamEvents {
  const shared = { id: 'chatcmpl-BenchBenchBenchBenchBench', object: 'chat.completion.chunk', created: 1_780_000_000, model: 'mock', service_tier: 'default', system_fingerprint: 'fp_bench' }
  const event = (fields: object): string => `data: ${JSON.stringify({ ...shared, ...fields })}\n\n`
  const delta = (fields: object, finish: string | null = null): string => event({ choices: [{ index: 0, delta: fields, logprobs: null, finish_reason: finish }], usage: null })
  const call = { index: 0, id: 'call_BenchBenchBenchBenchBenc', type: 'function', function: { name: TOOL.name, arguments: '' } }
  const usage = { prompt_tokens: 210, completion_tokens: count, total_tokens: 210 + count, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } }
  return {
    open: [kind === 'text' ? delta({ role: 'assistant', content: '', refusal: null }) : delta({ role: 'assistant', content: null, tool_calls: [call] })],
    pieces: kind === 'text' ? words(count).map((content) => delta({ content })) : argumentPieces(count).map((piece) => delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
    close: [delta({}, kind === 'text' ? 'stop' : 'tool_calls'), event({ choices: [], usage }), 'data: [DONE]\n\n'],
  }
}

function named(body: { readonly type: string }): string {
  return `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`
}

function messagesAnswer(kind: StreamKind, count: number): StreamEvents {
  const usage = { input_tokens: 210, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1, service_tier: 'standard' }
  const message = { id: 'msg_BenchBenchBenchBenchBench', type: 'message', role: 'assistant', model: 'mock', content: [], stop_reason: null, stop_sequence: null, usage }
  const block = kind === 'text' ? { type: 'text', text: '' } : { type: 'tool_use', id: 'toolu_BenchBenchBenchBench', name: TOOL.name, input: {} }
  const delta = (fields: object): string => named({ type: 'content_block_delta', index: 0, delta: fields } as { type: string })
  return {
    open: [named({ type: 'message_start', message } as { type: string }), named({ type: 'content_block_start', index: 0, content_block: block } as { type: string }), named({ type: 'ping' })],
    pieces: kind === 'text' ? words(count).map((text) => delta({ type: 'text_delta', text })) : argumentPieces(count).map((piece) => delta({ type: 'input_json_delta', partial_json: piece })),
    close: [
      named({ type: 'content_block_stop', index: 0 } as { type: string }),
      named({ type: 'message_delta', delta: { stop_reason: kind === 'text' ? 'end_turn' : 'tool_use', stop_sequence: null }, usage: { output_tokens: count } } as { type: string }),
      named({ type: 'message_stop' }),
    ],
  }
}

function responsesAnswer(kind: StreamKind, count: number): StreamEvents {
  let sequence = 0
  const event = (type: string, fields: object): string => named({ type, sequence_number: sequence++, ...fields } as { type: string })
  const said = kind === 'text' ? words(count) : argumentPieces(count)
  const whole = said.join('')
  const id = kind === 'text' ? 'msg_BenchBenchBenchBenchBench' : 'fc_BenchBenchBenchBenchBench'
  const place = kind === 'text' ? { item_id: id, output_index: 0, content_index: 0 } : { item_id: id, output_index: 0 }
  const part = (text: string): object => ({ type: 'output_text', text, annotations: [], logprobs: [] })
  const item = (status: string, text: string): object => kind === 'text'
    ? { id, type: 'message', status, role: 'assistant', content: text === '' ? [] : [part(text)] }
    : { id, type: 'function_call', status, call_id: 'call_BenchBenchBenchBench', name: TOOL.name, arguments: text }
  const response = { id: 'resp_BenchBenchBenchBench', object: 'response', created_at: 1_780_000_000, status: 'in_progress', error: null, incomplete_details: null, model: 'mock', output: [], tools: [], usage: null }
  const usage = { input_tokens: 210, input_tokens_details: { cached_tokens: 0 }, output_tokens: count, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 210 + count }
  const open = [event('response.created', { response }), event('response.in_progress', { response }), event('response.output_item.added', { output_index: 0, item: item('in_progress', '') })]
  if (kind === 'text') open.push(event('response.content_part.added', { ...place, part: part('') }))
  // OpenAI pads each delta so that its length says nothing of the text.
  const pieces = said.map((delta, at) => event(kind === 'text' ? 'response.output_text.delta' : 'response.function_call_arguments.delta', { ...place, delta, ...(kind === 'text' ? { logprobs: [] } : {}), obfuscation: 'x'.repeat(4 + (at % 9)) }))
  const close = kind === 'text'
    ? [event('response.output_text.done', { ...place, text: whole, logprobs: [] }), event('response.content_part.done', { ...place, part: part(whole) })]
    : [event('response.function_call_arguments.done', { ...place, arguments: whole })]
  close.push(event('response.output_item.done', { output_index: 0, item: item('completed', whole) }))
  close.push(event('response.completed', { response: { ...response, status: 'completed', output: [item('completed', whole)], usage } }))
  return { open, pieces, close }
}

function geminiAnswer(kind: StreamKind, count: number): StreamEvents {
  let tokens = 0
  const chunk = (parts: readonly object[], more: object = {}): string => `data: ${JSON.stringify({
    candidates: [{ content: { parts, role: 'model' }, ...more, index: 0 }],
    usageMetadata: { promptTokenCount: 210, candidatesTokenCount: ++tokens, totalTokenCount: 210 + tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 210 }] },
    modelVersion: 'mock', responseId: 'BenchBenchBenchBenchBench',
  })}\r\n\r\n`
  const argument = (text: string): object => ({ functionCall: { willContinue: true, partialArgs: [{ jsonPath: '$.text', stringValue: text, willContinue: true }] } })
  return {
    open: kind === 'text' ? [] : [chunk([{ functionCall: { name: TOOL.name, id: 'bench-call', willContinue: true } }])],
    pieces: words(count).map((text) => chunk([kind === 'text' ? { text } : argument(text)])),
    close: [kind === 'text' ? chunk([{ text: '' }], { finishReason: 'STOP' }) : chunk([{ functionCall: {} }], { finishReason: 'STOP' })],
  }
}
