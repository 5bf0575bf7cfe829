import { isUtf8 } from 'node:buffer'
import { Fault, type FaultCode } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Http1Answer } from '../http1/answer.ts'
import { Http1Client } from '../http1/client.ts'
import { openAddresses, systemResolve, type Resolve } from './resolve.ts'
import { Slots } from './slots.ts'
import { sniff } from './sniff.ts'

/** What fetching content may take. */
export interface EgressLimits {
  readonly bytesMax: number
  /** All of one fetch: waiting for a place, look-ups, redirects, the body. */
  readonly fetchMsMax: number
  readonly connectMsMax: number
  readonly redirectsMax: number
  /** Fetches at once in this process; more wait. */
  readonly fetchesMax: number
}

export const EGRESS_LIMITS: EgressLimits = { bytesMax: 20 << 20, fetchMsMax: 20_000, connectMsMax: 5_000, redirectsMax: 3, fetchesMax: 16 }

export interface EgressOptions {
  readonly clock: Clock
  /** Private addresses may be fetched from: the operator's word. */
  readonly privateAllowed?: boolean
  readonly limits?: Partial<EgressLimits>
  readonly resolve?: Resolve
  readonly userAgent?: string
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string
}

/** Content that a URL led to. */
export interface Fetched {
  readonly bytes: Uint8Array
  /** As the bytes show; where they show nothing, as the server declared it, without parameters. */
  readonly mediaType: string
}

/** What a URL is said to lead to, and the field that says it, for faults. */
export interface Wanted { readonly kind: 'image' | 'file' | 'video'; readonly field: string; readonly signal: AbortSignal }

/** Image formats that the contract takes (B53). */
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Addresses of one host that are tried, where those before cannot be connected to. */
const ADDRESSES_MAX = 3

/**
 * The only client for URLs that stand in content, which anybody may have written. Every address is checked after its name
 * was looked up, and that address is connected to; each redirect is a URL like the first. Sends no credentials, uses no proxy.
 */
export class Egress {
  private readonly limits: EgressLimits
  private readonly slots: Slots

  constructor(private readonly options: EgressOptions) {
    this.limits = { ...EGRESS_LIMITS, ...options.limits }
    this.slots = new Slots(this.limits.fetchesMax)
  }

  /** What the URL leads to. Throws Fault, or the reason of `wanted.signal`. */
  async fetch(url: string, wanted: Wanted): Promise<Fetched> {
    const late = AbortSignal.timeout(this.limits.fetchMsMax)
    const signal = AbortSignal.any([wanted.signal, late])
    try {
      return await this.slots.use(signal, async () => await this.follow(url, { ...wanted, signal }))
    } catch (error) {
      wanted.signal.throwIfAborted()
      if (late.aborted) throw failed(wanted, `took more than ${this.limits.fetchMsMax / 1000} s`)
      throw error
    }
  }

  private async follow(first: string, wanted: Wanted): Promise<Fetched> {
    let url = readUrl(first, wanted)
    for (let redirects = 0; ; redirects++) {
      const client = new Http1Client({ clock: this.options.clock, connectMsMax: this.limits.connectMsMax, idlePerOriginMax: 0, ...(this.options.ca === undefined ? {} : { ca: this.options.ca }) })
      try {
        const answer = await this.ask(client, url, wanted)
        if (!REDIRECTS.has(answer.status)) return await this.read(answer, wanted)
        answer.cancel()
        if (redirects === this.limits.redirectsMax) throw failed(wanted, `redirects more than ${this.limits.redirectsMax} times`)
        url = readUrl(answer.headers.get('location') ?? '', wanted, url)
      } finally {
        client.close()
      }
    }
  }

