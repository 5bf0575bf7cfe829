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
}

const COLUMNS = 'id, account_id, at_ms, actor_kind, actor_id, actor_name, user_id, action, target, before, after'

/** Writes one change into the log, in the transaction that makes it. */
export async function writeAudit(sql: Sql, { accountId, by, nowMs, action, target, before, after }: Audited): Promise<void> {
  await sql.run(`INSERT INTO audit_log (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    rowId(), accountId, nowMs, by.kind, by.id, by.name, by.userId, action, target, seen(before), seen(after))
}

function seen(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

export async function listAudit(sql: Sql, accountId: string, { offset, limit, ...filter }: AuditPage): Promise<Listed<AuditEntry>> {
  const values: SqlValue[] = [accountId]
  const wheres = ['account_id = $1']
  const add = (condition: string, value: SqlValue | undefined) => {
    if (value !== undefined) wheres.push(`${condition} $${values.push(value)}`)
  }
  add('at_ms >=', filter.fromMs)
  add('at_ms <', filter.untilMs)
  add('action =', filter.action)
  add('target =', filter.target)
  const from = `FROM audit_log WHERE ${wheres.join(' AND ')}`
  const rows = await sql.all(`SELECT ${COLUMNS} ${from} ORDER BY at_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: rows.map(readEntry), total: int(await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values), 'total') }
}

function readEntry(row: Row): AuditEntry {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), atMs: int(row, 'at_ms'), target: text(row, 'target'),
    // Written by writeAudit, from the same types.
    action: text(row, 'action') as AuditAction, actor: { kind: text(row, 'actor_kind') as Actor['kind'], id: text(row, 'actor_id'), name: text(row, 'actor_name'), userId: textOrNull(row, 'user_id') },
    before: readSeen(row, 'before'), after: readSeen(row, 'after'),
  }
}

function readSeen(row: Row, column: string): Json {
  const value = textOrNull(row, column)
  // Written by writeAudit, which writes JSON.
  return value === null ? null : JSON.parse(value) as Json
}
