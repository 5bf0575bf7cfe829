import { asArray, asCount, asObject, asString, parseObject, type Json, type JsonObject } from '../core/json.ts'
import { SseParser, type Frame } from '../lib/sse.ts'
import { CliError } from './command.ts'
import type { CliContext } from './context.ts'

/** The server that `chat` talks to. */
export interface ChatServer {
  /** Without a path: `http://127.0.0.1:8787`. */
  readonly url: string
  readonly key: string
  readonly fetch: CliContext['fetch']
}

export interface ChatMessage { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }

/** What to do with the pieces of an answer as they come. */
export interface Listener {
  text(piece: string): void
  reasoning(piece: string): void
  /** The answer is over, whole or not. */
  end(): void
}

export interface ChatAnswer {
  readonly text: string
  readonly reasoning: string
  readonly model: string | undefined
  readonly provider: string | undefined
  readonly finish: string | undefined
  /** As the server sent it. */
  readonly usage: JsonObject | undefined
  /** The user stopped it: what had come is here. */
  readonly interrupted: boolean
}

const FRAME_CHARS_MAX = 16_000_000
const ERROR_CHARS_MAX = 2_000
const HELP_OF: Readonly<Record<number, string>> = {
  401: 'Give a key that is live: --key or SWITCHYARD_KEY. Make one: switchyard keys create',
  402: 'See what is left: switchyard credits, switchyard keys list',
  404: 'See what can be called: switchyard models list --ready, switchyard doctor',
  429: 'Wait a little and ask again.',
  502: 'See whether the providers answer: switchyard doctor --call',
  503: 'See whether the providers answer: switchyard doctor --call',
}

/** Asks the server and tells the listener what comes. Resolves with the whole; throws a CliError with the server's words. */
export async function askServer(server: ChatServer, body: object, signal: AbortSignal, listener: Listener): Promise<ChatAnswer> {
  const reader = new AnswerReader(listener)
  try {
    const response = await server.fetch(`${server.url}/api/v1/chat/completions`, {
      method: 'POST', signal, body: JSON.stringify({ ...body, stream: true }),
      headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'x-title': 'switchyard chat' },
    })
    if (!response.ok) throw refusalOf(response.status, await response.text())
    if (!response.headers.get('content-type')?.includes('text/event-stream')) throw new CliError(`${server.url} does not answer like Switchyard`, 'check --url: it is the address without a path, as http://localhost:8787')
    // A fetched response with a content type has a body.
    for await (const bytes of response.body as ReadableStream<Uint8Array>) reader.push(bytes)
    return reader.answer(false)
  } catch (error) {
    if (signal.aborted) return reader.answer(true)
    if (error instanceof CliError) throw error
    throw unreachable(server.url, error)
  }
}

/** The error's words and what to do about it, from the contract's error body. */
function refusalOf(status: number, text: string): CliError {
  const error = asObject(parseObject(text)?.['error'])
  const message = asString(error?.['message']) ?? `the server answered ${status}: ${text.slice(0, ERROR_CHARS_MAX)}`
  const provider = asString(asObject(error?.['metadata'])?.['provider_name'])
  return new CliError(provider === undefined || message.startsWith(provider) ? message : `${provider}: ${message}`, HELP_OF[status])
}

function unreachable(url: string, error: unknown): CliError {
  const why = error instanceof Error ? error.message : String(error)
  return new CliError(`no answer from ${url}: ${why}`, 'Is the server running? Start it: switchyard serve. Elsewhere: --url http://host:port')
}

/** Puts an answer together from the bytes of its stream. */
class AnswerReader {
  private readonly parser = new SseParser(FRAME_CHARS_MAX)
  private readonly frames: Frame[] = []
  private text = ''
  private reasoning = ''
  private head: { model?: string; provider?: string; finish?: string; usage?: JsonObject } = {}

  constructor(private readonly listener: Listener) {}

  push(bytes: Uint8Array): void {
    this.parser.push(bytes, this.frames)
    for (const { data } of this.frames.splice(0)) if (data !== '[DONE]') this.read(data)
  }

  answer(interrupted: boolean): ChatAnswer {
    const { model, provider, finish, usage } = this.head
    if (!interrupted && finish === undefined) throw new CliError('the stream ended before the answer was complete', 'Ask again; the server log says what happened.')
    return { text: this.text, reasoning: this.reasoning, model, provider, finish, usage, interrupted }
  }

  private read(data: string): void {
    const body = parseObject(data)
    const error = asObject(body?.['error'])
    if (!body || error) throw new CliError(asString(error?.['message']) ?? 'the server sent an event that is not JSON', HELP_OF[asCount(error?.['code']) ?? 0])
    this.head = { ...this.head, ...known('model', asString(body['model'])), ...known('provider', asString(body['provider'])), ...known('usage', asObject(body['usage'])) }
    for (const item of asArray(body['choices']) ?? []) this.readChoice(asObject(item) ?? {})
  }

  private readChoice(choice: JsonObject): void {
    const said = asObject(choice['delta']) ?? {}
    const reasoning = textOf(said['reasoning'])
    const text = textOf(said['content']) + textOf(said['refusal'])
    if (reasoning !== '') this.listener.reasoning(reasoning)
    if (text !== '') this.listener.text(text)
    this.reasoning += reasoning
    this.text += text
    this.head = { ...this.head, ...known('finish', asString(choice['finish_reason'])) }
  }
}

function textOf(value: Json | undefined): string {
  return asString(value) ?? ''
}

function known<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  // One key of the right name and type, or none.
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}
