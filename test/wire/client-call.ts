import type { Call } from '../../src/core/call.ts'
import type { Cost, Event } from '../../src/core/event.ts'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { NO_USAGE, type Usage } from '../../src/core/usage.ts'
import type { CallOrigin, ClientDialect } from '../../src/dialects/dialect.ts'

/** Where a request came from, in tests of readers. */
export const ORIGIN: CallOrigin = { id: 'gen-1-test', createdMs: 1_000, headers: {}, bodyBytes: 1_000 }

const COST: Cost = { total: 123_000n, prompt: 23_000n, completion: 100_000n, byok: false, upstream: 123_000n }
const USAGE: Usage = { ...NO_USAGE, promptTokens: 12, cacheReadTokens: 2, completionTokens: 7, reasoningTokens: 3 }

/** An answer as a writer gets it: who serves it before these Events, usage and cost behind them. */
export function answered(events: readonly Event[]): Event[] {
  return [{ type: 'served', model: 'acme/tiny', provider: 'Acme', warnings: [] }, ...events, { type: 'usage', usage: USAGE }, { type: 'end', usage: USAGE, cost: COST }]
}

/** The reply that the dialect makes of these Events. */
export function replyOf(dialect: ClientDialect, call: Call, events: readonly Event[]): JsonObject {
  const writer = dialect.replyWriter(call)
  writer.add(answered(events))
  return parseObject(JSON.stringify(writer.body())) ?? {}
}

/** The stream that the dialect makes of these Events, each in a batch of its own. */
export function streamOf(dialect: ClientDialect, call: Call, events: readonly Event[]): string {
  const writer = dialect.streamWriter(call)
  return answered(events).map((event) => writer.write([event])).join('')
}

/** The JSON of a stream's `data:` lines. */
export function chunksOf(text: string): JsonObject[] {
  return text.split(/\r?\n/).filter((line) => line.startsWith('data: {')).map((line) => parseObject(line.slice('data: '.length)) ?? {})
}
