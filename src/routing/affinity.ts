import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, Message } from '../core/call.ts'

/** Conversations and the endpoints that answered them last (contract C42): a preference, never a promise; health beats it (lessons 77). */
export interface Affinity {
  /**
   * Id of the endpoint that this conversation was answered by with this model, and whose prompt cache may be warm; for the
   * name of a router, the id of the model that it chose (C44).
   */
  of(modelId: string): string | undefined
}

export const NO_AFFINITY: Affinity = Object.freeze({ of: () => undefined })

/** An endpoint is worth coming back to only when what it has cached costs less there (C42). */
export function isCacheCheaper({ price }: Endpoint): boolean {
  return price.cacheRead !== undefined && price.cacheRead < price.prompt
}

/** Characters of each of the two messages that tell conversations apart: enough, and the same work however long they are. */
const KEY_CHARS_MAX = 4_096

/** The client's own name for its conversation (C43): in the body before the header, then the cache key that OpenAI's clients send. */
export function conversationId(call: Call): string | undefined {
  return idOf(call.body['session_id']) ?? idOf(call.headers.sessionId) ?? idOf(call.body['prompt_cache_key'])
}

/** What tells one conversation of an account from another (C43): the client's own id, else the first system or developer message and the first other. */
export function conversationOf(call: Call): string {
  const named = conversationId(call)
  if (named !== undefined) return `s:${named}`
  const { messages } = call.body
  const first = messages.find(({ role }) => role === 'system' || role === 'developer')
  const other = messages.find(({ role }) => role !== 'system' && role !== 'developer')
  return `m:${beginningOf(first)}\0${beginningOf(other)}`
}

const ID_CHARS_MAX = 256

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, ID_CHARS_MAX) : undefined
}

/** Its text, or of its parts those that are text: a picture is told from another by the words beside it. */
function beginningOf(message: Message | undefined): string {
  const content = message?.content
  if (typeof content === 'string') return content.slice(0, KEY_CHARS_MAX)
  let text = ''
  for (const part of content ?? []) {
    const said = part['text']
    if (typeof said === 'string') text += said
    if (text.length >= KEY_CHARS_MAX) break
  }
  return text.slice(0, KEY_CHARS_MAX)
}
