import { Fault } from '../../core/fault.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** How browsers know this server, and which pages are ours. Nothing that a request says of its host is believed. */
export class Site {
  private address = ''
  private own: ReadonlySet<string> = new Set()

  constructor(private readonly options: { readonly publicUrl: string | undefined; readonly host: string }) {
    if (options.publicUrl !== undefined) this.known(options.publicUrl, [options.publicUrl])
  }

  /** Told when the port is known: without a public URL, this is how the server is called. */
  listensOn(port: number): void {
    const { publicUrl, host } = this.options
    if (publicUrl !== undefined) return
    const isLocal = ['0.0.0.0', '::', '::1', '127.0.0.1', 'localhost'].includes(host)
    const named = host.includes(':') ? `[${host}]` : host
    // `localhost`, and no number: passkeys are bound to a name.
    const names = isLocal ? LOOPBACK : [named]
    this.known(`http://${names[0]}:${port}`, names.map((name) => `http://${name}:${port}`))
  }

  /** `https://gateway.example.com`, without a slash at its end. */
  get url(): string {
    return this.address
  }

  get isSecure(): boolean {
    return this.address.startsWith('https:')
  }

  /** Throws Fault `permission_denied` unless a page of ours sent the request. What changes something on the word of a cookie asks this. */
  checkOrigin(request: Request): void {
    const origin = request.headers.get('origin')
    const site = request.headers.get('sec-fetch-site')
    // A page that tells nobody where it is from says `null`; the browser itself says then whether it is ours.
    const isOurs = origin === null || origin === 'null' ? site === 'same-origin' : this.own.has(origin)
    if (isOurs) return
    throw new Fault('permission_denied', origin === null || origin === 'null'
      ? 'Refused: with a cookie, what changes something must come from a page of this server, and say so in `Origin`. Programs use a management key.'
      : `Refused: the request came from a page of another site. This server is known as ${this.address}; where people call it otherwise, its operator sets SWITCHYARD_PUBLIC_URL.`)
  }

  /** The path of ours that is meant, or `/`: never a way to another site. */
  localPath(wish: string | null | undefined): string {
    if (!wish || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wish) || wish.includes('\\')) return '/'
    const url = new URL(wish, this.address)
    // `/..//evil.example` is a path of ours until it is resolved.
    return url.origin === new URL(this.address).origin && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/'
  }

  private known(url: string, own: readonly string[]): void {
    this.address = url
    this.own = new Set(own)
  }
}
