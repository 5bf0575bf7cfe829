import type { NoticeKind } from '../accounts/notice.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'
import { WEBHOOKS_MAX, type DeliveryResult, type SealedWebhookEndpoint, type WebhookChange, type WebhookEndpoint, type WebhookFormat } from '../notices/webhook-endpoint.ts'
import { writeAudit } from './audit-rows.ts'
import { int, intOrNull, one, text, textOrNull, tuples, type Row, type Sql } from './sql.ts'

const SEEN = 'account_id, id, url, name, format, events, disabled_ms, disabled_reason, failures, failing_since_ms, delivered_ms, error, created_ms, updated_ms'
const DAY_MS = 86_400_000

/** An endpoint that has failed for so long, and so often, is disabled. */
const FAILING_MS_MAX = DAY_MS
const FAILURES_MIN = 5
/** What was given up so long ago is not posted any more when an endpoint is enabled again. */
const AGAIN_MS_MAX = 7 * DAY_MS

export async function listWebhooks(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<WebhookEndpoint>> {
  const rows = await sql.all(`SELECT ${SEEN} FROM webhook_endpoints WHERE account_id = $1 ORDER BY created_ms, id LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readEndpoint), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM webhook_endpoints WHERE account_id = $1', accountId), 'total') }
}

/** Those that are posted to. */
export async function liveWebhooks(sql: Sql, accountId: string): Promise<readonly WebhookEndpoint[]> {
  return (await sql.all(`SELECT ${SEEN} FROM webhook_endpoints WHERE account_id = $1 AND disabled_ms IS NULL ORDER BY created_ms, id`, accountId)).map(readEndpoint)
}

export async function findWebhook(sql: Sql, accountId: string, id: string): Promise<SealedWebhookEndpoint | undefined> {
  const row = await one(sql, `SELECT ${SEEN}, sealed FROM webhook_endpoints WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readSealed(row)
}

export async function insertWebhook(sql: Sql, endpoint: SealedWebhookEndpoint, { by, nowMs }: Change): Promise<boolean> {
  const { accountId, id, url, name, format, events, sealed, createdMs } = endpoint
  if (int(await one(sql, 'SELECT COUNT(*) AS total FROM webhook_endpoints WHERE account_id = $1', accountId), 'total') >= WEBHOOKS_MAX) return false
  await sql.run(`INSERT INTO webhook_endpoints (${SEEN}, sealed) VALUES ${tuples(1, 15)}`, accountId, id, url, name, format, eventsText(events), null, null, 0, null, null, null, createdMs, null, sealed)
  await writeAudit(sql, { accountId, by, nowMs, action: 'webhook.create', target: id, after: seen(endpoint) })
  return true
}

export async function changeWebhook(sql: Sql, accountId: string, id: string, wish: WebhookChange, { by, nowMs }: Change): Promise<WebhookEndpoint | undefined> {
  const before = await findWebhook(sql, accountId, id)
  if (!before) return undefined
  const { url = before.url, name = before.name, events = before.events, disabled = before.disabledMs !== null } = wish
  const sealed = wish.sealed ?? before.sealed
  const isEnabled = !disabled && before.disabledMs !== null
  const disabledMs = disabled ? before.disabledMs ?? nowMs : null
  const fresh = isEnabled || url !== before.url || sealed !== before.sealed
  await sql.run(`UPDATE webhook_endpoints SET url = $1, name = $2, events = $3, disabled_ms = $4, disabled_reason = $5, failures = $6, failing_since_ms = $7, updated_ms = $8, sealed = $9
    WHERE account_id = $10 AND id = $11`, url, name, eventsText(events), disabledMs, disabled ? before.disabledReason : null, fresh ? 0 : before.failures, fresh ? null : before.failingSinceMs, nowMs, sealed, accountId, id)
  if (isEnabled) {
    await sql.run("UPDATE outbox SET state = 'waiting', tries = 0, next_ms = $1 WHERE account_id = $2 AND target = $3 AND state = 'dead' AND created_ms > $4", nowMs, accountId, id, nowMs - AGAIN_MS_MAX)
  }
  const after = await findWebhook(sql, accountId, id)
  await writeAudit(sql, { accountId, by, nowMs, action: 'webhook.change', target: id, before: seen(before), after: after && seen(after) })
  return after
}

export async function deleteWebhook(sql: Sql, accountId: string, id: string, { by, nowMs }: Change): Promise<boolean> {
  const before = await findWebhook(sql, accountId, id)
  if (!before) return false
  await sql.run('DELETE FROM webhook_endpoints WHERE account_id = $1 AND id = $2', accountId, id)
  await sql.run('DELETE FROM outbox WHERE account_id = $1 AND target = $2', accountId, id)
  await writeAudit(sql, { accountId, by, nowMs, action: 'webhook.delete', target: id, before: seen(before) })
  return true
}

export async function noteDelivery(sql: Sql, accountId: string, id: string, result: DeliveryResult, nowMs: number): Promise<boolean> {
  if (result.ok) {
    await sql.run('UPDATE webhook_endpoints SET failures = 0, failing_since_ms = NULL, error = NULL, delivered_ms = $1 WHERE account_id = $2 AND id = $3', nowMs, accountId, id)
    return false
  }
  await sql.run('UPDATE webhook_endpoints SET failures = failures + 1, failing_since_ms = COALESCE(failing_since_ms, $1), error = $2 WHERE account_id = $3 AND id = $4', nowMs, result.error, accountId, id)
  const why = result.isGone ? 'It answered that it wants no more (410).' : 'It has failed for a day.'
  const disabled = await sql.run(`UPDATE webhook_endpoints SET disabled_ms = $1, disabled_reason = $2 WHERE account_id = $3 AND id = $4 AND disabled_ms IS NULL
    AND ($5 = 1 OR (failures >= $6 AND failing_since_ms <= $7))`, nowMs, why, accountId, id, result.isGone ? 1 : 0, FAILURES_MIN, nowMs - FAILING_MS_MAX) === 1
  if (disabled) await sql.run("UPDATE outbox SET state = 'dead', error = $1 WHERE account_id = $2 AND target = $3 AND state = 'waiting' AND claimed_by IS NULL", `The endpoint is disabled. ${why}`, accountId, id)
  return disabled
}

export async function webhooksSealedByOthers(sql: Sql, sealKeyId: string, limit: number): Promise<readonly SealedWebhookEndpoint[]> {
  return (await sql.all(`SELECT ${SEEN}, sealed FROM webhook_endpoints WHERE sealed NOT LIKE $1 ORDER BY account_id, id LIMIT $2`, `v1.${sealKeyId}.%`, limit)).map(readSealed)
}

export async function resealWebhook(sql: Sql, accountId: string, id: string, before: string, after: string): Promise<boolean> {
  return await sql.run('UPDATE webhook_endpoints SET sealed = $1 WHERE account_id = $2 AND id = $3 AND sealed = $4', after, accountId, id, before) === 1
}

function eventsText(events: readonly NoticeKind[] | null): string | null {
  return events === null ? null : JSON.stringify(events)
}

/** As the log of changes shows it. */
function seen({ url, name, format, events, disabledMs }: WebhookEndpoint): object {
  return { url, name, format, events, disabled: disabledMs !== null }
}

function readSealed(row: Row): SealedWebhookEndpoint {
  return { ...readEndpoint(row), sealed: text(row, 'sealed') }
}

function readEndpoint(row: Row): WebhookEndpoint {
  const events = textOrNull(row, 'events')
  return {
    accountId: text(row, 'account_id'), id: text(row, 'id'), url: text(row, 'url'), name: textOrNull(row, 'name'),
    // Written by insertWebhook and changeWebhook, from the same types.
    format: text(row, 'format') as WebhookFormat, events: events === null ? null : JSON.parse(events) as NoticeKind[],
    disabledMs: intOrNull(row, 'disabled_ms'), disabledReason: textOrNull(row, 'disabled_reason'), failures: int(row, 'failures'), failingSinceMs: intOrNull(row, 'failing_since_ms'),
    deliveredMs: intOrNull(row, 'delivered_ms'), error: textOrNull(row, 'error'), createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
  }
}
