import { DIALECTS, type Call, type DialectName } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { assert, Fault } from '../core/fault.ts'
import { isObject, parseObject, type JsonObject } from '../core/json.ts'
import type { Endpoint, Provider, Timeouts } from '../catalog/endpoint.ts'
import type { ProviderDialect, WireRequest } from '../dialects/dialect.ts'
import type { Clock } from '../lib/clock.ts'
import { EventStreamParser, FrameBroken } from '../lib/event-stream.ts'
import { FrameTooLarge, SseParser, type Frame } from '../lib/sse.ts'
import { urlOf } from './address.ts'
import { Auth } from './auth.ts'
import { connectionFault } from './connection-fault.ts'
import { demoFetch } from './demo.ts'
import { echoOf, echoWarnings, wantsEcho } from './echo.ts'
import type { Egress } from './egress/egress.ts'
import { Inliner } from './egress/inliner.ts'
import type { Files } from './pdf/files.ts'
import { Http1Client } from './http1/client.ts'
import { spokenFor, voiceOf, warningsOf } from './spoken.ts'
import { answerOf, fetchTransport, type Answer, type Transport } from './transport.ts'
import { Watch } from './watch.ts'

/** What one provider call may take, in time and bytes. A provider's own `timeouts` go before. */
export interface UpstreamLimits extends Timeouts {
  /** From sending to a connection. */
  readonly connectMsMax: number
  /** A reply that is not streamed. */
  readonly replyBytesMax: number
  /** All of one stream. */
  readonly streamBytesMax: number
  /** One event of a stream. */
  readonly eventCharsMax: number
  readonly errorBytesMax: number
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectMsMax: 10_000, headMsMax: 120_000, replyMsMax: 600_000, firstEventMsMax: 120_000, idleMsMax: 120_000,
  replyBytesMax: 64 << 20, streamBytesMax: 256 << 20, eventCharsMax: 16 << 20, errorBytesMax: 64 << 10,
}

export interface UpstreamOptions {
  readonly dialects: ReadonlyMap<DialectName, ProviderDialect>
  readonly clock: Clock
  readonly limits?: Partial<UpstreamLimits>
  /** The environment names a proxy: calls that leave this machine go out by fetch, which knows it. */
  readonly proxied?: boolean
  /** How we name ourselves to providers: `switchyard/0.1.0`. */
  readonly userAgent?: string
  /** Told of a provider that refused our credential: it may have been replaced where it is kept. */
  readonly onRefused?: (provider: Provider) => void
  /** Who fetches what calls link to, for providers that do not; without it, they are told the links. */
  readonly egress?: Egress
  /** Who reads PDFs for models that read none; without it, they are told the files. */
  readonly files?: Files
}

/** The only client of providers: sends a call to one endpoint and gives its answer as Events, batch by batch. */
export class Upstream {
  private readonly limits: UpstreamLimits
  private readonly auth: Auth
  private readonly sockets: Transport
  private readonly inliner: Inliner | undefined

  constructor(private readonly options: UpstreamOptions) {
    this.auth = new Auth(options.clock)
    this.limits = { ...UPSTREAM_LIMITS, ...options.limits }
    this.sockets = new Http1Client({ clock: options.clock, connectMsMax: this.limits.connectMsMax })
    this.inliner = options.egress && new Inliner(options.egress)
    for (const name of options.dialects.keys()) assert(DIALECTS.includes(name), `dialect ${name} has a name of the list`)
  }

