import { afterEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { releasedSql } from '../../tools/release-schema.ts'
import { migrate, MIGRATIONS } from './schema.ts'
import { SqlStore } from './sql-store.ts'
import type { Database } from './sql.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { tablesOf } from './tables.ts'

const directory = join(import.meta.dir, 'released')
const released = readdirSync(directory).map((file) => Number(/^schema-(\d+)\.sql$/.exec(file)?.[1])).toSorted((a, b) => a - b)
const opened: Database[] = []

function database(): Database {
  const made = testDatabase(testDirectory())
  opened.push(made)
  return made
}

/** Names of all columns, by table, as the engine gives them. */
async function columnsOf(db: Database): Promise<Record<string, string[]>> {
  return db.write(async (sql) => {
    const columns: Record<string, string[]> = {}
    // A row to look at: an outer join gives one of every table, empty as it may be.
    for (const { name } of tablesOf()) columns[name] = Object.keys((await sql.all(`SELECT ${name}.* FROM (SELECT 1 AS one) AS always LEFT JOIN ${name} ON 1 = 1 LIMIT 1`))[0] ?? {}).toSorted()
    return columns
  })
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
})

test('there is a released schema', () => {
  expect(released[0]).toBe(1)
})

describe.each(released)('schema %i as it was released', (version) => {
  const text = readFileSync(join(directory, `schema-${version}.sql`), 'utf8')

  test('is what its migrations still make: one that was released is never changed', () => {
    expect(releasedSql(MIGRATIONS.slice(0, version))).toBe(text)
  })

  test('in use, is brought forward with all that is in it, and the books are true', async () => {
    const db = database()
    await db.write(async (sql) => {
      for (const statement of text.split('\n;\n').slice(0, -1)) await sql.run(statement)
    })
    await migrate(db, 2)
    const store = new SqlStore(db)
    expect(await store.verify()).toMatchObject({ ok: true, problems: [], granted: 1_000n, balance: 50n, leased: 50n, charged: 910n, writtenOff: 10n, generations: 2n })
    expect(await store.findKey('aa11')).toMatchObject({ caller: { key: { name: 'First key', limit: 5_000n, limitReset: 'daily' } } })
    expect(await store.generation('default', 'gen-1700000050-a')).toMatchObject({ cost: 600n, model: 'acme/tiny' })
    const fresh = database()
    await migrate(fresh, 2)
    expect(await columnsOf(db)).toEqual(await columnsOf(fresh))
  })
})
