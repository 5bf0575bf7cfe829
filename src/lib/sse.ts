/** One event of a stream of server-sent events (WHATWG HTML §9.2): `data` lines joined by \n, `event` '' when not said. */
export interface Frame { readonly event: string; readonly data: string }

/** Thrown when one event is longer than the limit. */
export class FrameTooLarge extends Error {
  constructor(readonly limit: number) { super(`one event is longer than ${limit} bytes`) }
}

/**
 * Cuts a byte stream into events, wherever the network cut it. LF, CRLF and CR end a line; comments and fields that we
 * have no use for are skipped; an event whose blank line never came is given by `end`. Linear in the bytes, also when
 * one event comes in thousands of pieces.
 */
export class SseParser {
  private readonly decoder = new TextDecoder()
  /** A line that has begun, in the pieces it came in. */
  private pieces: string[] = []
  private piecesChars = 0
  /** The last character was a CR: an LF that follows belongs to it. */
  private afterCr = false
  private event = ''
  private data: string | undefined
  /** True when a comment line came since the last look: the provider is alive. */
  sawComment = false

  constructor(private readonly frameCharsMax: number) {}

  /** Adds to `out` every event that these bytes complete. Throws FrameTooLarge. */
  push(bytes: Uint8Array, out: Frame[]): void {
    this.feed(this.decoder.decode(bytes, { stream: true }), out)
  }

  /** The provider closed the stream: what stands in the buffer is the last event. */
  end(out: Frame[]): void {
    this.feed(this.decoder.decode(), out)
    if (this.pieces.length > 0) this.line(this.takeLine(''), out)
    this.dispatch(out)
  }

  private feed(text: string, out: Frame[]): void {
    if (text === '') return
    let start = this.afterCr && text.charCodeAt(0) === LF ? 1 : 0
    const hasCr = text.includes('\r')
    for (let end = lineEnd(text, start, hasCr); end !== -1; end = lineEnd(text, start, hasCr)) {
      this.line(this.takeLine(text.slice(start, end)), out)
      start = text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? end + 2 : end + 1
    }
    this.afterCr = text.charCodeAt(text.length - 1) === CR
    if (start < text.length) this.keep(start === 0 ? text : text.slice(start))
  }

  private keep(piece: string): void {
    this.pieces.push(piece)
    this.piecesChars += piece.length
    if (this.piecesChars + (this.data?.length ?? 0) > this.frameCharsMax) throw new FrameTooLarge(this.frameCharsMax)
  }

  private takeLine(last: string): string {
    if (this.pieces.length === 0) return last
    this.pieces.push(last)
    const line = this.pieces.join('')
    this.pieces = []
    this.piecesChars = 0
    return line
  }

  private line(line: string, out: Frame[]): void {
    if (line === '') return this.dispatch(out)
    if (line.startsWith('data:')) {
      const value = line.slice(line.charCodeAt(5) === SPACE ? 6 : 5)
      if ((this.data?.length ?? 0) + value.length > this.frameCharsMax) throw new FrameTooLarge(this.frameCharsMax)
      this.data = this.data === undefined ? value : `${this.data}\n${value}`
    } else if (line.startsWith('event:')) {
      this.event = line.slice(line.charCodeAt(6) === SPACE ? 7 : 6)
    } else if (line.startsWith(':')) {
      this.sawComment = true
    }
  }

  private dispatch(out: Frame[]): void {
    if (this.data !== undefined) out.push({ event: this.event, data: this.data })
    this.data = undefined
    this.event = ''
  }
}

const LF = 10
const CR = 13
const SPACE = 32

/** Index of the next LF or CR from `from`, -1 when there is none. */
function lineEnd(text: string, from: number, hasCr: boolean): number {
  const lf = text.indexOf('\n', from)
  if (!hasCr) return lf
  const cr = text.indexOf('\r', from)
  return cr !== -1 && (lf === -1 || cr < lf) ? cr : lf
}
