import { windowAt } from '../ledger/window.ts'
import { ALERT_SETTINGS, changedSettings, readSettings, seenSettings, settingsRow, type AlertChange, type AlertSettings } from '../notices/alert-settings.ts'
import { allowanceKey, type Allowance, type AllowanceScope, type Crossing, type PacedAllowance, type SweepPlace } from '../notices/allowance.ts'
import { RECENT_DAYS } from '../notices/forecast.ts'
import type { Change } from '../accounts/people-store.ts'
import type { Nano } from '../core/nano.ts'
import type { AllowanceSource } from './allowance-source.ts'
import { ALLOWANCE_SOURCES } from './allowance-sources.ts'
import { writeAudit } from './audit-rows.ts'
import { big, int, one, rowsAt, text, type Sql } from './sql.ts'
import type { Touch } from './touched.ts'

const DAY_MS = 86_400_000
/** What a window came to that has been over for longer is no news: a journal that was replayed late says so. */
const OVER_MS_MAX = 3_600_000
const SWEEP_ROWS = 200

export async function readAlertSettings(sql: Sql, accountId: string): Promise<AlertSettings> {
  const row = await one(sql, 'SELECT body FROM alert_settings WHERE account_id = $1', accountId)
  return row ? readSettings(text(row, 'body')) : ALERT_SETTINGS
}

export async function changeAlertSettings(sql: Sql, accountId: string, wish: AlertChange, { by, nowMs }: Change): Promise<AlertSettings> {
  const before = await readAlertSettings(sql, accountId)
  const after = changedSettings(before, wish)
  await sql.run('INSERT INTO alert_settings (account_id, body, updated_ms) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET body = excluded.body, updated_ms = excluded.updated_ms', accountId, JSON.stringify(settingsRow(after)), nowMs)
  await forgetAlarms(sql, accountId, after)
  await writeAudit(sql, { accountId, by, nowMs, action: 'alerts.change', target: accountId, before: seenSettings(before), after: seenSettings(after) })
  return after
}

/** A threshold of a balance that stands as it should not: whether falling below it is to be told from now on. */
export interface Alarm { readonly accountId: string; readonly threshold: Nano; readonly armed: boolean }

/** What a look at allowances finds. */
export interface Found { readonly crossings: Crossing[]; readonly alarms: Alarm[] }

export async function crossingsOf(sql: Sql, touches: readonly Touch[], nowMs: number, isMoneyOn: boolean): Promise<Found> {
  const found: Found = { crossings: [], alarms: [] }
  const settings = await settingsOf(sql, touches)
  for (const source of ALLOWANCE_SOURCES) {
    const ofKind = touches.filter(({ kind }) => kind === source.kind)
    if (ofKind.length === 0 || (source.kind === 'balance' && !isMoneyOn)) continue
    await look(sql, source, { ids: ofKind, moments: momentsOf(ofKind, nowMs), nowMs, settings }, found)
  }
  return found
}

/** Of each account, in one question: most have none of their own. */
async function settingsOf(sql: Sql, touches: readonly Touch[]): Promise<(accountId: string) => AlertSettings> {
  const rows = await rowsAt(sql, 'SELECT account_id, body FROM alert_settings WHERE account_id', [...new Set(touches.map(({ accountId }) => accountId))].map((accountId) => [accountId]))
  const own = new Map(rows.map((row) => [text(row, 'account_id'), readSettings(text(row, 'body'))]))
  return (accountId) => own.get(accountId) ?? ALERT_SETTINGS
}

/** As above, of a page of all there are. */
export async function sweep(sql: Sql, from: SweepPlace | undefined, nowMs: number, isMoneyOn: boolean): Promise<Found & { readonly next: SweepPlace | undefined }> {
  const sources = ALLOWANCE_SOURCES.filter(({ kind }) => kind !== 'balance' || isMoneyOn)
  const at = from ? sources.findIndex(({ kind }) => kind === from.kind) : 0
  const source = sources[at]
  if (!source) return { crossings: [], alarms: [], next: undefined }
  const page = await source.page(sql, from ?? { accountId: '', id: '' }, SWEEP_ROWS)
  const touches = page.map(({ accountId, id }): Touch => ({ kind: source.kind, accountId, id, fromMs: nowMs, untilMs: nowMs }))
  const found = await crossingsOf(sql, touches, nowMs, isMoneyOn)
  const last = page.length < SWEEP_ROWS ? undefined : page.at(-1)
  const nextSource = sources[at + 1]
  const next = last ? { kind: source.kind, ...last } : nextSource && { kind: nextSource.kind, accountId: '', id: '' }
  return { ...found, next }
}

