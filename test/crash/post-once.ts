import { connect, type Socket } from 'node:net'

/** What came back on the connection: all of it, or what there was when it broke. */
export interface OnceAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
}

export interface OnceOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Told when the head of the answer is there. */
  readonly onHead?: (answer: OnceAnswer) => void
  /** Leave with the first piece of the answer's text. */
  readonly leaves?: boolean
}

/**
 * POST on a connection of its own, without a limit to how many are open: `fetch` has one for the whole process. Gives
 * undefined where no head of an answer came. Never throws: what breaks is what the caller looks for.
 */
export function postOnce(address: string, { headers, body, onHead, leaves = false }: OnceOptions): Promise<OnceAnswer | undefined> {
  const { hostname, port, pathname, host } = new URL(address)
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    let told = false
    const socket: Socket = connect({ host: hostname, port: Number(port) })
    socket.once('connect', () => {
      const lines = Object.entries({ host, connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
    })
    socket.on('data', (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece])
      const answer = told && !leaves ? undefined : readAnswer(bytes)
      if (answer && !told) {
        told = true
        onHead?.(answer)
      }
      if (leaves && answer && answer.text !== '') socket.destroy()
    })
    socket.on('error', () => {
      // 'close' comes next, with what there is.
    })
    socket.once('close', () => resolve(readAnswer(bytes)))
  })
}

function readAnswer(bytes: Buffer): OnceAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString().split('\r\n')
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  }))
  const rest = bytes.subarray(end + 4)
  return { status: Number(first.split(' ')[1]), headers, text: (headers.get('transfer-encoding') === 'chunked' ? unchunked(rest) : rest).toString() }
}

/** The bytes of the chunks that are there whole. */
function unchunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const size = line === -1 ? 0 : Number.parseInt(bytes.subarray(at, line).toString(), 16)
    if (!size || bytes.length < line + 2 + size) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
