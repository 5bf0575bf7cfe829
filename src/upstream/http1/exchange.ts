import { assert } from '../../core/fault.ts'
import { bodyLength, checkPartialHead, keepAliveMs, mayKeep, readHead, type AnswerHead, type AnswerHeaders, type BodyLength } from './answer-head.ts'
import { bodyReader, type BodyReader } from './body.ts'
import { Http1Error } from './error.ts'
import { readText, type Http1Answer, type Text } from './answer.ts'

/** What an exchange may do with the connection that carries it. */
export interface Wire {
  pause(): void
  resume(): void
  /** The answer is complete. `keepMs`: how long the connection may wait for another exchange, 0 for not at all. */
  release(keepMs: number): void
  /** The exchange has failed or nobody wants the rest: the connection is of no more use. */
  abandon(): void
}

/** Decoded bytes that wait for a reader before the network is told to wait. */
const WAITING_BYTES_MAX = 256 << 10
/** What a piece costs beside its bytes, so that an endless run of one-byte pieces is bounded too. */
const PIECE_BYTES = 256

/** One request's answer as it comes in: its head, then its body, piece by piece. Carried by one connection. */
export class Exchange implements Http1Answer {
  status = 0
  headers!: AnswerHeaders
  /** Settles with the answer when its head is there. */
  readonly answered: Promise<Exchange>
  /** At least one byte of the answer has come. */
  begun = false

  private wire: Wire | undefined
  private reused = false
  private head: AnswerHead | undefined
  private length: BodyLength = 0
  private body: BodyReader | undefined
  /** The begin of a head whose end has not come. */
  private partialHead: Buffer | undefined
  private headBytes = 0
  private ended = false
  private failure: { readonly error: unknown } | undefined

  private pieces: Uint8Array[] = []
  private waitingBytes = 0
  private paused = false
  private resolveAnswered!: (answer: Exchange) => void
  private rejectAnswered!: (error: unknown) => void
  private resolveRead: ((piece: Uint8Array | undefined) => void) | undefined
  private rejectRead: ((error: unknown) => void) | undefined
  /** One closure for all reads. */
  private readonly wait = (resolve: (piece: Uint8Array | undefined) => void, reject: (error: unknown) => void): void => {
    this.resolveRead = resolve
    this.rejectRead = reject
  }

  constructor(private readonly method: string, private readonly signal: AbortSignal, private readonly headBytesMax: number) {
    this.answered = new Promise((resolve, reject) => {
      this.resolveAnswered = resolve
      this.rejectAnswered = reject
    })
    signal.addEventListener('abort', this)
  }

  /** The connection that carries it from now on. */
  attach(wire: Wire, reused: boolean): void {
    this.wire = wire
    this.reused = reused
  }

  read(): Promise<Uint8Array | undefined> {
    assert(this.resolveRead === undefined, 'an answer is read by one reader')
    if (this.pieces.length > 0) return Promise.resolve(this.takePieces())
    if (this.failure) return Promise.reject(this.failure.error)
    if (this.ended) return Promise.resolve(undefined)
    return new Promise(this.wait)
  }

  text(bytesMax: number): Promise<Text> {
    return readText(this, bytesMax)
  }

  cancel(): void {
    this.pieces = []
    if (this.ended) return
    this.end()
    this.settleRead(undefined)
    this.wire?.abandon()
  }

  /** The signal's listener: an object, so that a call makes no closure for it. */
  handleEvent(): void {
    this.pieces = []
    this.fail(this.signal.reason)
  }

  /** Ends the exchange with this error, and its connection. What had come before can still be read. */
  fail(error: unknown): void {
    if (this.ended) return
    this.end()
    if (error instanceof Http1Error) {
      error.reused = this.reused
      error.answerBegun = this.begun
    }
    this.failure = { error }
    this.rejectAnswered(error)
    const reject = this.rejectRead
    this.resolveRead = undefined
    this.rejectRead = undefined
    reject?.(error)
    this.wire?.abandon()
  }

