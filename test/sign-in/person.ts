// A person with a browser that has no scripts: cookies, forms, links of letters.
import { createHmac } from 'node:crypto'
import { headerOf, textOf, type Received, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import type { Gateway } from '../server.ts'

const WAIT_MS_MAX = 20_000

export const PASSWORD = 'correct horse battery'

/** Keeps cookies as a browser does, and says where its forms are from. */
export class Browser {
  readonly cookies = new Map<string, string>()

  constructor(readonly url: string) {}

  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.cookies.size > 0 && !headers.has('cookie')) headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(`${this.url}${path}`, { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line) || value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  /** Opens a page. */
  page(path: string): Promise<Response> {
    return this.send(path, { headers: { accept: 'text/html' } })
  }

  /** Sends a form of a page of the server. */
  form(path: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: this.url, ...headers } })
  }

  /** Calls the API as a script of a page would. */
  api(path: string, json?: unknown, init: RequestInit = {}): Promise<Response> {
    const post = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json), headers: { origin: this.url, 'content-type': 'application/json' } }
    return this.send(`/api/v1${path}`, { ...post, ...init })
  }

  /** As `api`, by another method. */
  change(method: 'PATCH' | 'PUT' | 'DELETE', path: string, json?: unknown): Promise<Response> {
    return this.api(path, undefined, { method, headers: { origin: this.url, 'content-type': 'application/json' }, ...(json !== undefined && { body: JSON.stringify(json) }) })
  }

  auth(path: string, json: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(`/api/auth${path}`, { method: 'POST', body: JSON.stringify(json), headers: { origin: this.url, 'content-type': 'application/json', ...headers } })
  }

  get session(): string | undefined {
    return this.cookies.get('switchyard.session_token')
  }
}

/** Waits for something that comes by itself; undefined when it does not. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T | undefined> {
  for (const deadline = performance.now() + WAIT_MS_MAX; performance.now() < deadline; await Bun.sleep(20)) {
    const found = await look()
    if (found !== undefined) return found
  }
  return undefined
}

/** The newest letter to somebody whose text has this in it, from the `from`th on. */
export async function letterTo(smtp: TestSmtp, email: string, words: string, from = 0): Promise<Received> {
  const letter = await eventually(() => smtp.letters.slice(from).findLast((one) => one.to.includes(email) && textOf(one).includes(words)))
  if (!letter) throw new Error(`no letter to ${email} came that says ${words}; there are ${smtp.letters.map((one) => `${one.to.join()}: ${headerOf(one, 'subject')}`).join('; ')}`)
  return letter
}

/** The token of the link in a letter. */
export async function tokenOf(smtp: TestSmtp, email: string, path: string, from = 0): Promise<string> {
  return tokenIn(textOf(await letterTo(smtp, email, `${path}?token=`, from)), path)
}

/** The token of a link in a text. */
export function tokenIn(text: string, path: string): string {
  const token = new RegExp(`${path}\\?token=([^\\s"]+)`).exec(text)?.[1]
  if (token === undefined) throw new Error(`no link to ${path}`)
  return decodeURIComponent(token)
}

/** Somebody who has made themselves an account and confirmed their address: they are signed in. */
export async function signedUp(gateway: Pick<Gateway, 'url'>, smtp: TestSmtp, email: string, names = { first_name: 'Ada', last_name: 'Lovelace' }): Promise<Browser> {
  const browser = new Browser(gateway.url)
  const from = smtp.letters.length
  const made = await browser.form('/sign-up', { email, password: PASSWORD, ...names })
  if (made.status !== 200) throw new Error(`sign-up: ${made.status} ${await made.text()}`)
  const confirmed = await browser.form('/verify-email', { token: await tokenOf(smtp, email, '/verify-email', from) })
  if (confirmed.status !== 303 || browser.session === undefined) throw new Error(`confirm: ${confirmed.status}`)
  return browser
}

/** The code of an app for this secret at a time (RFC 6238). */
export function totp(secret: string, atMs = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret.replace(/=+$/, '')].map((sign) => alphabet.indexOf(sign).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
