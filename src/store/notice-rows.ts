import type { Notice, NoticeKind } from '../accounts/notice.ts'
import type { Listed } from '../accounts/people-store.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { JsonObject } from '../core/json.ts'
import { rowId } from '../lib/id.ts'
import type { AlertSettings } from '../notices/alert-settings.ts'
import type { Announcement, NoticePage, NoticeReader, NoticeRow } from '../notices/notice-store.ts'
import type { NewMessage } from '../notices/outbox.ts'
import { noteCrossing, readAlertSettings } from './alert-rows.ts'
import { enqueue } from './outbox-rows.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'
import { liveWebhooks } from './webhook-rows.ts'

export async function announce(sql: Sql, announcement: Announcement, nowMs: number): Promise<boolean> {
  const { notice, crossing } = announcement
  if (crossing && !await noteCrossing(sql, crossing, nowMs)) return false
  const id = rowId()
  const { accountId, kind, reference, title, text: said, data, userId = null, workspaceId = null } = notice
  const isNew = await sql.run(`INSERT INTO notices (account_id, id, kind, reference, title, body, data, user_id, workspace_id, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (account_id, reference) DO NOTHING`, accountId, id, kind, reference, title, said, JSON.stringify(data), userId, workspaceId, nowMs) === 1
  if (!isNew) return false
  const settings = await readAlertSettings(sql, accountId)
  await enqueue(sql, [...await letters(sql, announcement, settings, id), ...await webhooks(sql, announcement, settings, id)], nowMs)
  return true
}

async function letters(sql: Sql, { notice, letter }: Announcement, settings: AlertSettings, id: string): Promise<NewMessage[]> {
  if (!letter || !settings.channels.email) return []
  const { accountId } = notice
  return (await addressees(sql, notice, settings)).map((target) => ({ accountId, kind: 'letter', target, reference: id, subject: letter.subject, body: letter.body, sealed: '' }))
}

async function webhooks(sql: Sql, { notice: { accountId, kind, title }, webhook }: Announcement, { channels }: AlertSettings, id: string): Promise<NewMessage[]> {
  if (!channels.webhook) return []
  const endpoints = (await liveWebhooks(sql, accountId)).filter(({ events }) => events === null || events.includes(kind))
  return endpoints.map(({ id: target, format }) => ({ accountId, kind: 'webhook', target, reference: id, subject: title, body: webhook[format], sealed: '' }))
}

/** Each address once. People who may not sign in get nothing. */
async function addressees(sql: Sql, { accountId, kind, userId }: Notice, { recipients }: AlertSettings): Promise<string[]> {
  if (kind === 'balance.low' && recipients.balanceAddress !== null) return [recipients.balanceAddress]
  const admins = recipients.admins ? await sql.all(`SELECT users.email FROM memberships JOIN users ON users.id = memberships.user_id
    WHERE memberships.account_id = $1 AND memberships.role = 'admin' AND users.disabled_ms IS NULL ORDER BY users.email`, accountId) : []
  const owner = recipients.keyOwner && userId ? await sql.all(`SELECT users.email FROM memberships JOIN users ON users.id = memberships.user_id
    WHERE memberships.account_id = $1 AND memberships.user_id = $2 AND users.disabled_ms IS NULL`, accountId, userId) : []
  // Who gets the receipts is told of what could not be paid.
  const payer = kind === 'payment.failed' ? await sql.all("SELECT email FROM payers WHERE account_id = $1 AND email <> ''", accountId) : []
  return [...new Set([...[...admins, ...owner, ...payer].map((row) => text(row, 'email')), ...recipients.addresses])]
}

/** What of an account's notices a reader sees; their id is `$2`, and what a mark of theirs is under. */
function visible({ accountId, userId, isAdmin }: NoticeReader): { readonly where: string; readonly values: SqlValue[] } {
  if (isAdmin) return { where: 'notices.account_id = $1', values: [accountId, userId ?? ''] }
  return {
    where: `notices.account_id = $1 AND (notices.user_id = $2 OR notices.workspace_id = $3 AND notices.user_id IS NULL OR notices.user_id IS NULL AND notices.workspace_id IN
      (SELECT workspace_id FROM workspace_members WHERE workspace_members.account_id = $1 AND workspace_members.user_id = $2))`,
    values: [accountId, userId ?? '', defaultWorkspaceId(accountId)],
  }
}

