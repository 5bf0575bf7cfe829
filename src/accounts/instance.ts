import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import { formatUsd, parseUsd, type Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import type { Actor } from './audit-entry.ts'
import type { Change } from './people-store.ts'
import { readEmail } from './user.ts'

/** Who may make themselves a person here: `open` anybody · `invitation` who was invited · `domains` also who has an address of these domains · `closed` nobody. */
export const SIGN_UP_MODES = ['open', 'invitation', 'domains', 'closed'] as const

/** Who sends invoices, as they say it. */
export interface Seller { readonly name: string; readonly address: string; readonly taxId: string; readonly email: string }

/** What the operator decides for the whole install. Kept in the store, the same in every process. */
export interface InstanceSettings {
  readonly signUp: { readonly mode: (typeof SIGN_UP_MODES)[number]; /** In lower case, without @. */ readonly domains: readonly string[] }
  /** false: nothing is bought and no balance is asked; limits and budgets hold as ever. */
  readonly moneyEnabled: boolean
  readonly purchases: {
    /** Parts per million of the amount: 5.5 % is 55 000. */
    readonly feePpm: bigint
    readonly feeMin: Nano
    readonly amountMin: Nano
    /** Credit that was bought lapses after so long; null: never. */
    readonly expiryDays: number | null
  }
  /** How many members an organization has at most, unless its account says otherwise (contract H20). */
  readonly membersMax: number
  /** Data sets (`/datasets/*`) tell everybody with a key what all accounts use together. */
  readonly sharesUsage: boolean
  /** Who moves credit from their own account to an organization has been in it for so long, and has not done so for so long (contract H20). */
  readonly creditMoves: { readonly tenureDays: number; readonly cooldownDays: number }
  /** What a new person's own account is given (contract I13). */
  readonly trialCredit: Nano
  readonly seller: Seller
}

/** As a fresh install has them: fee and minimum as in the contract (I2). */
export const INSTANCE_SETTINGS: InstanceSettings = Object.freeze<InstanceSettings>({
  signUp: { mode: 'invitation', domains: [] }, moneyEnabled: true,
  purchases: { feePpm: 55_000n, feeMin: 800_000_000n, amountMin: 5_000_000_000n, expiryDays: null },
  membersMax: 10, sharesUsage: false, creditMoves: { tenureDays: 7, cooldownDays: 1 }, trialCredit: 0n, seller: { name: '', address: '', taxId: '', email: '' },
})

/** What instance settings need stored; as `PeopleStore`. */
export interface InstanceStore {
  /** As `settingsJson` wrote them; undefined: nothing was ever changed. */
  instanceSettings(): Promise<string | undefined>
  /** Applies the change to what is kept then; with its entry in the log. */
  changeInstanceSettings(change: InstanceChange, by: Change): Promise<string>
}

const USD = { error: 'must be an amount of USD from 0 to 1000000 with at most nine decimals, as 0.8 or "0.80"' }
const usd = z.union([z.string(USD), z.number(USD)], USD).transform((value) => parseUsd(String(value)) ?? -1n).refine((amount) => amount >= 0n && amount <= 1_000_000_000_000_000n, USD)
/** A percentage is read as an amount is; a millionth is this much of it. */
const PERCENT_UNIT = 100_000n
const PERCENT = { error: 'must be a percentage from 0 to 100 with at most four decimals, as 5.5 or "5.5"' }
const ppm = z.union([z.string(PERCENT), z.number(PERCENT)], PERCENT).transform((value) => parseUsd(String(value)) ?? -1n)
  .refine((percent) => percent >= 0n && percent <= 100_000_000_000n && percent % PERCENT_UNIT === 0n, PERCENT).transform((percent) => percent / PERCENT_UNIT)

const DAYS = { error: 'must be a whole number of days from 1 to 36500, or null for never' }
const SPAN = { error: 'must be a whole number of days from 0 to 3650' }
const span = z.int(SPAN).min(0, SPAN).max(3_650, SPAN).optional()
const MEMBERS = { error: 'must be a whole number from 1 to 1000000' }
const TEXT = { error: 'must be a text of at most 500 characters' }
const DOMAINS = { error: 'must be a list of at most 1000 domains, as ["example.com"]' }
const MODE = { error: `must be one of ${SIGN_UP_MODES.join(', ')}` }
const OBJECT = { error: 'must be an object' }
const text = z.string(TEXT).trim().max(500, TEXT).optional()
const domain = z.string(DOMAINS).trim().toLowerCase().transform((value) => value.replace(/^@/, '')).refine((value) => value.length <= 253 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/.test(value), DOMAINS)

/** A change of the settings as the API takes it, and all of them as the store keeps them. What is left out stays as it is. */
export const INSTANCE_CHANGE = z.strictObject({
  sign_up: z.strictObject({ mode: z.enum(SIGN_UP_MODES, MODE).optional(), domains: z.array(domain, DOMAINS).max(1_000, DOMAINS).optional() }, OBJECT).optional(),
  money: z.boolean({ error: 'must be true or false' }).optional(),
  purchases: z.strictObject({ fee_percent: ppm.optional(), fee_min_usd: usd.optional(), amount_min_usd: usd.optional(), expiry_days: z.int(DAYS).min(1, DAYS).max(36_500, DAYS).nullable().optional() }, OBJECT).optional(),
  members_max: z.int(MEMBERS).min(1, MEMBERS).max(1_000_000, MEMBERS).optional(),
  share_usage: z.boolean({ error: 'must be true or false' }).optional(),
  credit_moves: z.strictObject({ tenure_days: span, cooldown_days: span }, OBJECT).optional(),
  trial_credit_usd: usd.optional(),
  seller: z.strictObject({ name: text, address: text, tax_id: text, email: text }, OBJECT).optional(),
})

/** A change, read. */
export type InstanceChange = z.output<typeof INSTANCE_CHANGE>

/** The settings with a change in them. Throws Fault `invalid_request` where they would contradict each other. */
export function withChange(settings: InstanceSettings, { sign_up: signUp, money, purchases, members_max: membersMax, share_usage: sharesUsage, credit_moves: moves, trial_credit_usd: trialCredit, seller }: InstanceChange): InstanceSettings {
  const { signUp: s, purchases: p, seller: by } = settings
  const after: InstanceSettings = {
    signUp: { mode: signUp?.mode ?? s.mode, domains: signUp?.domains ?? s.domains }, moneyEnabled: money ?? settings.moneyEnabled,
    purchases: {
      feePpm: purchases?.fee_percent ?? p.feePpm, feeMin: purchases?.fee_min_usd ?? p.feeMin, amountMin: purchases?.amount_min_usd ?? p.amountMin,
      expiryDays: purchases?.expiry_days === undefined ? p.expiryDays : purchases.expiry_days,
    },
    membersMax: membersMax ?? settings.membersMax, sharesUsage: sharesUsage ?? settings.sharesUsage,
    creditMoves: { tenureDays: moves?.tenure_days ?? settings.creditMoves.tenureDays, cooldownDays: moves?.cooldown_days ?? settings.creditMoves.cooldownDays },
    trialCredit: trialCredit ?? settings.trialCredit,
    seller: { name: seller?.name ?? by.name, address: seller?.address ?? by.address, taxId: seller?.tax_id ?? by.taxId, email: seller?.email ?? by.email },
  }
  if (after.signUp.mode === 'domains' && after.signUp.domains.length === 0) throw new Fault('invalid_request', '`sign_up.domains` is empty: the mode `domains` needs at least one, as ["example.com"].', { metadata: { field: 'sign_up.domains' } })
  return after
}

/** The settings as the API shows them and the store keeps them. */
export function settingsJson({ signUp, moneyEnabled, purchases, membersMax, sharesUsage, creditMoves, trialCredit, seller }: InstanceSettings): object {
  return {
    sign_up: signUp, money: moneyEnabled,
    purchases: { fee_percent: formatUsd(purchases.feePpm * PERCENT_UNIT), fee_min_usd: formatUsd(purchases.feeMin), amount_min_usd: formatUsd(purchases.amountMin), expiry_days: purchases.expiryDays },
    members_max: membersMax, share_usage: sharesUsage, credit_moves: { tenure_days: creditMoves.tenureDays, cooldown_days: creditMoves.cooldownDays }, trial_credit_usd: formatUsd(trialCredit),
    seller: { name: seller.name, address: seller.address, tax_id: seller.taxId, email: seller.email },
  }
}

/** Reads what `settingsJson` wrote; what is newer than it is as on a fresh install. */
export function readSettings(json: string | undefined): InstanceSettings {
  return json === undefined ? INSTANCE_SETTINGS : withChange(INSTANCE_SETTINGS, INSTANCE_CHANGE.parse(JSON.parse(json)))
}

/** The settings of the install as this process knows them: right within a second, wherever they are changed. */
export class Instance {
  private current = INSTANCE_SETTINGS
  /** Questions so far, and which of them was answered with what is current: an older one's answer that comes later is not taken. */
  private asked = 0
  private answered = 0

  constructor(private readonly store: InstanceStore, private readonly clock: Clock) {}

  /** Costs nothing: no question to the store. */
  get settings(): InstanceSettings {
    return this.current
  }

  /** Asks the store: at the start, and when it says that they were changed. */
  async load(): Promise<void> {
    const asked = ++this.asked
    const settings = readSettings(await this.store.instanceSettings())
    if (asked < this.answered) return
    this.answered = asked
    this.current = settings
  }

  /** Gives what is kept now. Throws Fault `invalid_request`. */
  async change(change: InstanceChange, by: Actor): Promise<InstanceSettings> {
    withChange(this.current, change)
    await this.store.changeInstanceSettings(change, { by, nowMs: this.clock.wallMs() })
    await this.load()
    return this.current
  }

  /** Whether somebody with this address may make themselves a person here. `isInvited`: they hold an open invitation. Of the first person nobody asks. */
  maySignUp(email: string, isInvited: boolean): boolean {
    const { mode, domains } = this.current.signUp
    if (mode === 'open' || mode === 'closed') return mode === 'open'
    if (isInvited) return true
    const address = readEmail(email)
    return mode === 'domains' && domains.includes(address.slice(address.lastIndexOf('@') + 1))
  }
}
