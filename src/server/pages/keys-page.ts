import type { KeyRecord } from '../../accounts/accounts.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { userName } from '../../accounts/user.ts'
import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { asObject, asString } from '../../core/json.ts'
import { formatUsd, sayUsd } from '../../core/nano.ts'
import { windowAt } from '../../ledger/window.ts'
import { ownerOnly } from '../access.ts'
import { changeKey, createKey } from '../api/keys.ts'
import { accessOfSession } from '../session.ts'
import { accountPage, doneIn, facts, minuteOf, offsetIn, onceShown, paging, PERIODS, unseen } from './account-page.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo } from './layout.ts'
import { operate, typedIn, withTrouble, type Shown } from './operate.ts'
import type { PageContext } from './page-context.ts'

const ROWS = 50
const NAMES_MAX = 1_000
const RESETS = [['', 'never: it is for all time'], ['daily', 'every day'], ['weekly', 'every week'], ['monthly', 'every month']] as const
const NOW = { daily: 'today', weekly: 'this week', monthly: 'this month' } as const

const DONE = { changed: 'The key is changed.', disabled: 'The key is disabled: it is refused from now on.', enabled: 'The key is live again.' }

/** `GET /keys`: what there is to call models with; admins see all of the account's, members their own. */
export async function showKeys(context: PageContext, live: LiveSession, shown?: Shown): Promise<Response> {
  const { api } = context
  const owner = ownerOnly(accessOfSession(live, 'keys.read'))
  const offset = offsetIn(context)
  const [keys, owners] = await Promise.all([
    api.accounts.listKeys(live.accountId, { offset, limit: ROWS + 1, includeDisabled: true, ...(owner !== undefined && { creatorUserId: owner }) }), owner === undefined ? namesIn(context, live) : new Map<string, string>(),
  ])
  const rows = keys.slice(0, ROWS).map((key) => html`<li class="entry">${keyEntry(key, { context, shown, owner: ownerOf(key, live, owners) })}</li>`)
  return await accountPage(context, live, { title: 'Keys', shown, good: doneIn(context, DONE), body: html`<section><h2>Make a key</h2>${await newKeyForm(context, live, shown)}</section>
<section><h2>${owner === undefined && owners.size > 1 ? 'All keys' : 'Your keys'}</h2>${rows.length === 0 ? html`<p class="soft">There are none yet.</p>` : html`<ul class="list">${rows}</ul>`}${paging('/keys', { offset, size: ROWS, hasMore: keys.length > ROWS })}</section>` })
}

/** `POST /keys`: a new key, whose secret is on this page and never again. */
export const makeKey = withTrouble('new', showKeys, async (context, live) => {
  const { field } = context
  const workspace = field('workspace_id')
  const until = field('until')
  const { key, data } = await operate(context, live, createKey, { body: {
    name: field('name'), ...limitIn(context), ...(workspace !== '' && { workspace_id: workspace }), ...(until !== '' && { expires_at: `${until}T23:59:59Z` }),
  } })
  return await accountPage(context, live, { title: 'Your new key', body: html`<section><h2>${asString(asObject(data)?.['name'])}</h2>
<p>Copy it now: this is the only time that it is shown. We keep a hash of it.</p>${onceShown('secret', asString(key) ?? '')}
<p class="soft">Send it as <code>Authorization: Bearer …</code> to <code>${context.signIn.site.url}/api/v1</code>; clients of OpenAI take that as their base URL.</p><p><a href="/keys">I have it: to the keys</a></p></section>` })
})

/** `POST /keys/change`: another name or limit. */
export const editKey = withTrouble('change', showKeys, async (context, live) => {
  const { field } = context
  await operate(context, live, changeKey, { params: { hash: field('hash') }, body: { name: field('name'), ...limitIn(context) } })
  return goTo('/keys?done=changed')
})

/** `POST /keys/state`: disables it, or lets it live again. */
export const switchKey = withTrouble('state', showKeys, async (context, live) => {
  const disabled = context.field('disabled') === 'yes'
  await operate(context, live, changeKey, { params: { hash: context.field('hash') }, body: { disabled } })
  return goTo(`/keys?done=${disabled ? 'disabled' : 'enabled'}`)
})

/** What the form says of the limit, as the API takes it. */
function limitIn({ field }: PageContext): { readonly limit: number | null; readonly limit_reset: string | null } {
  const text = field('limit').trim().replace(/^\$\s*/, '')
  // What is no number is the API's to refuse.
  return text === '' ? { limit: null, limit_reset: null } : { limit: Number(text), limit_reset: field('limit_reset') === '' ? null : field('limit_reset') }
}

