import { APP_TAG } from '../ledger/reports.ts'
import type { AppUse, DataDays, DataScope, DataStore, ModelDay, SessionCell, TurnRange } from '../ledger/data-sets.ts'
import { addSpread, CONTEXT_BUCKETS, CONTEXT_COUNTS, type Spread } from '../ledger/spread.ts'
import { readCategories } from './app-book.ts'
import { groupBy, valueOf } from './groups.ts'
import { big, int, text, type Row, type Sql } from './sql.ts'

/** More sessions than that in a month tell no other median. */
const SESSIONS_MAX = 500_000

/** Rows of accounts that are there (a call that a reseller's customer pays for too stands in the wallet's books once more), by the account first: the keys of all tables begin with it. */
function ofAccounts({ accountId }: DataScope, table: string): string {
  return accountId === null ? `${table}.account_id IN (SELECT id FROM accounts WHERE closed_ms IS NULL AND kind <> 'wallet')` : `${table}.account_id = $1`
}

function values({ accountId }: DataScope): string[] {
  return accountId === null ? [] : [accountId]
}

export async function readModelDays(sql: Sql, ask: Parameters<DataStore['modelDays']>[0]): Promise<ModelDay[]> {
  const { fromDay, untilDay, context } = ask
  if (context !== null) return await readContextDays(sql, ask, Object.keys(CONTEXT_BUCKETS).indexOf(context))
  const rows = await sql.all(`SELECT day, model, SUM(prompt_tokens) + SUM(completion_tokens) AS tokens, SUM(requests) AS requests, SUM(tool_finishes) AS tool_calls FROM rollups_daily
    WHERE ${ofAccounts(ask, 'rollups_daily')} AND day >= ${fromDay} AND day < ${untilDay} GROUP BY day, model`, ...values(ask))
  return rows.map((row) => ({ day: int(row, 'day'), model: text(row, 'model'), tokens: big(row, 'tokens'), requests: big(row, 'requests'), toolCalls: big(row, 'tool_calls') }))
}

/** Tokens of prompts of one size: kept as text, and added up here. */
async function readContextDays(sql: Sql, ask: DataScope & DataDays, bucket: number): Promise<ModelDay[]> {
  const rows = await sql.all(`SELECT day, model, contexts FROM rollup_spreads WHERE ${ofAccounts(ask, 'rollup_spreads')} AND day >= ${ask.fromDay} AND day < ${ask.untilDay}`, ...values(ask))
  return [...groupBy(rows, (row) => `${int(row, 'day')} ${text(row, 'model')}`).values()].flatMap((ofModel) => {
    const [first] = ofModel
    const spread: Spread = new Map()
    for (const row of ofModel) addSpread(spread, text(row, 'contexts'))
    const tokens = BigInt(spread.get(bucket) ?? 0)
    const requests = BigInt(spread.get(CONTEXT_COUNTS + bucket) ?? 0)
    return first && tokens > 0n ? [{ day: int(first, 'day'), model: text(first, 'model'), tokens, requests, toolCalls: 0n }] : []
  })
}

export async function readAppUses(sql: Sql, ask: Parameters<DataStore['appUses']>[0]): Promise<AppUse[]> {
  const { fromDay, untilDay, beforeDay } = ask
  const isNow = `d.day >= ${fromDay}`
  const rows = await sql.all(`SELECT t.value AS app, SUM(CASE WHEN ${isNow} THEN requests ELSE 0 END) AS requests, SUM(CASE WHEN ${isNow} THEN prompt_tokens + completion_tokens ELSE 0 END) AS tokens,
    SUM(CASE WHEN ${isNow} THEN 0 ELSE prompt_tokens + completion_tokens END) AS tokens_before
    FROM tag_days AS d JOIN tag_sets AS t ON t.account_id = d.account_id AND t.tag_set = d.tag_set AND t.name = '${APP_TAG}'
    WHERE ${ofAccounts(ask, 'd')} AND d.day >= ${beforeDay} AND d.day < ${untilDay} GROUP BY t.value`, ...values(ask))
  const known = await readApps(sql, ask)
  return rows.flatMap((row) => {
    const app = known.get(text(row, 'app'))
    return app && !app.isLocal ? [{ ...app.named, requests: big(row, 'requests'), tokens: big(row, 'tokens'), tokensBefore: big(row, 'tokens_before') }] : []
  })
}

interface KnownApp { readonly named: Pick<AppUse, 'appId' | 'title' | 'site' | 'categories'>; readonly isLocal: boolean }

/** By id. Where several accounts have one, the title that was said last, and the categories of all. */
async function readApps(sql: Sql, ask: DataScope): Promise<Map<string, KnownApp>> {
  const rows = await sql.all(`SELECT id, site, title, local, categories FROM apps WHERE ${ofAccounts(ask, 'apps')} ORDER BY updated_ms`, ...values(ask))
  const apps = new Map<string, KnownApp>()
  for (const row of rows) {
    const id = String(int(row, 'id'))
    const categories = [...new Set([...apps.get(id)?.named.categories ?? [], ...readCategories(row)])]
    apps.set(id, { named: { appId: int(row, 'id'), title: text(row, 'title'), site: text(row, 'site'), categories }, isLocal: int(row, 'local') !== 0 })
  }
  return apps
}

export async function readSessionCells(sql: Sql, ask: DataScope & DataDays): Promise<SessionCell[]> {
  const rows = await sql.all(`SELECT app_id, model, turns, cost FROM session_costs WHERE ${ofAccounts(ask, 'session_costs')} AND day >= ${ask.fromDay} AND day < ${ask.untilDay} AND turns > 0 LIMIT ${SESSIONS_MAX}`, ...values(ask))
  const known = await readApps(sql, ask)
  const cells = new Map<string, { readonly app: KnownApp; readonly row: Row; readonly costs: bigint[] }>()
  for (const row of rows) {
    const app = known.get(String(int(row, 'app_id')))
    if (!app || app.isLocal) continue
    valueOf(cells, `${app.named.appId} ${turnRangeOf(int(row, 'turns'))} ${text(row, 'model')}`, () => ({ app, row, costs: [] })).costs.push(big(row, 'cost'))
  }
  return [...cells.values()].map(({ app: { named: { appId, title, site } }, row, costs }) => ({
    appId, title, site, model: text(row, 'model'), turnRange: turnRangeOf(int(row, 'turns')), sessions: costs.length, median: medianOf(costs),
  }))
}

function turnRangeOf(turns: number): TurnRange {
  return turns === 1 ? '1-turn' : turns < 10 ? '2-9-turns' : turns < 50 ? '10-49-turns' : '50-plus-turns'
}

function medianOf(costs: readonly bigint[]): bigint {
  const sorted = costs.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const [low, high] = [sorted[(sorted.length - 1) >> 1] ?? 0n, sorted[sorted.length >> 1] ?? 0n]
  return (low + high) / 2n
}
