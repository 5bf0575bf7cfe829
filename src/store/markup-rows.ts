import { INSTANCE_ACCOUNT } from '../accounts/audit-entry.ts'
import { isSameMarkup, readMarkupList, type KeptMarkup } from '../accounts/markups.ts'
import type { Change } from '../accounts/people-store.ts'
import { percentNumber } from '../catalog/markup.ts'
import type { Markup } from '../catalog/endpoint.ts'
import { writeAudit } from './audit-rows.ts'
import { nextRevision } from './schema.ts'
import { one, text, type Sql } from './sql.ts'

/** All of them are one row beside the settings of the install: they are few, read together, and every process sees that row change. */
export async function listMarkups(sql: Sql): Promise<readonly KeptMarkup[]> {
  const row = await one(sql, "SELECT settings FROM instance WHERE id = 'markups'")
  return readMarkupList(row && text(row, 'settings'))
}

export async function putMarkup(sql: Sql, wish: KeptMarkup, markupsMax: number, change: Change): Promise<KeptMarkup | 'too_many'> {
  const revision = await nextRevision(sql)
  const all = await listMarkups(sql)
  const before = all.find((known) => isSameMarkup(known, wish))
  if (!before && all.length >= markupsMax) return 'too_many'
  const after = before ? { ...wish, id: before.id, createdMs: before.createdMs } : wish
  await write(sql, [...all.filter((known) => known !== before), after], change.nowMs, revision)
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, ...change, action: 'markup.set', target: after.id, ...(before && { before: seen(before) }), after: seen(after) })
  return after
}

export async function deleteMarkup(sql: Sql, id: string, change: Change): Promise<boolean> {
  const revision = await nextRevision(sql)
  const all = await listMarkups(sql)
  const before = all.find((known) => known.id === id)
  if (!before) return false
  await write(sql, all.filter((known) => known !== before), change.nowMs, revision)
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, ...change, action: 'markup.delete', target: id, before: seen(before) })
  return true
}

async function write(sql: Sql, all: readonly KeptMarkup[], nowMs: number, revision: bigint): Promise<void> {
  await sql.run(`INSERT INTO instance (id, settings, updated_ms, changed) VALUES ('markups', $1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_ms = excluded.updated_ms, changed = excluded.changed`, JSON.stringify(all), nowMs, revision)
}

/** As the log of changes shows it. */
function seen({ account, model, provider, basisPoints }: Markup): object {
  return { account_id: account ?? null, model: model ?? null, provider: provider ?? null, percent: percentNumber(basisPoints) }
}
