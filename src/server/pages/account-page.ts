import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { Fault } from '../../core/fault.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo, page, said } from './layout.ts'
import type { Shown } from './operate.ts'
import type { PageContext } from './page-context.ts'

/** Pages of the account that somebody looks at, in the order of their links. */
const LINKS = [['/', 'Home'], ['/keys', 'Keys'], ['/members', 'Members'], ['/billing', 'Billing'], ['/notifications', 'Notifications'], ['/security', 'Security']] as const

export interface AccountPage {
  readonly title: string
  readonly body: Piece
  readonly shown?: Shown | undefined
  readonly good?: string | null | undefined
}

/** A page of the account that they look at: with its name, the ways to the others, and what came of the last form. */
export async function accountPage({ people, url }: PageContext, live: LiveSession, { title, body, shown, good }: AccountPage): Promise<Response> {
  const account = await people.account(live.accountId)
  return page({ title, isWide: true, status: shown?.status ?? 200, body: html`${pageLinks(`/${url.pathname.split('/')[1] ?? ''}`)}
<h1>${title}</h1><p class="soft">${account?.kind === 'organization' ? account.name : 'Your own account'} · <a href="/">switch</a></p>
${live.impersonatedBy !== null && said('bad', `You look through the eyes of ${live.user.email}: you see what they see, and nothing here is yours to send.`)}${said('bad', shown?.trouble)}${said('good', good)}${body}` })
}

/** The ways to the other pages. */
export function pageLinks(here: string): Html {
  return html`<nav aria-label="Pages">${LINKS.map(([path, name]) => html`<a href="${path}"${path === here && html` aria-current="page"`}>${name}</a>`)}</nav>`
}

/** Signed in, and of a page: others sign in first and come back to all that the address said, which on these pages is no secret. */
export function ofAccount(handle: (context: PageContext, live: LiveSession) => Promise<Response>): (context: PageContext) => Promise<Response> | Response {
  return (context) => {
    const { live, request, url } = context
    if (live) return handle(context, live)
    return goTo(`/sign-in?next=${encodeURIComponent(request.method === 'POST' ? `/${url.pathname.split('/')[1] ?? ''}` : `${url.pathname}${url.search}`)}`)
  }
}

/** What is left to do is done at somebody else's: the browser is led there by a link, since forms of ours end here. */
export function leavePage({ title, body, url, to }: { readonly title: string; readonly body: Piece; readonly url: string; readonly to: string }): Response {
  if (!/^https?:\/\//.test(url)) throw new Fault('unavailable', 'The payment provider gave no page to go to; try again.')
  return page({ title, body: html`<section><h1>${title}</h1>${body}<p><a class="button" href="${url}">${to}</a></p></section><p class="soft"><a href="/billing">Back</a></p>` })
}

/** Facts in a row, or below each other where there is no room. */
export function facts(rows: readonly (readonly [name: string, value: Piece])[]): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** What is not done with one click: the button is behind a word. */
export function behind(word: Piece, body: Piece): Html {
  return html`<details><summary>${word}</summary>${body}</details>`
}

/** What is seen this once, with a way to copy it. */
export function onceShown(id: string, text: string): Html {
  return html`<p class="once"><code id="${id}">${text}</code><button class="plain small hidden" type="button" data-copy="${id}">Copy</button></p><script src="/pages/copy.js" defer></script>`
}

/** For those who hear a page: of which row a button is. */
export function unseen(text: string): Html {
  return html`<span class="unseen"> ${text}</span>`
}

/** `2026-11-21 04:41 UTC` */
export function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** How often a limit starts anew. */
export const PERIODS = { daily: 'a day', weekly: 'a week', monthly: 'a month' } as const

/** `2026-11-21` */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** The way to older and newer rows. */
export function paging(path: string, { offset, size, hasMore }: { readonly offset: number; readonly size: number; readonly hasMore: boolean }): Piece {
  return (offset > 0 || hasMore) && html`<p class="row">${offset > 0 && html`<a href="${path}?offset=${Math.max(0, offset - size)}">Newer</a>`}${hasMore && html`<a href="${path}?offset=${offset + size}">Older</a>`}</p>`
}

/** Where a list begins, as the address says. */
export function offsetIn({ url }: PageContext): number {
  const offset = Number(url.searchParams.get('offset') ?? 0)
  return Number.isSafeInteger(offset) && offset > 0 ? offset : 0
}

/** A sentence for what the page before has done, named in the address. */
export function doneIn({ url }: PageContext, sentences: Readonly<Record<string, string>>): string | null {
  const done = url.searchParams.get('done') ?? ''
  return Object.hasOwn(sentences, done) ? sentences[done] ?? null : null
}
