import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Http1Error } from './error.ts'
import { Exchange, type Wire } from './exchange.ts'

const NEVER = new AbortController().signal

/** What became of the connection that carried an exchange. */
class FakeWire implements Wire {
  paused = false
  keepMs: number | undefined
  abandoned = false
  pause(): void { this.paused = true }
  resume(): void { this.paused = false }
  release(keepMs: number): void { this.keepMs = keepMs }
  abandon(): void { this.abandoned = true }
}

interface Outcome {
  readonly status?: number
  readonly body?: string
  readonly error?: string
  /** Error before the head was complete. */
  readonly headless?: boolean
  readonly kept: boolean
}

/** Plays network pieces to an exchange, as a connection does, then a clean close. */
async function play(pieces: readonly Uint8Array[], method = 'POST', headBytesMax = 1_000): Promise<Outcome> {
  const wire = new FakeWire()
  const exchange = new Exchange(method, NEVER, headBytesMax)
  exchange.attach(wire, false)
  for (const piece of pieces) {
    if (wire.abandoned || wire.keepMs !== undefined || piece.length === 0) break
    try {
      exchange.receive(Buffer.from(piece))
    } catch (error) {
      exchange.fail(error)
    }
  }
  const kept = (wire.keepMs ?? 0) > 0
  exchange.closed(undefined)
  try {
    await exchange.answered
  } catch (error) {
    return { error: codeOf(error), headless: true, kept }
  }
  const { status } = exchange
  const body: Uint8Array[] = []
  try {
    for (let piece = await exchange.read(); piece; piece = await exchange.read()) body.push(piece)
  } catch (error) {
    return { status, body: Buffer.concat(body).toString('latin1'), error: codeOf(error), kept }
  }
  return { status, body: Buffer.concat(body).toString('latin1'), kept }
}

function codeOf(error: unknown): string {
  expect(error).toBeInstanceOf(Http1Error)
  return error instanceof Http1Error ? error.code : ''
}

interface Case {
  readonly name: string
  readonly wire: string
  readonly outcome: Outcome
  readonly method?: string
  /** Whether bytes behind the answer are seen depends on whether they came with it. */
  readonly whole?: boolean
}

const ok = (body: string, kept = true): Outcome => ({ status: 200, body, kept })
const headless = (error: string): Outcome => ({ error, headless: true, kept: false })
const broken = (body: string, error: string): Outcome => ({ status: 200, body, error, kept: false })
const chunked = (rest: string): string => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`

const GOOD: readonly Case[] = [
  { name: 'content-length', wire: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', outcome: ok('hello') },
  { name: 'content-length 0', wire: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', outcome: ok('') },
  { name: 'blanks around a value', wire: 'HTTP/1.1 200 OK\r\nContent-Length: \t 5 \t\r\n\r\nhello', outcome: ok('hello') },
  { name: 'no reason phrase', wire: 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', outcome: ok('x') },
  { name: 'an empty reason phrase', wire: 'HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx', outcome: ok('x') },
  { name: 'no header at all', wire: 'HTTP/1.1 200 OK\r\n\r\nuntil the end', outcome: ok('until the end', false) },
  { name: 'until close', wire: 'HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end', outcome: ok('until the end', false) },
  { name: 'until close, empty', wire: 'HTTP/1.1 200 OK\r\nX: y\r\n\r\n', outcome: ok('', false) },
  { name: 'HTTP/1.0 until close', wire: 'HTTP/1.0 200 OK\r\n\r\nold', outcome: ok('old', false) },
  { name: 'HTTP/1.0 with a length is not kept', wire: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', outcome: ok('old', false) },
  { name: 'HTTP/1.0 with keep-alive is kept', wire: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nold', outcome: ok('old') },
  { name: 'connection: close', wire: 'HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx', outcome: ok('x', false) },
  { name: 'connection: close in a list', wire: 'HTTP/1.1 200 OK\r\nConnection: x-y, close\r\nContent-Length: 1\r\n\r\nx', outcome: ok('x', false) },
  { name: 'connection: close in a second field', wire: 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', outcome: ok('x', false) },
  { name: 'chunks', wire: chunked('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'), outcome: ok('hello world') },
  { name: 'no chunk but the last', wire: chunked('0\r\n\r\n'), outcome: ok('') },
  { name: 'chunked in capitals', wire: 'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n', outcome: ok('x') },
  { name: 'hex sizes in both cases', wire: chunked(`A\r\n0123456789\r\n0b\r\n0123456789a\r\n1F\r\n${'x'.repeat(31)}\r\n000\r\n\r\n`), outcome: ok(`01234567890123456789a${'x'.repeat(31)}`) },
  { name: 'chunk data with CRLF in it', wire: chunked('7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n'), outcome: ok('\r\n0\r\n\r\n') },
  { name: 'chunk extensions', wire: chunked('5;a=b;c="d e"\r\nhello\r\n1 ;x\r\n!\r\n0;end\r\n\r\n'), outcome: ok('hello!') },
  { name: 'trailers', wire: chunked('1\r\nx\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'), outcome: ok('x') },
  { name: '204', wire: 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', outcome: { status: 204, body: '', kept: true } },
  { name: '204 that says it has a body', wire: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', outcome: { status: 204, body: '', kept: false } },
  { name: '304', wire: 'HTTP/1.1 304 Not Modified\r\n\r\n', outcome: { status: 304, body: '', kept: true } },
  { name: 'HEAD', method: 'HEAD', wire: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', outcome: ok('', false) },
  { name: 'interim answers', wire: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', outcome: ok('x') },
  { name: 'an error status', wire: 'HTTP/1.1 429 Slow Down\r\nContent-Length: 4\r\n\r\nlate', outcome: { status: 429, body: 'late', kept: true } },
  { name: 'bytes behind the length', whole: true, wire: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n', outcome: ok('hello', false) },
  { name: 'bytes behind the last chunk', whole: true, wire: chunked('1\r\nx\r\n0\r\n\r\nGARBAGE'), outcome: ok('x', false) },
  { name: 'bytes behind a 204', whole: true, wire: 'HTTP/1.1 204 No Content\r\n\r\nbody', outcome: { status: 204, body: '', kept: false } },
  { name: 'keep-alive: timeout=5', wire: 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9\r\nContent-Length: 0\r\n\r\n', outcome: ok('') },
  { name: 'keep-alive: timeout=0', wire: 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n', outcome: ok('', false) },
]

const withHead = (...lines: readonly string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\nhello`

