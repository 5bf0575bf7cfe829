import { INSTANCE_ACCOUNT, SYSTEM } from '../accounts/audit-entry.ts'
import type { EndedView, NewView, ViewRefusal } from '../accounts/operator-store.ts'
import type { Change } from '../accounts/people-store.ts'
import { writeAudit } from './audit-rows.ts'
import { userName } from '../accounts/user.ts'
import { accountsOf, findUser } from './people-rows.ts'
import { int, intOrNull, one, text, textOrNull, type Sql } from './sql.ts'

/** A session of the person for the operator. It is in the log of every account that the person is in, for each of them can be seen through it. */
export async function startView(sql: Sql, { sessionId, token, userId, operatorId, returnSessionId, address, userAgent, endsMs }: NewView, change: Change): Promise<ViewRefusal | undefined> {
  const person = await one(sql, 'SELECT operator, disabled_ms FROM users WHERE id = $1', userId)
  if (!person) return 'no_person'
  if (intOrNull(person, 'disabled_ms') !== null) return 'disabled'
  // What an operator may do is not lent.
  if (int(person, 'operator') !== 0) return 'is_operator'
  await sql.run(`INSERT INTO sessions (id, user_id, token, account_id, impersonated_by, ip_address, user_agent, created_ms, updated_ms, expires_ms)
    VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $7, $8)`, sessionId, userId, token, operatorId, address, userAgent, change.nowMs, endsMs)
  await sql.run('INSERT INTO operator_views (session_id, operator_id, user_id, return_session_id, started_ms, ends_ms) VALUES ($1, $2, $3, $4, $5, $6)', sessionId, operatorId, userId, returnSessionId, change.nowMs, endsMs)
  await logView(sql, 'impersonation.start', userId, change, { until: new Date(endsMs).toISOString() })
  return undefined
}

/** Ends the view that a session is, and gives the session that the operator came from, where it still lives. undefined: it is none. */
export async function endView(sql: Sql, sessionId: string, change: Change): Promise<EndedView | undefined> {
  const view = await one(sql, 'DELETE FROM operator_views WHERE session_id = $1 RETURNING operator_id, user_id, return_session_id', sessionId)
  if (!view) return undefined
  await sql.run('DELETE FROM sessions WHERE id = $1', sessionId)
  await logView(sql, 'impersonation.end', text(view, 'user_id'), change)
  const back = await one(sql, 'SELECT token, expires_ms FROM sessions WHERE id = $1 AND user_id = $2 AND expires_ms > $3', textOrNull(view, 'return_session_id') ?? '', text(view, 'operator_id'), change.nowMs)
  return back ? { token: text(back, 'token'), endsMs: int(back, 'expires_ms') } : {}
}

/** Ends the view that a session was which its operator has signed out of. Nothing, where it was none. */
export async function endViewOf(sql: Sql, sessionId: string, nowMs: number): Promise<void> {
  const view = await one(sql, 'DELETE FROM operator_views WHERE session_id = $1 RETURNING operator_id, user_id', sessionId)
  const user = view && await findUser(sql, 'id', text(view, 'user_id'))
  if (!user) return
  await logView(sql, 'impersonation.end', user.id, { by: { kind: 'user', id: user.id, name: userName(user), userId: user.id, impersonatedBy: text(view, 'operator_id') }, nowMs })
}

/** Views whose time is over ended then, whenever that is found out. */
export async function endOverViews(sql: Sql, nowMs: number): Promise<void> {
  const over = await sql.all('DELETE FROM operator_views WHERE ends_ms <= $1 RETURNING session_id, user_id, ends_ms', nowMs)
  for (const view of over) {
    await sql.run('DELETE FROM sessions WHERE id = $1', text(view, 'session_id'))
    await logView(sql, 'impersonation.end', text(view, 'user_id'), { by: SYSTEM, nowMs: int(view, 'ends_ms'), reason: 'its time was over' })
  }
}

async function logView(sql: Sql, action: 'impersonation.start' | 'impersonation.end', userId: string, change: Change, after?: object): Promise<void> {
  const accounts = await accountsOf(sql, userId)
  for (const accountId of [INSTANCE_ACCOUNT, ...accounts.map(({ account }) => account.id)]) await writeAudit(sql, { accountId, ...change, action, target: userId, after })
}
