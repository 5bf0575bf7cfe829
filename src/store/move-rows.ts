import type { CreditMove, MoveRefusal } from '../accounts/key-store.ts'
import { readSettings } from '../accounts/instance.ts'
import type { Granted } from '../accounts/accounts.ts'
import { CREDIT_NANO_MAX } from '../core/nano.ts'
import { grantCredits, readCredits } from './account-rows.ts'
import { findInstanceSettings } from './instance-rows.ts'
import { oldestLeft } from './lot-rows.ts'
import { big, int, one, text, type Sql } from './sql.ts'

const DAY_MS = 86_400_000
/** What the entries of a move are known by; the rest is the reference of whoever asked. */
const MOVE = 'move:'

/**
 * Takes credit from a person's own account and gives it to an organization of theirs (contract H20), in the caller's transaction: both or neither.
 * Says why not, and then nothing was changed.
 */
export async function moveCredit(sql: Sql, { userId, toAccountId, amount, reference, by, nowMs }: CreditMove): Promise<Granted | MoveRefusal> {
  const { creditMoves } = readSettings(await findInstanceSettings(sql))
  const from = await one(sql, `SELECT accounts.id, accounts.name FROM memberships JOIN accounts ON accounts.id = memberships.account_id
    WHERE memberships.user_id = $1 AND accounts.kind = 'personal' AND accounts.suspended_ms IS NULL AND accounts.closed_ms IS NULL ORDER BY memberships.created_ms, accounts.id LIMIT 1`, userId)
  const to = await one(sql, `SELECT accounts.name, accounts.granted, memberships.created_ms AS member_ms FROM memberships JOIN accounts ON accounts.id = memberships.account_id
    WHERE memberships.user_id = $1 AND accounts.id = $2 AND accounts.kind = 'organization' AND accounts.suspended_ms IS NULL AND accounts.closed_ms IS NULL`, userId, toAccountId)
  if (!from || !to) return { code: 'no_account' }
  const fromId = text(from, 'id')
  const name = `${MOVE}${reference}`
  if (await one(sql, "SELECT id FROM entries WHERE account_id = $1 AND reference = $2 AND book = 'balance'", fromId, name)) return { ...await readCredits(sql, fromId), isRepeated: true }
  const openMs = int(to, 'member_ms') + creditMoves.tenureDays * DAY_MS
  if (openMs > nowMs) return { code: 'tenure', openMs }
  // Not as a range of texts: how a server orders them is its locale's.
  const last = await one(sql, `SELECT MAX(at_ms) AS at_ms FROM entries WHERE account_id = $1 AND book = 'balance' AND amount < 0 AND reference IS NOT NULL AND SUBSTR(reference, 1, ${MOVE.length}) = $2`, fromId, MOVE)
  const againMs = last?.['at_ms'] === null ? 0 : int(last, 'at_ms') + creditMoves.cooldownDays * DAY_MS
  if (againMs > nowMs) return { code: 'cooldown', openMs: againMs }
  if (big(to, 'granted') + amount > CREDIT_NANO_MAX) return { code: 'too_much' }
  // It lapses there when it would have lapsed here.
  const parts = await oldestLeft(sql, fromId, amount)
  const taken = await grantCredits(sql, { accountId: fromId, amount: -amount, reason: `moved to ${text(to, 'name')}`, reference: name, nowMs, by }, { kind: 'transfer' })
  if (!taken) return { code: 'no_credit', fromAccountId: fromId }
  // A reference of its own there: another member may have chosen the same.
  const given = await grantCredits(sql, { accountId: toAccountId, amount, reason: `moved by ${text(from, 'name')}`, reference: `${MOVE}${userId}:${reference}`, nowMs, by }, { kind: 'transfer', parts })
  // It was looked at above, in this transaction: as an error it takes back what was taken.
  if (!given) throw new Error('credit that was taken from one account could not be given to the other')
  return taken
}