async function newKeyForm(context: PageContext, live: LiveSession, shown: Shown | undefined): Promise<Html> {
  const typed = typedIn(context, shown, 'new')
  return html`<form method="post" action="/keys"><label>Name<input name="name" required maxlength="256" placeholder="Backend, production" value="${typed('name')}"></label>
${limitFields(typed('limit'), typed('limit_reset', 'daily'))}
<div class="names"><label>Until <small>(UTC, optional)</small><input name="until" type="date" value="${typed('until')}"></label>${await workspaceField(context, live, typed('workspace_id'))}</div>
<button>Make the key</button></form>`
}

function limitFields(limit: string, reset: string): Html {
  return html`<div class="names"><label>Limit in USD <small>(empty: none)</small><input name="limit" inputmode="decimal" maxlength="30" placeholder="5.00" value="${limit}"></label>
<label>Starts anew<select name="limit_reset">${RESETS.map(([value, name]) => html`<option value="${value}"${value === reset && html` selected`}>${name}</option>`)}</select></label></div>`
}

async function workspaceField({ workspaces }: PageContext, live: LiveSession, chosen: string): Promise<Piece> {
  const owner = ownerOnly(accessOfSession(live, 'workspaces.read'))
  const { rows } = await workspaces.list(live.accountId, { offset: 0, limit: NAMES_MAX, ...(owner !== undefined && { memberId: owner }) })
  const selected = chosen || defaultWorkspaceId(live.accountId)
  return rows.length > 1 && html`<label>Workspace<select name="workspace_id">${rows.map(({ id, name }) => html`<option value="${id}"${id === selected && html` selected`}>${name}</option>`)}</select></label>`
}

interface EntryOf { readonly context: PageContext; readonly shown: Shown | undefined; readonly owner: string | null }

function keyEntry(key: KeyRecord, { context, shown, owner }: EntryOf): Html {
  const { hash, name, label, disabled, limit, limitReset } = key
  const isTyped = shown?.form === 'change' && context.field('hash') === hash
  const typed = typedIn(context, isTyped ? shown : undefined, 'change')
  return html`<div class="head"><span><a href="/keys/${hash}"><strong>${name}</strong></a> ${badges(key, context.clock.wallMs())}<br><code class="soft">${label}</code>${owner !== null && html` <small>· ${owner}</small>`}</span>
<form method="post" action="/keys/state"><input type="hidden" name="hash" value="${hash}"><input type="hidden" name="disabled" value="${disabled ? 'no' : 'yes'}"><button class="plain small">${disabled ? 'Enable' : 'Disable'}${unseen(name)}</button></form></div>
${facts(factsOf(key, context.clock.wallMs()))}
<details${isTyped && html` open`}><summary>Change or delete${unseen(name)}</summary><form method="post" action="/keys/change"><input type="hidden" name="hash" value="${hash}"><label>Name<input name="name" required maxlength="256" value="${typed('name', name)}"></label>
${limitFields(typed('limit', limit === null ? '' : formatUsd(limit)), typed('limit_reset', limitReset ?? ''))}<button class="plain">Change it</button> <a href="/keys/${hash}">Delete…${unseen(name)}</a></form></details>`
}

function badges({ disabled, kind, expiresMs }: KeyRecord, nowMs: number): Piece {
  const words = [disabled && 'disabled', expiresMs !== null && expiresMs <= nowMs && 'expired', kind === 'management' && 'management']
  return words.map((word) => word !== false && html`<span class="badge">${word}</span> `)
}

function factsOf({ limit, limitReset, limitRemaining, usage, lastUsedMs, expiresMs }: KeyRecord, nowMs: number): (readonly [string, Piece])[] {
  const [each, now] = limitReset === null ? ['in all', 'in all'] : [PERIODS[limitReset], NOW[limitReset]]
  return [
    ['Limit', limit === null ? 'none' : `${sayUsd(limit)} ${each}`], ['Used', `${sayUsd(limitReset === null ? usage.total : usage[limitReset])} ${now}`], ...(limitRemaining === null ? [] : [['Left', sayUsd(limitRemaining)] as const]),
    ...(limit !== null && limitReset !== null ? [['Starts anew', minuteOf(windowAt(limitReset, nowMs).endMs)] as const] : []), ...(expiresMs === null ? [] : [['Until', minuteOf(expiresMs)] as const]), ['Last used', lastUsedMs === null ? 'never' : minuteOf(lastUsedMs)],
  ]
}

/** Whose keys there may be in the account. */
async function namesIn({ people }: PageContext, { accountId }: LiveSession): Promise<ReadonlyMap<string, string>> {
  const { rows } = await people.listMembers(accountId, { offset: 0, limit: NAMES_MAX })
  return new Map(rows.map(({ userId, user }) => [userId, userName(user)]))
}

function ownerOf({ creatorUserId }: KeyRecord, live: LiveSession, names: ReadonlyMap<string, string>): string | null {
  if (creatorUserId === live.user.id) return names.size > 1 ? 'yours' : null
  return creatorUserId === null ? 'of nobody' : names.get(creatorUserId) ?? 'of somebody who has left'
}