  /**
   * One try of one endpoint. The first Event is `served`; a batch holds what one read of the socket held. Throws Fault
   * when the provider cannot be reached, refuses, or breaks off; ends the provider call when it is left early.
   */
  async *run(call: Call, offered: Endpoint, client: AbortSignal, fresh = false): AsyncGenerator<Event[]> {
    const { endpoint, wire: written } = spokenFor(call, offered, this.options.dialects)
    const { provider } = endpoint
    const built = this.options.dialects.get(provider.dialect)
    assert(built, `the dialect ${provider.dialect} of ${provider.slug} is built`)
    const dialect = voiceOf(built, call, provider)
    const timeouts: Timeouts = provider.timeouts ? { ...this.limits, ...provider.timeouts } : this.limits
    const watch = new Watch(this.options.clock, client, provider.name)
    let complete = false
    try {
      const asked = this.told(call, endpoint, dialect, watch)
      const told = asked instanceof Promise ? await asked : asked
      const wire = written && told === call ? written : dialect.writeCall(told, endpoint)
      if (wantsEcho(call)) yield [echoOf(wire.body)]
      watch.start(call.stream ? 'to begin its answer' : 'to answer', call.stream ? timeouts.headMsMax : timeouts.replyMsMax)
      const answer = await this.send(endpoint, wire, watch, fresh)
      if (answer.status >= 300) throw await this.refusal(answer, dialect, endpoint, watch)
      yield [{ type: 'served', model: endpoint.modelId, provider: provider.name, warnings: [...warningsOf(told, provider, wire), ...echoWarnings(call)] }]
      const parser = this.parserOf(answer)
      if (parser) {
        const carry = call.stream && call.dialect === provider.dialect
        yield* this.stream(answer, parser, dialect.streamReader(call, endpoint, carry), endpoint, timeouts, watch)
      } else {
        const carry = !call.stream && call.dialect === provider.dialect
        yield dialect.readReply(call, endpoint, await this.reply(answer, provider, watch), carry)
      }
      complete = true
    } catch (error) {
      throw watch.reason() ?? this.frameFault(error, provider)
    } finally {
      watch.close(complete)
    }
  }

  /** The dialect in which an endpoint is told this call. */
  dialectFor(call: Call, endpoint: Endpoint): DialectName {
    return spokenFor(call, endpoint, this.options.dialects).endpoint.provider.dialect
  }

  /** The call as this provider is told it: with the content of links that it would not follow. */
  private told(call: Call, endpoint: Endpoint, dialect: ProviderDialect, watch: Watch): Call | Promise<Call> {
    const isFollowed = !dialect.fetchesNot && !endpoint.provider.quirks.has('no_links')
    return isFollowed && !call.needs.pdfs ? call : this.filled(call, endpoint, dialect, watch)
  }

  private async filled(asked: Call, endpoint: Endpoint, { fetchesNot }: ProviderDialect, watch: Watch): Promise<Call> {
    const call = this.options.files ? await this.options.files.told(asked, endpoint, watch.signal) : asked
    const isNeeded = endpoint.provider.quirks.has('no_links') ? () => true : fetchesNot && ((url: string) => fetchesNot(url, endpoint, call))
    return this.inliner && isNeeded ? await this.inliner.inline(call, isNeeded, watch.signal) : call
  }

  private async send(endpoint: Endpoint, wire: WireRequest, watch: Watch, fresh: boolean): Promise<Answer> {
    const { provider } = endpoint
    if (provider.baseUrl === 'demo:') return answerOf(await demoFetch(wire.path, { body: wire.body, signal: watch.signal }))
    const url = urlOf(endpoint, wire.path)
    const bare = { 'content-type': 'application/json', 'accept-encoding': 'identity', 'user-agent': this.options.userAgent ?? 'switchyard', ...provider.headers, ...wire.headers }
    const body = wire.pieces ?? wire.body
    const shown = this.auth.headers(provider, { url, headers: bare, body })
    const headers = { ...bare, ...(shown instanceof Promise ? await watch.until(shown) : shown) }
    const transport = this.options.proxied && !isLoopback(url) ? fetchTransport : this.sockets
    try {
      return await transport.request({ url, method: 'POST', headers, body, signal: watch.signal, fresh })
    } catch (error) {
      throw watch.reason() ?? connectionFault(error, provider, false)
    }
  }

  private parserOf(answer: Answer): SseParser | EventStreamParser | undefined {
    const type = answer.headers.get('content-type') ?? ''
    if (type.startsWith('text/event-stream')) return new SseParser(this.limits.eventCharsMax)
    return type.startsWith('application/vnd.amazon.eventstream') ? new EventStreamParser(this.limits.eventCharsMax) : undefined
  }

  private frameFault(error: unknown, provider: Provider): unknown {
    if (error instanceof FrameTooLarge) return tooMuch(provider, 'one event', this.limits.eventCharsMax)
    return error instanceof FrameBroken ? new Fault('provider_bad_answer', `${provider.name}: ${error.message}`, { provider: provider.name }) : error
  }

