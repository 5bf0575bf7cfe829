import type { Period } from '../ledger/bank.ts'
import { windowAt } from '../ledger/window.ts'
import type { Allowance, AllowanceScope } from '../notices/allowance.ts'
import { windowKey, withUse, type AllowanceId, type AllowanceSource } from './allowance-source.ts'
import { big, int, one, rowsAt, text, textOrNull, type Row, type Sql } from './sql.ts'

/** A budget's id is a UUID; which value of the tag, or whose guardrail it is, stands behind it. */
const ID_CHARS = 36
const DAY_MS = 86_400_000

type CapKind = 'member' | 'tag' | 'guardrail'

/** What a budget is for, before it is known what of it was used. */
interface Cap { readonly name: string; readonly period: Period; readonly cap: bigint; readonly createdMs: number; readonly userId: string | null; readonly isAlert?: boolean }

/** What members, tags and guardrails may spend: all are counted in one table. `find` gives rows of account and id, as `capOf` reads them. */
function capSource(kind: CapKind, find: { readonly query: string; readonly cap: (row: Row, id: string) => Cap }, list: AllowanceSource['list']): AllowanceSource {
  return {
    kind, list,
    async read(sql, ids, atMs) {
      const budgetOf = (id: string): string => id.slice(0, ID_CHARS)
      const rows = await rowsAt(sql, find.query, [...new Map(ids.map(({ accountId, id }) => [`${accountId} ${budgetOf(id)}`, [accountId, budgetOf(id)]])).values()])
      const known = new Map(rows.map((row) => [`${text(row, 'account_id')} ${text(row, 'id')}`, row]))
      const found = ids.flatMap(({ accountId, id }): Allowance[] => {
        const row = known.get(`${accountId} ${budgetOf(id)}`)
        if (!row) return []
        const cap = find.cap(row, id)
        return [{ accountId, kind, id, startMs: windowAt(cap.period, atMs).startMs, used: 0n, workspaceId: null, ...cap }]
      })
      const windows = await rowsAt(sql, 'SELECT account_id, holder, period, counted FROM budget_windows WHERE (account_id, holder, period, start_ms)', found.map((one) => windowKey({ ...one, id: `${kind}:${one.id}` })))
      return withUse(found, windows.map((row) => ({ ...row, id: text(row, 'holder').slice(kind.length + 1) })))
    },
    page: async (sql, after, limit) => asIds(kind, await sql.all(`SELECT DISTINCT account_id, holder FROM budget_windows WHERE holder LIKE '${kind}:%'
      AND (account_id, holder) > ($1, $2) ORDER BY account_id, holder LIMIT $3`, after.accountId, after.id === '' ? '' : `${kind}:${after.id}`, limit)),
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

/** What a row of `shared_budgets` says, with what it is called. */
function capOf(row: Row, name: string, userId: string | null): Cap {
  // Written by putSharedBudget, from the same type.
  return { name, period: text(row, 'period') as Period, cap: big(row, 'cap'), createdMs: int(row, 'created_ms'), userId }
}

const member = capSource('member', {
  query: `SELECT shared_budgets.account_id, shared_budgets.id, shared_budgets.subject, shared_budgets.period, shared_budgets.cap, shared_budgets.created_ms, users.email FROM shared_budgets
    LEFT JOIN users ON users.id = shared_budgets.subject WHERE shared_budgets.kind = 'member' AND (shared_budgets.account_id, shared_budgets.id)`,
  cap: (row) => capOf(row, textOrNull(row, 'email') ?? text(row, 'subject'), text(row, 'subject')),
}, (sql, accountId, scope) => budgetIds(sql, accountId, 'member', scope))

const tag = capSource('tag', {
  query: "SELECT account_id, id, subject, value, period, cap, mode, created_ms FROM shared_budgets WHERE kind = 'tag' AND (account_id, id)",
  cap(row, id) {
    const value = text(row, 'value') || id.slice(ID_CHARS + 1)
    return { ...capOf(row, value === '' ? text(row, 'subject') : `${text(row, 'subject')}=${value}`, null), isAlert: text(row, 'mode') === 'alert' }
  },
}, async (sql, accountId, scope) => (scope.userId === undefined ? await budgetIds(sql, accountId, 'tag', scope) : []))

const guardrail = capSource('guardrail', {
  query: "SELECT account_id, id, name, COALESCE(reset_interval, 'ever') AS period, limit_amount AS cap, created_ms FROM guardrails WHERE limit_amount IS NOT NULL AND (account_id, id)",
  cap: (row) => capOf(row, text(row, 'name'), null),
}, async (sql, accountId, { userId, limit }) => (userId === undefined ? await usedHolders(sql, accountId, 'guardrail', limit) : []))

async function budgetIds(sql: Sql, accountId: string, kind: 'member' | 'tag', { userId, limit }: AllowanceScope): Promise<string[]> {
  const own = userId === undefined ? [] : [userId]
  // A tag's budget for each value has windows of its own: those that were used are listed.
  const rows = await sql.all(`SELECT id FROM shared_budgets WHERE account_id = $1 AND kind = $2 AND (kind = 'member' OR value <> '')${own.map(() => ' AND subject = $3').join('')} ORDER BY created_ms, id LIMIT $${own.length + 3}`, accountId, kind, ...own, limit)
  const ids = rows.map((row) => text(row, 'id'))
  return kind === 'member' ? ids : [...new Set([...ids, ...await usedHolders(sql, accountId, 'tag', limit)])].slice(0, limit)
}

async function usedHolders(sql: Sql, accountId: string, kind: CapKind, limit: number): Promise<string[]> {
  const rows = await sql.all(`SELECT holder, MAX(start_ms) AS latest FROM budget_windows WHERE account_id = $1 AND holder LIKE '${kind}:%' GROUP BY holder ORDER BY latest DESC, holder LIMIT $2`, accountId, limit)
  return rows.map((row) => text(row, 'holder').slice(kind.length + 1))
}

/** Those kinds. */
export const CAP_SOURCES: readonly AllowanceSource[] = [member, tag, guardrail]
