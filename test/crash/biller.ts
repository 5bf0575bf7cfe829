import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseObject } from '../../src/core/json.ts'

/** What the provider bills for one call. */
export interface Bill {
  /** The provider's own id for it: in the answer's `id`, and in its text. */
  readonly id: string
  readonly promptTokens: number
  readonly completionTokens: number
  /** The answer was written to its end. */
  whole: boolean
  /** The gateway closed the connection before that. */
  left: boolean
}

/** An OpenAI-compatible provider that keeps its own books. Every call has other counts. */
export interface Biller {
  /** Base URL of its API. */
  readonly url: string
  readonly bills: ReadonlyMap<string, Bill>
  /** Ends when the gateway has left a call before its end, now or earlier. */
  readonly someoneLeft: Promise<void>
  stop(): Promise<void>
}

export interface BillerOptions {
  /** Pieces of an answer. */
  readonly pieces?: number
  /** Between two pieces, at least; a reply that is not streamed waits for all of them. */
  readonly pieceMs?: number
}

const PIECE = 'word '

/** Starts the provider on a free port. */
export async function startBiller({ pieces = 6, pieceMs = 8 }: BillerOptions = {}): Promise<Biller> {
  const bills = new Map<string, Bill>()
  let told: () => void = () => undefined
  const someoneLeft = new Promise<void>((resolve) => { told = resolve })
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const number = bills.size + 1
      const bill: Bill = { id: `chatcmpl-${number}`, promptTokens: 10 + (number % 37), completionTokens: 5 + (number % 23), whole: false, left: false }
      bills.set(bill.id, bill)
      response.once('finish', () => { bill.whole = true })
      response.once('close', () => {
        if (bill.whole) return
        bill.left = true
        told()
      })
      // Not all alike, so that at any moment some have begun and some are at their end.
      const ownMs = pieceMs * (1 + (number % 3))
      if (body?.['stream'] === true) await stream(response, bill, pieces, ownMs)
      else await reply(response, bill, pieces * ownMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/v1`, bills, someoneLeft,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(Buffer.from(piece))
  return parseObject(Buffer.concat(pieces).toString())
}

async function stream(response: ServerResponse, bill: Bill, pieces: number, pieceMs: number): Promise<void> {
  const say = (body: object): void => void response.write(`data: ${JSON.stringify({ id: bill.id, object: 'chat.completion.chunk', created: 1, model: 'tiny-1', ...body })}\n\n`)
  const choice = (delta: object, finish: string | null = null): object => ({ choices: [{ index: 0, delta, finish_reason: finish }] })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let piece = 0; piece < pieces && !response.destroyed; piece++) {
    await Bun.sleep(pieceMs)
    say(choice(piece === 0 ? { role: 'assistant', content: `${bill.id} ` } : { content: PIECE }))
  }
  say(choice({}, 'stop'))
  say({ choices: [], usage: usageOf(bill) })
  response.end('data: [DONE]\n\n')
}

async function reply(response: ServerResponse, bill: Bill, waitMs: number): Promise<void> {
  await Bun.sleep(waitMs)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({
    id: bill.id, object: 'chat.completion', created: 1, model: 'tiny-1', usage: usageOf(bill),
    choices: [{ index: 0, message: { role: 'assistant', content: `${bill.id} ${PIECE}` }, finish_reason: 'stop' }],
  }))
}

function usageOf(bill: Bill): object {
  return { prompt_tokens: bill.promptTokens, completion_tokens: bill.completionTokens, total_tokens: bill.promptTokens + bill.completionTokens }
}

/** USD per million tokens, so odd that no call costs a whole number of nano-dollars. */
export const PRICE = { input: '0.123456789', output: '0.987654321' } as const

/** The same, ten times as dear. */
export const DEAR_PRICE = { input: '1.23456789', output: '9.87654321' } as const

/** What a bill costs by that price: rounded up, once. `times`: by one that is so many times as dear. */
export function costNano(bill: Pick<Bill, 'promptTokens' | 'completionTokens'>, times = 1): number {
  const sum = BigInt(times) * (BigInt(bill.promptTokens) * 123_456_789n + BigInt(bill.completionTokens) * 987_654_321n)
  return Number((sum + 999_999n) / 1_000_000n)
}
