import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Event } from '../../core/event.ts'
import { asObject, asString, type JsonObject } from '../../core/json.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { AnswerReader } from './read.ts'

/**
 * Reads an answer for a client that speaks this dialect too: every event goes on as it is, once it has passed the same
 * reader as for all other clients, so that what is wrong with a stream is found here as there.
 */
export class CarriedReader implements StreamReader {
  private readonly judge: AnswerReader

  constructor(endpoint: Endpoint) {
    this.judge = new AnswerReader(endpoint)
  }

  read(frame: SseFrame, out: Event[]): void {
    const said: Event[] = []
    carry(said, this.judge.event(frame, said), out)
  }

  end(out: Event[]): void {
    this.judge.end(out)
  }
}

/** A reply that was not streamed, as it is. */
export function readCarried(endpoint: Endpoint, body: JsonObject): Event[] {
  const out: Event[] = []
  carry(new AnswerReader(endpoint).whole(body), body, out)
  return out
}

/** What the meter and the caller must know is said beside the event itself. */
function carry(said: readonly Event[], body: JsonObject | undefined, out: Event[]): void {
  let finish: Extract<Event, { type: 'finish' }> | undefined
  let contentChars = 0
  let failed = false
  for (const event of said) {
    if (event.type === 'finish') finish = event
    else if (event.type === 'start' || event.type === 'usage' || event.type === 'fault') out.push(event)
    failed ||= event.type === 'fault'
    contentChars += charsOf(event)
  }
  if (failed || !body) return
  if (finish) out.push({ type: 'raw', body, contentChars, finishReason: finish.reason, nativeFinishReason: finish.native })
  else out.push({ type: 'raw', body, contentChars })
}

function charsOf(event: Event): number {
  switch (event.type) {
    case 'text': return event.text.length
    case 'tool': return event.arguments.length + (event.name?.length ?? 0)
    case 'reasoning': return asString(asObject(event.detail)?.['text'])?.length ?? 0
    default: return 0
  }
}
