import { AUDIT_ACTIONS, type AuditEntry, type AuditPage } from '../../accounts/audit-entry.ts'
import type { Listed } from '../../accounts/people-store.ts'
import { csvLine } from '../../lib/csv.ts'
import type { Route, RouteContext } from '../route.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { oneOf, readQuery, text, type Parameter } from './query.ts'

const time: Parameter<number> = {
  expects: 'a time like 2027-01-31 or 2027-01-31T12:00:00Z',
  read: (given) => {
    const ms = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(given) ? Date.parse(given) : Number.NaN
    return Number.isNaN(ms) ? undefined : ms
  },
}

const QUERY = { ...PAGE, from: time, until: time, action: oneOf(AUDIT_ACTIONS), target: text, format: oneOf(['json', 'ndjson', 'csv']) } as const
const EXPORT_ROWS = 500

type ReadLog = (page: AuditPage) => Promise<Listed<AuditEntry>>

/** `GET /organization/audit`: who changed what, newest first; with `format=ndjson` or `csv` all of it, a line each. Only this server has it. */
export const getAudit: Route = {
  method: 'GET', path: '/organization/audit', auth: 'management', operation: 'audit.read',
  handle: (context) => logOf(context, (page) => context.services.people.audit(accessIn(context).accountId, page), auditRow),
}

/** `GET /instance/audit`: the same of every account, and of the install itself. */
export const getInstanceAudit: Route = {
  method: 'GET', path: '/instance/audit', auth: 'operator',
  handle: (context) => {
    const { account_id: accountId } = readQuery(context.url.searchParams, { account_id: text })
    return logOf(context, (page) => context.services.operator.audit({ ...page, ...(accountId !== undefined && { accountId }) }), instanceAuditRow)
  },
}

async function logOf(context: RouteContext, read: ReadLog, row: (entry: AuditEntry) => object): Promise<object | Response> {
  const { from, until, action, target, format = 'json', ...page } = readQuery(context.url.searchParams, QUERY)
  const filter = { ...(from !== undefined && { fromMs: from }), ...(until !== undefined && { untilMs: until }), ...(action && { action }), ...(target !== undefined && { target }) }
  if (format === 'json') {
    const { rows, total } = await read({ ...pageOf(page), ...filter })
    return { data: rows.map(row), total_count: total }
  }
  // Up to the moment of asking.
  const lines = auditLines((wanted) => read({ ...filter, untilMs: Math.min(filter.untilMs ?? Infinity, context.services.clock.wallMs() + 1), ...wanted }), format, row)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() { await lines.return(undefined) },
  })
  return new Response(body, { headers: { 'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson', 'content-disposition': `attachment; filename="audit.${format}"` } })
}

/** All that a log has, some hundreds of entries at a time, as text of the format; read as whoever takes it goes on. */
export async function* auditLines(read: (page: Pick<AuditPage, 'offset' | 'limit' | 'olderThan'>) => Promise<Listed<AuditEntry>>, format: 'ndjson' | 'csv', row: (entry: AuditEntry) => object): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield csvLine(CSV_COLUMNS)
  let olderThan: AuditEntry | undefined
  for (;;) {
    const { rows } = await read({ offset: 0, limit: EXPORT_ROWS, ...(olderThan && { olderThan: { atMs: olderThan.atMs, id: olderThan.id } }) })
    if (rows.length > 0) yield rows.map((entry) => (format === 'csv' ? csvOf(entry) : `${JSON.stringify(row(entry))}\n`)).join('')
    if (rows.length < EXPORT_ROWS) return
    olderThan = rows.at(-1)
  }
}

const CSV_COLUMNS = ['id', 'at', 'account_id', 'actor_kind', 'actor_id', 'actor_name', 'user_id', 'impersonated_by', 'action', 'target', 'reason', 'before', 'after']

function csvOf({ id, atMs, accountId, actor, action, target, reason, before, after }: AuditEntry): string {
  const json = (value: AuditEntry['before']) => (value === null ? null : JSON.stringify(value))
  return csvLine([id, timeOrNull(atMs), accountId, actor.kind, actor.id, actor.name, actor.userId, actor.impersonatedBy ?? null, action, target, reason, json(before), json(after)])
}

/** An entry as the API and the command line show it. */
export function auditRow({ id, atMs, actor, action, target, before, after, reason }: AuditEntry): object {
  return { id, at: timeOrNull(atMs), actor: { kind: actor.kind, id: actor.id, name: actor.name, user_id: actor.userId, impersonated_by: actor.impersonatedBy ?? null }, action, target, before, after, reason }
}

/** As `auditRow`, with its account; null: the install's own. */
export function instanceAuditRow(entry: AuditEntry): object {
  return { ...auditRow(entry), account_id: entry.accountId === '' ? null : entry.accountId }
}
