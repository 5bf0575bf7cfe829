import type { Event } from '../../core/event.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'

/** Reads and judges an answer in our own terms; `event` and `whole` give back what they read, when there is nothing wrong with it. */
export interface Judge {
  event(frame: SseFrame, out: Event[]): JsonObject | undefined
  whole(body: JsonObject, out: Event[]): boolean
  end(out: Event[]): void
}

/**
 * Reads an answer for a client that speaks this dialect too: every event goes on as it is, once it has passed the same
 * reader as for all other clients, so that what is wrong with a stream is found here as there.
 */
export class CarriedReader implements StreamReader {
  private readonly said: Event[] = []

  constructor(private readonly judge: Judge) {}

  read(frame: SseFrame, out: Event[]): void {
    this.said.length = 0
    const body = this.judge.event(frame, this.said)
    carry(this.said, body, out)
  }

  end(out: Event[]): void {
    this.judge.end(out)
  }
}

/** A reply that was not streamed, as it is. */
export function carriedReply(judge: Judge, body: JsonObject): Event[] {
  const said: Event[] = []
  const out: Event[] = []
  carry(said, judge.whole(body, said) ? body : undefined, out)
  return out
}

/** What the meter and the caller must know is said beside the event itself. */
function carry(said: readonly Event[], body: JsonObject | undefined, out: Event[]): void {
  let finish: Extract<Event, { type: 'finish' }> | undefined
  let failed = false
  for (const event of said) {
    if (event.type === 'finish') finish = event
    else if (event.type === 'start' || event.type === 'usage' || event.type === 'fault') out.push(event)
    failed ||= event.type === 'fault'
  }
  if (failed || !body) return
  const contentChars = charsOf(body)
  if (finish) out.push({ type: 'raw', body, contentChars, finishReason: finish.reason, nativeFinishReason: finish.native })
  else out.push({ type: 'raw', body, contentChars })
}

/** How much the model wrote in an event, or in a whole message. */
function charsOf(body: JsonObject): number {
  switch (body['type']) {
    case 'content_block_delta': return charsOfDelta(asObject(body['delta']) ?? {})
    case 'content_block_start': return charsOfBlock(body['content_block'])
    case 'message_start': return charsOfMessage(asObject(body['message']) ?? {})
    case 'message': return charsOfMessage(body)
    default: return isObject(body['content']) || Array.isArray(body['content']) ? charsOfMessage(body) : 0
  }
}

function charsOfMessage(message: JsonObject): number {
  return (asArray(message['content']) ?? []).reduce<number>((sum, block) => sum + charsOfBlock(block), 0)
}

function charsOfDelta(delta: JsonObject): number {
  for (const field of ['text', 'thinking', 'partial_json'] as const) if (typeof delta[field] === 'string') return delta[field].length
  return 1
}

function charsOfBlock(block: Json | undefined): number {
  if (!isObject(block)) return 0
  switch (block['type']) {
    case 'text': return (asString(block['text']) ?? '').length
    case 'thinking': return (asString(block['thinking']) ?? '').length
    case 'tool_use': case 'server_tool_use': case 'mcp_tool_use': return (asString(block['name']) ?? '').length + charsOfInput(block['input'])
    default: return 1
  }
}

function charsOfInput(input: Json | undefined): number {
  return isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input).length : 0
}
