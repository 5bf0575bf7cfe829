import type { Clock } from '../../lib/clock.ts'
import type { Http1Answer } from '../http1/answer.ts'
import { Http1Client } from '../http1/client.ts'
import { openAddresses, systemResolve, type Resolve } from './resolve.ts'

export interface OutboundOptions {
  readonly clock: Clock
  /** Private addresses may be posted to, and plain http: the operator's word. */
  readonly privateAllowed: boolean
  readonly resolve?: Resolve
  readonly userAgent?: string
  /** All of one post. */
  readonly postMsMax?: number
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string
}

/** What the other side said. */
export interface PostAnswer { readonly status: number; readonly text: string }

interface Sent { readonly method: 'GET' | 'POST'; readonly headers: Readonly<Record<string, string>>; readonly body?: string }

/** Nothing was posted, or no answer came. The message says why, and nothing of networks that are not open to those who ask. */
export class PostFailed extends Error {
  override readonly name = 'PostFailed'
}

const POST_MS_MAX = 15_000
const CONNECT_MS_MAX = 5_000
const ANSWER_BYTES_MAX = 2_048
/** Of `fetch`: what a provider of identity says of itself, and its keys. */
const FETCH_BYTES_MAX = 256 << 10
const ADDRESSES_MAX = 3

/**
 * Posts to addresses that people of an account have named. As in `Egress`, the address is checked after its name was looked up, and that
 * very one is connected to. Redirects are not followed: what is signed is for one place.
 */
export class Outbound {
  constructor(private readonly options: OutboundOptions) {}

  /** Why this cannot be posted to, as far as its text shows; undefined where it may be tried. */
  refusal(text: string): string | undefined {
    const url = URL.parse(text)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'must be an https address'
    if (url.protocol === 'http:' && !this.options.privateAllowed) return 'must be https; plain http is only for where the operator has opened private addresses (SWITCHYARD_EGRESS_PRIVATE)'
    if (url.username !== '' || url.password !== '') return 'must have no user or password in it; none is sent'
    return undefined
  }

  /** Throws PostFailed. */
  async post(text: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostAnswer> {
    const { status, text: said } = await this.exchange(text, { method: 'POST', headers, body }, ANSWER_BYTES_MAX)
    return { status, text: said }
  }

  /** As the platform's `fetch`, with the checks of `post`: by GET or POST, for bodies of text, and answers that are not long. Throws PostFailed. */
  async fetch(text: string, { method = 'GET', headers, body }: RequestInit): Promise<Response> {
    if (method !== 'GET' && method !== 'POST') throw new PostFailed(`${method} is not sent from here`)
    const sent = body === null || body === undefined ? {} : { body: typeof body === 'string' ? body : await new Response(body).text() }
    const answer = await this.exchange(text, { method, headers: Object.fromEntries(new Headers(headers).entries()), ...sent }, FETCH_BYTES_MAX)
    if (answer.cut) throw new PostFailed(`its answer is longer than ${FETCH_BYTES_MAX >> 10} KiB`)
    const type = answer.headers.get('content-type')
    return new Response(answer.status === 204 || answer.status === 304 ? null : answer.text, { status: answer.status, headers: type === undefined || type === null ? {} : { 'content-type': type } })
  }

  private async exchange(text: string, request: Sent, bytesMax: number): Promise<PostAnswer & { readonly cut: boolean; readonly headers: Http1Answer['headers'] }> {
    const refusal = this.refusal(text)
    if (refusal !== undefined) throw new PostFailed(`the address ${refusal}`)
    const url = new URL(text)
    url.hash = ''
    const msMax = this.options.postMsMax ?? POST_MS_MAX
    const signal = AbortSignal.timeout(msMax)
    const { clock, ca } = this.options
    const client = new Http1Client({ clock, connectMsMax: CONNECT_MS_MAX, idlePerOriginMax: 0, ...(ca !== undefined && { ca }) })
    try {
      const answer = await this.ask(client, url, { ...request, signal })
      const said = await answer.text(bytesMax)
      return { status: answer.status, headers: answer.headers, ...said }
    } catch (error) {
      if (error instanceof PostFailed) throw error
      throw new PostFailed(signal.aborted ? `no answer within ${msMax / 1000} s` : 'the connection broke off', { cause: error })
    } finally {
      client.close()
    }
  }

  private async ask(client: Http1Client, url: URL, { method, headers, body, signal }: Sent & { readonly signal: AbortSignal }): Promise<Http1Answer> {
    const addresses = await openAddresses(url.hostname, this.options.resolve ?? systemResolve, this.options.privateAllowed).catch(() => {
      // The resolver knows no such name: one sentence for that and for what leads inside.
      return []
    })
    if (addresses.length === 0) throw new PostFailed('its name has no address that may be posted to; private addresses are open only where the operator allows them')
    let why = 'it cannot be reached'
    for (const address of addresses.slice(0, ADDRESSES_MAX)) {
      try {
        return await client.request({ url: url.href, address, method, headers: { ...(body !== undefined && { 'content-type': 'application/json' }), 'accept-encoding': 'identity', 'user-agent': this.options.userAgent ?? 'switchyard', ...headers }, body: body ?? '', signal, fresh: true })
      } catch (error) {
        signal.throwIfAborted()
        why = error instanceof Error && 'code' in error ? `it cannot be reached (${String(error.code)})` : why
      }
    }
    throw new PostFailed(why)
  }
}
