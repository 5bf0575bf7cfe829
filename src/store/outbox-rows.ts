import type { Listed, Page } from '../accounts/people-store.ts'
import { rowId } from '../lib/id.ts'
import { TRY_AGAIN_MS_MAX } from '../notices/waits.ts'
import type { Claim, Delivery, DeliveryState, Message, NewMessage, Outcome } from '../notices/outbox.ts'
import { int, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

const MESSAGE = 'account_id, id, kind, target, subject, body, sealed, tries, created_ms'

export async function enqueue(sql: Sql, messages: readonly NewMessage[], nowMs: number): Promise<void> {
  for (const { accountId, kind, target, reference, subject, body, sealed } of messages) {
    await sql.run(`INSERT INTO outbox (account_id, id, kind, target, reference, subject, body, sealed, state, tries, next_ms, claimed_by, error, created_ms, updated_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9, NULL, NULL, $9, $9) ON CONFLICT (account_id, target, reference) DO NOTHING`,
      accountId, rowId(), kind, target, reference, subject, body, sealed, nowMs)
  }
}

/** A time that no wait leads to was set before the clock was put back: it is due. */
const DUE = "state = 'waiting' AND claimed_by IS NULL AND (next_ms <= $1 OR next_ms > $2) AND kind <> $3"

/** Whether anything is due: a look costs no lock. */
export async function anyDue(sql: Sql, { without, nowMs }: Claim): Promise<boolean> {
  return await one(sql, `SELECT id FROM outbox WHERE ${DUE} LIMIT 1`, nowMs, nowMs + TRY_AGAIN_MS_MAX, without ?? '') !== undefined
}

export async function claimMessages(sql: Sql, { nodeId, without, limit, nowMs }: Claim): Promise<readonly Message[]> {
  const due = await sql.all(`SELECT account_id, id FROM outbox WHERE ${DUE} ORDER BY next_ms, id LIMIT $4`, nowMs, nowMs + TRY_AGAIN_MS_MAX, without ?? '', limit)
  const messages: Message[] = []
  for (const row of due) {
    // Whoever writes first has it.
    const claimed = await one(sql, `UPDATE outbox SET claimed_by = $1 WHERE account_id = $2 AND id = $3 AND state = 'waiting' AND claimed_by IS NULL RETURNING ${MESSAGE}`, nodeId, text(row, 'account_id'), text(row, 'id'))
    if (claimed) messages.push(readMessage(claimed))
  }
  return messages
}

/** What was sent is wiped: only that it was, and what it was about, stays. */
export async function finishMessage(sql: Sql, accountId: string, id: string, outcome: Outcome, nowMs: number): Promise<void> {
  if (outcome.sent) {
    await sql.run("UPDATE outbox SET state = 'sent', body = '', sealed = '', tries = tries + 1, claimed_by = NULL, error = NULL, updated_ms = $1 WHERE account_id = $2 AND id = $3", nowMs, accountId, id)
    return
  }
  const { error, nextMs } = outcome
  await sql.run("UPDATE outbox SET state = $1, tries = tries + 1, next_ms = $2, claimed_by = NULL, error = $3, updated_ms = $4 WHERE account_id = $5 AND id = $6 AND state = 'waiting'",
    nextMs === undefined ? 'dead' : 'waiting', nextMs ?? nowMs, error, nowMs, accountId, id)
  if (nextMs === undefined) await sql.run("UPDATE outbox SET sealed = '' WHERE account_id = $1 AND id = $2", accountId, id)
}

/** Removes letters of no account to these addresses that are not on their way any more. */
export async function forgetLetters(sql: Sql, to: readonly Row[]): Promise<void> {
  for (const row of to) await sql.run("DELETE FROM outbox WHERE account_id = '' AND target = $1 AND state <> 'waiting'", text(row, 'email'))
}

export async function letGoOfMessages(sql: Sql, nodeId: string): Promise<void> {
  await sql.run('UPDATE outbox SET claimed_by = NULL WHERE claimed_by = $1', nodeId)
}

export async function listDeliveries(sql: Sql, accountId: string, { state, target, offset, limit }: Page & { readonly state?: DeliveryState; readonly target?: string }): Promise<Listed<Delivery>> {
  const values: SqlValue[] = [accountId]
  const only = (column: string, value: string | undefined) => (value === undefined ? '' : ` AND ${column} = $${values.push(value)}`)
  const from = `FROM outbox WHERE account_id = $1${only('state', state)}${only('target', target)}`
  const rows = await sql.all(`SELECT id, kind, target, subject, tries, state, next_ms, error, created_ms, updated_ms ${from} ORDER BY created_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: rows.map(readDelivery), total: int(await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values), 'total') }
}

function readMessage(row: Row): Message {
  return {
    accountId: text(row, 'account_id'), id: text(row, 'id'), target: text(row, 'target'), subject: text(row, 'subject'), body: text(row, 'body'), sealed: text(row, 'sealed'),
    // Written by enqueue, from the same type.
    kind: text(row, 'kind') as Message['kind'], tries: int(row, 'tries'), createdMs: int(row, 'created_ms'),
  }
}

function readDelivery(row: Row): Delivery {
  // As above.
  const [kind, state] = [text(row, 'kind') as Delivery['kind'], text(row, 'state') as DeliveryState]
  return {
    id: text(row, 'id'), kind, state, target: text(row, 'target'), subject: text(row, 'subject'), tries: int(row, 'tries'), nextMs: state === 'waiting' ? int(row, 'next_ms') : null,
    error: textOrNull(row, 'error'), createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
  }
}
