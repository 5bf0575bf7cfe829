import type { Http1Answer, Text } from './http1/answer.ts'
import { joinedBody, type Http1Request } from './http1/client.ts'

/** How a request reaches a provider: our own client on sockets, Bun's fetch where a proxy stands between, or the demo in this process. */
export interface Transport { request(request: Http1Request): Promise<Answer> }

/** An answer of any transport: its head, and its body piece by piece. */
export type Answer = Pick<Http1Answer, 'status' | 'read' | 'text' | 'cancel'> & { readonly headers: Pick<Headers, 'get'> }

/** Bun's fetch, which knows the proxies of the environment. */
export const fetchTransport: Transport = {
  async request({ url, method, headers, body, signal, fresh }) {
    // A redirect would carry the credential to another host: it is an answer like any other, and a bad one.
    return answerOf(await fetch(url, { method, headers, body: joinedBody(body), signal, redirect: 'manual', keepalive: fresh !== true }))
  },
}

/** A Response of the web as an answer. */
export function answerOf(response: Response): Answer {
  const reader = response.body?.getReader()
  const read = async (): Promise<Uint8Array | undefined> => {
    const next = await reader?.read()
    return next?.done === false ? next.value : undefined
  }
  const cancel = () => void reader?.cancel().catch(() => {
    // It is over either way.
  })
  return { status: response.status, headers: response.headers, read, cancel, text: (bytesMax) => textOf(read, cancel, bytesMax) }
}

async function textOf(read: () => Promise<Uint8Array | undefined>, cancel: () => void, bytesMax: number): Promise<Text> {
  const pieces: Uint8Array[] = []
  let length = 0
  for (let piece = await read(); piece; piece = await read()) {
    pieces.push(piece)
    length += piece.length
    if (length <= bytesMax) continue
    cancel()
    return { text: Buffer.concat(pieces, bytesMax).toString('utf8'), cut: true }
  }
  return { text: Buffer.concat(pieces).toString('utf8'), cut: false }
}
