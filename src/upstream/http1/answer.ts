import type { AnswerHeaders } from './answer-head.ts'

/** A body as text; `cut` when it was longer than asked for, and the rest let go. */
export interface Text { readonly text: string; readonly cut: boolean }

/** The answer to one request. Whoever has one reads it to its end, cancels it, or aborts its request's signal. */
export interface Http1Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** The next piece of the body, what has piled up in one; undefined at its end. Not before the last read has settled. */
  read(): Promise<Uint8Array | undefined>
  /** The rest of the body as UTF-8, at most this many bytes of it. */
  text(bytesMax: number): Promise<Text>
  /** Lets go of the rest, and of the connection unless the answer is complete. */
  cancel(): void
}

const UTF8 = new TextDecoder()

/** Reads an answer to its end, or to this many bytes. */
export async function readText(answer: Http1Answer, bytesMax: number): Promise<Text> {
  const pieces: Uint8Array[] = []
  let length = 0
  for (let piece = await answer.read(); piece; piece = await answer.read()) {
    pieces.push(piece)
    length += piece.length
    if (length > bytesMax) {
      answer.cancel()
      return { text: UTF8.decode(Buffer.concat(pieces, bytesMax)), cut: true }
    }
  }
  return { text: UTF8.decode(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)), cut: false }
}
