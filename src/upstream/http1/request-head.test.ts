import { describe, expect, test } from 'bun:test'
import { writeHead } from './request-head.ts'
import { readTarget } from './target.ts'

const TARGET = readTarget('http://api.test:8080/v1/chat?x=y')

const codeOf = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return undefined
}

describe('the head of a request', () => {
  test('has what the caller and what the protocol say', () => {
    expect(writeHead(TARGET, 'POST', { 'content-type': 'application/json', Authorization: 'Bearer x' }, 12).split('\r\n')).toEqual([
      'POST /v1/chat?x=y HTTP/1.1', 'host: api.test:8080', 'connection: keep-alive', 'content-type: application/json', 'Authorization: Bearer x',
      'accept: */*', 'accept-encoding: identity', 'user-agent: switchyard', 'content-length: 12', '', '',
    ])
  })

  test('lets the caller say what is a default', () => {
    const head = writeHead(TARGET, 'GET', { Host: 'other.test', 'User-Agent': 'me', Accept: 'text/plain', 'Accept-Encoding': 'gzip' }, 0)
    expect(head.split('\r\n')).toEqual(['GET /v1/chat?x=y HTTP/1.1', 'host: other.test', 'connection: keep-alive', 'User-Agent: me', 'Accept: text/plain', 'Accept-Encoding: gzip', '', ''])
  })

  test('leaves out what would contradict its framing', () => {
    const head = writeHead(TARGET, 'POST', { 'Content-Length': '5', 'Transfer-Encoding': 'chunked', Connection: 'close', Expect: '100-continue', Upgrade: 'h2c', TE: 'trailers' }, 0).toLowerCase()
    expect(head).not.toMatch(/transfer-encoding|close|expect|upgrade|te:/)
    expect(head.match(/content-length: \d+/g)).toEqual(['content-length: 0'])
  })

  test.each(['a\r\nx: y', 'a\ny', 'a\ry', 'a\0', '\u{1f600}', 'a\u010a', 'a\u2028', '\x7f', '\x1b[0m'])('a value cannot be %j', (value) => {
    expect(codeOf(() => writeHead(TARGET, 'POST', { 'x-title': value }, 0))).toBe('BadRequest')
    expect(codeOf(() => writeHead(TARGET, 'POST', { host: value }, 0))).toBe('BadRequest')
  })

  test.each(['', 'a b', 'a:', 'a\r\nb', 'é', 'a\0'])('a name cannot be %j', (name) => {
    expect(codeOf(() => writeHead(TARGET, 'POST', { [name]: 'x' }, 0))).toBe('BadRequest')
  })

  test.each(['', 'PO ST', 'POST / HTTP/1.1\r\nx: y\r\n\r\n', 'CONNECT'])('a method cannot be %j', (method) => {
    expect(codeOf(() => writeHead(TARGET, method, {}, 0))).toBe('BadRequest')
  })

  test('an error does not tell a value', () => {
    try {
      writeHead(TARGET, 'POST', { authorization: 'Bearer secret\n' }, 0)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('secret')
    }
  })
})

describe('a URL', () => {
  test.each([
    ['http://api.test', { path: '/', host: 'api.test' }, { hostname: 'api.test', port: 80, secure: false, serverName: 'api.test' }],
    ['https://api.test/v1', { path: '/v1', host: 'api.test' }, { hostname: 'api.test', port: 443, secure: true, serverName: 'api.test' }],
    ['https://api.test:443/a/../b', { path: '/b', host: 'api.test' }, { hostname: 'api.test', port: 443, secure: true, serverName: 'api.test' }],
    ['http://127.0.0.1:9101/x#y', { path: '/x', host: '127.0.0.1:9101' }, { hostname: '127.0.0.1', port: 9101, secure: false, serverName: undefined }],
    ['https://[::1]:8443/x', { path: '/x', host: '[::1]:8443' }, { hostname: '::1', port: 8443, secure: true, serverName: undefined }],
    ['http://Bücher.test/é?q=ü', { path: '/%C3%A9?q=%C3%BC', host: 'xn--bcher-kva.test' }, { hostname: 'xn--bcher-kva.test', port: 80, secure: false, serverName: 'xn--bcher-kva.test' }],
  ])('%s', (url, target, origin) => {
    const read = readTarget(url)
    expect(read).toMatchObject(target)
    expect(read.origin).toMatchObject(origin)
  })

  test('origins of one place have one key, others have others', () => {
    const key = (url: string) => readTarget(url).origin.key
    expect(key('https://a.test/x')).toBe(key('https://A.test:443/y?z'))
    expect(new Set(['https://a.test', 'http://a.test', 'http://a.test:443', 'https://b.test', 'https://a.test:8443'].map(key)).size).toBe(5)
  })

  test('a user in it becomes a header, unless the caller has one', () => {
    const target = readTarget('http://me:p%40ss@api.test/')
    expect(writeHead(target, 'GET', {}, 0)).toContain(`authorization: Basic ${btoa('me:p@ss')}\r\n`)
    expect(writeHead(target, 'GET', { Authorization: 'Bearer x' }, 0)).not.toContain('Basic')
  })

  test.each(['ftp://x/', 'unix:/x', 'x', '', 'http://', 'http://a b/', 'http://a/\r\nx: y', 'http://a/\tb', 'http://a/\0', '\nhttp://a/'])('%j is none', (url) => {
    expect(codeOf(() => readTarget(url))).toBe('BadUrl')
  })
})
