/** What the mock answers and the load generator asks for, in one place: both ends must mean the same bytes. */

/** How the mock answers a model: named in the model's id, so that it passes through any gateway. */
export interface MockModel {
  /** A stream of `CHUNKS` chunks, or one plain answer. */
  readonly stream: boolean
  /** ms between chunks of a stream, 0: as fast as the connection takes them. */
  readonly delayMs: number
}

export const CHUNKS = 50

/** `mock-plain`, `mock-stream-2`: the model id that stands for a way to answer. */
export function mockModelId(model: MockModel): string {
  return model.stream ? `mock-stream-${model.delayMs}` : 'mock-plain'
}

/** The models that the bench uses; lanes that must know their models beforehand are told of these. */
export const MOCK_MODELS: readonly MockModel[] = [{ stream: false, delayMs: 0 }, { stream: true, delayMs: 2 }, { stream: true, delayMs: 10 }, { stream: true, delayMs: 500 }]

const WORDS = 'The quick brown fox jumps over the lazy dog while a gateway carries every byte of it to whoever asked for it and counts what it cost. '

/** A chat request of about 1.1 KB. */
export function requestBody(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: `You answer in one paragraph. ${WORDS.repeat(3)}` },
      { role: 'user', content: `Say what this is about. ${WORDS.repeat(3)}` },
    ],
    temperature: 0.7,
    max_tokens: 400,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  })
}

const USAGE = { prompt_tokens: 210, completion_tokens: 180, total_tokens: 390, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } }
const SHARED = { id: 'chatcmpl-BenchBenchBenchBenchBench', created: 1_780_000_000, model: 'mock', system_fingerprint: 'fp_bench' }

/** A plain answer of about 1.2 KB. */
export function plainAnswer(): string {
  return JSON.stringify({
    ...SHARED,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: WORDS.repeat(5).slice(0, 640), refusal: null, annotations: [] }, logprobs: null, finish_reason: 'stop' }],
    usage: USAGE,
    service_tier: 'default',
  })
}

/** The events of a streamed answer: the role, the words, the finish and the usage, `CHUNKS` in all, then the end mark. */
export function streamEvents(): readonly string[] {
  const event = (fields: object): string => `data: ${JSON.stringify({ ...SHARED, object: 'chat.completion.chunk', ...fields })}\n\n`
  const choice = (delta: object, finish: string | null): object => ({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null })
  const words = Array.from({ length: CHUNKS - 3 }, (_, at) => event(choice({ content: `${WORDS.split(' ')[at % 27] ?? ''} ` }, null)))
  return [event(choice({ role: 'assistant', content: '' }, null)), ...words, event(choice({}, 'stop')), event({ choices: [], usage: USAGE }), 'data: [DONE]\n\n']
}

/** The bytes of the whole answer, as the load generator counts them on the direct lane. */
export function answerBytes(model: MockModel): number {
  return model.stream ? streamEvents().join('').length : plainAnswer().length
}
