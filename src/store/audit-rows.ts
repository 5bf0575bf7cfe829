import type { Actor, AuditAction, AuditEntry, AuditPage } from '../accounts/audit-entry.ts'
import type { Listed } from '../accounts/people-store.ts'
import type { Json } from '../core/json.ts'
import { rowId } from '../lib/id.ts'
import { int, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

/** What a change is told by those who make it. */
export interface Audited {
  readonly accountId: string
  readonly by: Actor
  readonly nowMs: number
  readonly action: AuditAction
  readonly target: string
  /** What can be seen of the thing: who calls this leaves out what is secret. */
  readonly before?: object | undefined
  readonly after?: object | undefined
  readonly reason?: string | undefined
}

const COLUMNS = 'id, account_id, at_ms, actor_kind, actor_id, actor_name, user_id, action, target, before, after, reason, impersonated_by'

/** Writes one change into the log, in the transaction that makes it. */
export async function writeAudit(sql: Sql, { accountId, by, nowMs, action, target, before, after, reason }: Audited): Promise<void> {
  await sql.run(`INSERT INTO audit_log (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    rowId(), accountId, nowMs, by.kind, by.id, by.name, by.userId, action, target, seen(before), seen(after), reason ?? null, by.impersonatedBy ?? null)
}

function seen(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

/** Of an account, or of all where none is said. */
export async function listAudit(sql: Sql, accountId: string | undefined, { offset, limit, ...filter }: AuditPage): Promise<Listed<AuditEntry>> {
  const values: SqlValue[] = []
  const wheres: string[] = []
  const mark = (value: SqlValue): string => `$${values.push(value)}`
  const add = (condition: string, value: SqlValue | undefined) => {
    if (value !== undefined) wheres.push(`${condition} ${mark(value)}`)
  }
  add('account_id =', accountId)
  add('at_ms >=', filter.fromMs)
  add('at_ms <', filter.untilMs)
  add('action =', filter.action)
  add('target =', filter.target)
  const { olderThan } = filter
  if (olderThan) {
    const at = mark(olderThan.atMs)
    wheres.push(`at_ms <= ${at} AND (at_ms < ${at} OR id < ${mark(olderThan.id)})`)
  }
  const from = `FROM audit_log${wheres.length === 0 ? '' : ` WHERE ${wheres.join(' AND ')}`}`
  const rows = await sql.all(`SELECT ${COLUMNS} ${from} ORDER BY at_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  // Who reads on needs no count.
  const total = olderThan ? 0 : int(await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values), 'total')
  return { rows: rows.map(readEntry), total }
}

function readEntry(row: Row): AuditEntry {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), atMs: int(row, 'at_ms'), target: text(row, 'target'),
    // Written by writeAudit, from the same types.
    action: text(row, 'action') as AuditAction, actor: { kind: text(row, 'actor_kind') as Actor['kind'], id: text(row, 'actor_id'), name: text(row, 'actor_name'), userId: textOrNull(row, 'user_id'), ...impersonator(row) },
    before: readSeen(row, 'before'), after: readSeen(row, 'after'), reason: textOrNull(row, 'reason'),
  }
}

function impersonator(row: Row): Pick<Actor, 'impersonatedBy'> {
  const impersonatedBy = textOrNull(row, 'impersonated_by')
  return impersonatedBy === null ? {} : { impersonatedBy }
}

function readSeen(row: Row, column: string): Json {
  const value = textOrNull(row, column)
  // Written by writeAudit, which writes JSON.
  return value === null ? null : JSON.parse(value) as Json
}
