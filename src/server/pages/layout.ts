import { html, type Html, type Piece } from './html.ts'

/** What a page is allowed to load and to do: its own style and script, and nothing else (CSP level 3). */
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Of every page, and of every redirect to one: links of letters have secrets in them. */
export const PAGE_HEADERS = {
  'content-security-policy': POLICY, 'cache-control': 'no-store', 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cross-origin-opener-policy': 'same-origin',
} as const

export interface Page {
  readonly title: string
  readonly body: Piece
  readonly status?: number
  readonly isWide?: boolean
  readonly hasScript?: boolean
  readonly cookies?: readonly string[]
}

/** A whole page. */
export function page({ title, body, status = 200, isWide = false, hasScript = false, cookies = [] }: Page): Response {
  const headers = new Headers({ ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${title} · Switchyard</title><link rel="icon" href="/pages/icon.svg"><link rel="stylesheet" href="/pages/style.css">${hasScript && html`<script src="/pages/passkeys.js" defer></script>`}</head>
<body><main${isWide && html` class="wide"`}><a class="brand" href="/">${MARK}Switchyard</a>
${body}</main></body></html>
`.text
  return new Response(text, { status, headers })
}

/** To another page of ours, by GET. `path` was made by us or by `Site.localPath`. */
export function goTo(path: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ ...PAGE_HEADERS, location: path })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/** What went wrong, or well, above a form. */
export function said(kind: 'bad' | 'good', text: string | null | undefined): Html | null {
  return text ? html`<p class="${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${text}</p>` : null
}

const MARK = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true"><path d="M3 6h6c4 0 2 12 6 12h6M3 18h4M17 6h4M12 6h1"/></svg>`

/** The mark as browsers show it beside the title. */
export const ICON = MARK.text.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" color="#2456d6" ')