  /** Takes what came from the network; `bytes` is ours from now on. Throws Http1Error. */
  receive(bytes: Buffer): void {
    this.begun = true
    let at = 0
    if (!this.body) {
      const joined = this.partialHead ? Buffer.concat([this.partialHead, bytes]) : bytes
      at = this.readHeads(joined, Math.max(0, joined.length - bytes.length - 3))
      if (!this.body) return
      bytes = joined
    }
    // Set by readHeads, or before it.
    const body = this.body as BodyReader
    const piece = body.feed(bytes, at)
    if (body.complete) this.finish(body.used < bytes.length)
    if (piece.length > 0) this.push(piece)
    else if (this.ended) this.settleRead(undefined)
  }

  /** The connection has closed; `error` when it broke. */
  closed(error: Error | undefined): void {
    if (this.ended) return
    if (this.length === 'close' && !error) {
      this.finish(false)
      this.settleRead(undefined)
      return
    }
    const options = error && { cause: error }
    this.fail(this.begun
      ? new Http1Error('AnswerCut', 'the connection closed before the end of the answer', options)
      : new Http1Error('ECONNRESET', 'the connection closed without an answer', options))
  }

  /** Reads heads from `bytes` until one is final. Returns where its body begins. */
  private readHeads(bytes: Buffer, searchFrom: number): number {
    let at = 0
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n', Math.max(at, searchFrom))
      const length = (end === -1 ? bytes.length : end) - at
      if (this.headBytes + length > this.headBytesMax) throw new Http1Error('HeadTooLarge', `the head of the answer has more than ${this.headBytesMax} bytes`)
      if (end === -1) {
        checkPartialHead(bytes.toString('latin1', at))
        this.partialHead = at === 0 ? bytes : bytes.subarray(at)
        return at
      }
      this.headBytes += length
      const head = readHead(bytes.toString('latin1', at, end))
      at = end + 4
      if (head.status >= 200) {
        this.begin(head)
        return at
      }
      // We asked for no other protocol: what follows would be in one that we cannot read.
      if (head.status === 101) throw new Http1Error('BadHead', 'the server changes the protocol')
    }
  }

  private begin(head: AnswerHead): void {
    this.partialHead = undefined
    this.head = head
    this.status = head.status
    this.headers = head.headers
    this.length = bodyLength(head, this.method)
    this.body = bodyReader(this.length, this.headBytesMax)
    this.resolveAnswered(this)
  }

  private finish(hasMore: boolean): void {
    this.end()
    // Set with the body, which is complete.
    const head = this.head as AnswerHead
    if (this.paused) this.wire?.resume()
    this.paused = false
    const keeps = !hasMore && this.length !== 'close' && mayKeep(head, this.method)
    this.wire?.release(keeps ? (keepAliveMs(head.headers) ?? Infinity) : 0)
    this.wire = undefined
  }

  private end(): void {
    this.ended = true
    this.partialHead = undefined
    this.signal.removeEventListener('abort', this)
  }

  private push(piece: Uint8Array): void {
    if (this.settleRead(piece)) return
    this.pieces.push(piece)
    this.waitingBytes += piece.length + PIECE_BYTES
    if (this.waitingBytes > WAITING_BYTES_MAX && !this.paused && !this.ended) {
      this.paused = true
      this.wire?.pause()
    }
  }

  /** Gives a waiting reader what it waits for. False: none waits. */
  private settleRead(piece: Uint8Array | undefined): boolean {
    const resolve = this.resolveRead
    if (!resolve) return false
    this.resolveRead = undefined
    this.rejectRead = undefined
    resolve(piece)
    return true
  }

  private takePieces(): Uint8Array {
    const pieces = this.pieces
    this.pieces = []
    this.waitingBytes = 0
    if (this.paused) {
      this.paused = false
      this.wire?.resume()
    }
    // The caller saw that there is one.
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }
}
