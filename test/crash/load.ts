import type { Gateway } from '../server.ts'
import { postOnce } from './post-once.ts'

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
  /** What an answer says that is no 200; the end of one that was cut. */
  refusal: string | undefined
  /** By the monotonic clock: when it was sent, and when the client was done with it. */
  readonly startMs: number
  endMs: number
}

export interface LoadOptions {
  readonly keys: readonly string[]
  readonly calls: number
  readonly atOnce: number
  /** Each call on a connection of its own, so that they spread over workers; any number of them at once. */
  readonly freshConnections?: boolean
  /** Leave every so many-th call, streamed ones only. */
  readonly leaveEach?: number
  /** A client that is refused waits so long before its next call. */
  readonly refusedWaitMs?: number
  /** Told of each stream that has begun, with how many calls are over by then. */
  readonly onBegun?: (done: number) => void
}

/** USD as the wire has it, in whole nano-dollars. */
export function nanoOf(usd: unknown): number {
  return Math.round(Number(usd) * 1e9)
}

/** Makes calls, streamed and not in turn, of one gateway or of several in turn, and says what came of each. A call that fails is no error here. */
export async function load(gateways: Pick<Gateway, 'url'> | readonly Pick<Gateway, 'url'>[], options: LoadOptions): Promise<Seen[]> {
  const urls = [gateways].flat().map(({ url }) => url)
  const all: Seen[] = []
  let done = 0
  async function worker(): Promise<void> {
    while (all.length < options.calls) {
      const number = all.length
      const seen: Seen = {
        key: options.keys[number % options.keys.length] ?? '', streamed: number % 3 !== 0, startMs: performance.now(),
        id: undefined, upstreamId: undefined, costNano: undefined, complete: false, left: false, status: undefined, refusal: undefined, endMs: Number.POSITIVE_INFINITY,
      }
      all.push(seen)
      const leaves = options.leaveEach !== undefined && seen.streamed && number % options.leaveEach === 1
      const send = options.freshConnections === true ? callOnce : call
      await send(urls[number % urls.length] ?? '', seen, { leaves, onBegun: () => options.onBegun?.(done) }).catch(() => {
        // The gateway died under it, or its port is closed: the test looks at what the client has.
      })
      seen.endMs = performance.now()
      done += 1
      if (seen.status !== 200 && options.refusedWaitMs !== undefined) await Bun.sleep(options.refusedWaitMs)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, worker))
  return all
}

interface CallOptions { readonly leaves: boolean; readonly onBegun: () => void }

function requestOf({ key, streamed }: Seen): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  return {
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'acme/tiny', stream: streamed, max_tokens: 100, messages: [{ role: 'user', content: 'Some words, please.' }] }),
  }
}

async function call(url: string, seen: Seen, { leaves, onBegun }: CallOptions): Promise<void> {
  const controller = new AbortController()
  const response = await fetch(`${url}/api/v1/chat/completions`, { method: 'POST', signal: controller.signal, ...requestOf(seen) })
  seen.status = response.status
  if (response.status !== 200) return void (seen.refusal = await response.text())
  seen.id = response.headers.get('x-generation-id') ?? undefined
  if (seen.streamed) onBegun()
  const text = leaves ? await firstPiece(response) : await response.text()
  if (leaves) controller.abort()
  note(seen, text, leaves)
}

async function callOnce(url: string, seen: Seen, { leaves, onBegun }: CallOptions): Promise<void> {
  const answer = await postOnce(`${url}/api/v1/chat/completions`, {
    ...requestOf(seen), leaves,
    onHead: ({ status, headers }) => {
      seen.status = status
      if (status !== 200) return
      seen.id = headers.get('x-generation-id')
      if (seen.streamed) onBegun()
    },
  })
  if (answer && answer.status !== 200) seen.refusal = answer.text
  else if (answer) note(seen, answer.text, leaves)
}

function note(seen: Seen, text: string, leaves: boolean): void {
  seen.upstreamId = /chatcmpl-\d+/.exec(text)?.[0]
  if (leaves) {
    seen.left = true
    return
  }
  const cost = /"cost":([\d.e-]+)/.exec(text)?.[1]
  seen.costNano = cost === undefined ? undefined : nanoOf(cost)
  seen.complete = seen.costNano !== undefined && (seen.streamed ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}'))
  if (seen.complete) return
  // Where a stream says what went wrong, however much stands behind it; else its end.
  const errorAt = text.search(/"error":\s*\{/)
  seen.refusal = errorAt < 0 ? text.slice(-500) : text.slice(errorAt, errorAt + 500)
}

async function firstPiece(response: Response): Promise<string> {
  const read = await response.body?.getReader().read()
  return new TextDecoder().decode(read?.value)
}
