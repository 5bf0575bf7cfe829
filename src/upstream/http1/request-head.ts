import { Http1Error } from './error.ts'
import type { Target } from './target.ts'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** What may not stand in a field's value: everything but tab, visible ASCII, space and Latin-1 (RFC 9110 §5.5). */
const NOT_OF_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Fields that say how the message is framed or what becomes of the connection: ours to say, so a caller's are left out. */
const OURS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'expect', 'te', 'trailer'])

/** Sent unless the caller says otherwise. */
const DEFAULTS: readonly (readonly [string, string])[] = [['accept', '*/*'], ['accept-encoding', 'identity'], ['user-agent', 'switchyard']]

/**
 * The head of a request, each character a byte of Latin-1. Throws Http1Error BadRequest where a name or a value could
 * end its line or the head: what a client of ours sent may stand in them.
 */
export function writeHead(target: Target, method: string, headers: Readonly<Record<string, string>>, bodyBytes: number): string {
  // CONNECT makes a tunnel: what follows its answer is not HTTP.
  if (!TOKEN.test(method) || method === 'CONNECT') throw new Http1Error('BadRequest', 'the method cannot be sent')
  let fields = ''
  let host = target.host
  let authorization = target.authorization
  // One bit for each of DEFAULTS that the caller gave.
  let given = 0
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined) continue
    if (!TOKEN.test(name)) throw new Http1Error('BadRequest', 'a header has a name that cannot be sent')
    // The value may be a credential: it is not said.
    if (NOT_OF_A_VALUE.test(value)) throw new Http1Error('BadRequest', `the header ${name} has a value that cannot be sent`)
    const lower = name.toLowerCase()
    if (lower === 'host') host = value
    else if (!OURS.has(lower)) {
      fields += `${name}: ${value}\r\n`
      if (lower === 'authorization') authorization = undefined
      else if (lower === 'accept') given |= 1
      else if (lower === 'accept-encoding') given |= 2
      else if (lower === 'user-agent') given |= 4
    }
  }
  for (const [at, [name, value]] of DEFAULTS.entries()) if ((given & (1 << at)) === 0) fields += `${name}: ${value}\r\n`
  if (authorization !== undefined) fields += `authorization: ${authorization}\r\n`
  // A method that has no meaning for a body says nothing of its length (RFC 9110 §8.6).
  if (bodyBytes > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH') fields += `content-length: ${bodyBytes}\r\n`
  return `${method} ${target.path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${fields}\r\n`
}
