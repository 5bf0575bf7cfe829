import { DEFAULT_ACCOUNT, type Credits } from '../accounts/accounts.ts'
import { Fault } from '../core/fault.ts'
import { formatUsd, parseUsd, sayUsd, usdNumber } from '../core/nano.ts'
import { CliError, usageError, type Command, type CommandGroup } from './command.ts'
import type { Audit } from '../store/audit.ts'
import type { Sink } from './context.ts'
import { withAccounts } from './data-dir.ts'
import type { PacedAllowance } from '../notices/allowance.ts'
import { allowanceRow, sayAllowance, sayForecast } from '../notices/alert-text.ts'
import { forecastOf } from '../notices/forecast.ts'
import { paint, printable } from './paint.ts'
import { facts, table } from './table.ts'

const GRANT_MAX_NANO = 1_000_000_000n * 1_000_000_000n

const show: Command = {
  name: 'show', summary: 'what the account was given, used and has left', words: [], flags: {},
  examples: [['switchyard credits', 'the same as switchyard credits show']],
  async run({ context, config, json }) {
    const { credits, balance } = await withAccounts(config, context, async ({ accounts, notices }) => ({
      credits: await accounts.credits(DEFAULT_ACCOUNT), balance: (await notices.desk.allowances(DEFAULT_ACCOUNT, { limit: 1 })).find(({ kind }) => kind === 'balance'),
    }))
    const { out } = context.terminal
    const nowMs = context.clock.wallMs()
    const row = balance && allowanceRow(balance, nowMs)
    out.write(json ? `${JSON.stringify({ ...creditsRow(credits), forecast: row?.['forecast'] ?? null }, null, 2)}\n` : `${sayCredits(out, credits)}${balance ? sayLine(sayForecast(balance, nowMs)) : ''}`)
    return 0
  },
}

function sayLine(sentence: string): string {
  return sentence === '' ? '' : `${sentence}\n`
}