interface Look { readonly ids: readonly Touch[]; readonly moments: readonly number[]; readonly nowMs: number; readonly settings: (accountId: string) => AlertSettings }

async function look(sql: Sql, source: AllowanceSource, { ids, moments, nowMs, settings }: Look, { crossings, alarms }: Found): Promise<void> {
  // Windows that are the same at both moments are looked at once.
  const windows = new Map<string, Allowance>()
  for (const atMs of moments) for (const allowance of await source.read(sql, ids, atMs)) windows.set(`${allowance.accountId} ${allowanceKey(allowance)} ${allowance.startMs}`, allowance)
  const known = source.kind === 'balance' ? await alarmsOf(sql, ids) : new Map<string, boolean>()
  const toldOf = source.kind === 'balance' ? () => 100 : await told(sql, [...windows.values()].filter((allowance) => sharesOf(allowance, settings(allowance.accountId)).length > 0))
  for (const allowance of windows.values()) {
    const own = settings(allowance.accountId)
    const { fallen, changes } = source.kind === 'balance' ? fallenBelow(allowance, own, known) : { fallen: [], changes: [] }
    alarms.push(...changes)
    const percents = sharesOf(allowance, own).filter((percent) => percent > toldOf(allowance))
    if (percents.length + fallen.length > 0) crossings.push({ allowance: await paced(sql, source, allowance, nowMs), percents, balances: fallen, settings: own })
  }
}

/** First and last moment of what was counted, and now where nothing was: where a window ended between them both are looked at. */
function momentsOf(touches: readonly Touch[], nowMs: number): readonly number[] {
  const fromMs = Math.max(nowMs - OVER_MS_MAX, Math.min(...touches.map((touch) => touch.fromMs)))
  const untilMs = Math.max(fromMs, Math.max(...touches.map((touch) => touch.untilMs)))
  return windowAt('daily', fromMs).startMs === windowAt('daily', untilMs).startMs ? [untilMs] : [fromMs, untilMs]
}

/** Shares that were passed, in ascending order. */
function sharesOf({ cap, used }: Allowance, { percents }: AlertSettings): readonly number[] {
  return cap <= 0n ? [] : percents.filter((percent) => used * 100n >= cap * BigInt(percent))
}

/** The highest share of each that was told in its window. */
async function told(sql: Sql, allowances: readonly Allowance[]): Promise<(allowance: Allowance) => number> {
  const rows = await rowsAt(sql, 'SELECT account_id, allowance, start_ms, cap, percent FROM alerts WHERE (account_id, allowance, start_ms, cap)', allowances.map((one) => [one.accountId, allowanceKey(one), one.startMs, one.cap]))
  const highest = new Map<string, number>()
  for (const row of rows) {
    const key = `${text(row, 'account_id')} ${text(row, 'allowance')} ${int(row, 'start_ms')} ${big(row, 'cap')}`
    highest.set(key, Math.max(highest.get(key) ?? 0, int(row, 'percent')))
  }
  return (one) => highest.get(`${one.accountId} ${allowanceKey(one)} ${one.startMs} ${one.cap}`) ?? 0
}

/** Whether falling below a threshold is to be told, by account and threshold. */
async function alarmsOf(sql: Sql, ids: readonly Touch[]): Promise<ReadonlyMap<string, boolean>> {
  const rows = await rowsAt(sql, 'SELECT account_id, threshold, armed FROM balance_alarms WHERE account_id', ids.map(({ accountId }) => [accountId]))
  return new Map(rows.map((row) => [`${text(row, 'account_id')} ${big(row, 'threshold')}`, int(row, 'armed') !== 0]))
}

