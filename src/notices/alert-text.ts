import type { Notice } from '../accounts/notice.ts'
import { formatUsd, sayUsd, usdNumber, type Nano } from '../core/nano.ts'
import type { JsonObject } from '../core/json.ts'
import type { Period } from '../ledger/bank.ts'
import { windowAt } from '../ledger/window.ts'
import { rowId } from '../lib/id.ts'
import { allowanceKey, type Allowance, type AllowanceKind, type Crossing, type PacedAllowance } from './allowance.ts'
import { forecastOf, percentUsed, RECENT_DAYS, type Forecast } from './forecast.ts'

const DAY_MS = 86_400_000
const CENT = 10_000_000n

/** What a kind of allowance is called, and what its cap is. */
const NOUNS: Readonly<Record<AllowanceKind, readonly [thing: string, cap: string]>> = {
  balance: ['The account', 'credit'], key: ['The API key', 'limit'], workspace: ['The workspace', 'budget'], tag: ['The tag', 'budget'], member: ['The member', 'budget'],
  guardrail: ['The guardrail', 'budget'], wallet: ['The wallet', 'credit'],
}
const PERIOD_WORDS: Readonly<Record<Period, string>> = { ever: '', daily: 'daily ', weekly: 'weekly ', monthly: 'monthly ' }

/** What people are told of an allowance that has passed a threshold. */
export function alertNotice(crossing: Crossing, nowMs: number): Notice {
  return crossing.balances.length > 0 ? balanceNotice(crossing, nowMs) : shareNotice(crossing, nowMs)
}

function balanceNotice({ allowance, balances }: Crossing, nowMs: number): Notice {
  const left = sayUsd(allowance.cap - allowance.used)
  const threshold = balances.at(-1) ?? 0n
  return {
    accountId: allowance.accountId, kind: 'balance.low', reference: `balance.low:${rowId()}`, title: `Credit is low: ${left} left`,
    text: [`The account has ${left} of credit left, less than the ${sayUsd(threshold)} at which you wanted to know.`, sayForecast(allowance, nowMs), 'When it is used up, calls that cost something are refused (402).'].filter(Boolean).join('\n\n'),
    data: { threshold_usd: usdNumber(threshold), allowance: allowanceRow(allowance, nowMs) },
  }
}

function shareNotice({ allowance, percents }: Crossing, nowMs: number): Notice {
  const { accountId, kind, cap, used, startMs, period, userId } = allowance
  const percent = percents.at(-1) ?? 100
  const [thing, capWord] = NOUNS[kind]
  const what = `${thing} “${allowance.name}”`
  const limit = `${PERIOD_WORDS[period]}${capWord} of ${sayUsd(cap)}`
  const isOver = percent >= 100
  const { endMs } = windowAt(period, startMs)
  const resets = kind === 'wallet' ? 'That is what was in it after it was last added to.' : endMs === Number.POSITIVE_INFINITY ? 'It does not reset.' : `It resets on ${sayTime(endMs)}.`
  return {
    accountId, kind: 'allowance.threshold', reference: `${allowanceKey(allowance)}:${startMs}:${cap}:${percent}`,
    title: isOver ? `${what} has used up its ${limit}` : `${what} has used ${percent}% of its ${limit}`,
    text: [
      `${what} has used ${sayUsd(used)} (${percentUsed(allowance)}%) of its ${limit}. ${resets}`,
      isOver ? sayRefusals(allowance, Number.isFinite(endMs)) : endMs > nowMs ? sayForecast(allowance, nowMs) : '',
    ].filter(Boolean).join('\n\n'),
    data: { threshold_percent: percent, allowance: allowanceRow(allowance, nowMs) },
    userId, workspaceId: kind === 'workspace' ? allowance.workspaceId : null,
  }
}

function sayRefusals({ kind, isAlert = false }: Allowance, doesReset: boolean): string {
  if (isAlert) return 'It only counts: no call is refused because of it.'
  return `Calls that would go beyond it are refused until ${kind === 'wallet' ? 'it is added to' : `${doesReset ? 'then, or until ' : ''}it is raised`}.`
}

/** A forecast in a sentence; '' where there is none to give. */
export function sayForecast(allowance: PacedAllowance, nowMs: number): string {
  const forecast = forecastOf(allowance, nowMs)
  const pace = 'perDay' in forecast ? `At the pace ${nowMs - allowance.recent.sinceMs > RECENT_DAYS * DAY_MS ? `since ${sayTime(allowance.recent.sinceMs)}` : `of the last ${RECENT_DAYS} days`} (${sayPerDay(forecast.perDay)} a day)` : ''
  switch (forecast.outcome) {
    case 'ends': return `${pace} it runs out on ${sayTime(forecast.endsMs)}.`
    case 'resets': return `${pace} it resets before it runs out.`
    case 'far': return `${pace} it lasts for more than ten years.`
    case 'used_up': case 'unused': case 'too_little': return ''
  }
}

/** To the cent, where there is one: a pace is no bill. */
function sayPerDay(perDay: Nano): string {
  return sayUsd(perDay < CENT ? perDay : perDay / CENT * CENT)
}

/** An allowance with its forecast, as the API shows it. */
export function allowanceRow(allowance: PacedAllowance, nowMs: number): JsonObject {
  const { kind, id, name, period, startMs, cap, used, recent } = allowance
  const { endMs } = windowAt(period, startMs)
  return {
    kind, id: id === '' ? null : id, name: name === '' ? null : name, reset_interval: period === 'ever' ? null : period, resets_at: Number.isFinite(endMs) ? new Date(endMs).toISOString() : null,
    limit_usd: usdNumber(cap), used_usd: usdNumber(used), remaining_usd: usdNumber(cap > used ? cap - used : 0n), percent: percentUsed(allowance),
    forecast: forecastRow(forecastOf(allowance, nowMs), recent),
  }
}

function forecastRow(forecast: Forecast, { sinceMs, used }: PacedAllowance['recent']): JsonObject {
  return {
    outcome: forecast.outcome, runs_out_at: forecast.outcome === 'ends' ? new Date(forecast.endsMs).toISOString() : null,
    usd_per_day: 'perDay' in forecast ? formatUsd(forecast.perDay) : null, since: new Date(sinceMs).toISOString(), used_since_usd: formatUsd(used),
  }
}

/** `2026-11-21 00:00 UTC`. */
function sayTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** One line for a list of allowances. */
export function sayAllowance({ kind, name, period }: Pick<Allowance, 'kind' | 'name' | 'period'>): string {
  if (kind === 'balance') return 'credit'
  const [thing, cap] = NOUNS[kind]
  return `${thing.replace('The ', '')} “${name}”, ${PERIOD_WORDS[period]}${cap}`
}