const BAD: readonly Case[] = [
  { name: 'two lengths', wire: withHead('Content-Length: 5', 'Content-Length: 6'), outcome: headless('BadFraming') },
  { name: 'one length twice', wire: withHead('Content-Length: 5', 'Content-Length: 5'), outcome: headless('BadFraming') },
  { name: 'a list of lengths', wire: withHead('Content-Length: 5, 5'), outcome: headless('BadFraming') },
  ...['-5', '+5', '0x5', '5.0', '5e0', '', '5 5', '9999999999999999999', 'five', '５'].map((length) => ({ name: `content-length ${length}`, wire: withHead(`Content-Length: ${length}`), outcome: headless('BadFraming') })),
  { name: 'length and chunked', wire: withHead('Content-Length: 5', 'Transfer-Encoding: chunked'), outcome: headless('BadFraming') },
  { name: 'chunked and length', wire: withHead('Transfer-Encoding: chunked', 'Content-Length: 5'), outcome: headless('BadFraming') },
  ...['gzip', 'gzip, chunked', 'chunked, chunked', 'identity', 'xchunked', 'chunked;q=1', ''].map((coding) => ({ name: `transfer-encoding ${coding}`, wire: withHead(`Transfer-Encoding: ${coding}`), outcome: headless('BadFraming') })),
  { name: 'chunked in HTTP/1.0', wire: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', outcome: headless('BadFraming') },
  { name: 'a folded line', wire: withHead('X: a', ' b', 'Content-Length: 5'), outcome: headless('BadHead') },
  { name: 'a folded first line', wire: withHead(' X: a'), outcome: headless('BadHead') },
  { name: 'a space before the colon', wire: withHead('Content-Length : 5'), outcome: headless('BadHead') },
  { name: 'a line without a colon', wire: withHead('nonsense'), outcome: headless('BadHead') },
  { name: 'no name', wire: withHead(': x'), outcome: headless('BadHead') },
  { name: 'a NUL', wire: withHead('X: a\0b'), outcome: headless('BadHead') },
  { name: 'a bare CR', wire: withHead('X: a\rContent-Length: 5'), outcome: headless('BadHead') },
  { name: 'a bare LF', wire: withHead('X: a\nContent-Length: 5'), outcome: headless('BadHead') },
  { name: 'bare LF only', wire: 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello', outcome: headless('BadHead') },
  { name: 'an empty line first', wire: '\r\nHTTP/1.1 200 OK\r\n\r\n', outcome: headless('BadHead') },
  ...['HTTP/2 200 OK', 'HTTP/1.2 200 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 600 Odd', 'HTTP/1.1 OK', 'HTTP/1.1  200 OK', 'http/1.1 200 OK', 'ICY 200 OK', 'HTTP/1.1 200OK', 'SSH-2.0-x'].map((line) => ({ name: `status line ${line}`, wire: `${line}\r\nContent-Length: 0\r\n\r\n`, outcome: headless('BadHead') })),
  { name: 'another protocol', wire: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', outcome: headless('BadHead') },
  { name: 'a head that is too large', wire: withHead(`X: ${'x'.repeat(1_000)}`), outcome: headless('HeadTooLarge') },
  { name: 'interim answers without end', wire: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), outcome: headless('HeadTooLarge') },
  { name: 'nothing', wire: '', outcome: headless('ECONNRESET') },
  { name: 'half a head', wire: 'HTTP/1.1 200 OK\r\nContent-Le', outcome: headless('AnswerCut') },
  { name: 'an interim answer only', wire: 'HTTP/1.1 100 Continue\r\n\r\n', outcome: headless('AnswerCut') },
  { name: 'half a body', wire: 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello', outcome: broken('hello', 'AnswerCut') },
  { name: 'half a chunk', wire: chunked('6\r\nhello'), outcome: broken('hello', 'AnswerCut') },
  { name: 'chunks without a last one', wire: chunked('5\r\nhello\r\n'), outcome: broken('hello', 'AnswerCut') },
  { name: 'a last chunk without its end', wire: chunked('5\r\nhello\r\n0\r\n'), outcome: broken('hello', 'AnswerCut') },
]

/** What is wrong comes before any data, so that every cut of it gives the same. */
const BAD_CHUNKS = ['', '\r\n', ';x\r\nx', ' 1\r\nx', '-1\r\nx', '+1\r\nx', '0x1\r\nx', '1\nx', '1\rx', 'g\r\nx', '1 1\r\nx', '1 \r\nx', '00000000000001\r\nx', 'fffffffffffffff\r\nx', '1;a\nb\r\nx', '1;a\0\r\nx', '0\r\n\n', '0\r\nX: y\n\r\n', '0\r\n\rx', `1;${'x'.repeat(1_001)}\r\nx`, `0\r\nX: ${'x'.repeat(1_001)}\r\n\r\n`]

describe('an answer, wherever the network cuts it', () => {
  const bad = BAD_CHUNKS.map((text) => ({ name: `chunk ${JSON.stringify(text.slice(0, 20))}`, wire: chunked(text), outcome: broken('', text === '' ? 'AnswerCut' : 'BadFraming') }))
  test.each([...GOOD, ...BAD, ...bad].map((entry): [string, Case] => [entry.name, entry]))('%s', async (_name, { wire, method, outcome, whole }) => {
    const bytes = Buffer.from(wire, 'latin1')
    expect(await play([bytes], method)).toEqual(outcome)
    if (whole === true) return
    expect(await play([...bytes].map((byte) => Uint8Array.of(byte)), method)).toEqual(outcome)
    for (let cut = 1; cut < bytes.length; cut++) expect(await play([bytes.subarray(0, cut), bytes.subarray(cut)], method)).toEqual(outcome)
  })

  test.each(['xHELLO', '\n', '\r\r', 'x\r\n'])('data that goes on after its chunk: %j', async (text) => {
    expect(await play([Buffer.from(chunked(`1\r\nx${text}`))])).toMatchObject({ error: 'BadFraming', kept: false })
  })
})

describe('any body', () => {
  const cuts = fc.array(fc.nat(400), { maxLength: 20 })

  test('in any chunks, in any network pieces, is the same bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), cuts, cuts, fc.boolean(), async (body, chunkCuts, networkCuts, extended) => {
      const framed = split(body, chunkCuts).flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}${extended ? ';a="b"' : ''}\r\n`), piece, Buffer.from('\r\n')])
      const wire = Buffer.concat([Buffer.from(chunked('')), ...framed, Buffer.from(extended ? '0\r\nX: y\r\n\r\n' : '0\r\n\r\n')])
      expect(await play(split(wire, networkCuts))).toEqual(ok(Buffer.from(body).toString('latin1')))
    }), { seed: 1, numRuns: 500 })
  })

  test('with a length, or until close, is the same bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), cuts, fc.boolean(), async (body, networkCuts, hasLength) => {
      const wire = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${hasLength ? `Content-Length: ${body.length}\r\n` : ''}\r\n`), body])
      expect(await play(split(wire, networkCuts))).toEqual(ok(Buffer.from(body).toString('latin1'), hasLength))
    }), { seed: 2, numRuns: 300 })
  })

  test('that is any noise ends in an answer or a named error', async () => {
    const noise = fc.array(fc.oneof(fc.constantFrom('HTTP/1.1 200 OK\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', '\r\n', '0\r\n', '3\r\nabc', '\n', '\r', ':', 'HTTP/1.1 100 C\r\n\r\n'), fc.string({ maxLength: 5 })), { maxLength: 12 })
    await fc.assert(fc.asyncProperty(noise, cuts, async (parts, networkCuts) => {
      const wire = Buffer.from(parts.join(''), 'latin1')
      const [inOne, inMany] = [await play([wire]), await play(split(wire, networkCuts))]
      // Data before a fault is given as far as it came; that the exchange failed, and how, is the same.
      expect([inMany.status, inMany.error]).toEqual([inOne.status, inOne.error])
    }), { seed: 3, numRuns: 500 })
  })
})

