import { afterEach, describe, expect, test } from 'bun:test'
import { migrate, MIGRATIONS, SchemaError } from './schema.ts'
import type { Database } from './sql.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { engine } from '../../test/engine.ts'

const NEXT = MIGRATIONS.length + 1

const opened: Database[] = []

function database(): Database {
  const made = testDatabase(testDirectory())
  opened.push(made)
  return made
}

async function schemaOf(db: Database): Promise<unknown> {
  const query = engine() === 'SQLite' ? 'SELECT name, sql FROM sqlite_master ORDER BY name'
    : "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
  return db.read((sql) => sql.all(query))
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
})

describe('migrate', () => {
  test('twice is as once', async () => {
    const db = database()
    await migrate(db, 1)
    const before = await schemaOf(db)
    await migrate(db, 2)
    expect(await schemaOf(db)).toEqual(before)
    expect(await db.read((sql) => sql.all('SELECT version, state, at_ms FROM migrations'))).toEqual(MIGRATIONS.map(({ version }) => ({ version: BigInt(version), state: 'done', at_ms: 1n })))
  })

  test('adds what is new and keeps what is there', async () => {
    const db = database()
    await migrate(db, 1)
    await db.write((sql) => sql.run("INSERT INTO nodes (id, opened_ms) VALUES ('a', 1)"))
    await migrate(db, 2, [...MIGRATIONS, { version: NEXT, name: 'more', statements: ['ALTER TABLE nodes ADD COLUMN more bigint'] }])
    expect(await db.read((sql) => sql.all('SELECT id, more FROM nodes'))).toEqual([{ id: 'a', more: null }])
  })

  test('of several that start at once is done once', async () => {
    const directory = testDirectory()
    const starting = Array.from({ length: 4 }, () => testDatabase(directory))
    opened.push(...starting)
    // One after another in this thread where the engine locks its file; on Postgres they meet.
    await Promise.all(engine() === 'Postgres' ? starting.map((db) => migrate(db, 1)) : [migrate(starting[0] ?? database(), 1)])
    for (const db of starting) await migrate(db, 2)
    expect(await starting[0]?.read((sql) => sql.all('SELECT version, at_ms FROM migrations ORDER BY version'))).toEqual(MIGRATIONS.map(({ version }) => ({ version: BigInt(version), at_ms: 1n })))
  })

  test('that fails in the middle leaves nothing of itself', async () => {
    const db = database()
    await migrate(db, 1)
    const before = await schemaOf(db)
    const broken = { version: NEXT, name: 'broken', statements: ['CREATE TABLE half (id text)', 'CREATE TABLE nodes (id text)'] }
    await expect(migrate(db, 2, [...MIGRATIONS, broken])).rejects.toThrow(/nodes"? already exists/)
    expect(await schemaOf(db)).toEqual(before)
  })

  test('refuses a newer schema, one that is not ours, and one that was left half done', async () => {
    const db = database()
    await migrate(db, 1)
    await expect(migrate(db, 2, [])).rejects.toThrow('newer Switchyard')
    await expect(migrate(db, 2, [{ version: 1, name: 'other', statements: [] }])).rejects.toThrow('another program')
    await db.write((sql) => sql.run("UPDATE migrations SET state = 'started'"))
    await expect(migrate(db, 2)).rejects.toThrow('not finished')
    await expect(migrate(db, 2)).rejects.toBeInstanceOf(SchemaError)
  })
})
