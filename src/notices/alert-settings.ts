import { z } from 'zod'
import { readEmail } from '../accounts/user.ts'
import type { Change } from '../accounts/people-store.ts'
import { formatUsd, parseUsd, usdNumber, type Nano } from '../core/nano.ts'

/** When people of an account are told of what is used up, and how. */
export interface AlertSettings {
  /** Shares of a key's limit, a budget and all that has a cap, in percent, in ascending order. */
  readonly percents: readonly number[]
  /** What an account's balance falls below, in descending order. */
  readonly balances: readonly Nano[]
  readonly recipients: {
    readonly admins: boolean
    /** The person whose key it is. */
    readonly keyOwner: boolean
    readonly addresses: readonly string[]
    /** Who alone is told of a low balance (contract J23); null: the same as of all else. */
    readonly balanceAddress: string | null
  }
  readonly channels: { readonly email: boolean; readonly webhook: boolean }
}

/** Until somebody says otherwise (contract J23, and all four shares). */
export const ALERT_SETTINGS: AlertSettings = Object.freeze<AlertSettings>({
  percents: [50, 80, 90, 100], balances: [100_000_000_000n], recipients: { admins: true, keyOwner: true, addresses: [], balanceAddress: null }, channels: { email: true, webhook: true },
})

const LIST_MAX = 10
const ADDRESSES_MAX = 20
const PERCENTS = { error: `must be a list of at most ${LIST_MAX} whole percentages from 1 to 100` }
const BALANCES = { error: `must be a list of at most ${LIST_MAX} amounts of USD above 0, with at most nine decimals` }
const ADDRESSES = { error: `must be a list of at most ${ADDRESSES_MAX} e-mail addresses` }
const ADDRESS = { error: 'must be an e-mail address, or null' }
const OBJECT = { error: 'must be an object' }
const flag = z.boolean({ error: 'must be true or false' }).optional()
const usd = z.number(BALANCES).positive(BALANCES).max(1_000_000_000, BALANCES).refine((amount) => parseUsd(String(amount)) !== undefined, BALANCES).transform((amount) => parseUsd(String(amount)) ?? 0n)

/** A change as the API takes it, and all of them as the store keeps them. What is left out stays as it is. */
export const ALERT_CHANGE = z.strictObject({
  thresholds: z.strictObject({
    percent: z.array(z.int(PERCENTS).min(1, PERCENTS).max(100, PERCENTS), PERCENTS).max(LIST_MAX, PERCENTS).optional(),
    balance_usd: z.array(usd, BALANCES).max(LIST_MAX, BALANCES).optional(),
  }, OBJECT).optional(),
  recipients: z.strictObject({
    admins: flag, key_owner: flag,
    addresses: z.array(z.string(ADDRESSES).refine(isAddress, ADDRESSES).transform(readEmail), ADDRESSES).max(ADDRESSES_MAX, ADDRESSES).optional(),
    balance_address: z.string(ADDRESS).refine(isAddress, ADDRESS).transform(readEmail).nullable().optional(),
  }, OBJECT).optional(),
  channels: z.strictObject({ email: flag, webhook: flag }, OBJECT).optional(),
}, OBJECT)
export type AlertChange = z.output<typeof ALERT_CHANGE>

function isAddress(text: string): boolean {
  try {
    return readEmail(text) !== ''
  } catch {
    // It says what is wrong in a sentence of its own; here the field says it.
    return false
  }
}

/** The settings as a change makes them. */
export function changedSettings(before: AlertSettings, { thresholds = {}, recipients = {}, channels = {} }: AlertChange): AlertSettings {
  const { admins = before.recipients.admins, key_owner: keyOwner = before.recipients.keyOwner, addresses = before.recipients.addresses, balance_address: balanceAddress = before.recipients.balanceAddress } = recipients
  return {
    percents: thresholds.percent ? [...new Set(thresholds.percent)].toSorted((a, b) => a - b) : before.percents,
    balances: thresholds.balance_usd ? [...new Set(thresholds.balance_usd)].toSorted((a, b) => (a < b ? 1 : -1)) : before.balances,
    recipients: { admins, keyOwner, addresses: [...new Set(addresses)], balanceAddress },
    channels: { email: channels.email ?? before.channels.email, webhook: channels.webhook ?? before.channels.webhook },
  }
}

/** As the API shows them, the store keeps them, and `readSettings` reads them. */
export function settingsRow({ percents, balances, recipients, channels }: AlertSettings): object {
  return {
    thresholds: { percent: percents, balance_usd: balances.map(usdNumber) },
    recipients: { admins: recipients.admins, key_owner: recipients.keyOwner, addresses: recipients.addresses, balance_address: recipients.balanceAddress },
    channels,
  }
}

/** What `settingsRow` wrote. */
export function readSettings(text: string | undefined): AlertSettings {
  return text === undefined ? ALERT_SETTINGS : changedSettings(ALERT_SETTINGS, ALERT_CHANGE.parse(JSON.parse(text)))
}

/** As the log of changes shows them. */
export function seenSettings(settings: AlertSettings): object {
  return { ...settings, balances: settings.balances.map(formatUsd) }
}

/** What settings need stored; as `OutboxStore`. */
export interface AlertSettingsStore {
  alertSettings(accountId: string): Promise<AlertSettings>
  /** Applies the change to what is kept then; with its entry in the log. */
  changeAlertSettings(accountId: string, wish: AlertChange, change: Change): Promise<AlertSettings>
}
