import { ownerOnly, accessOf } from '../access.ts'
import type { DataScope } from '../../ledger/data-sets.ts'
import type { RouteContext } from '../route.ts'
import { callerOf } from './caller.ts'
import { passRequests } from './request-limits.ts'

/** Of what is shared between accounts nothing is told of fewer calls, or sessions, than these: they could be somebody's. */
const SHARED_REQUESTS_MIN = 20n
const SHARED_SESSIONS_MIN = 5

/** What a data set is made of for who asks, and how little of it is still told. */
export interface DataView { readonly scope: DataScope; readonly name: 'install' | 'account'; readonly requestsMin: bigint; readonly sessionsMin: number }

/**
 * Counts the request (J26), and says what it is answered of: all accounts together, where the operator shares that; the account's own calls for a management
 * key that may see them all; undefined for others: what an account does is not told to everybody who has a key of it.
 */
export async function dataView(context: RouteContext): Promise<DataView | undefined> {
  const caller = callerOf(context)
  const { services } = context
  await passRequests(context, caller.accountId, 'datasets')
  if (services.instance.settings.sharesUsage) return { scope: { accountId: null }, name: 'install', requestsMin: SHARED_REQUESTS_MIN, sessionsMin: SHARED_SESSIONS_MIN }
  if (caller.key.kind !== 'management') return undefined
  const access = await accessOf(caller, 'analytics.read', services.people)
  return ownerOnly(access) === undefined ? { scope: { accountId: caller.accountId }, name: 'account', requestsMin: 1n, sessionsMin: 1 } : undefined
}

/** Beside the contract's `meta`: what it is of. */
export function scopeNote(view: DataView | undefined): { readonly switchyard: { readonly scope: 'install' | 'account' | 'none' } } {
  return { switchyard: { scope: view?.name ?? 'none' } }
}
