import { INSTANCE_ACCOUNT } from '../accounts/audit-entry.ts'
import { readSettings, settingsJson, withChange, type InstanceChange } from '../accounts/instance.ts'
import type { Change } from '../accounts/people-store.ts'
import { writeAudit } from './audit-rows.ts'
import { nextRevision } from './schema.ts'
import { one, text, type Sql } from './sql.ts'

export async function findInstanceSettings(sql: Sql): Promise<string | undefined> {
  const row = await one(sql, "SELECT settings FROM instance WHERE id = 'instance'")
  return row && text(row, 'settings')
}

export async function changeInstanceSettings(sql: Sql, change: InstanceChange, { by, nowMs }: Change): Promise<string> {
  const before = readSettings(await findInstanceSettings(sql))
  const after = withChange(before, change)
  const json = JSON.stringify(settingsJson(after))
  await sql.run(`INSERT INTO instance (id, settings, updated_ms, changed) VALUES ('instance', $1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_ms = excluded.updated_ms, changed = excluded.changed`, json, nowMs, await nextRevision(sql))
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, by, nowMs, action: 'instance.change', target: 'settings', before: settingsJson(before), after: settingsJson(after) })
  return json
}
