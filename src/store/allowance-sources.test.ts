import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { AllowanceId } from './allowance-source.ts'
import { ALLOWANCE_SOURCES } from './allowance-sources.ts'
import { migrate } from './schema.ts'
import { tuples, type Database, type Sql, type SqlValue } from './sql.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'

let database: Database

beforeEach(async () => {
  database = testDatabase(testDirectory())
  await migrate(database, 1)
})

afterEach(() => database.close())

function insert(sql: Sql, table: string, row: Readonly<Record<string, SqlValue>>): Promise<number> {
  return sql.run(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES ${tuples(1, Object.keys(row).length)}`, ...Object.values(row))
}

/** One of each kind, in an account of its own name. */
async function insertAll(sql: Sql, accountId: string, id: string): Promise<void> {
  const at = { created_ms: 1, updated_ms: 1 }
  await insert(sql, 'keys', { account_id: accountId, hash: `${accountId}${id}`, name: '', label: '', kind: 'inference', disabled: 0, limit_amount: 1, include_byok: 0, changed: 1, ...at })
  await insert(sql, 'budgets', { account_id: accountId, workspace_id: id, period: 'daily', id: 'budget', cap: 1, ...at })
  await insert(sql, 'wallets', { account_id: accountId, id, external_id: id, name: '', metadata: '{}', prices: '{}', filled: 1, ...at })
  for (const [kind, startMs] of [['member', 1], ['tag', 1], ['tag', 2], ['guardrail', 1]] as const) {
    await insert(sql, 'budget_windows', { account_id: accountId, holder: `${kind}:${id}`, period: 'daily', start_ms: startMs, counted: 1, leased: 0 })
  }
}

test('a look at all allowances there are sees each once, in whatever order they were made', async () => {
  const accounts = ['d', 'b', 'c', 'a']
  await database.write(async (sql) => {
    for (const id of accounts) {
      await insert(sql, 'accounts', { id, balance: 1, granted: 1, written_off: 0, created_ms: 1, changed: 1 })
      for (const one of ['3', '1', '2']) await insertAll(sql, id, one)
    }
  })
  const ofAccounts = accounts.toSorted()
  const all = (name: (accountId: string, id: string) => string) => ofAccounts.flatMap((accountId) => ['1', '2', '3'].map((id) => `${accountId} ${name(accountId, id)}`))
  for (const source of ALLOWANCE_SOURCES) {
    const seen: AllowanceId[] = []
    for (let page: readonly AllowanceId[] = []; seen.length === 0 || page.length === 2; seen.push(...page)) {
      page = await database.read((sql) => source.page(sql, seen.at(-1) ?? { accountId: '', id: '' }, 2))
    }
    const names = seen.map(({ accountId, id }) => `${accountId} ${id}`)
    expect([source.kind, names]).toEqual([source.kind, source.kind === 'balance' ? ofAccounts.map((id) => `${id} `) : all((accountId, id) => (source.kind === 'key' ? `${accountId}${id}` : id))])
  }
})
