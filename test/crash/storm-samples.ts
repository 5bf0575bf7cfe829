import type { Ground } from './storm-ground.ts'

/** What was seen of the books while calls ran. */
export interface Samples {
  readonly count: number
  /** Looks that the database did not answer: it was away. */
  readonly unanswered: number
  /** Nano-dollars: the lowest balance of any account at any look. */
  readonly lowest: number
  readonly faults: readonly string[]
}

const EVERY_MS = 40
const FAULTS_MAX = 10

/** One statement, so that it sees one state: each column but the first is 0 in books that are whole. */
const LOOK = `SELECT (SELECT MIN(balance) FROM accounts) AS lowest,
  (SELECT COUNT(*) FROM leases WHERE spent > granted OR spent < 0) AS "leases that spent more than they were granted",
  (SELECT COUNT(*) FROM key_windows JOIN keys ON keys.account_id = key_windows.account_id AND keys.hash = key_windows.key_hash
    WHERE keys.limit_amount IS NOT NULL AND key_windows.period = COALESCE(keys.limit_reset, 'ever') AND key_windows.counted + key_windows.leased > keys.limit_amount) AS "keys over their limits",
  (SELECT COUNT(*) FROM workspace_windows JOIN budgets ON budgets.account_id = workspace_windows.account_id AND budgets.workspace_id = workspace_windows.workspace_id
    AND budgets.period = workspace_windows.period WHERE workspace_windows.cost + workspace_windows.leased > budgets.cap) AS "workspaces over their budgets",
  (SELECT SUM(granted) - SUM(balance) + SUM(written_off) FROM accounts) - (SELECT COALESCE(SUM(granted - spent), 0) FROM leases WHERE key_hash = '')
    - (SELECT COALESCE(SUM(cost), 0) FROM key_windows WHERE period = 'ever') AS "nano-dollars that are nowhere",
  (SELECT SUM(written_off) FROM accounts) AS "nano-dollars that the operator paid",
  (SELECT COALESCE(SUM(amount), 0) FROM entries WHERE book = 'revenue') - (SELECT COALESCE(SUM(cost), 0) FROM generations) AS "nano-dollars between entries and generations"`

/** Looks at the books again and again, until `stop`. */
export function sample({ rows }: Pick<Ground, 'rows'>): { stop(): Promise<Samples> } {
  let isOver = false
  const found = { count: 0, unanswered: 0, lowest: Number.POSITIVE_INFINITY, faults: new Set<string>() }
  const running = (async () => {
    while (!isOver) {
      const row = await rows(LOOK).then(([first]) => first, () => undefined)
      if (row) note(row, found)
      else found.unanswered += 1
      await Bun.sleep(EVERY_MS)
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await running
      return { ...found, faults: [...found.faults].slice(0, FAULTS_MAX) }
    },
  }
}

function note({ lowest, ...zeros }: Record<string, unknown>, found: { count: number; lowest: number; readonly faults: Set<string> }): void {
  found.count += 1
  found.lowest = Math.min(found.lowest, Number(lowest))
  if (Number(lowest) < 0) found.faults.add(`a balance of ${Number(lowest)}`)
  for (const [what, count] of Object.entries(zeros)) if (Number(count) !== 0) found.faults.add(`${Number(count)} ${what}`)
}
