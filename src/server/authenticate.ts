import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import { Fault } from '../core/fault.ts'

/** The key that a client shows: `Authorization: Bearer`, or `x-api-key` as Anthropic's clients send it (contract H1). */
export function shownKey(request: Request): string | undefined {
  const header = request.headers.get('authorization')
  if (header !== null) {
    const space = header.indexOf(' ')
    const scheme = header.slice(0, space).toLowerCase()
    return scheme === 'bearer' ? header.slice(space + 1).trim() : undefined
  }
  return request.headers.get('x-api-key') ?? undefined
}

/** The key that a client of a certain dialect shows, and where such a client is to put one when there is none. */
export interface ShownKey { readonly key: string | undefined; readonly how: string }

/** Google's clients show it as `x-goog-api-key`, or in the query. */
export function googleKey(request: Request): ShownKey {
  const key = request.headers.get('x-goog-api-key') ?? new URL(request.url).searchParams.get('key') ?? shownKey(request)
  return { key, how: 'send the key as `x-goog-api-key` (`apiKey` of the client) or as `Authorization: Bearer sk-sw-v1-…`' }
}

/** Ollama's clients show none by themselves. */
export function ollamaKey(request: Request): ShownKey {
  return { key: shownKey(request), how: 'send the key as `Authorization: Bearer sk-sw-v1-…` (`headers` of the client, or OLLAMA_API_KEY where it reads that)' }
}

/** What keys of a suspended account get, and who is signed in to it. */
export function suspendedFault(reason: string): Fault {
  return new Fault('permission_denied', `This account is suspended${reason === '' ? '' : ` (${reason})`}. Only the operator of this install can take that back.`, { metadata: { reason: 'account_suspended' } })
}

/** The caller behind the request's key. Throws Fault `unauthenticated`, saying where a key belongs. */
export function authenticate(request: Request, accounts: Accounts, nowMs: number, shown?: ShownKey): Caller | Promise<Caller> {
  const key = shown ? shown.key : shownKey(request)
  if (shown && !shown.key) throw new Fault('unauthenticated', `Missing Authentication header: ${shown.how}`)
  if (key === undefined || key === '') throw missing(request)
  const caller = accounts.find(key)
  return caller instanceof Promise ? caller.then((found) => live(found, nowMs)) : live(caller, nowMs)
}

function live(caller: Caller | undefined, nowMs: number): Caller {
  if (!caller) throw new Fault('unauthenticated', 'No live key is like this: it was never made here, or it was disabled, deleted or has expired. `switchyard keys list` shows them, `switchyard keys create` makes one.')
  if (caller.key.disabled) throw new Fault('unauthenticated', 'This key is disabled')
  if (caller.key.expiresMs !== null && caller.key.expiresMs <= nowMs) throw new Fault('unauthenticated', `This key expired at ${new Date(caller.key.expiresMs).toISOString()}`)
  if (caller.suspended !== undefined) throw suspendedFault(caller.suspended)
  return caller
}

const WRONG_PLACES = ['key', 'api_key', 'apikey', 'token', 'access_token']

function missing(request: Request): Fault {
  const header = request.headers.get('authorization')
  const how = 'send the key as `Authorization: Bearer sk-sw-v1-…`'
  if (header !== null) return new Fault('unauthenticated', `The Authorization header has no bearer key: ${how}`)
  const query = new URL(request.url).searchParams
  const place = WRONG_PLACES.find((name) => query.has(name))
  if (place !== undefined) return new Fault('unauthenticated', `Missing Authentication header. The key stands in the query (\`${place}\`), where logs keep it: replace it, and ${how}.`)
  return new Fault('unauthenticated', `Missing Authentication header: ${how}`)
}