/** Cuts bytes at these places; no piece is empty. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].toSorted((a, b) => a - b)
  return places.slice(1).map((end, at) => bytes.slice(places[at], end))
}

describe('reading', () => {
  const started = (headers: string, signal = NEVER) => {
    const wire = new FakeWire()
    const exchange = new Exchange('POST', signal, 1_000)
    exchange.attach(wire, true)
    exchange.receive(Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`))
    return { wire, exchange }
  }

  test('what has piled up comes in one piece, and a waiting reader gets each piece as it comes', async () => {
    const { exchange } = started('Content-Length: 6')
    for (const piece of ['a', 'b', 'c']) exchange.receive(Buffer.from(piece))
    expect(String(await exchange.read())).toBe(String(Buffer.from('abc')))
    const next = exchange.read()
    exchange.receive(Buffer.from('d'))
    exchange.receive(Buffer.from('e'))
    expect(Buffer.from((await next) ?? []).toString()).toBe('d')
    exchange.receive(Buffer.from('f'))
    expect(Buffer.from((await exchange.read()) ?? []).toString()).toBe('ef')
    expect(await exchange.read()).toBeUndefined()
    expect(await exchange.read()).toBeUndefined()
  })

  test('chunks of one network piece come in one piece', async () => {
    const { exchange } = started('Transfer-Encoding: chunked')
    exchange.receive(Buffer.from('1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n'))
    expect(Buffer.from((await exchange.read()) ?? []).toString()).toBe('abcdef')
    expect(await exchange.read()).toBeUndefined()
  })

  test('a reader that lags stops the network, and starts it again', async () => {
    const { wire, exchange } = started('Content-Length: 1000000000')
    let received = 0
    while (!wire.paused && received < 10_000_000) {
      exchange.receive(Buffer.alloc(10_000))
      received += 10_000
    }
    expect(received).toBeLessThan(400_000)
    expect((await exchange.read())?.length).toBe(received)
    expect(wire.paused).toBe(false)
  })

  test('pieces of one byte are counted for what they cost', () => {
    const { wire, exchange } = started('Content-Length: 1000000000')
    let received = 0
    while (!wire.paused && received < 1_000_000) {
      exchange.receive(Buffer.alloc(1))
      received += 1
    }
    expect(received).toBeLessThan(2_000)
  })

  test('text is cut at its limit and the connection let go', async () => {
    const { wire, exchange } = started('Content-Length: 100')
    exchange.receive(Buffer.from('hello'))
    expect(await exchange.text(4)).toEqual({ text: 'hell', cut: true })
    expect(wire.abandoned).toBe(true)
  })

  test('text of exactly its limit is whole', async () => {
    const { wire, exchange } = started('Content-Length: 5')
    exchange.receive(Buffer.from('hel'))
    const text = exchange.text(5)
    exchange.receive(Buffer.from('lo'))
    expect(await text).toEqual({ text: 'hello', cut: false })
    expect(wire.abandoned).toBe(false)
  })

  test('cancel ends a waiting read and lets the connection go', async () => {
    const { wire, exchange } = started('Content-Length: 5')
    const read = exchange.read()
    exchange.cancel()
    expect(await read).toBeUndefined()
    expect(wire.abandoned).toBe(true)
    expect(await exchange.read()).toBeUndefined()
  })

  test('an abort rejects a waiting read with its reason, and drops what was waiting', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { wire, exchange } = started('Content-Length: 5', controller.signal)
    const read = exchange.read()
    controller.abort(reason)
    expect(await read.catch((error: unknown) => error)).toBe(reason)
    expect(wire.abandoned).toBe(true)
    expect(await exchange.read().catch((error: unknown) => error)).toBe(reason)
  })

  test('an abort after the end changes nothing', async () => {
    const controller = new AbortController()
    const { wire, exchange } = started('Content-Length: 5', controller.signal)
    exchange.receive(Buffer.from('hello'))
    controller.abort()
    expect(Buffer.from((await exchange.read()) ?? []).toString()).toBe('hello')
    expect(wire.abandoned).toBe(false)
  })

  test('a failure says whether the answer had begun and the connection was used before', async () => {
    const { exchange } = started('Content-Length: 5')
    exchange.closed(undefined)
    expect(await exchange.read().catch((error: unknown) => error)).toMatchObject({ code: 'AnswerCut', answerBegun: true, reused: true })
    const untouched = new Exchange('POST', NEVER, 1_000)
    untouched.attach(new FakeWire(), true)
    untouched.closed(undefined)
    expect(await untouched.answered.catch((error: unknown) => error)).toMatchObject({ code: 'ECONNRESET', answerBegun: false, reused: true })
  })
})
