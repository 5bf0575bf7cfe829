import { readGeneration } from '../ledger/line.ts'
import { valueOfMetric } from '../ledger/metrics.ts'
import { APP_TAG, REPORT_SUMS, type Dimension, type Granularity, type Report, type ReportFilter, type ReportOrder, type ReportQuery, type ReportRow, type ReportSum, type SpreadName } from '../ledger/reports.ts'
import { addSpread, type Spread } from '../ledger/spread.ts'
import { sumsOf } from './rollup-rows.ts'
import { big, int, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const HOURS_OF_DAY = 24
/** More groups than anybody reads: they would be sorted and sent for nothing. */
const GROUPS_MAX = 50_000
const LABELS_OF_QUERY_MAX = 500
/** Calls that are read one by one for a report by the minute: about a second of the reports' thread. */
const CALLS_MAX = 50_000

/** Where each dimension stands in a roll-up. What is not there is found by the key or by the set of tags. */
const COLUMNS = { model: 'model', provider: 'provider', endpoint: 'endpoint_id', api_key_id: 'key_hash', workspace: 'key_hash', user: 'key_hash' } as const
const OF_KEYS = { workspace: 'workspace_id', user: 'creator_user_id' } as const

/** A stretch of a query that one roll-up answers. */
interface Part { readonly table: string; readonly bucket: 'hour' | 'day' | 'created_ms'; readonly from: number; readonly until: number }

/** A row that is being gathered. */
interface Group { readonly row: ReportRow; readonly sums: Record<ReportSum, bigint>; readonly spreads: Partial<Record<SpreadName, Spread>> }

const TOO_MANY: Report = { rows: [], isTruncated: true, labels: new Map(), hasTooMany: true }

/** Sums of the roll-ups: whole days from those by day, what is left at both ends from those by hour. */
export async function readReport(sql: Sql, query: ReportQuery): Promise<Report> {
  const groups = new Map<string, Group>()
  if (query.minutes && !await addMinutes(sql, query, query.minutes, groups)) return TOO_MANY
  for (const part of query.minutes ? [] : partsOf(query)) {
    const { statement, values } = statementOf(query, part)
    for (const found of await sql.all(statement, ...values)) addGroup(groups, query, found)
    if (groups.size > GROUPS_MAX) return TOO_MANY
  }
  await addSpreads(sql, query, groups)
  const rows = [...groups.values()].map(({ row }) => row).sort(comparing(query.order, query.by))
  const kept = limited(rows, query)
  return { rows: kept, isTruncated: kept.length < rows.length, labels: await labelsOf(sql, query, kept), hasTooMany: false }
}

function addGroup(groups: Map<string, Group>, query: ReportQuery, found: Row): void {
  const { startMs, values, key } = groupOf(query, found)
  const known = groups.get(key)
  // Made of the list of all sums.
  const sums = known?.sums ?? Object.fromEntries(REPORT_SUMS.map((name) => [name, 0n])) as Record<ReportSum, bigint>
  for (const name of query.sums) sums[name] += big(found, name)
  const spreads = {}
  if (!known) groups.set(key, { row: { startMs, values, sums, spreads }, sums, spreads })
}

function groupOf({ granularity, by }: ReportQuery, found: Row): { readonly startMs: number | null; readonly values: readonly (string | null)[]; readonly key: string } {
  const startMs = granularity === null ? null : int(found, 'bucket') * (granularity === 'minute' ? MINUTE_MS : HOUR_MS)
  const values = by.map((_, at) => textOrNull(found, `d${at}`) || null)
  return { startMs, values, key: JSON.stringify([startMs, ...values]) }
}

/** The calls of a few minutes one by one: nothing is summed so finely. False where they are too many. */
async function addMinutes(sql: Sql, query: ReportQuery, { from, until }: NonNullable<ReportQuery['minutes']>, groups: Map<string, Group>): Promise<boolean> {
  const values: SqlValue[] = [query.accountId]
  const add = (value: SqlValue): string => `$${values.push(value)}`
  // Of endpoints only the records know.
  const isOfEndpoint = ({ dimension }: ReportFilter): boolean => dimension === 'endpoint'
  const where = whereOf({ ...query, filters: query.filters.filter((filter) => !isOfEndpoint(filter)) }, { table: 'generations', bucket: 'created_ms', from: from * MINUTE_MS, until: until * MINUTE_MS }, add)
  const { shown, joins } = shownOf(query, add, (dimension) => (dimension === 'endpoint' ? "''" : valueColumn(dimension)))
  const calls = `SELECT created_ms / ${MINUTE_MS} AS bucket, key_hash, model, provider, tag_set, record FROM generations WHERE ${where} AND tag_set IS NOT NULL`
  const rows = await sql.all(`SELECT ${['bucket', ...shown, 'record'].join(', ')} FROM (${calls}) AS g ${joins.join(' ')} LIMIT ${CALLS_MAX + 1}`, ...values)
  if (rows.length > CALLS_MAX) return false
  const endpoints = query.filters.filter(isOfEndpoint)
  for (const row of rows) {
    const generation = readGeneration(text(row, 'record'))
    const { endpointId } = generation
    if (!endpoints.every(({ isNot, values: ids, includeUnset }) => (endpointId === '' ? includeUnset : ids.includes(endpointId) !== isNot))) continue
    const sums = sumsOf(generation)
    addGroup(groups, query, {
      ...row, ...Object.fromEntries(REPORT_SUMS.map((name, at) => [name, sums[at] ?? 0n])),
      ...Object.fromEntries(query.by.flatMap((dimension, at) => (dimension === 'endpoint' ? [[`d${at}`, endpointId]] : []))),
    })
  }
  return true
}

/** How the calls of each group were spread, by whole days; added up here, since it is kept as text. */
async function addSpreads(sql: Sql, query: ReportQuery, groups: ReadonlyMap<string, Group>): Promise<void> {
  const { spreads = [], fromHour, untilHour, by, accountId } = query
  if (spreads.length === 0) return
  const values: SqlValue[] = [accountId]
  const part: Part = { table: 'rollup_spreads', bucket: 'day', from: Math.floor(fromHour / HOURS_OF_DAY), until: Math.ceil(untilHour / HOURS_OF_DAY) }
  const where = whereOf(query, part, (value) => `$${values.push(value)}`)
  const columns = [...new Set(by.map(columnOf))]
  const shown = by.map((dimension, at) => `${valueColumn(dimension)} AS d${at}`)
  const rows = await sql.all(`SELECT ${['bucket', ...shown, ...spreads].join(', ')} FROM (SELECT ${[`${bucketOf(query.granularity, part, query)} AS bucket`, ...columns, ...spreads].join(', ')} FROM ${part.table} WHERE ${where}) AS g ${joinKeys(query)}`, ...values)
  for (const row of rows) {
    const group = groups.get(groupOf(query, row).key)
    if (group) for (const name of spreads) addSpread(group.spreads[name] ??= new Map(), text(row, name))
  }
}

function partsOf({ fromHour, untilHour, granularity, by, filters }: ReportQuery): Part[] {
  const tags = [...by, ...filters.map(({ dimension }) => dimension)].map((dimension) => tagOf(dimension) !== undefined)
  const isByTags = tags.includes(true)
  const hours = (from: number, until: number): Part[] => (from < until ? [{ table: isByTags ? 'tag_rollups' : 'rollups', bucket: 'hour', from, until }] : [])
  const [fromDay, untilDay] = [Math.ceil(fromHour / HOURS_OF_DAY), Math.floor(untilHour / HOURS_OF_DAY)]
  if (granularity === 'hour' || fromDay >= untilDay) return hours(fromHour, untilHour)
  const days: Part = { table: isByTags ? (tags.includes(false) ? 'tag_rollups_daily' : 'tag_days') : 'rollups_daily', bucket: 'day', from: fromDay, until: untilDay }
  return [...hours(fromHour, fromDay * HOURS_OF_DAY), days, ...hours(untilDay * HOURS_OF_DAY, untilHour)]
}

/** The name of the tag that a dimension is of. */
function tagOf(dimension: Dimension): string | undefined {
  if (dimension === 'app') return APP_TAG
  return dimension.startsWith('tag.') ? dimension.slice('tag.'.length) : undefined
}

/** Grouped by what stands in the roll-up first; then, in far fewer rows, by what that stands for. */
function statementOf(query: ReportQuery, part: Part): { readonly statement: string; readonly values: readonly SqlValue[] } {
  const values: SqlValue[] = [query.accountId]
  const add = (value: SqlValue): string => `$${values.push(value)}`
  const columns = [...new Set(query.by.map(columnOf))]
  const where = whereOf(query, part, add)
  const sums = query.sums.map((name) => `SUM(${name}) AS ${name}`).join(', ')
  const inner = `SELECT ${[`${bucketOf(query.granularity, part, query)} AS bucket`, ...columns, sums].join(', ')} FROM ${part.table} WHERE ${where} GROUP BY ${ordinals(columns.length + 1)}`
  const { shown, joins } = shownOf(query, add, valueColumn)
  return { statement: `SELECT ${['bucket', ...shown, sums].join(', ')} FROM (${inner}) AS g ${joins.join(' ')} GROUP BY ${ordinals(query.by.length + 1)} LIMIT ${GROUPS_MAX + 1}`, values }
}

/** What the dimensions of a query are, in rows called `g`, and where it stands. */
function shownOf(query: ReportQuery, add: (value: SqlValue) => string, columnOfValue: (dimension: Dimension) => string): { readonly shown: readonly string[]; readonly joins: readonly string[] } {
  const joins: string[] = []
  const shown = query.by.map((dimension, at) => {
    const tag = tagOf(dimension)
    if (tag !== undefined) joins.push(`LEFT JOIN tag_sets AS t${at} ON t${at}.account_id = $1 AND t${at}.tag_set = g.tag_set AND t${at}.name = ${add(tag)}`)
    return `${tag === undefined ? columnOfValue(dimension) : `t${at}.value`} AS d${at}`
  })
  return { shown, joins: [...joins, joinKeys(query)] }
}

function whereOf({ filters }: ReportQuery, { bucket, from, until }: Part, add: (value: SqlValue) => string): string {
  return ['account_id = $1', `${bucket} >= ${from}`, `${bucket} < ${until}`, ...filters.map((filter) => conditionOf(filter, add))].join(' AND ')
}

function joinKeys({ by }: ReportQuery): string {
  return by.some((dimension) => dimension in OF_KEYS) ? 'LEFT JOIN keys ON keys.account_id = $1 AND keys.hash = g.key_hash' : ''
}

function columnOf(dimension: Dimension): string {
  return dimension in COLUMNS ? COLUMNS[dimension as keyof typeof COLUMNS] : 'tag_set'
}

function valueColumn(dimension: Dimension): string {
  return dimension in OF_KEYS ? `keys.${OF_KEYS[dimension as keyof typeof OF_KEYS]}` : `g.${columnOf(dimension)}`
}

function ordinals(count: number): string {
  return Array.from({ length: count }, (_, at) => at + 1).join(', ')
}

/** The first hour of the bucket that a row lies in. */
function bucketOf(granularity: Granularity | null, { bucket }: Part, { fromHour, untilHour }: ReportQuery): string {
  const day = bucket === 'day' ? 'day' : 'hour / 24'
  switch (granularity) {
    case null: return '0'
    case 'hour': return 'hour'
    // Read from the calls themselves: addMinutes.
    case 'minute': throw new Error('nothing is summed by the minute')
    case 'day': return `(${day}) * 24`
    // Weeks begin on Monday; the first day of the epoch was a Thursday.
    case 'week': return `(((${day}) + 3) / 7 * 7 - 3) * 24`
    case 'month': return monthOf(bucket === 'day' ? 'day * 24' : 'hour', fromHour, untilHour)
  }
}

function monthOf(hour: string, fromHour: number, untilHour: number): string {
  const first = new Date(fromHour * HOUR_MS)
  const starts: number[] = []
  for (let month = first.getUTCMonth(); ; month++) {
    const start = Date.UTC(first.getUTCFullYear(), month) / HOUR_MS
    if (start >= untilHour && starts.length > 0) break
    starts.push(start)
  }
  const last = starts.at(-1) ?? 0
  return starts.length === 1 ? String(last) : `CASE ${starts.slice(1).map((start, at) => `WHEN ${hour} < ${start} THEN ${starts[at] ?? 0}`).join(' ')} ELSE ${last} END`
}

function conditionOf({ dimension, isNot, values, includeUnset }: ReportFilter, add: (value: SqlValue) => string): string {
  const tag = tagOf(dimension)
  if (tag !== undefined) {
    const name = add(tag)
    const has = `tag_set IN (SELECT tag_set FROM tag_sets WHERE account_id = $1 AND name = ${name} AND ${listed('value', isNot, values, add)})`
    return includeUnset ? `(${has} OR tag_set NOT IN (SELECT tag_set FROM tag_sets WHERE account_id = $1 AND name = ${name}))` : has
  }
  const unset = (column: string, isUnset: string) => (includeUnset ? `(${listed(column, isNot, values, add)} OR ${isUnset})` : `(${listed(column, isNot, values, add)} AND NOT (${isUnset}))`)
  if (!(dimension in OF_KEYS)) return unset(columnOf(dimension), `${columnOf(dimension)} = ''`)
  const column = OF_KEYS[dimension as keyof typeof OF_KEYS]
  return `key_hash IN (SELECT hash FROM keys WHERE account_id = $1 AND ${unset(column, `${column} IS NULL`)})`
}

function listed(column: string, isNot: boolean, values: readonly string[], add: (value: SqlValue) => string): string {
  if (values.length === 0) return isNot ? '1 = 1' : '1 = 0'
  return `${column} ${isNot ? 'NOT IN' : 'IN'} (${values.map(add).join(', ')})`
}

function comparing({ by, isDescending }: ReportOrder, dimensions: readonly Dimension[]): (a: ReportRow, b: ReportRow) => number {
  const sign = isDescending ? -1 : 1
  const first = (a: ReportRow, b: ReportRow): number => {
    if (by === 'date') return compare(a.startMs, b.startMs)
    if ('metric' in by) return compare(valueOfMetric(by.metric, a), valueOfMetric(by.metric, b))
    const at = dimensions.indexOf(by.dimension)
    return compare(a.values[at] ?? null, b.values[at] ?? null)
  }
  return (a, b) => sign * first(a, b) || compare(a.startMs, b.startMs) || a.values.reduce((order, value, at) => order || compare(value, b.values[at] ?? null), 0)
}

/** What is not known is less than all that is. */
function compare<T extends bigint | number | string>(a: T | null, b: T | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1)
  return a < b ? -1 : a > b ? 1 : 0
}

