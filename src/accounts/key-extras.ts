import { Fault } from '../core/fault.ts'
import { parseUsd } from '../core/nano.ts'
import { readIpRange } from '../lib/ip-address.ts'
import type { KeyExtras, KeyRules } from './accounts.ts'

const RANGES_MAX = 100
const NAMES_MAX = 100
const NAME_CHARS_MAX = 200
const TAGS_MAX = 16
const TAG_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/
const TAG_CHARS_MAX = 128
const ROLLING_MAX = 4
const PRICES = ['prompt', 'completion', 'request'] as const

/** Throws Fault `invalid_request`, with what to change, where something that goes beyond the contract is not as it must be. */
export function checkExtras({ ipRanges, tags, rollingLimits, customers, rules = {} }: KeyExtras & { readonly wallet?: string }): void {
  if (Array.isArray(customers)) checkNames('customers', customers, "customers, by the `external_id` of their wallets; or true for any")
  if (ipRanges) checkRanges(ipRanges)
  if (tags) checkTags(tags)
  if (rollingLimits) checkRolling(rollingLimits)
  if (rules.allowedModels) checkNames('allowed_models', rules.allowedModels, 'ids of models')
  if (rules.allowedProviders) checkNames('allowed_providers', rules.allowedProviders, 'names of providers')
  if (rules.maxPrice) checkPrices(rules.maxPrice)
}

function checkRanges(ranges: readonly string[]): void {
  if (ranges.length === 0 || ranges.length > RANGES_MAX) throw wrong('ip_ranges', `is a list of 1 to ${RANGES_MAX} networks, or null for any`)
  const bad = ranges.find((range) => !readIpRange(range))
  if (bad !== undefined) throw wrong('ip_ranges', `has ${JSON.stringify(bad.slice(0, 60))}, which is no network: write one like 192.0.2.0/24 or 2001:db8::/32, without bits behind the prefix`)
}

function checkNames(field: string, names: readonly string[], what: string): void {
  if (names.length === 0 || names.length > NAMES_MAX || names.some((name) => name.trim() === '' || name.length > NAME_CHARS_MAX)) throw wrong(field, `is a list of 1 to ${NAMES_MAX} ${what}, or null for all`)
}

function checkTags(tags: NonNullable<KeyExtras['tags']>): void {
  const entries = Object.entries(tags)
  if (entries.length > TAGS_MAX) throw wrong('tags', `has ${entries.length} tags; ${TAGS_MAX} at most`)
  for (const [name, value] of entries) {
    if (!TAG_NAME.test(name)) throw wrong('tags', `has the name ${JSON.stringify(name.slice(0, 60))}: names are 1 to 64 letters, digits, and _ . - inside`)
    if (value === '' || value.length > TAG_CHARS_MAX || /\p{Cc}/u.test(value)) throw wrong('tags', `has a value of ${name} that is no text of 1 to ${TAG_CHARS_MAX} characters in one line`)
  }
}

function checkRolling(limits: NonNullable<KeyExtras['rollingLimits']>): void {
  if (limits.length === 0 || limits.length > ROLLING_MAX) throw wrong('rolling_limits', `is a list of 1 to ${ROLLING_MAX} limits, or null for none`)
  const twice = limits.find(({ window }, at) => limits.findIndex((other) => other.window === window) < at)
  if (twice) throw wrong('rolling_limits', `has two limits for ${twice.window}: one window has one limit`)
}

function checkPrices(prices: NonNullable<KeyRules['maxPrice']>): void {
  for (const name of PRICES) {
    const price = prices[name]
    const amount = price === undefined ? 0n : parseUsd(price)
    if (amount === undefined || amount < 0n) throw wrong('max_price', `has a \`${name}\` that is no amount of USD of at least 0 with at most nine decimals`)
  }
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `\`${field}\` ${what}.`, { metadata: { field } })
}
