import type { Json, JsonObject } from './json.ts'

/** What `attempt` may do next: nothing · try this endpoint once more · go on to the next endpoint. */
export type Retry = 'never' | 'same' | 'next'
export type Blame = 'client' | 'operator' | 'provider' | 'switchyard'

interface FaultKind {
  /** HTTP status before the first byte, and `error.code` on the wire. */
  readonly status: number
  readonly blame: Blame
  readonly retry: Retry
  /** `error_type` on the wire (contract M13–M19). */
  readonly type: string
  /** One sentence for docs/errors.md and for people: what to do about it. */
  readonly help: string
}

const kind = (status: number, blame: Blame, retry: Retry, type: string, help: string): FaultKind => ({ status, blame, retry, type, help })

/** Every way a call can fail. Closed: a new way is a new row, with its help. */
export const FAULTS = {
  // The request
  invalid_request: kind(400, 'client', 'never', 'invalid_request', 'Change the field that the message names.'),
  invalid_json: kind(400, 'client', 'never', 'invalid_request', 'Send one JSON object in UTF-8; the message says where it broke.'),
  invalid_prompt: kind(400, 'client', 'never', 'invalid_prompt', 'Change the messages as the message says.'),
  model_unknown: kind(400, 'client', 'never', 'invalid_request', 'Use an id of GET /api/v1/models; the message suggests the nearest ones.'),
  context_length_exceeded: kind(400, 'client', 'never', 'context_length_exceeded', 'Shorten the prompt, lower max_tokens, or name a model with a longer context.'),
  invalid_image: kind(400, 'client', 'next', 'invalid_image', 'Point to a picture: what the URL leads to is none.'),
  image_too_large: kind(400, 'client', 'next', 'image_too_large', 'Send a smaller picture; the message names the limit.'),
  unsupported_image_format: kind(400, 'client', 'next', 'unsupported_image_format', 'Send the picture as png, jpeg, gif or webp.'),
  image_download_failed: kind(400, 'client', 'next', 'image_download_failed', 'Make the URL one that can be fetched from here, or send the picture as a data URL.'),
  unauthenticated: kind(401, 'client', 'never', 'authentication', 'Send `Authorization: Bearer <key>` with a key that is live.'),
  key_limit: kind(402, 'client', 'never', 'payment_required', "Raise the key's limit, wait for its reset, or use another key."),
  wallet_balance: kind(402, 'client', 'never', 'payment_required', "Add to the customer's wallet (`POST /api/v1/wallets/{id}/grant`)."),
  balance: kind(402, 'client', 'never', 'payment_required', 'Add credits to the account.'),
  worst_case: kind(402, 'client', 'never', 'payment_required', 'Lower max_tokens or shorten the prompt, so that the worst case of this request fits what is left.'),
  workspace_budget: kind(403, 'client', 'never', 'permission_denied', "Ask an admin of the organization for a larger budget, wait for its reset, or use a key of another workspace."),
  guardrail_budget: kind(403, 'client', 'never', 'permission_denied', 'Ask an admin of the organization for a larger budget of the guardrail, or wait for its reset.'),
  member_budget: kind(403, 'client', 'never', 'permission_denied', 'Ask an admin of the organization for a larger budget of the member, or wait for its reset.'),
  tag_budget: kind(403, 'client', 'never', 'permission_denied', 'Ask an admin of the organization for a larger budget of what the call is tagged with, or wait for its reset.'),
  tag_missing: kind(403, 'client', 'never', 'permission_denied', 'Send the tag that the message names (X-Switchyard-Tags), or use a key that has it.'),
  permission_denied: kind(403, 'client', 'never', 'permission_denied', 'Use a key that may do this.'),
  not_found: kind(404, 'client', 'never', 'not_found', 'Check the path and the id.'),
  no_endpoints: kind(404, 'client', 'never', 'not_found', 'Relax what the request demands, or add a credential for a provider that serves the model.'),
  method_not_allowed: kind(405, 'client', 'never', 'invalid_request', 'Use the method that the Allow header names.'),
  gone: kind(410, 'client', 'never', 'not_found', 'Use what the message names instead.'),
  conflict: kind(409, 'client', 'never', 'invalid_request', 'The object is not in the state that this needs.'),
  body_timeout: kind(408, 'client', 'never', 'timeout', 'Send the body at once after the head.'),
  report_timeout: kind(408, 'client', 'never', 'timeout', 'Ask for a shorter time, fewer dimensions, or a coarser granularity.'),
  payload_too_large: kind(413, 'client', 'never', 'payload_too_large', 'Send a smaller body; the message names the limit.'),
  unsupported_media_type: kind(415, 'client', 'never', 'invalid_request', 'Send the content type that the message names.'),
  unprocessable: kind(422, 'client', 'never', 'unprocessable', 'Change the field that the message names.'),
  rate_limited: kind(429, 'client', 'never', 'rate_limit_exceeded', 'Slow down; Retry-After says how long to wait.'),
  client_gone: kind(499, 'client', 'never', 'timeout', 'The client closed the connection before the answer was complete.'),
  // The provider
  provider_bad_request: kind(400, 'client', 'never', 'invalid_request', 'The provider refused the request; its own words are in metadata.raw.'),
  provider_too_large: kind(413, 'client', 'next', 'payload_too_large', 'The provider refuses a body of this size.'),
  content_policy: kind(400, 'client', 'never', 'content_policy_violation', 'The provider refused the content.'),
  provider_credential: kind(502, 'operator', 'next', 'provider_unavailable', "The provider refused our credential; the operator must mend it (`switchyard doctor`)."),
  provider_payment: kind(502, 'operator', 'next', 'provider_unavailable', 'The provider says that its account has no credit; the operator must add some.'),
  provider_forbidden: kind(403, 'provider', 'next', 'permission_denied', 'The provider refuses this request for this account or region.'),
  provider_model_missing: kind(404, 'provider', 'next', 'not_found', 'The provider does not serve this model any more.'),
  provider_rate_limited: kind(429, 'provider', 'next', 'rate_limit_exceeded', 'The provider limits the rate; Retry-After says how long to wait.'),
  provider_full: kind(429, 'operator', 'next', 'rate_limit_exceeded', "As many calls are under way there as the operator allows; try again shortly, or raise its concurrency in the operator's file."),
  provider_overloaded: kind(503, 'provider', 'next', 'provider_overloaded', 'The provider is overloaded; try again or add another provider.'),
  provider_error: kind(502, 'provider', 'next', 'provider_unavailable', 'The provider failed; try again or add another provider.'),
  provider_unreachable: kind(502, 'provider', 'next', 'provider_unavailable', 'No connection to the provider.'),
  /** A reused connection was closed under us before any byte came back: safe to try once more on a fresh one. */
  connection_stale: kind(502, 'provider', 'same', 'provider_unavailable', 'The provider closed the connection.'),
  provider_bad_answer: kind(502, 'provider', 'next', 'provider_unavailable', 'The provider sent what is not an answer of its dialect.'),
  provider_cut: kind(502, 'provider', 'next', 'provider_unavailable', 'The provider closed the stream before its end.'),
  provider_timeout: kind(504, 'provider', 'next', 'timeout', 'The provider did not answer in time; the message says in which phase.'),
  provider_too_much: kind(502, 'provider', 'next', 'provider_unavailable', 'The provider sent more than the limit that the message names.'),
  // Ourselves
  overloaded: kind(503, 'switchyard', 'never', 'provider_overloaded', 'This server is at its limit of calls at once; try again shortly or add a node.'),
  shutting_down: kind(503, 'switchyard', 'never', 'provider_overloaded', 'This server is shutting down; try again.'),
  unavailable: kind(503, 'switchyard', 'never', 'provider_unavailable', 'The store cannot be reached; try again shortly.'),
  internal: kind(500, 'switchyard', 'never', 'server', 'A bug of ours; the log has it under the request id.'),
} as const satisfies Record<string, FaultKind>

