import { readSettings } from '../accounts/instance.ts'
import { findInstanceSettings } from './instance-rows.ts'
import { readOverrides } from './override-rows.ts'
import { int, one, text, type Sql } from './sql.ts'

/** True where the organization has as many members as it may have, and this person is none of them (contract H20). */
export async function isFull(sql: Sql, accountId: string, userId: string): Promise<boolean> {
  const account = await one(sql, 'SELECT kind, overrides FROM accounts WHERE id = $1', accountId)
  if (!account || text(account, 'kind') === 'personal') return false
  if (await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, userId)) return false
  const max = readOverrides(text(account, 'overrides')).membersMax ?? readSettings(await findInstanceSettings(sql)).membersMax
  return int(await one(sql, 'SELECT COUNT(*) AS members FROM memberships WHERE account_id = $1', accountId), 'members') >= max
}
