import { createSocket } from 'node:dgram'

/** A DNS server on a port of this machine, over UDP, that knows the TXT records of a few names. */
export interface DnsServer {
  /** `127.0.0.1:5353`. */
  readonly address: string
  /** Names and the texts of their records. A name that is not in it is not there. */
  readonly records: Map<string, readonly string[]>
  /** Answers nothing from now on. */
  isSilent: boolean
  /** The names that were asked for. */
  readonly asked: string[]
  close(): void
}

const TXT = 16
const NAME_ERROR = 3

export async function startDns(): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const records = new Map<string, readonly string[]>()
  const asked: string[] = []
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const server: DnsServer = { address: `127.0.0.1:${socket.address().port}`, records, isSilent: false, asked, close: () => socket.close() }
  socket.on('message', (query, from) => {
    const { name, question } = questionOf(query)
    asked.push(name)
    if (!server.isSilent) socket.send(answerTo(query, question, records.get(name)), from.port, from.address)
  })
  return server
}

function questionOf(query: Buffer): { readonly name: string; readonly question: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), question: query.subarray(12, at + 5) }
}

function answerTo(query: Buffer, question: Buffer, texts: readonly string[] | undefined): Buffer {
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8580 | (texts ? 0 : NAME_ERROR), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(texts?.length ?? 0, 6)
  return Buffer.concat([head, question, ...(texts ?? []).map(record)])
}

/** A text as its pieces of at most 255 bytes; the name is where the question has it. */
function record(text: string): Buffer {
  const pieces = Buffer.from(text).toString('latin1').match(/[^]{1,255}/g) ?? ['']
  const data = Buffer.concat(pieces.flatMap((piece) => [Buffer.from([piece.length]), Buffer.from(piece, 'latin1')]))
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(TXT, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}
