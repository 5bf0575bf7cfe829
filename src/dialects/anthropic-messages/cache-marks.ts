import type { JsonObject } from '../../core/json.ts'
import type { MessagesBody, Notes } from './wire.ts'

/** Anthropic takes so many cache marks in one request (contract B74). */
export const CACHE_MARKS_MAX = 4

/** Takes off the oldest marks over the limit. A mark on the request itself is one that Anthropic places, and counts. */
export function capCacheMarks(body: MessagesBody, notes: Notes): void {
  const marked = markedObjects(body)
  const over = marked.length - (body['cache_control'] === undefined ? CACHE_MARKS_MAX : CACHE_MARKS_MAX - 1)
  if (over <= 0) return
  for (const object of marked.slice(0, over)) delete object['cache_control']
  notes.warn('cache_control', `this provider takes ${CACHE_MARKS_MAX} cache marks in one request; the ${over} oldest were left out`)
}

/** In the order of the prompt: tools, system, messages. */
function markedObjects(body: MessagesBody): JsonObject[] {
  const all: JsonObject[] = [...(body.tools ?? []), ...(body.system ?? [])]
  for (const message of body.messages) all.push(...message.content)
  return all.filter((object) => object['cache_control'] !== undefined)
}
