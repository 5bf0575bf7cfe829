import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** One request as it arrived: head and body as text of Latin-1. */
export interface Arrived {
  readonly head: string
  readonly body: string
  /** Connections, and requests on them, are counted from 1. */
  readonly connection: number
  readonly onConnection: number
}

/** What a server does with a request; `socket` is the bare connection. */
export type Script = (arrived: Arrived, socket: Socket) => void

/** A server that says exactly the bytes a test tells it to. */
export class ScriptedServer {
  readonly arrived: Arrived[] = []
  readonly sockets = new Set<Socket>()
  connections = 0

  private constructor(private readonly server: Server, readonly port: number) {}

  static async start(script: Script, tls?: TlsOptions): Promise<ScriptedServer> {
    const onConnection = (socket: Socket): void => started.serve(socket, script)
    const server = tls ? createTlsServer(tls, onConnection) : createServer(onConnection)
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    }))
    const started = new ScriptedServer(server, port)
    return started
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/x`
  }

  /** Connections that the client has not closed. */
  get open(): number {
    return this.sockets.size
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }

  private serve(socket: Socket, script: Script): void {
    this.connections += 1
    this.sockets.add(socket)
    const connection = this.connections
    let onConnection = 0
    let pieces: Buffer[] = []
    let length = 0
    let wanted = 0
    socket.on('data', (bytes: Buffer) => {
      pieces.push(bytes)
      length += bytes.length
      if (length < wanted) return
      const request = Buffer.concat(pieces).toString('latin1')
      const headEnd = request.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      wanted = headEnd + 4 + Number(/^content-length: (\d+)/im.exec(request)?.[1] ?? 0)
      if (length < wanted) return
      pieces = [Buffer.from(request.slice(wanted), 'latin1')]
      length -= wanted
      onConnection += 1
      const arrived = { head: request.slice(0, headEnd), body: request.slice(headEnd + 4, wanted), connection, onConnection }
      wanted = 0
      this.arrived.push(arrived)
      script(arrived, socket)
    })
    socket.on('close', () => this.sockets.delete(socket))
    // A client that aborts resets the connection: that is what many tests are about.
    socket.on('error', () => this.sockets.delete(socket))
  }
}

/** An answer with a length. */
export function answerOf(body: string, ...lines: readonly string[]): string {
  return `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Waits until it holds; what never comes is the test's own time-out. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1)
}
