import { Http1Error } from './error.ts'

/** RFC 9110 §5.6.2. A field's name directly before its colon: neither a folded line nor a space before the colon is one. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Characters that end a line for some readers and not for others (RFC 9112 §2.2, RFC 9110 §5.5). */
// eslint-disable-next-line no-control-regex
const UNSAFE = /\0|\r(?!\n)|(?:^|[^\r])\n/
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?$/

/** The fields of an answer, read-only. Names are looked up in any case. */
export class AnswerHeaders {
  /** Name in lower case, value, name, value … in the order of the wire. */
  constructor(private readonly fields: readonly string[]) {}

  /** The value; several of one name joined as RFC 9110 §5.2 does; null when there is none. */
  get(name: string): string | null {
    const lower = name.toLowerCase()
    let found: string | null = null
    for (let at = 0; at < this.fields.length; at += 2) {
      if (this.fields[at] === lower) found = found === null ? (this.fields[at + 1] ?? '') : `${found}, ${this.fields[at + 1]}`
    }
    return found
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    for (let at = 0; at < this.fields.length; at += 2) yield [this.fields[at] ?? '', this.fields[at + 1] ?? '']
  }

  /** The same without these names. */
  without(...names: readonly string[]): AnswerHeaders {
    return new AnswerHeaders([...this].filter(([name]) => !names.includes(name)).flat())
  }

  /** For those who want the web's own class. */
  toHeaders(): Headers {
    return new Headers([...this])
  }
}

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number
  /** 1 of HTTP/1.1. */
  readonly minor: number
  readonly headers: AnswerHeaders
}

/** Reads a head without the empty line at its end. Throws Http1Error BadHead for everything that RFC 9112 does not allow. */
export function readHead(text: string): AnswerHead {
  if (UNSAFE.test(text)) throw bad('a bare CR or LF, or a NUL')
  let end = lineEnd(text, 0)
  const status = STATUS_LINE.exec(text.slice(0, end))
  if (!status) throw bad('no status line of HTTP/1.1')
  const fields: string[] = []
  for (let at = end + 2; at < text.length; at = end + 2) {
    end = lineEnd(text, at)
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon > end) throw bad('a line without a colon')
    const name = text.slice(at, colon)
    if (!TOKEN.test(name)) throw bad('a field with a name that is none')
    fields.push(name.toLowerCase(), trimmed(text, colon + 1, end))
  }
  return { status: Number(status[2]), minor: Number(status[1]), headers: new AnswerHeaders(fields) }
}

/** Looks at a head whose end has not come: what can never be one is not waited for. Throws Http1Error BadHead. */
export function checkPartialHead(text: string): void {
  if (!text.startsWith('HTTP/1.') && !'HTTP/1.'.startsWith(text)) throw bad('no status line of HTTP/1.1')
  if (UNSAFE.test(text.endsWith('\r') ? text.slice(0, -1) : text)) throw bad('a bare CR or LF, or a NUL')
}

/** How long the body of an answer is: in bytes, `chunked`, or until the connection closes. */
export type BodyLength = number | 'chunked' | 'close'

/**
 * RFC 9112 §6.3, its errors as errors: what could be read as two lengths is not read at all. An answer that has no body by
 * its status or method has 0.
 */
export function bodyLength(head: AnswerHead, method: string): BodyLength {
  if (isBodiless(head, method)) return 0
  const coding = head.headers.get('transfer-encoding')
  const length = head.headers.get('content-length')
  if (coding !== null) {
    if (length !== null) throw new Http1Error('BadFraming', 'the answer has both transfer-encoding and content-length')
    if (head.minor === 0) throw new Http1Error('BadFraming', 'the answer has transfer-encoding in HTTP/1.0')
    if (coding.toLowerCase() !== 'chunked') throw new Http1Error('BadFraming', 'the answer has a transfer-encoding other than chunked')
    return 'chunked'
  }
  if (length === null) return 'close'
  // Two of them arrive here as `5, 5`. Fifteen digits are safe in a number.
  if (!/^\d{1,15}$/.test(length)) throw new Http1Error('BadFraming', 'the answer has a content-length that is not one number')
  return Number(length)
}

function isBodiless({ status }: AnswerHead, method: string): boolean {
  return status === 204 || status === 304 || method === 'HEAD'
}

/** The connection may carry another exchange after this answer, as far as its head says. */
export function mayKeep(head: AnswerHead, method: string): boolean {
  // Were a body to follow all the same, the next exchange would read it as its own answer.
  if (isBodiless(head, method) && (head.headers.has('transfer-encoding') || (head.headers.get('content-length') ?? '0') !== '0')) return false
  const connection = head.headers.get('connection')?.toLowerCase() ?? ''
  if (connection === '') return head.minor === 1
  const options = connection.split(',').map((option) => option.trim())
  if (options.includes('close')) return false
  return head.minor === 1 || options.includes('keep-alive')
}

/** For how long the server says that it keeps an idle connection: `keep-alive: timeout=5`. */
export function keepAliveMs(headers: AnswerHeaders): number | undefined {
  const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9})/i.exec(headers.get('keep-alive') ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end === -1 ? text.length : end
}

/** Spaces and tabs at both ends are not of the value; String.trim would take more. */
function trimmed(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function bad(what: string): Http1Error {
  return new Http1Error('BadHead', `the head of the answer has ${what}`)
}
