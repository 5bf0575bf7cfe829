import type { Period } from '../ledger/bank.ts'
import { windowAt } from '../ledger/window.ts'
import type { Allowance, AllowanceScope } from '../notices/allowance.ts'
import type { AllowanceId, AllowanceSource } from './allowance-source.ts'
import { big, int, one, text, textOrNull, type Row, type Sql } from './sql.ts'

/** A budget's id is a UUID; which value of the tag, or whose guardrail it is, stands behind it. */
const ID_CHARS = 36
const DAY_MS = 86_400_000

type CapKind = 'member' | 'tag' | 'guardrail'

/** What a budget is for, before it is known what of it was used. */
interface Cap { readonly name: string; readonly period: Period; readonly cap: bigint; readonly createdMs: number; readonly userId: string | null }

/** What members, tags and guardrails may spend: all are counted in one table. */
function capSource(kind: CapKind, find: (sql: Sql, accountId: string, id: string) => Promise<Cap | undefined>, list: AllowanceSource['list']): AllowanceSource {
  return {
    kind, list,
    async read(sql, accountId, ids, atMs) {
      const found: Allowance[] = []
      for (const id of ids) {
        const cap = await find(sql, accountId, id)
        if (!cap) continue
        const { startMs } = windowAt(cap.period, atMs)
        const used = await one(sql, 'SELECT counted FROM budget_windows WHERE account_id = $1 AND holder = $2 AND period = $3 AND start_ms = $4', accountId, `${kind}:${id}`, cap.period, startMs)
        found.push({ accountId, kind, id, startMs, used: big(used, 'counted'), workspaceId: null, ...cap })
      }
      return found
    },
    page: async (sql, after, limit) => asIds(kind, await sql.all(`SELECT DISTINCT account_id, holder FROM budget_windows WHERE holder LIKE '${kind}:%'
      AND (account_id > $1 OR (account_id = $1 AND holder > $2)) ORDER BY account_id, holder LIMIT $3`, after.accountId, after.id === '' ? '' : `${kind}:${after.id}`, limit)),
    /** Only windows of its own period are counted: of one that is longer than a day all of it that there is. */
    async recent(sql, { accountId, id, period, startMs, createdMs }, fromMs) {
      const sinceMs = Math.max(createdMs, period === 'daily' ? fromMs : Math.min(startMs, Math.floor(fromMs / DAY_MS) * DAY_MS))
      const used = await one(sql, 'SELECT SUM(counted) AS used, MIN(start_ms) AS first FROM budget_windows WHERE account_id = $1 AND holder = $2 AND period = $3 AND start_ms >= $4', accountId, `${kind}:${id}`, period, Math.min(startMs, sinceMs))
      return { sinceMs: period === 'daily' ? sinceMs : Math.max(createdMs, int(used, 'first')), used: big(used, 'used') }
    },
  }
}

function asIds(kind: CapKind, rows: readonly Row[]): AllowanceId[] {
  return rows.map((row) => ({ accountId: text(row, 'account_id'), id: text(row, 'holder').slice(kind.length + 1) }))
}

/** What a row of `spend_budgets` says, with what it is called. */
function capOf(row: Row, name: string, userId: string | null): Cap {
  // Written by putSpendBudget, from the same type.
  return { name, period: text(row, 'period') as Period, cap: big(row, 'cap'), createdMs: int(row, 'created_ms'), userId }
}

const member = capSource('member', async (sql, accountId, id) => {
  const row = await one(sql, `SELECT spend_budgets.subject, spend_budgets.period, spend_budgets.cap, spend_budgets.created_ms, users.email FROM spend_budgets
    LEFT JOIN users ON users.id = spend_budgets.subject WHERE account_id = $1 AND spend_budgets.id = $2 AND kind = 'member'`, accountId, id.slice(0, ID_CHARS))
  return row && capOf(row, textOrNull(row, 'email') ?? text(row, 'subject'), text(row, 'subject'))
}, (sql, accountId, scope) => budgetIds(sql, accountId, 'member', scope))

const tag = capSource('tag', async (sql, accountId, id) => {
  const row = await one(sql, "SELECT subject, value, period, cap, created_ms FROM spend_budgets WHERE account_id = $1 AND id = $2 AND kind = 'tag'", accountId, id.slice(0, ID_CHARS))
  if (!row) return undefined
  const value = text(row, 'value') || id.slice(ID_CHARS + 1)
  return capOf(row, value === '' ? text(row, 'subject') : `${text(row, 'subject')}=${value}`, null)
}, async (sql, accountId, scope) => (scope.userId === undefined ? await budgetIds(sql, accountId, 'tag', scope) : []))

const guardrail = capSource('guardrail', async (sql, accountId, id) => {
  const row = await one(sql, "SELECT name, COALESCE(reset_interval, 'ever') AS period, limit_amount AS cap, created_ms FROM guardrails WHERE account_id = $1 AND id = $2 AND limit_amount IS NOT NULL", accountId, id.slice(0, ID_CHARS))
  return row && capOf(row, text(row, 'name'), null)
}, async (sql, accountId, { userId, limit }) => (userId === undefined ? await usedHolders(sql, accountId, 'guardrail', limit) : []))

async function budgetIds(sql: Sql, accountId: string, kind: 'member' | 'tag', { userId, limit }: AllowanceScope): Promise<string[]> {
  const own = userId === undefined ? [] : [userId]
  // A tag's budget for each value has windows of its own: those that were used are listed.
  const rows = await sql.all(`SELECT id FROM spend_budgets WHERE account_id = $1 AND kind = $2 AND (kind = 'member' OR value <> '')${own.map(() => ' AND subject = $3').join('')} ORDER BY created_ms, id LIMIT $${own.length + 3}`, accountId, kind, ...own, limit)
  const ids = rows.map((row) => text(row, 'id'))
  return kind === 'member' ? ids : [...new Set([...ids, ...await usedHolders(sql, accountId, 'tag', limit)])].slice(0, limit)
}

async function usedHolders(sql: Sql, accountId: string, kind: CapKind, limit: number): Promise<string[]> {
  const rows = await sql.all(`SELECT holder, MAX(start_ms) AS latest FROM budget_windows WHERE account_id = $1 AND holder LIKE '${kind}:%' GROUP BY holder ORDER BY latest DESC, holder LIMIT $2`, accountId, limit)
  return rows.map((row) => text(row, 'holder').slice(kind.length + 1))
}

/** Those kinds. */
export const CAP_SOURCES: readonly AllowanceSource[] = [member, tag, guardrail]
