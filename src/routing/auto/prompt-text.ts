import type { Message } from '../../core/call.ts'

/** Of a long message, its beginning and its end are looked at: a question stands before or after what it is about. */
const HEAD_CHARS_MAX = 3072
const TAIL_CHARS_MAX = 1024
/** Of a message in many parts, the first ones and the last. */
const PARTS_MAX = 8
/** A last message this short ("go on", "why?") says little by itself: the conversation's first question is read before it. */
const SHORT_CHARS_MAX = 24

/** The bounded text that a conversation is judged by. */
export interface PromptText {
  readonly text: string
  /** Length of the whole message, of which `text` may be a part. */
  readonly lengthChars: number
}

/** What the caller asks last, bounded: its work does not grow with the conversation's bytes. */
export function promptText(messages: readonly Message[]): PromptText {
  const last = messages.findLast((message) => message.role === 'user')
  if (!last) return { text: '', lengthChars: 0 }
  const own = contentText(last.content)
  if (own.lengthChars > SHORT_CHARS_MAX) return own
  const first = messages.find((message) => message.role === 'user')
  if (!first || first === last) return own
  const opening = contentText(first.content)
  return { text: `${opening.text}\n${own.text}`, lengthChars: opening.lengthChars + own.lengthChars }
}

function contentText(content: Message['content']): PromptText {
  if (typeof content === 'string') return { text: bounded(content), lengthChars: content.length }
  if (!Array.isArray(content)) return { text: '', lengthChars: 0 }
  // A part is what the client sent: it may lack a text, or be no object at all where nobody has checked it yet.
  const texts = content.map((part: { readonly text?: unknown } | null) => part?.text).filter((text) => typeof text === 'string')
  const near = texts.length <= PARTS_MAX ? texts : [...texts.slice(0, PARTS_MAX - 1), ...texts.slice(-1)]
  return { text: bounded(near.map(bounded).join('\n')), lengthChars: texts.reduce((sum, text) => sum + text.length, 0) }
}

/** The beginning and the end of a text, or all of it where it is short. */
export function bounded(text: string): string {
  return text.length <= HEAD_CHARS_MAX + TAIL_CHARS_MAX ? text : `${text.slice(0, HEAD_CHARS_MAX)}\n${text.slice(-TAIL_CHARS_MAX)}`
}