  private async ask(client: Http1Client, url: URL, wanted: Wanted): Promise<Http1Answer> {
    const addresses = await this.addresses(url, wanted)
    let why = 'cannot be reached'
    for (const address of addresses.slice(0, ADDRESSES_MAX)) {
      try {
        return await client.request({ url: url.href, address, method: 'GET', headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': this.options.userAgent ?? 'switchyard' }, body: '', signal: wanted.signal, fresh: true })
      } catch (error) {
        wanted.signal.throwIfAborted()
        why = error instanceof Error && 'code' in error ? `cannot be reached (${String(error.code)})` : why
      }
    }
    throw failed(wanted, why)
  }

  /** One sentence for a name that leads nowhere and one that leads inside: a client must not learn which names exist here. */
  private async addresses({ hostname }: URL, wanted: Wanted): Promise<readonly string[]> {
    const found = await within(wanted.signal, openAddresses(hostname, this.options.resolve ?? systemResolve, this.options.privateAllowed === true).catch(() => {
      // The resolver knows no such name.
      return []
    }))
    if (found.length === 0) throw failed(wanted, 'has no address that may be fetched from; private addresses are open only where the operator allows them')
    return found
  }

  private async read(answer: Http1Answer, wanted: Wanted): Promise<Fetched> {
    const { bytesMax } = this.limits
    if (answer.status !== 200) {
      answer.cancel()
      throw failed(wanted, `was answered with ${answer.status}`)
    }
    if (Number(answer.headers.get('content-length') ?? 0) > bytesMax) {
      answer.cancel()
      throw tooLarge(wanted, bytesMax)
    }
    const bytes = await readBytes(answer, wanted, bytesMax)
    return { bytes, mediaType: typeOf(bytes, answer.headers.get('content-type') ?? '', wanted) }
  }
}

async function readBytes(answer: Http1Answer, wanted: Wanted, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const piece = await answer.read().catch(() => {
      wanted.signal.throwIfAborted()
      throw failed(wanted, 'broke off before its end')
    })
    if (!piece) return Buffer.concat(pieces)
    pieces.push(piece)
    length += piece.length
    if (length <= bytesMax) continue
    answer.cancel()
    throw tooLarge(wanted, bytesMax)
  }
}

/** Bytes that show what they are win over what the server declares; an image must show that it is one. */
function typeOf(bytes: Uint8Array, contentType: string, wanted: Wanted): string {
  const shown = sniff(bytes)
  const declared = contentType.replace(/;.*$/s, '').trim().toLowerCase()
  if (wanted.kind === 'file') {
    if (bytes.length === 0) throw fault('invalid_request', wanted, 'is empty')
    const isDeclared = /^[\w.+-]+\/[\w.+-]+$/.test(declared) && !declared.endsWith('/octet-stream')
    return shown ?? (isDeclared ? declared : isText(bytes) ? 'text/plain' : 'application/octet-stream')
  }
  if (wanted.kind === 'video') {
    // Formats without a mark of their own (MPEG, AVI, FLV) are what the server says they are.
    const video = [shown, shown === undefined ? declared : undefined].find((type) => type?.startsWith('video/'))
    if (video !== undefined && bytes.length > 0) return video
    throw fault('invalid_request', wanted, bytes.length === 0 ? 'is empty' : `is not a video${shown ?? declared ? ` but ${shown ?? declared}` : ''}`)
  }
  if (shown !== undefined && IMAGES.has(shown)) return shown
  if (shown?.startsWith('image/')) throw fault('unsupported_image_format', wanted, `is ${shown}; send png, jpeg, gif or webp`)
  throw fault('invalid_image', wanted, bytes.length === 0 ? 'is empty' : `is not an image${shown ? ` but ${shown}` : ''}`)
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

function readUrl(text: string, wanted: Wanted, base?: URL): URL {
  const url = URL.parse(text, base)
  const which = base ? 'redirects to what' : 'is a URL that'
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw failed(wanted, `${which} is not http or https`)
  if (url.username !== '' || url.password !== '') throw failed(wanted, `${which} has a user or a password in it; no credentials are sent`)
  url.hash = ''
  return url
}

function failed(wanted: Wanted, why: string): Fault {
  return fault(wanted.kind === 'image' ? 'image_download_failed' : 'invalid_request', wanted, why)
}

function tooLarge(wanted: Wanted, bytesMax: number): Fault {
  return fault(wanted.kind === 'image' ? 'image_too_large' : 'payload_too_large', wanted, `has more than ${bytesMax} bytes`)
}

/** Another provider may fetch for itself, or take more: the next one is tried. */
function fault(code: FaultCode, { field }: Wanted, why: string): Fault {
  return new Fault(code, `${field}: what it leads to could not be used: it ${why}`, { retry: 'next', metadata: { field } })
}

/** What the promise gives, unless the signal comes first. A look-up cannot be called off. */
async function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, ended])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
