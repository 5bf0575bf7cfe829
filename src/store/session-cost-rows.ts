import type { End } from '../ledger/line.ts'
import { appOfCall } from './app-book.ts'
import { sorted, valueOf } from './groups.ts'
import type { Sql } from './sql.ts'

const DAY_MS = 86_400_000
/** Longer than any window that is told of. */
const DAYS_KEPT = 62

interface SessionCost { readonly session: string; readonly appId: number; readonly model: string; turns: number; cost: bigint; day: number }

/** The last day that each account's old sessions were removed on, by this process. */
const cleaned = new Map<string, number>()

/** Adds to what sessions of apps cost: of calls that say both. Calls that were made for another are turns of nobody. */
export async function countSessions(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
  const sessions = new Map<string, SessionCost>()
  for (const { generation } of ends) {
    const { sessionId, model, cost, createdMs, parentId } = generation
    const app = sessionId === null ? undefined : appOfCall(generation)
    if (!app || sessionId === null) continue
    const session = Bun.CryptoHasher.hash('sha256', sessionId, 'hex').slice(0, 32)
    const sum = valueOf(sessions, `${session} ${app.id} ${model}`, () => ({ session, appId: app.id, model, turns: 0, cost: 0n, day: 0 }))
    sum.turns += parentId === undefined ? 1 : 0
    sum.cost += cost
    sum.day = Math.max(sum.day, Math.floor(createdMs / DAY_MS))
  }
  for (const [, { session, appId, model, turns, cost, day }] of sorted(sessions)) {
    await sql.run(`INSERT INTO session_costs (account_id, session, app_id, model, turns, cost, day) VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (account_id, session, app_id, model) DO UPDATE SET turns = session_costs.turns + excluded.turns, cost = session_costs.cost + excluded.cost,
      day = CASE WHEN session_costs.day > excluded.day THEN session_costs.day ELSE excluded.day END`, accountId, session, appId, model, turns, cost, day)
  }
  const last = Math.max(0, ...[...sessions.values()].map(({ day }) => day))
  if (last > (cleaned.get(accountId) ?? 0)) {
    await sql.run('DELETE FROM session_costs WHERE account_id = $1 AND day < $2', accountId, last - DAYS_KEPT)
    cleaned.set(accountId, last)
  }
}
