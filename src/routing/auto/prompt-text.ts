import type { Message } from '../../core/call.ts'

/** Of a long message, its beginning and its end are looked at: a question stands before or after what it is about. */
const HEAD_CHARS_MAX = 3072
const TAIL_CHARS_MAX = 1024
/** A last message this short ("go on", "why?") says little by itself: the conversation's first question is read before it. */
const SHORT_CHARS_MAX = 24

/** The bounded text that a conversation is judged by. */
export interface PromptText {
  readonly text: string
  /** Length of the whole message, of which `text` may be a part. */
  readonly lengthChars: number
  readonly hasImage: boolean
}

/** What the caller asks last, bounded: its work does not grow with the conversation's bytes. */
export function promptText(messages: readonly Message[]): PromptText {
  const last = messages.findLast((message) => message.role === 'user')
  if (!last) return { text: '', lengthChars: 0, hasImage: false }
  const own = contentText(last.content)
  if (own.lengthChars > SHORT_CHARS_MAX) return own
  const first = messages.find((message) => message.role === 'user')
  if (!first || first === last) return own
  const opening = contentText(first.content)
  return { text: `${opening.text}\n${own.text}`, lengthChars: opening.lengthChars + own.lengthChars, hasImage: opening.hasImage || own.hasImage }
}

function contentText(content: Message['content']): PromptText {
  if (typeof content === 'string') return { text: bounded(content), lengthChars: content.length, hasImage: false }
  if (!Array.isArray(content)) return { text: '', lengthChars: 0, hasImage: false }
  let hasImage = false
  let lengthChars = 0
  const texts: string[] = []
  for (const part of content) {
    if (part?.type === 'image_url') hasImage = true
    const text: unknown = part?.['text']
    if (typeof text !== 'string') continue
    lengthChars += text.length
    texts.push(bounded(text))
  }
  return { text: bounded(texts.length === 1 ? texts[0] ?? '' : texts.slice(0, PARTS_MAX).concat(texts.slice(PARTS_MAX).slice(-1)).join('\n')), lengthChars, hasImage }
}

const PARTS_MAX = 8

/** The beginning and the end of a text, or all of it where it is short. */
export function bounded(text: string): string {
  return text.length <= HEAD_CHARS_MAX + TAIL_CHARS_MAX ? text : `${text.slice(0, HEAD_CHARS_MAX)}\n${text.slice(-TAIL_CHARS_MAX)}`
}
