import type { Call, CallHeaders, Warning } from '../core/call.ts'
import type { EmbeddingsCall } from '../core/embeddings.ts'
import type { Event } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import type { Endpoint } from '../catalog/endpoint.ts'

/** A call in a provider's words. Auth is not in it: that is the provider's, not the dialect's (`upstream/`). */
export interface WireRequest {
  /** Joined to the provider's base URL: `/v1/messages`. Starts with a slash; may have a query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** `body` again where it is large, in pieces: who sends these does not make one text of it. */
  readonly pieces?: readonly string[]
  readonly warnings: readonly Warning[]
  /** The client's own request went out (`Call.native`), so that what the chat shape has no words for was said too. */
  readonly isNative?: boolean
}

/** One event of a server-sent event stream: `data` lines joined by \n; `event` is '' when not said. */
export interface SseFrame { readonly event: string; readonly data: string }

/**
 * Reads one streamed answer. `read` adds to `out` what a frame says; `end` is called once when the provider closes the
 * stream and must add a `fault` (`provider_cut`) when the dialect's own end mark had not come. After a `fault` nothing
 * more is added. Never throws anything but a Fault.
 */
export interface StreamReader {
  read(frame: SseFrame, out: Event[]): void
  end(out: Event[]): void
}

/** How a dialect faces a provider: our terms → its wire, and its wire → our terms. All pure, no I/O. */
export interface ProviderDialect {
  /** Throws Fault `invalid_request` only for what cannot be said at all; what can be left out becomes a warning. */
  writeCall(call: Call, endpoint: Endpoint): WireRequest
  /** `carry`: the client speaks this dialect too, and both stream: give `raw` Events. */
  streamReader(call: Call, endpoint: Endpoint, carry: boolean): StreamReader
  /** A whole reply that was not streamed, as the same Events as its stream would give. */
  readReply(call: Call, endpoint: Endpoint, body: JsonObject, carry: boolean): Event[]
  /** What the provider's error means. `body` is its text, cut to a limit. */
  readFault(status: number, headers: Pick<Headers, 'get'>, body: string, endpoint: Endpoint): Fault
  /** How embeddings are asked for in it, where it knows them. */
  readonly embeddings?: EmbeddingsDialect
  /** True for the web address of a picture or a file that the provider will not fetch for this call: it is told the content. */
  readonly fetchesNot?: (url: string, endpoint: Endpoint, call: Call) => boolean
}

/** The part of a provider's dialect that makes embeddings: one request, and one reply that is never streamed. */
export interface EmbeddingsDialect {
  /** Throws Fault for what cannot be said, with `retry: 'next'` where another provider may take it. */
  writeCall(call: EmbeddingsCall, endpoint: Endpoint): WireRequest
  /** `embeddings`, `usage` where the provider counted, and `finish`. Throws Fault for what is no answer. */
  readReply(call: EmbeddingsCall, endpoint: Endpoint, body: JsonObject): Event[]
}

/** Says an answer to the client as it comes. Strings go out as they are. */
export interface StreamWriter {
  /** Called once for each batch; returns the wire text of it ('' when there is nothing to say yet). */
  write(events: readonly Event[]): string
}

/** Folds an answer into one reply. */
export interface ReplyWriter {
  add(events: readonly Event[]): void
  /** The body, once the `end` Event was added. */
  body(): JsonObject
}

/** What the server knows of a request before its body is read as a Call. */
export interface CallOrigin {
  readonly id: string
  readonly createdMs: number
  readonly headers: CallHeaders
  /** Length of the body on the wire. */
  readonly bodyBytes: number
}

/** How a dialect faces a client. Its `readCall` is a function of its own: some need more than the body. */
export interface ClientDialect {
  /** Content type of a streamed answer: `text/event-stream`, for most. */
  readonly streamContentType: string
  /** What a stream says after long silence, to show that it is alive; '' where the dialect has nothing for it. */
  readonly keepAlive: string
  /** A header of the dialect's own that says the call's id, beside `X-Generation-Id`. */
  readonly idHeader?: string
  streamWriter(call: Call): StreamWriter
  replyWriter(call: Call): ReplyWriter
  /** The body of an error before the first byte. */
  faultBody(fault: Fault, callId: string | undefined): JsonObject
  /** True for a fault that this dialect tells as an answer which ended early, with a 200, and not as an error (contract M30). */
  readonly endsEarly?: (fault: Fault) => boolean
}
