import type { Letter } from '../accounts/mailer.ts'
import { letterHtml } from './letter-html.ts'

/** What of a letter is kept until it is sent, beside its address and subject. */
export type LetterBody = Pick<Letter, 'text' | 'html' | 'untilMs'>

/** The body as the outbox keeps it. */
export function bodyText({ text, html, untilMs }: LetterBody): string {
  return JSON.stringify({ text, html: html ?? letterHtml(text), untilMs })
}

/** What `bodyText` wrote. */
export function readBody(body: string): LetterBody {
  // Written by bodyText, from the same type.
  return JSON.parse(body) as LetterBody
}

/** The subject in one line, as mail headers and lists can have it. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim().slice(0, SUBJECT_CHARS_MAX)
}

const SUBJECT_CHARS_MAX = 200
