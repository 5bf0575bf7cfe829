import { crc32 } from 'node:zlib'
import { FrameTooLarge, type Frame } from './sse.ts'

/** Total length, length of the headers, checksum of these two. */
const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4

/** Thrown when a frame's lengths or checksums are wrong: from there on nothing in the stream can be trusted. */
export class FrameBroken extends Error {
  constructor(what: string) { super(`a frame of the event stream has ${what}`) }
}

/**
 * Cuts a stream of `application/vnd.amazon.eventstream` into frames, wherever the network cut it. An event's frame has its
 * `:event-type` as `event` and its payload as `data`. An exception's has `exception:` and its type; an error's has `error:` and
 * its code, and the message as JSON. Linear in the bytes, also when a frame comes in thousands of pieces.
 */
export class EventStreamParser {
  private readonly decoder = new TextDecoder()
  /** Of a frame that has begun: its pieces, how much they hold, and how much it takes (0: not known yet). */
  private pieces: Uint8Array[] = []
  private heldBytes = 0
  private wantedBytes = 0
  /** As of SSE's parser: what is no frame but shows life. There is no such thing here. */
  sawComment = false

  constructor(private readonly frameBytesMax: number) {}

  /** Adds to `out` every frame that these bytes complete. Throws FrameTooLarge, FrameBroken. */
  push(bytes: Uint8Array, out: Frame[]): void {
    let rest = bytes
    while (rest.length > 0) {
      const missing = (this.wantedBytes || PRELUDE_BYTES) - this.heldBytes
      const piece = rest.length <= missing ? rest : rest.subarray(0, missing)
      this.pieces.push(piece)
      this.heldBytes += piece.length
      rest = rest.subarray(piece.length)
      if (piece.length < missing) return
      if (this.wantedBytes === 0) this.wantedBytes = this.frameBytes(this.held())
      else this.complete(out)
    }
  }

  /** The provider closed the stream. A frame that was cut off is none: the dialect's reader misses its end mark. */
  end(_out: Frame[]): void {
    this.reset()
  }

  private held(): Uint8Array {
    if (this.pieces.length > 1) this.pieces = [Buffer.concat(this.pieces)]
    return this.pieces[0] ?? new Uint8Array()
  }

  private frameBytes(prelude: Uint8Array): number {
    const view = viewOf(prelude)
    const total = view.getUint32(0)
    if (crc32(prelude.subarray(0, 8)) !== view.getUint32(8)) throw new FrameBroken('a wrong checksum of its lengths')
    if (total > this.frameBytesMax) throw new FrameTooLarge(this.frameBytesMax)
    if (total < PRELUDE_BYTES + CHECKSUM_BYTES + view.getUint32(4)) throw new FrameBroken('lengths that contradict each other')
    return total
  }

  private complete(out: Frame[]): void {
    const frame = this.held()
    this.reset()
    const view = viewOf(frame)
    const end = frame.length - CHECKSUM_BYTES
    if (crc32(frame.subarray(0, end)) !== view.getUint32(end)) throw new FrameBroken('a wrong checksum')
    const bodyStart = PRELUDE_BYTES + view.getUint32(4)
    const headers = this.headers(frame.subarray(PRELUDE_BYTES, bodyStart))
    out.push(frameOf(headers, this.decoder.decode(frame.subarray(bodyStart, end))))
  }

  private reset(): void {
    this.pieces = []
    this.heldBytes = 0
    this.wantedBytes = 0
  }

  /** The headers that are texts; those of other types are passed over. */
  private headers(bytes: Uint8Array): ReadonlyMap<string, string> {
    const headers = new Map<string, string>()
    const view = viewOf(bytes)
    for (let at = 0; at < bytes.length;) {
      const nameEnd = at + 1 + view.getUint8(at)
      if (nameEnd >= bytes.length) throw new FrameBroken('a header that is cut off')
      const type = view.getUint8(nameEnd)
      const hasLength = type === STRING || type === BYTES
      if (hasLength && nameEnd + 3 > bytes.length) throw new FrameBroken('a header that is cut off')
      const valueStart = nameEnd + (hasLength ? 3 : 1)
      const valueBytes = hasLength ? view.getUint16(nameEnd + 1) : VALUE_BYTES[type]
      if (valueBytes === undefined) throw new FrameBroken(`a header of the unknown type ${type}`)
      if (valueStart + valueBytes > bytes.length) throw new FrameBroken('a header that is cut off')
      if (type === STRING) headers.set(this.decoder.decode(bytes.subarray(at + 1, nameEnd)), this.decoder.decode(bytes.subarray(valueStart, valueStart + valueBytes)))
      at = valueStart + valueBytes
    }
    return headers
  }
}

const BYTES = 6
const STRING = 7
/** Bytes of a header's value by its type: true, false, byte, short, integer, long, -, -, timestamp, UUID. */
const VALUE_BYTES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function frameOf(headers: ReadonlyMap<string, string>, payload: string): Frame {
  switch (headers.get(':message-type')) {
    case 'exception': return { event: `exception:${headers.get(':exception-type') ?? ''}`, data: payload }
    case 'error': return { event: `error:${headers.get(':error-code') ?? ''}`, data: JSON.stringify({ message: headers.get(':error-message') ?? '' }) }
    default: return { event: headers.get(':event-type') ?? '', data: payload }
  }
}
