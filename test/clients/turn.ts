import type { Json, JsonObject } from '../../src/core/json.ts'

/** What a scripted provider answers, in nobody's wire: each dialect's `Speech` says it in its own. */
export interface Turn {
  readonly thinking?: { readonly text: string; readonly signature: string }
  readonly text?: string
  readonly calls?: readonly TurnCall[]
  /** Answers with this status and the dialect's own error body. */
  readonly fault?: { readonly status: number; readonly message: string }
  /** After all it says: nothing more and no end, until the gateway leaves · an error event · the connection's end, where more should come. Streams only; a whole reply that hangs never comes. */
  readonly ends?: 'hanging' | 'faulty' | 'cut'
}

export interface TurnCall { readonly id: string; readonly name: string; readonly arguments: JsonObject }

/** What every turn is billed for, so that a test can reckon what it costs. */
export const BILLED = { prompt: 120, cached: 20, completion: 40, reasoning: 15 } as const

/** What a request says, as far as tests look at it. */
export interface Heard {
  /** Signatures of earlier reasoning, in their order. */
  readonly signatures: readonly string[]
  /** Text of earlier reasoning. */
  readonly thoughts: readonly string[]
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[]
  readonly results: readonly string[]
  /** Base64 of images and documents. */
  readonly files: readonly string[]
  /** The JSON Schema that the answer must have. */
  readonly schema: Json | undefined
  readonly tools: readonly string[]
  /** Told to reason. */
  readonly thinks: boolean
}

/** How a dialect says and reads all that. */
export interface Speech {
  isStream(url: string, body: JsonObject): boolean
  /** A whole reply. */
  reply(turn: Turn): JsonObject
  /** The same as server-sent events, whole frames, pieces as small as providers make them. */
  frames(turn: Turn): string[]
  /** An error in mid-stream, as a frame. */
  faultFrame(message: string): string
  faultBody(status: number, message: string): JsonObject
  hear(body: JsonObject): Heard
  /** What its provider would find wrong with a request. */
  problems(body: JsonObject): string[]
}

/** Text in pieces of a few characters, none of them cut within one. */
export function piecesOf(text: string): string[] {
  return [...text].reduce<string[]>((pieces, char) => {
    const last = pieces.at(-1)
    if (last === undefined || last.length >= 6) pieces.push(char)
    else pieces[pieces.length - 1] = last + char
    return pieces
  }, [])
}

/** The data of a `data:` URL. */
export function dataIn(url: string): string {
  return url.slice(url.indexOf(',') + 1)
}
