import type { Message } from '../core/call.ts'

/** What the assistant said, where a dialect has no field for a refusal: it stands behind the text. */
export function withRefusal({ content, refusal }: Message): Message['content'] {
  if (typeof refusal !== 'string' || refusal === '') return content
  if (content === undefined || content === null || content.length === 0) return refusal
  return typeof content === 'string' ? `${content}\n\n${refusal}` : [...content, { type: 'text', text: refusal }]
}

/** Why a spoken turn of the assistant is not heard again; undefined: it has none. Its sound is kept by OpenAI alone, under an id. */
export function lostAudio(message: Message): string | undefined {
  const { audio } = message
  return audio === undefined || audio === null ? undefined : 'what the assistant spoke is known to OpenAI alone, by its id; only its text was sent'
}
