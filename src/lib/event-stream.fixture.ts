import { crc32 } from 'node:zlib'

/** One frame of `application/vnd.amazon.eventstream` with headers of text, as AWS writes it. */
export function frameBytes(headers: Readonly<Record<string, string>>, payload: string | Uint8Array): Buffer {
  const entries = Object.entries(headers).map(([name, value]) => {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)]
    const length = Buffer.alloc(2)
    length.writeUInt16BE(valueBytes.length)
    return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, Buffer.from([7]), length, valueBytes])
  })
  return frameOf(Buffer.concat(entries), Buffer.from(payload))
}

/** A frame of these bytes as its headers. */
export function frameOf(headers: Buffer, payload: Buffer): Buffer {
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + headers.length + payload.length, 0)
  prelude.writeUInt32BE(headers.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const body = Buffer.concat([prelude, headers, payload])
  const end = Buffer.alloc(4)
  end.writeUInt32BE(crc32(body))
  return Buffer.concat([body, end])
}

/** An event of Converse. */
export function eventBytes(type: string, payload: unknown): Buffer {
  return frameBytes({ ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }, JSON.stringify(payload))
}

/** An exception of Converse, as it comes within a stream. */
export function exceptionBytes(type: string, payload: unknown): Buffer {
  return frameBytes({ ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' }, JSON.stringify(payload))
}
