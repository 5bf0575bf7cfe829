import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

/** The API as it was then, whatever the account's own version: what we send and read is written for this one. */
const STRIPE_VERSION = '2025-06-30.basil'
const REQUEST_MS_MAX = 30_000
const ANSWER_BYTES_MAX = 4 << 20
/** A request that failed on its way is asked again this often: its key makes it happen once. */
const TRIES_MAX = 3
/** Pages of a hundred: more events than a month of the busiest shop that one install can be. */
const PAGES_MAX = 10_000

/** Form fields of a request: `line_items[0][quantity]`. What is undefined is left out. */
export type Form = Readonly<Record<string, string | number | boolean | undefined>>

export type StripeFetch = (url: string, init: RequestInit) => Promise<Response>

/** What Stripe refuses, in its words. */
export class StripeError extends Error {
  override readonly name = 'StripeError'
  constructor(readonly status: number, readonly type: string, readonly code: string | null, message: string, readonly paymentIntent: JsonObject | undefined) {
    super(message)
  }
}

/** Stripe's REST API: form-encoded requests, JSON answers. */
export class StripeApi {
  constructor(private readonly options: { readonly apiKey: string; readonly baseUrl: string; readonly fetch: StripeFetch; readonly waitMs?: (tries: number) => number }) {}

  get(path: string, query: Form = {}): Promise<JsonObject> {
    const text = encode(query)
    return this.ask('GET', text === '' ? path : `${path}?${text}`, undefined, undefined)
  }

  /** `key`: a second request with it gives the answer of the first. */
  post(path: string, form: Form, key?: string): Promise<JsonObject> {
    return this.ask('POST', path, encode(form), key)
  }

  /** All of a list as `read` has it, in Stripe's order, newest first: what is left out of it would never be seen. Where it is undefined it is none of them. */
  async list<T>(path: string, query: Form, read: (row: JsonObject) => T | undefined): Promise<readonly T[]> {
    const rows: T[] = []
    let after: string | undefined
    for (let page = 0; page < PAGES_MAX; page++) {
      const { data, has_more: hasMore } = await this.get(path, { limit: 100, ...query, starting_after: after })
      const found = Array.isArray(data) ? data.filter(isObject) : []
      rows.push(...found.map(read).filter((row) => row !== undefined))
      const last = found.at(-1)?.['id']
      if (hasMore !== true || typeof last !== 'string') return rows
      after = last
    }
    throw unavailable(new Error(`${path} has more than ${PAGES_MAX} pages`))
  }

  private async ask(method: 'GET' | 'POST', path: string, body: string | undefined, key: string | undefined): Promise<JsonObject> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.send(method, path, body, key)
      } catch (error) {
        const isFinal = error instanceof StripeError && error.status < 500 && error.status !== 429 && error.status !== 409
        if (isFinal) throw error
        // Without a key a second request could do the same again.
        if (tries >= TRIES_MAX || (method === 'POST' && key === undefined)) throw unavailable(error)
        await Bun.sleep((this.options.waitMs ?? backOff)(tries))
      }
    }
  }

  private async send(method: string, path: string, body: string | undefined, key: string | undefined): Promise<JsonObject> {
    const { apiKey, baseUrl } = this.options
    const answer = await this.options.fetch(`${baseUrl}${path}`, {
      method, redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS_MAX),
      headers: {
        authorization: `Bearer ${apiKey}`, 'stripe-version': STRIPE_VERSION, accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }), ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body }),
    })
    const json = parse(await answer.text())
    if (answer.ok && json) return json
    const error = json && isObject(json['error']) ? json['error'] : {}
    throw new StripeError(answer.ok ? 502 : answer.status, text(error, 'type') ?? '', text(error, 'code'), text(error, 'message') ?? `Stripe answered with status ${answer.status}`, isObject(error['payment_intent']) ? error['payment_intent'] : undefined)
  }
}

/** A field of Stripe's that is text. */
export function text(object: JsonObject, name: string): string | null {
  const value = object[name]
  return typeof value === 'string' ? value : null
}

/** The id of what a field names: Stripe writes it alone, or the whole object where that was asked for. */
export function idOf(object: JsonObject, name: string): string | null {
  const value = object[name]
  return isObject(value) ? text(value, 'id') : typeof value === 'string' ? value : null
}

export function number(object: JsonObject, name: string): number {
  const value = object[name]
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

/** The object in a field, or an empty one. */
export function inner(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}

function encode(form: Form): string {
  return Object.entries(form).flatMap(([name, value]) => (value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`])).join('&')
}

function parse(body: string): JsonObject | undefined {
  if (body.length > ANSWER_BYTES_MAX) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    // A page of something in between: the status says all that there is to know.
    return undefined
  }
}

function backOff(tries: number): number {
  return 250 * 2 ** tries
}

function unavailable(cause: unknown): Fault {
  return new Fault('unavailable', 'The payment provider cannot be reached; try again shortly.', { detail: cause instanceof Error ? cause.message : String(cause), cause })
}
