import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { NO_USAGE } from '../core/usage.ts'
import type { ClientDialect, ReplyWriter, StreamWriter } from '../dialects/dialect.ts'
import { NO_COST } from '../gateway/add-cost.ts'
import { faultFrom } from '../gateway/attempt.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { CORS_HEADERS, idHeaders, jsonResponse } from './respond.ts'

/** After this much silence a stream says that it is alive (contract B66). */
const KEEP_ALIVE_MS = 15_000
const LATE = Symbol('the first event is late')

/** The HTTP response of a call: its Events as the client's dialect says them. Throws Fault while nothing was sent. */
export async function answerOf(call: Call, dialect: ClientDialect, events: AsyncGenerator<Event[]>, gateway: Gateway): Promise<Response> {
  if (dialect.endsEarly) events = endingEarly(events, dialect.endsEarly)
  if (!call.stream) return await replyOf(call, dialect, events)
  const first = events.next()
  const soon = await within(first, KEEP_ALIVE_MS)
  // A model that thinks for long: the status is said now, and what goes wrong later is said in the stream.
  const begun = soon === LATE ? first : Promise.resolve(soon)
  const headers = soon === LATE || soon.done ? {} : warningHeaders(soon.value)
  return new Response(streamOf(dialect.streamWriter(call), dialect.keepAlive, events, begun, soon === LATE, gateway), {
    headers: { ...CORS_HEADERS, 'content-type': dialect.streamContentType, 'cache-control': 'no-cache', ...idHeaders(call.id, dialect), ...headers },
  })
}

/** The Events, with a fault that the dialect tells as the end of an answer in the place of its throw. */
async function* endingEarly(events: AsyncGenerator<Event[]>, endsEarly: (fault: Fault) => boolean): AsyncGenerator<Event[]> {
  try {
    yield* events
  } catch (error) {
    if (!(error instanceof Fault) || !endsEarly(error)) throw error
    yield [{ type: 'fault', fault: error }, { type: 'end', usage: NO_USAGE, cost: NO_COST }]
  }
}

async function replyOf(call: Call, dialect: ClientDialect, events: AsyncGenerator<Event[]>): Promise<Response> {
  const writer = dialect.replyWriter(call)
  let headers: Readonly<Record<string, string>> | undefined
  let last: Event | undefined
  for await (const batch of events) {
    headers ??= warningHeaders(batch)
    writer.add(batch)
    last = batch.at(-1)
  }
  return jsonResponse(bodyOf(writer, last?.type === 'end' ? last.router : undefined), 200, { ...idHeaders(call.id, dialect), ...headers })
}

/** A reply that broke off is an error where its dialect has no words for half an answer: with the metadata that it would have had (J10). */
function bodyOf(writer: ReplyWriter, router: JsonObject | undefined): JsonObject {
  try {
    return writer.body()
  } catch (error) {
    if (!(error instanceof Fault) || !router) throw error
    throw error.with({ router })
  }
}

const WARNINGS_CHARS_MAX = 2_000

/** What could not be said to the provider: `X-Switchyard-Warnings: seed: Anthropic has none; …`. Nothing is lost in silence. */
function warningHeaders(events: readonly Event[]): Readonly<Record<string, string>> {
  const served = events[0]
  if (served?.type !== 'served' || served.warnings.length === 0) return {}
  const text = served.warnings.map(({ field, why }) => `${field}: ${why}`).join('; ')
  return { 'X-Switchyard-Warnings': text.replaceAll('’', "'").replace(/[^\x20-\x7e]/g, '?').slice(0, WARNINGS_CHARS_MAX) }
}

/** What the promise comes to, or LATE when that takes longer. Leaves no timer behind. */
function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof LATE> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, LATE)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** One write for each batch, made when the client has taken the last: a slow client slows the provider, not our memory. */
function streamOf(writer: StreamWriter, keepAlive: string, events: AsyncGenerator<Event[]>, first: Promise<IteratorResult<Event[]>>, late: boolean, gateway: Gateway): ReadableStream<string> {
  let next: Promise<IteratorResult<Event[]>> | undefined = first
  let silence: ReturnType<typeof setInterval> | undefined
  let spokeMs = gateway.clock.monotonicMs()
  // Strings: the server writes them as UTF-8, and no copy of them is made before.
  return new ReadableStream<string>({
    start(controller) {
      if (late) controller.enqueue(keepAlive)
      silence = setInterval(() => {
        if (gateway.clock.monotonicMs() - spokeMs < KEEP_ALIVE_MS) return
        spokeMs = gateway.clock.monotonicMs()
        controller.enqueue(keepAlive)
      }, KEEP_ALIVE_MS)
    },
    async pull(controller) {
      for (;;) {
        const taken = await (next ?? events.next()).catch((error: unknown) => lastWords(error, gateway))
        next = undefined
        const text = taken.done ? '' : writer.write(taken.value)
        if (text !== '') controller.enqueue(text)
        if (taken.done) {
          clearInterval(silence)
          controller.close()
        }
        if (text === '' && !taken.done) continue
        spokeMs = gateway.clock.monotonicMs()
        return
      }
    },
    async cancel() {
      clearInterval(silence)
      await events.return(undefined)
    },
  }, { highWaterMark: 0 })
}

/** What is said when the call dies after its status was sent: the fault, as the last Events. */
function lastWords(error: unknown, gateway: Gateway): IteratorResult<Event[]> {
  return { done: false, value: [{ type: 'fault', fault: faultFrom(error, gateway) }, { type: 'end', usage: NO_USAGE, cost: NO_COST }] }
}
