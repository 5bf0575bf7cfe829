import { Fault } from '../../core/fault.ts'
import { isLocalHost } from '../../core/app.ts'

const CALLBACK_CHARS_MAX = 2_000
const EXPECTS = 'must be an https:// URL, or http:// of localhost, 127.0.0.1 or [::1] on any port, without user name, password and #'

/** Where an app wants people sent back to. Throws Fault `invalid_request`: whoever is sent elsewhere carries a code there. */
export function readCallback(text: string): URL {
  // Browsers take \ for / and leave out what is invisible: what is checked must be what they go to.
  if (text.length > CALLBACK_CHARS_MAX || !/^https?:\/\/(?!\/)[^\s\\#\p{Cc}]+$/iu.test(text)) throw wrong()
  const url = URL.parse(text)
  if (!url || url.hostname === '' || url.username !== '' || url.password !== '' || url.hostname.includes('*')) throw wrong()
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocalHost(url.hostname))) throw wrong()
  return url
}

/** The callback with what became of it. What the app itself had under that name is not its answer. */
export function withAnswer(callback: string, answer: { readonly code: string } | { readonly error: 'access_denied' }): string {
  const url = new URL(callback)
  for (const name of ['code', 'error']) url.searchParams.delete(name)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  return url.href
}

function wrong(): Fault {
  return new Fault('invalid_request', `The field \`callback_url\` ${EXPECTS}.`, { metadata: { field: 'callback_url' } })
}
