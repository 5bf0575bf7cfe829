import { Http1Error } from './error.ts'
import type { BodyLength } from './answer-head.ts'

/**
 * Takes a body out of its framing, network piece by network piece. `feed` gives what of `bytes` from `at` on is of the
 * body, as a view where it can; it may move bytes within `bytes`, which is its own from then on.
 */
export interface BodyReader {
  feed(bytes: Uint8Array, at: number): Uint8Array
  /** The end has come. */
  readonly complete: boolean
  /** How far into the last `bytes` the body went: what is behind is none of it. */
  readonly used: number
}

/** The reader for a body of this length; what frames a body (trailers, a line of a chunk's size) has a limit of its own. */
export function bodyReader(length: BodyLength, lineBytesMax: number): BodyReader {
  if (length === 'chunked') return new ChunkedBody(lineBytesMax)
  return new LengthBody(length === 'close' ? Infinity : length)
}

/** As many bytes as content-length says; Infinity: until the connection closes. */
class LengthBody implements BodyReader {
  used = 0

  constructor(private left: number) {}

  get complete(): boolean {
    return this.left === 0
  }

  feed(bytes: Uint8Array, at: number): Uint8Array {
    this.used = Math.min(bytes.length, at + this.left)
    this.left -= this.used - at
    return at === 0 && this.used === bytes.length ? bytes : bytes.subarray(at, this.used)
  }
}

const enum State { SizeFirst, Size, BlankAfterSize, Extension, SizeLf, Data, DataCr, DataLf, TrailerFirst, Trailer, TrailerLf, EndLf, Complete }

const CR = 0x0d
const LF = 0x0a

/** RFC 9112 §7.1, by hand and strict: sizes are plain hex digits, lines end in CRLF and nothing else. */
class ChunkedBody implements BodyReader {
  used = 0
  private state = State.SizeFirst
  /** Of the chunk that is being read. */
  private left = 0
  private digits = 0
  /** Bytes since the last data that carry nothing: extensions, trailers. */
  private lineBytes = 0

  constructor(private readonly lineBytesMax: number) {}

  get complete(): boolean {
    return this.state === State.Complete
  }

  feed(bytes: Uint8Array, at: number): Uint8Array {
    let from = at
    let to = at
    while (at < bytes.length && this.state !== State.Complete) {
      if (this.state !== State.Data) {
        // In bounds by the loop's condition.
        this.step(bytes[at]!)
        at += 1
        continue
      }
      const end = Math.min(bytes.length, at + this.left)
      // Data of several chunks is moved together over the framing between them: one piece, and nothing is allocated.
      if (from === to) {
        from = at
        to = end
      } else {
        bytes.copyWithin(to, at, end)
        to += end - at
      }
      this.left -= end - at
      at = end
      if (this.left === 0) this.state = State.DataCr
    }
    this.used = at
    return bytes.subarray(from, to)
  }

  private step(byte: number): void {
    switch (this.state) {
      case State.SizeFirst: case State.Size: return this.size(byte)
      case State.BlankAfterSize:
        // Blanks may stand before `;` only (RFC 9112 §7.1.1).
        if (byte === 0x3b) this.state = State.Extension
        else if (!isBlank(byte)) throw bad('chunk size')
        return this.countLine()
      case State.Extension:
        if (byte === CR) this.state = State.SizeLf
        else if (isControl(byte)) throw bad('chunk extension')
        return this.countLine()
      case State.SizeLf:
        if (byte !== LF) throw bad('chunk size')
        this.state = this.left === 0 ? State.TrailerFirst : State.Data
        if (this.left > 0) this.lineBytes = 0
        return
      case State.DataCr: return this.expect(byte, CR, State.DataLf)
      case State.DataLf:
        this.digits = 0
        return this.expect(byte, LF, State.SizeFirst)
      case State.TrailerFirst: case State.Trailer: return this.trailer(byte)
      case State.TrailerLf: return this.expect(byte, LF, State.TrailerFirst)
      case State.EndLf: return this.expect(byte, LF, State.Complete)
      case State.Data: case State.Complete: throw bad('state')
    }
  }

  private size(byte: number): void {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      // Thirteen hex digits are safe in a number.
      if (this.digits === 13) throw bad('chunk size')
      this.left = this.digits === 0 ? digit : this.left * 16 + digit
      this.digits += 1
      this.state = State.Size
    } else if (this.state === State.SizeFirst) throw bad('chunk size')
    else if (byte === CR) this.state = State.SizeLf
    else if (byte === 0x3b) this.state = State.Extension
    else if (isBlank(byte)) this.state = State.BlankAfterSize
    else throw bad('chunk size')
  }

  private trailer(byte: number): void {
    if (byte === CR) this.state = this.state === State.TrailerFirst ? State.EndLf : State.TrailerLf
    else if (isControl(byte)) throw bad('trailer')
    else this.state = State.Trailer
    this.countLine()
  }

  private expect(byte: number, wanted: number, next: State): void {
    if (byte !== wanted) throw bad('end of a chunk')
    this.state = next
  }

  private countLine(): void {
    this.lineBytes += 1
    if (this.lineBytes > this.lineBytesMax) throw new Http1Error('BadFraming', `the answer has more than ${this.lineBytesMax} bytes of chunk extensions and trailers`)
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}

function bad(what: string): Http1Error {
  return new Http1Error('BadFraming', `the answer has a bad ${what}`)
}
