import type { KeyRecord } from '../../accounts/accounts.ts'
import { ratesJson } from '../../catalog/rate-limits.ts'
import { allowanceOf, rollingRows, timeOrNull } from './key.ts'

/** A key as the contract shows it, and in `switchyard` what only this server knows of it. */
export function keyRow(key: KeyRecord): object {
  return {
    hash: key.hash,
    name: key.name,
    label: key.label,
    disabled: key.disabled,
    ...allowanceOf(key),
    created_at: timeOrNull(key.createdMs),
    updated_at: timeOrNull(key.updatedMs),
    creator_user_id: key.creatorUserId,
    // Newer than the contract's document; the official client refuses an answer without it.
    external_user: null,
    workspace_id: key.workspaceId,
    is_management_key: key.kind === 'management',
    switchyard: extrasRow(key),
  }
}

function extrasRow({ wallet, customers, rules, ipRanges, rateLimits, rolling, tags, appId, lastUsedMs, oldSecretEndsMs }: KeyRecord): object {
  return {
    allowed_models: rules.allowedModels ?? null,
    allowed_providers: rules.allowedProviders ?? null,
    max_price: rules.maxPrice ?? null,
    ip_ranges: ipRanges ?? null,
    rate_limits: rateLimits ? ratesJson(rateLimits) : null,
    rolling_limits: rollingRows(rolling),
    tags: tags ?? null,
    wallet: wallet ?? null,
    customers: customers ?? null,
    app_id: appId ?? null,
    last_used_at: timeOrNull(lastUsedMs),
    old_secret_ends_at: timeOrNull(oldSecretEndsMs),
  }
}
