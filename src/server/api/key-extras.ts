import { z } from 'zod'
import type { KeyExtras } from '../../accounts/accounts.ts'
import type { RollingLimit } from '../../accounts/caller.ts'
import { parseRates } from '../../catalog/rate-limits.ts'
import { parseUsd } from '../../core/nano.ts'
import { readWindow, shortestFirst } from '../../ledger/window.ts'
import type { RouteContext } from '../route.ts'
import { knownModels, knownProviders } from './policy-body.ts'

const NAMES = { error: 'must be a list of texts, or null' }
const names = z.array(z.string(NAMES).trim().min(1, NAMES), NAMES).nullable().optional()
const PRICE = { error: 'must be an amount of USD of at least 0 with at most nine decimals, as 0.5 or "0.5"' }
const price = z.union([z.string(PRICE), z.number(PRICE)], PRICE).transform(String).refine((text) => (parseUsd(text) ?? -1n) >= 0n, PRICE).optional()
const TAGS = { error: 'must be an object of texts, or null' }

const COUNT = { error: 'must be a whole number of at least 1, or null' }
const count = z.int(COUNT).min(1, COUNT).max(1_000_000_000_000, COUNT).nullable().default(null)
const USD = { error: 'must be an amount of USD above 0 and up to 1000000 with at most nine decimals, as 0.5 or "0.5", or null' }
const usd = z.union([z.string(USD), z.number(USD)], USD).transform(String)
  .refine((text) => isBetween(parseUsd(text)), USD).nullable().default(null)

function isBetween(amount: bigint | undefined): boolean {
  return amount !== undefined && amount > 0n && isAtMost(amount)
}

function isAtMost(amount: bigint | undefined): boolean {
  return amount !== undefined && amount <= 1_000_000_000_000_000n
}

/** What may pass in a minute, of a key or an account. */
export const RATES = z.strictObject({ requests_per_minute: count, tokens_per_minute: count, usd_per_minute: usd }, { error: 'must be an object with `requests_per_minute`, `tokens_per_minute`, `usd_per_minute`, or null' }).nullable().optional()

const ROLLING = { error: 'must be a list of limits like { "window": "5h", "limit": 2.5 }, or null' }
const WINDOW = { error: 'must be a span of whole hours or days, from "1h" to "30d"' }
const SPEND = { error: 'must be an amount of USD from 0 to 1000000 with at most nine decimals, as 0.5 or "0.5"' }
const rolling = z.array(z.strictObject({
  window: z.string(WINDOW).refine((text) => readWindow(text) !== undefined, WINDOW),
  limit: z.union([z.string(SPEND), z.number(SPEND)], SPEND).transform(String).refine((text) => (parseUsd(text) ?? -1n) >= 0n && isAtMost(parseUsd(text)), SPEND),
}, ROLLING), ROLLING).nullable().optional()

/** `switchyard` of a key: what goes beyond the contract. What it may be in detail is `accounts/key-extras.ts`'s to know. */
export const KEY_EXTRAS = z.strictObject({
  allowed_models: names,
  allowed_providers: names,
  max_price: z.strictObject({ prompt: price, completion: price, request: price }, { error: 'must be an object with `prompt`, `completion`, `request` in USD, or null' }).nullable().optional(),
  wallet: z.string({ error: 'must be the id of a wallet; GET /api/v1/wallets lists them' }).optional(),
  customers: z.union([z.literal(true), z.array(z.string()).min(1)], { error: 'must be true for any, a list of the `external_id` of wallets, or null' }).nullable().optional(),
  ip_ranges: names,
  rate_limits: RATES,
  rolling_limits: rolling,
  tags: z.record(z.string(TAGS), z.string(TAGS), TAGS).nullable().optional(),
}, { error: 'must be an object' })

/** What the body says of it, in our terms; models and providers by the names that we know them by. */
export function keyExtras({ services }: RouteContext, body: Partial<z.output<typeof KEY_EXTRAS>> | undefined): KeyExtras & { readonly wallet?: string } {
  if (!body) return {}
  const { allowed_models: models, allowed_providers: providers, max_price: prices, ip_ranges: ipRanges, rate_limits: rates, rolling_limits: rollingLimits, tags, wallet, customers } = body
  const rules = {
    ...(models !== undefined && { allowedModels: knownModels('switchyard.allowed_models', models, services.snapshot()) }),
    ...(providers !== undefined && { allowedProviders: knownProviders('switchyard.allowed_providers', providers, services.snapshot()) }),
    ...(prices !== undefined && { maxPrice: prices && Object.fromEntries(Object.entries(prices).filter(([, amount]) => amount !== undefined)) }),
  }
  const rateLimits = rates && parseRates(rates)
  return { ...(wallet !== undefined && { wallet }), ...(customers !== undefined && { customers }), ...(rateLimits !== undefined && { rateLimits }), ...(rollingLimits !== undefined && { rollingLimits: rollingLimits && readRolling(rollingLimits) }), ...(Object.keys(rules).length > 0 && { rules }), ...(ipRanges !== undefined && { ipRanges }), ...(tags !== undefined && { tags }) }
}

/** Checked above: each is a window and an amount. */
function readRolling(limits: readonly { readonly window: string; readonly limit: string }[]): RollingLimit[] {
  return shortestFirst(limits.flatMap(({ window: span, limit }) => {
    const window = readWindow(span)
    return window ? [{ window, limit: parseUsd(limit) ?? 0n }] : []
  }))
}
