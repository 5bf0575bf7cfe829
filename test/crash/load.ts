import type { Gateway } from '../server.ts'

/** A call as its client saw it. */
export interface Seen {
  readonly key: string
  readonly streamed: boolean
  /** Ours, as soon as the client knew it. */
  id: string | undefined
  /** The provider's, from the text. */
  upstreamId: string | undefined
  costNano: number | undefined
  /** The client has the whole answer with its usage. */
  complete: boolean
  /** The client left by itself. */
  left: boolean
  /** undefined: no answer came. */
  status: number | undefined
}

export interface LoadOptions {
  readonly keys: readonly string[]
  readonly calls: number
  readonly atOnce: number
  /** Each call on a connection of its own, so that they spread over workers. */
  readonly freshConnections?: boolean
  /** Leave every so many-th call, streamed ones only. */
  readonly leaveEach?: number
  /** Told of each stream that has begun, with how many calls are over by then. */
  readonly onBegun?: (done: number) => void
}

/** USD as the wire has it, in whole nano-dollars. */
export function nanoOf(usd: unknown): number {
  return Math.round(Number(usd) * 1e9)
}

/** Makes calls, streamed and not in turn, and says what came of each. A call that fails is no error here. */
export async function load(gateway: Gateway, options: LoadOptions): Promise<Seen[]> {
  const all: Seen[] = []
  let done = 0
  async function worker(): Promise<void> {
    while (all.length < options.calls) {
      const number = all.length
      const seen: Seen = { key: options.keys[number % options.keys.length] ?? '', streamed: number % 3 !== 0, id: undefined, upstreamId: undefined, costNano: undefined, complete: false, left: false, status: undefined }
      all.push(seen)
      const leaves = options.leaveEach !== undefined && seen.streamed && number % options.leaveEach === 1
      await call(gateway.url, seen, { leaves, keepalive: options.freshConnections !== true, onBegun: () => options.onBegun?.(done) }).catch(() => {
        // The gateway died under it, or its port is closed: the test looks at what the client has.
      })
      done += 1
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, worker))
  return all
}

interface CallOptions { readonly leaves: boolean; readonly keepalive: boolean; readonly onBegun: () => void }

async function call(url: string, seen: Seen, { leaves, keepalive, onBegun }: CallOptions): Promise<void> {
  const controller = new AbortController()
  const response = await fetch(`${url}/api/v1/chat/completions`, {
    method: 'POST', signal: controller.signal, keepalive, headers: { authorization: `Bearer ${seen.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'acme/tiny', stream: seen.streamed, max_tokens: 100, messages: [{ role: 'user', content: 'Some words, please.' }] }),
  })
  seen.status = response.status
  if (response.status !== 200) return
  seen.id = response.headers.get('x-generation-id') ?? undefined
  if (seen.streamed) onBegun()
  const text = leaves ? await firstPiece(response) : await response.text()
  seen.upstreamId = /chatcmpl-\d+/.exec(text)?.[0]
  if (leaves) {
    seen.left = true
    controller.abort()
    return
  }
  const cost = /"cost":([\d.e-]+)/.exec(text)?.[1]
  seen.costNano = cost === undefined ? undefined : nanoOf(cost)
  seen.complete = seen.costNano !== undefined && (seen.streamed ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}'))
}

async function firstPiece(response: Response): Promise<string> {
  const read = await response.body?.getReader().read()
  return new TextDecoder().decode(read?.value)
}
