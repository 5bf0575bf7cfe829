import type { JsonObject } from '../../src/core/json.ts'

/** What one model does when it is asked: the words of its answer, an error, or nothing until whoever asked has gone. */
export type Part = { readonly says: string; readonly prompt?: number; readonly completion?: number } | { readonly status: number; readonly message: string } | 'hangs'

/** One request as the provider saw it. */
export interface Asked { readonly model: string; readonly body: JsonObject; readonly left: Promise<void> }

/** Models that each do what they were told, by name, at once and in any order: spoken to in OpenAI's chat or in Anthropic's messages. */
export interface PanelProvider {
  readonly url: string
  /** What each model does from now on; forgets what was asked. */
  play(parts: Readonly<Record<string, Part>>): void
  asked(model?: string): readonly Asked[]
  /** Ends when this model has been asked. */
  reached(model: string): Promise<void>
  stop(): void
}

const USAGE = { prompt: 100, completion: 10 }

/** Starts it on a free port. */
export function startPanel(): PanelProvider {
  let parts: Readonly<Record<string, Part>> = {}
  let seen: Asked[] = []
  let waiting: { readonly model: string; readonly resolve: () => void }[] = []
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, async fetch(request) {
    // What the gateway sends is a JSON object.
    const body = await request.json() as JsonObject
    const model = String(body['model'])
    const left = Promise.withResolvers<void>()
    seen.push({ model, body, left: left.promise })
    request.signal.addEventListener('abort', () => left.resolve())
    waiting.filter((one) => one.model === model).forEach((one) => one.resolve())
    const part = parts[model]
    if (part === undefined) return Response.json({ error: { message: `nobody told ${model} what to say` } }, { status: 500 })
    if (part === 'hangs') return new Response(new ReadableStream({ cancel: () => left.resolve() }), { headers: SSE })
    if ('status' in part) return Response.json({ type: 'error', error: { type: 'api_error', message: part.message } }, { status: part.status })
    const speak = new URL(request.url).pathname.endsWith('/messages') ? sayMessages : sayChat
    return speak(model, { ...USAGE, ...part }, body['stream'] === true)
  } })
  return {
    url: `http://127.0.0.1:${server.port}`,
    play: (next) => {
      parts = next
      seen = []
      waiting = []
    },
    asked: (model) => seen.filter((one) => model === undefined || one.model === model),
    reached: (model) => {
      const found = Promise.withResolvers<void>()
      if (seen.some((one) => one.model === model)) found.resolve()
      else waiting.push({ model, resolve: () => found.resolve() })
      return found.promise
    },
    stop: () => void server.stop(true),
  }
}

const SSE = { 'content-type': 'text/event-stream' }
interface Words { readonly says: string; readonly prompt: number; readonly completion: number }

function sayChat(model: string, { says, prompt, completion }: Words, stream: boolean): Response {
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
  const base = { id: `c-${model}`, created: 1, model }
  if (!stream) return Response.json({ ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: says }, finish_reason: 'stop' }], usage })
  const chunk = (delta: object, finish: string | null = null) => ({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })
  const half = Math.ceil(says.length / 2)
  const chunks = [chunk({ role: 'assistant', content: says.slice(0, half) }), chunk({ content: says.slice(half) }), chunk({}, 'stop'), { ...base, object: 'chat.completion.chunk', choices: [], usage }]
  return new Response(`${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}data: [DONE]\n\n`, { headers: SSE })
}

function sayMessages(model: string, { says, prompt, completion }: Words, stream: boolean): Response {
  const message = { id: `m-${model}`, type: 'message', role: 'assistant', model, stop_sequence: null }
  const usage = { input_tokens: prompt, output_tokens: completion }
  if (!stream) return Response.json({ ...message, content: [{ type: 'text', text: says }], stop_reason: 'end_turn', usage })
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { input_tokens: prompt, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: says } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: completion } },
    { type: 'message_stop' },
  ]
  return new Response(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''), { headers: SSE })
}
