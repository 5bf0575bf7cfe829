import type { KeyRecord } from '../../accounts/accounts.ts'
import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { ratesJson } from '../../catalog/rate-limits.ts'
import { Fault } from '../../core/fault.ts'
import { usdNumber, type Nano } from '../../core/nano.ts'
import { writeWindow } from '../../ledger/window.ts'
import type { Route } from '../route.ts'
import { callerOf } from './caller.ts'

/** What the contract calls our regions where it speaks of data. */
export const DATA_REGIONS = { eu: 'europe', us: 'us' } as const

const NO_USE = { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }

/** Where the operator has lifted the daily limit of free models: the official client wants a number. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** `GET /key`: the key that asks, seen by itself (H3). */
export const getOwnKey: Route = {
  method: 'GET', path: '/key', auth: 'key',
  async handle(context) {
    const caller = callerOf(context)
    const { accountId, key } = caller
    const { services } = context
    const found = await services.accounts.key(accountId, key.hash)
    // A customer sees what the customer paid.
    const record = found && key.wallet !== undefined ? { ...found, usage: await services.wallets.keyUse(key.wallet, key.hash), byokUsage: NO_USE } : found
    if (!record) throw new Fault('unauthenticated', 'This key was deleted.')
    const isManagement = record.kind === 'management'
    const [account, { total }] = await Promise.all([services.people.account(accountId), services.accounts.credits(key.wallet ?? accountId)])
    const settings = services.snapshot().rateLimits
    const rates = services.rates.ratesOf(caller, settings)
    const { used, limit } = await services.rates.freeUse(caller, settings)
    const policy = await services.rules.of(caller, services.snapshot())
    return {
      data: {
        label: record.label,
        ...allowanceOf(record),
        // Only free models answer where nothing was ever bought or given.
        is_free_tier: total === 0n && (key.wallet !== undefined || services.instance.settings.moneyEnabled),
        is_management_key: isManagement,
        is_provisioning_key: isManagement,
        // Whose it is, and where, is the reseller's: a customer has a wallet.
        creator_user_id: key.wallet === undefined ? record.creatorUserId : null,
        workspace_id: key.wallet === undefined ? record.workspaceId : defaultWorkspaceId(key.wallet),
        // Newer than the contract's document; the official client refuses an answer without them.
        organization_id: key.wallet === undefined && account?.kind === 'organization' ? account.id : null,
        allowed_data_regions: [policy.region === undefined ? 'global' : DATA_REGIONS[policy.region]],
        free_model_daily_requests: { limit: limit ?? NO_LIMIT, remaining: limit === null ? NO_LIMIT : Math.max(0, limit - used), used },
        // Deprecated, and required by clients (contract N11): -1 where nothing is limited.
        rate_limit: { requests: rates.requestsPerMinute === undefined ? -1 : Number(rates.requestsPerMinute), interval: rates.requestsPerMinute === undefined ? '10s' : '60s', note: 'This field is deprecated and safe to ignore.' },
        switchyard: { rate_limits: ratesJson(rates), rolling_limits: rollingRows(record.rolling) },
      },
    }
  },
}

/** What a key may spend and has spent: the fields that `GET /key` and `GET /keys` share. */
export function allowanceOf(key: KeyRecord): object {
  return {
    limit: usdOrNull(key.limit),
    limit_remaining: usdOrNull(key.limitRemaining),
    limit_reset: key.limitReset,
    include_byok_in_limit: key.includeByokInLimit,
    usage: usdNumber(key.usage.total),
    usage_daily: usdNumber(key.usage.daily),
    usage_weekly: usdNumber(key.usage.weekly),
    usage_monthly: usdNumber(key.usage.monthly),
    byok_usage: usdNumber(key.byokUsage.total),
    byok_usage_daily: usdNumber(key.byokUsage.daily),
    byok_usage_weekly: usdNumber(key.byokUsage.weekly),
    byok_usage_monthly: usdNumber(key.byokUsage.monthly),
    expires_at: timeOrNull(key.expiresMs),
  }
}

/** What a key may spend in windows that move on with time, and has spent in them; null: it has no such limit. */
export function rollingRows(rolling: KeyRecord['rolling']): object[] | null {
  return rolling.length === 0 ? null : rolling.map(({ window, limit, used, remaining }) => ({ window: writeWindow(window), limit: usdNumber(limit), used: usdNumber(used), remaining: usdNumber(remaining) }))
}

/** A time as the contract writes it, in UTC. */
export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function usdOrNull(amount: Nano | null): number | null {
  return amount === null ? null : usdNumber(amount)
}