function limited(rows: readonly ReportRow[], { rowsMax, rowsOfGroupMax }: ReportQuery): ReportRow[] {
  const counts = new Map<string, number>()
  const kept: ReportRow[] = []
  for (const row of rows) {
    const group = JSON.stringify(row.values)
    const count = (counts.get(group) ?? 0) + 1
    counts.set(group, count)
    if (count <= rowsOfGroupMax && kept.length < rowsMax) kept.push(row)
  }
  return kept
}

const LABELS = {
  api_key_id: 'SELECT hash AS id, name AS label FROM keys WHERE account_id = $1 AND hash IN',
  workspace: 'SELECT id, name AS label FROM workspaces WHERE account_id = $1 AND id IN',
  app: 'SELECT id, title AS label FROM apps WHERE account_id = $1 AND CAST(id AS text) IN',
  user: 'SELECT users.id, users.email AS label FROM users WHERE EXISTS (SELECT 1 FROM keys WHERE keys.account_id = $1 AND keys.creator_user_id = users.id) AND users.id IN',
} as const

async function labelsOf(sql: Sql, { accountId, by }: ReportQuery, rows: readonly ReportRow[]): Promise<Map<string, string>> {
  const labels = new Map<string, string>()
  for (const [at, dimension] of by.entries()) {
    if (!(dimension in LABELS)) continue
    const ids = [...new Set(rows.flatMap(({ values }) => values[at] ?? []))]
    for (let from = 0; from < ids.length; from += LABELS_OF_QUERY_MAX) {
      const some = ids.slice(from, from + LABELS_OF_QUERY_MAX)
      const found = await sql.all(`${LABELS[dimension as keyof typeof LABELS]} (${some.map((_, index) => `$${index + 2}`).join(', ')})`, accountId, ...some)
      for (const row of found) labels.set(String(row['id']), text(row, 'label'))
    }
  }
  return labels
}

export async function readTagNames(sql: Sql, accountId: string, fromDay: number, namesMax: number): Promise<string[]> {
  const rows = await sql.all(`SELECT name FROM tag_sets WHERE account_id = $1 AND tag_set IN (SELECT tag_set FROM tag_days WHERE account_id = $1 AND day >= ${fromDay}) AND name <> $2
    GROUP BY name ORDER BY name LIMIT ${namesMax}`, accountId, APP_TAG)
  return rows.map((row) => text(row, 'name'))
}

export async function readKnownKeys(sql: Sql, accountId: string, hashes: readonly string[]): Promise<string[]> {
  if (hashes.length === 0) return []
  const rows = await sql.all(`SELECT hash FROM keys WHERE account_id = $1 AND hash IN (${hashes.map((_, at) => `$${at + 2}`).join(', ')})`, accountId, ...hashes)
  return rows.map((row) => text(row, 'hash'))
}