export type FaultCode = keyof typeof FAULTS

/** One attempt that failed, as the contract shows it in `metadata.previous_errors` (M21). */
export interface PreviousError { readonly provider: string; readonly code: number; readonly status: string }

export interface FaultOptions {
  /** For the log only: never sent, never holds content or secrets. */
  readonly detail?: string
  /** Joined to `error.metadata`. */
  readonly metadata?: JsonObject
  /** The contract's `error.availability` object (M23). */
  readonly availability?: JsonObject
  /** Display name of the provider that failed. */
  readonly provider?: string
  /** What the provider said, scrubbed of credentials: `metadata.raw`. */
  readonly raw?: Json
  /** The provider's own code for it: `metadata.provider_code`. */
  readonly providerCode?: string
  /** Overrides the table: the provider's status where it says more than ours. */
  readonly status?: number
  readonly retry?: Retry
  readonly retryAfterMs?: number
  /** Of a limit of ours: what it is, what is left of it, and when it starts anew (`X-RateLimit-*`, contract M12). */
  readonly rateLimit?: { readonly limit: string; readonly remaining: string; readonly resetMs: number }
  readonly previousErrors?: readonly PreviousError[]
  /** How the call was routed, where the client asked to know: `openrouter_metadata` beside `error`. */
  readonly router?: JsonObject
  readonly cause?: unknown
}

/** What goes wrong for a reason we know. `message` is for the client and says what to change. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly status: number
  readonly retry: Retry
  readonly options: FaultOptions

  constructor(readonly code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.options = options
    this.status = options.status ?? FAULTS[code].status
    this.retry = options.retry ?? FAULTS[code].retry
  }

  get type(): string { return FAULTS[this.code].type }
  get blame(): Blame { return FAULTS[this.code].blame }

  /** The same fault with more known about it. */
  with(options: FaultOptions): Fault {
    return new Fault(this.code, this.message, { ...this.options, ...options, metadata: { ...this.options.metadata, ...options.metadata } })
  }
}

/** A rule of our own that must hold. When it does not, it is our bug: the call dies with 500, the process lives. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${why}`)
}
