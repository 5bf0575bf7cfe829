import type { Event } from '../../core/event.ts'
import { asObject, asString, type JsonObject } from '../../core/json.ts'

/** One event of the provider's as it goes to a client of the same dialect. */
export function rawEvent(event: JsonObject, type: string): Event {
  // Padding against the reading of lengths on the wire: it has done its work.
  delete event['obfuscation']
  event['type'] ??= type
  return { type: 'raw', body: event, contentChars: charsOf(event, type) }
}

/** How much the model wrote in an event. Repeats of what deltas have said count nothing. */
function charsOf(event: JsonObject, type: string): number {
  const delta = event['delta']
  if (typeof delta === 'string') return delta.length
  if (delta !== undefined) return 1
  if (type !== 'response.output_item.added') return type.endsWith('.annotation.added') || type.endsWith('.partial_image') || type === 'response.output_item.done' ? 1 : 0
  const item = asObject(event['item']) ?? {}
  // A message or a thought that has begun says nothing yet; a call has a name.
  return item['type'] === 'message' || item['type'] === 'reasoning' ? 0 : 1 + (asString(item['name'])?.length ?? 0)
}