/**
 * Thresholds that the balance has fallen below, and those to arm: one that was told is told again only after the balance was a quarter
 * above it. One that was never above is not told.
 */
function fallenBelow({ accountId, cap, used }: Allowance, { balances }: AlertSettings, known: ReadonlyMap<string, boolean>): { readonly fallen: readonly Nano[]; readonly changes: readonly Alarm[] } {
  const left = cap - used
  const [fallen, changes]: [Nano[], Alarm[]] = [[], []]
  for (const threshold of balances) {
    const before = known.get(`${accountId} ${threshold}`)
    const wasArmed = before ?? cap > threshold
    const isArmed = wasArmed || left * 4n >= threshold * 5n
    if (isArmed && left < threshold) fallen.push(threshold)
    else if (before !== isArmed) changes.push({ accountId, threshold, armed: isArmed })
  }
  return { fallen, changes }
}

export async function setAlarms(sql: Sql, alarms: readonly Alarm[]): Promise<void> {
  for (const { accountId, threshold, armed } of alarms) {
    await sql.run('INSERT INTO balance_alarms (account_id, threshold, armed) VALUES ($1, $2, $3) ON CONFLICT (account_id, threshold) DO UPDATE SET armed = excluded.armed', accountId, threshold, armed ? 1 : 0)
  }
}

/** Notes that they are told. False when somebody has told the last of them: then this one is not. */
export async function noteCrossing(sql: Sql, { allowance, percents, balances }: Crossing, nowMs: number): Promise<boolean> {
  const { accountId, startMs, cap } = allowance
  let isNew = false
  for (const percent of percents) {
    isNew = await sql.run('INSERT INTO alerts (account_id, allowance, start_ms, cap, percent, at_ms) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, allowance, start_ms, cap, percent) DO NOTHING',
      accountId, allowanceKey(allowance), startMs, cap, percent, nowMs) === 1
  }
  for (const threshold of balances) {
    isNew = await sql.run(`INSERT INTO balance_alarms (account_id, threshold, armed) VALUES ($1, $2, 0)
      ON CONFLICT (account_id, threshold) DO UPDATE SET armed = 0 WHERE balance_alarms.armed = 1`, accountId, threshold) === 1
  }
  return isNew
}

export async function listAllowances(sql: Sql, accountId: string, scope: AllowanceScope, nowMs: number): Promise<readonly PacedAllowance[]> {
  const found: PacedAllowance[] = []
  for (const source of ALLOWANCE_SOURCES) {
    const ids = await source.list(sql, accountId, scope)
    for (const allowance of await source.read(sql, ids.map((id) => ({ accountId, id })), nowMs)) found.push(await paced(sql, source, allowance, nowMs))
  }
  return found
}

/** With what was used since the day began that lies six days back. */
async function paced(sql: Sql, source: AllowanceSource, allowance: Allowance, nowMs: number): Promise<PacedAllowance> {
  const firstDayMs = (Math.floor(nowMs / DAY_MS) - RECENT_DAYS + 1) * DAY_MS
  return { ...allowance, recent: await source.recent(sql, allowance, firstDayMs) }
}

/** Alerts of windows that are over. */
export async function pruneAlerts(sql: Sql, beforeMs: number): Promise<void> {
  // That a wallet is nearly empty is no news until it is added to, however long that takes.
  await sql.run(`DELETE FROM alerts WHERE at_ms < $1 AND start_ms > 0
    AND NOT EXISTS (SELECT 1 FROM wallets WHERE wallets.account_id = alerts.account_id AND alerts.allowance = 'wallet:' || wallets.id || ':ever' AND wallets.filled_ms = alerts.start_ms)`, beforeMs)
}

/** An account's thresholds that nobody has any more are forgotten. */
async function forgetAlarms(sql: Sql, accountId: string, { balances }: AlertSettings): Promise<void> {
  for (const row of await sql.all('SELECT threshold FROM balance_alarms WHERE account_id = $1', accountId)) {
    if (!balances.includes(big(row, 'threshold'))) await sql.run('DELETE FROM balance_alarms WHERE account_id = $1 AND threshold = $2', accountId, big(row, 'threshold'))
  }
}
