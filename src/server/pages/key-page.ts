import type { KeyRecord } from '../../accounts/accounts.ts'
import { Fault } from '../../core/fault.ts'
import { sayUsd } from '../../core/nano.ts'
import { sayWindow } from '../../ledger/window.ts'
import { ownerOnly, type Access } from '../access.ts'
import { accessOfSession } from '../session.ts'
import { minuteOf, pageLinks, PERIODS } from './account-page.ts'
import { html } from './html.ts'
import { goTo, page } from './layout.ts'
import type { PageContext } from './page-context.ts'

/** `GET /keys/{hash}`: where apps send people who ask what their key may do (contract H11). 404 for who it is not of. */
export async function showKey({ accounts, params, live }: PageContext): Promise<Response> {
  if (!live) return signInFirst(params['token'] ?? '')
  const key = await ownKey(accounts, params['token'] ?? '', accessOfSession(live, 'keys.read'))
  const { limit, limitReset, limitRemaining, usage, expiresMs, lastUsedMs, rolling } = key
  const allowed = limit === null ? 'no limit' : `${sayUsd(limit)}${limitReset === null ? ' in all' : ` ${PERIODS[limitReset]}`}, ${sayUsd(limitRemaining ?? 0n)} left`
  const facts: readonly (readonly [string, string])[] = [
    ['Key', key.label], ['State', key.disabled ? 'disabled' : 'live'], ['May use', allowed], ...rolling.map((one) => [`In any ${sayWindow(one.window)}`, `${sayUsd(one.limit)}, ${sayUsd(one.remaining)} left`] as const), ['Has used', `${sayUsd(usage.total)} in all, ${sayUsd(usage.monthly)} this month, ${sayUsd(usage.daily)} today`],
    ['Until', expiresMs === null ? 'it is deleted' : minuteOf(expiresMs)], ['Last used', lastUsedMs === null ? 'never' : minuteOf(lastUsedMs)],
  ]
  return page({ title: key.name, isWide: true, body: html`${pageLinks('/keys')}<section><h1>${key.name}</h1><ul class="list">${facts.map(([name, value]) => html`<li><span class="soft">${name}</span><span>${value}</span></li>`)}</ul>
<form method="post" action="/keys/${key.hash}"><button class="plain">Delete this key</button></form></section>` })
}

/** `POST /keys/{hash}`: the key is refused from now on. */
export async function endKey({ accounts, params, live }: PageContext): Promise<Response> {
  if (!live) return signInFirst(params['token'] ?? '')
  const access = accessOfSession(live, 'keys.delete')
  const { hash, name } = await ownKey(accounts, params['token'] ?? '', access)
  await accounts.deleteKey(live.accountId, hash, access.actor)
  return page({ title: 'Deleted', body: html`<section><h1>${name} is deleted</h1><p>It is refused from now on. What it did stays on record.</p><p><a href="/keys">To the keys</a></p></section>` })
}

/** `GET /logs?api_key_hash=`: there is no console with logs; what a key has used is on its page. */
export function showLogs({ field }: PageContext): Response {
  const hash = field('api_key_hash')
  if (hash === '') throw new Fault('not_found', 'There are no logs to look at here. GET /api/v1/generation has the record of a call, POST /api/v1/analytics/query what calls came to.')
  return goTo(`/keys/${encodeURIComponent(hash)}`)
}

function signInFirst(hash: string): Response {
  return goTo(`/sign-in?next=${encodeURIComponent(`/keys/${encodeURIComponent(hash)}`)}`)
}

/** Others' keys are none: nobody learns of them. */
async function ownKey(accounts: PageContext['accounts'], hash: string, access: Access): Promise<KeyRecord> {
  const key = /^[0-9a-f]{64}$/.test(hash) ? await accounts.key(access.accountId, hash) : undefined
  const owner = ownerOnly(access)
  if (!key || (owner !== undefined && key.creatorUserId !== owner)) throw new Fault('not_found', 'There is no such key of yours in the account that you look at.')
  return key
}