const READS = 'LEFT JOIN notice_reads ON notice_reads.account_id = notices.account_id AND notice_reads.notice_id = notices.id AND notice_reads.user_id = $2'

export async function listNotices(sql: Sql, reader: NoticeReader, { offset, limit, unread, kind }: NoticePage): Promise<Listed<NoticeRow> & { readonly unread: number }> {
  const { where, values } = visible(reader)
  const all = `FROM notices ${READS} WHERE ${where}`
  const bound = paramsOf(all, values)
  const asked = [...bound.values]
  const only = `${unread === undefined ? '' : ` AND notice_reads.read_ms IS ${unread ? '' : 'NOT '}NULL`}${kind === undefined ? '' : ` AND notices.kind = $${asked.push(kind)}`}`
  const rows = await sql.all(`SELECT notices.id, kind, title, body, data, notices.user_id, workspace_id, at_ms, read_ms ${bound.text}${only} ORDER BY at_ms DESC, notices.id DESC LIMIT $${asked.length + 1} OFFSET $${asked.length + 2}`, ...asked, limit, offset)
  return {
    rows: rows.map(readNotice), total: int(await one(sql, `SELECT COUNT(*) AS total ${bound.text}${only}`, ...asked), 'total'),
    unread: int(await one(sql, `SELECT COUNT(*) AS total ${bound.text} AND notice_reads.read_ms IS NULL`, ...bound.values), 'total'),
  }
}

export async function markRead(sql: Sql, reader: NoticeReader, ids: readonly string[] | undefined, nowMs: number): Promise<number> {
  const { where, values } = visible(reader)
  const bound = paramsOf(`FROM notices ${READS} WHERE ${where} AND notice_reads.read_ms IS NULL`, values)
  const only = ids === undefined ? '' : ` AND notices.id IN (${ids.map((_, index) => `$${bound.values.length + index + 1}`).join(', ')})`
  const rows = await sql.all(`SELECT notices.id ${bound.text}${only}`, ...bound.values, ...ids ?? [])
  for (const row of rows) {
    await sql.run('INSERT INTO notice_reads (account_id, notice_id, user_id, read_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, notice_id, user_id) DO NOTHING', reader.accountId, text(row, 'id'), reader.userId ?? '', nowMs)
  }
  return rows.length
}

/** The text with its parameters in the order in which they first appear, as `Sql` wants them. */
function paramsOf(text: string, values: readonly SqlValue[]): { readonly text: string; readonly values: SqlValue[] } {
  const order: number[] = []
  const renumbered = text.replace(/\$(\d+)/g, (_, digits: string) => {
    const number = Number(digits)
    if (!order.includes(number)) order.push(number)
    return `$${order.indexOf(number) + 1}`
  })
  return { text: renumbered, values: order.map((number) => values[number - 1] ?? null) }
}

/** Notices of before then, with the marks of those who read them, and what went out. */
export async function pruneNotices(sql: Sql, beforeMs: number): Promise<void> {
  await sql.run("DELETE FROM outbox WHERE state <> 'waiting' AND updated_ms < $1", beforeMs)
  await sql.run('DELETE FROM notices WHERE at_ms < $1', beforeMs)
  await sql.run('DELETE FROM notice_reads WHERE read_ms < $1 AND NOT EXISTS (SELECT 1 FROM notices WHERE notices.account_id = notice_reads.account_id AND notices.id = notice_reads.notice_id)', beforeMs)
}

function readNotice(row: Row): NoticeRow {
  return {
    // Written by announce, from the same types.
    id: text(row, 'id'), kind: text(row, 'kind') as NoticeKind, title: text(row, 'title'), text: text(row, 'body'), data: JSON.parse(text(row, 'data')) as JsonObject,
    workspaceId: textOrNull(row, 'workspace_id'), userId: textOrNull(row, 'user_id'), atMs: int(row, 'at_ms'), readMs: intOrNull(row, 'read_ms'),
  }
}