const forecast: Command = {
  name: 'forecast', summary: 'until when credit, budgets and limits last', words: [],
  about: 'At the pace of the last seven days. What was not used in them, or is younger than a day, has no forecast.',
  flags: {},
  examples: [['switchyard credits forecast', 'credit, budgets and limits of keys, the newest keys first']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const nowMs = context.clock.wallMs()
    const allowances = await withAccounts(config, context, ({ notices }) => notices.desk.allowances(DEFAULT_ACCOUNT, { limit: FORECASTS_MAX }))
    if (json) out.write(`${JSON.stringify({ data: allowances.map((allowance) => allowanceRow(allowance, nowMs)) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'of' }, { title: 'used', align: 'right' }, { title: 'limit', align: 'right' }, { title: '' }], allowances.map((allowance) => [printable(sayAllowance(allowance)), sayUsd(allowance.used), sayUsd(allowance.cap), sayForecast(allowance, nowMs) || sayNone(allowance, nowMs)])))
    return 0
  },
}

const FORECASTS_MAX = 100

function sayNone(allowance: PacedAllowance, nowMs: number): string {
  const { outcome } = forecastOf(allowance, nowMs)
  return outcome === 'used_up' ? 'used up' : outcome === 'unused' ? 'not used in the last 7 days' : 'too little to say'
}

const grant: Command = {
  name: 'grant', summary: 'add credit to the account', words: ['<usd>'],
  about: 'An entry in the ledger, with its reason. A negative amount takes credit back, never below zero; write -- before it.',
  flags: {
    reason: { value: '<text>', what: 'why, for the ledger (default: granted at the command line)' },
    reference: { value: '<id>', what: 'granting again with the same reference changes nothing' },
  },
  examples: [
    ['switchyard credits grant 50', 'add $50.00'],
    ['switchyard credits grant 50 --reason "top-up for May" --reference topup-2027-05', 'once, however often it runs'],
    ['switchyard credits grant -- -10', 'take $10.00 back'],
  ],
  async run({ words, context, config, json, text }) {
    const amount = parseUsd((words[0] ?? '').replace(/^(-?)\$/, '$1'))
    if (amount === undefined || amount === 0n || amount > GRANT_MAX_NANO || amount < -GRANT_MAX_NANO) throw usageError('the amount must be USD, as 50 or 0.25, and not zero')
    const reason = text('reason') ?? 'granted at the command line'
    const reference = text('reference')
    const credits = await withAccounts(config, context, ({ accounts }) => accounts.grant(DEFAULT_ACCOUNT, amount, reason, reference)).catch(refused)
    const { out } = context.terminal
    const isRepeated = credits.isRepeated === true
    const did = isRepeated ? `nothing was ${amount > 0n ? 'granted' : 'taken'}: the reference ${reference ?? ''} was used before` : `${amount > 0n ? 'granted' : 'took'} ${sayUsd(amount > 0n ? amount : -amount)}`
    if (json) out.write(`${JSON.stringify({ granted: formatUsd(isRepeated ? 0n : amount), ...(isRepeated && { repeated: true }), ...creditsRow(credits) }, null, 2)}\n`)
    else out.write(`${did}\n${sayCredits(out, credits)}`)
    return 0
  },
}

/** The refusal's own words, with what helps here. */
function refused(error: unknown): never {
  if (error instanceof Fault && error.code === 'conflict') throw new CliError(error.message, '`switchyard credits` shows what is left')
  throw error
}

const verify: Command = {
  name: 'verify', summary: "check the ledger's sums", words: [], flags: {},
  about: 'Recomputes every balance from its entries and every charge from the generations. Exits 1 when they differ.',
  examples: [['switchyard credits verify', 'after a crash, or from cron']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const audit = await withAccounts(config, context, (data) => data.verify())
    if (json) out.write(`${JSON.stringify(auditRow(audit), null, 2)}\n`)
    else out.write(sayAudit(out, audit))
    return audit.ok ? 0 : 1
  },
}

/** `switchyard credits`. */
export const creditsGroup: CommandGroup = { name: 'credits', summary: "show and add the account's credit", alone: 'show', commands: [show, forecast, grant, verify] }

/** `switchyard ledger`. */
export const ledgerGroup: CommandGroup = {
  name: 'ledger', summary: 'prove the books', alone: 'verify',
  commands: [{ ...verify, examples: [['switchyard ledger verify', 'after a crash, or from cron; the same as switchyard credits verify']] }],
}

function auditRow(audit: Audit): object {
  return {
    ok: audit.ok, problems: audit.problems, generations: Number(audit.generations), granted: formatUsd(audit.granted), balance: formatUsd(audit.balance),
    leased: formatUsd(audit.leased), charged: formatUsd(audit.charged), written_off: formatUsd(audit.writtenOff), unbilled: formatUsd(audit.unbilled),
    wallets: Object.fromEntries(WALLET_SUMS.map((name) => [name, formatUsd(audit.wallets[name])])),
  }
}

/** Every sum, and what does not fit, for people. */
export function sayAudit(out: Sink, audit: Audit): string {
  return `${facts(out, sums(audit))}${verdict(out, audit)}`
}

const SUMS = ['granted', 'balance', 'leased', 'charged', 'writtenOff', 'unbilled'] as const
const SUM_NAMES: Readonly<Record<(typeof SUMS)[number], string>> = { granted: 'given', balance: 'free', leased: 'in hand', charged: 'charged', writtenOff: 'written off', unbilled: 'not billed' }

function sums(audit: Audit): [string, string][] {
  return [...SUMS.map((name): [string, string] => [SUM_NAMES[name], sayUsd(audit[name])]), ['generations', String(audit.generations)], ...walletSums(audit)]
}

const WALLET_SUMS = ['granted', 'balance', 'leased', 'charged'] as const

/** Of customers of resellers, where there are any. */
function walletSums({ wallets }: Audit): [string, string][] {
  return wallets.granted === 0n && wallets.charged === 0n ? [] : WALLET_SUMS.map((name) => [`wallets: ${SUM_NAMES[name]}`, sayUsd(wallets[name])])
}

function verdict(out: Sink, audit: Audit): string {
  if (audit.ok) return `${paint(out, 'green', 'ok')}: every balance is the sum of its entries, every charge the sum of its generations\n`
  return audit.problems.map((problem) => `${paint(out, 'red', 'wrong')}: ${problem}\n`).join('')
}

function creditsRow({ total, used }: Credits): object {
  return { total_credits: usdNumber(total), total_usage: usdNumber(used), remaining: usdNumber(total - used) }
}

function sayCredits(out: Sink, { total, used }: Credits): string {
  return facts(out, [['given', sayUsd(total)], ['used', sayUsd(used)], ['left', sayUsd(total - used)]])
}