  private async refusal(answer: Answer, dialect: ProviderDialect, endpoint: Endpoint, watch: Watch): Promise<Fault> {
    const { name } = endpoint.provider
    const renewed = answer.status === 401 && this.auth.refused(endpoint.provider)
    if (answer.status === 401 && !endpoint.ownKey) this.options.onRefused?.(endpoint.provider)
    if (answer.status < 400) return new Fault('provider_bad_answer', `${name} answered ${answer.status}, a redirect; point base_url at the API itself`, { provider: name })
    const read = await answer.text(this.limits.errorBytesMax).catch((error: unknown) => {
      // The status alone says enough when the body breaks off or never ends.
      if (watch.reason()) throw error
      return undefined
    })
    const fault = dialect.readFault(answer.status, answer.headers, withoutSecret(read?.text ?? '', endpoint.provider), endpoint)
    // What was refused was a token, and there will be another.
    return renewed ? fault.with({ retry: 'same' }) : fault
  }

  private async reply(answer: Answer, provider: Provider, watch: Watch): Promise<JsonObject> {
    const { text, cut } = await answer.text(this.limits.replyBytesMax).catch((error: unknown) => {
      throw watch.reason() ?? connectionFault(error, provider, true)
    })
    if (cut) throw tooMuch(provider, 'a reply', this.limits.replyBytesMax)
    const body = parseObject(text) ?? firstObject(text)
    if (!body) throw new Fault('provider_bad_answer', `${provider.name} sent a reply that is not a JSON object (${answer.headers.get('content-type') ?? 'no content type'})`, { provider: provider.name })
    return body
  }

  private async *stream(answer: Answer, parser: SseParser | EventStreamParser, reader: ReturnType<ProviderDialect['streamReader']>, endpoint: Endpoint, timeouts: Timeouts, watch: Watch): AsyncGenerator<Event[]> {
    const { provider } = endpoint
    const frames: Frame[] = []
    let bytes = 0
    watch.start('to its first event', timeouts.firstEventMsMax)
    let begun = false
    for (;;) {
      const piece = await readPiece(answer, provider, watch)
      if (!piece) break
      bytes += piece.length
      if (bytes > this.limits.streamBytesMax) throw tooMuch(provider, 'one stream', this.limits.streamBytesMax)
      parser.push(piece, frames)
      if (frames.length > 0 || parser.sawComment) {
        if (begun) watch.touch()
        else watch.start('between two events', timeouts.idleMsMax)
        begun = true
        parser.sawComment = false
      }
      const events = readFrames(frames, reader)
      if (events.length > 0) yield events
    }
    parser.end(frames)
    const events = readFrames(frames, reader)
    reader.end(events)
    if (events.length > 0) yield events
  }
}

/** What a provider says of a refusal, without the credential that it may repeat. */
function withoutSecret(text: string, { credential }: Provider): string {
  return credential === undefined || credential.length < SECRET_CHARS_MIN ? text : text.replaceAll(credential, '[credential]')
}

/** What is shorter may be a word of the answer. */
const SECRET_CHARS_MIN = 6

function readFrames(frames: Frame[], reader: ReturnType<ProviderDialect['streamReader']>): Event[] {
  const events: Event[] = []
  for (const frame of frames) reader.read(frame, events)
  frames.length = 0
  return events
}

/** A provider that was not asked to stream may still send an array of one object (Gemini's errors). */
function firstObject(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith('[')) return undefined
  const wrapped = parseObject(`{"list":${text}}`)
  const first: unknown = Array.isArray(wrapped?.['list']) ? wrapped['list'][0] : undefined
  return isObject(first) ? first : undefined
}

function tooMuch(provider: Provider, what: string, limit: number): Fault {
  return new Fault('provider_too_much', `${provider.name} sent more than ${limit} bytes for ${what}`, { provider: provider.name })
}

async function readPiece(answer: Answer, provider: Provider, watch: Watch): Promise<Uint8Array | undefined> {
  try {
    return await answer.read()
  } catch (error) {
    throw watch.reason() ?? connectionFault(error, provider, true)
  }
}

function isLoopback(url: string): boolean {
  return /^https?:\/\/(?:127\.|localhost[:/]|\[::1\])/.test(url)
}
