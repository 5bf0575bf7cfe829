import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { createDatabase, describePostgres, startPostgres, type PostgresServer } from '../../test/postgres-server.ts'
import { PostgresDatabase } from './postgres.ts'
import { big, one, type Sql } from './sql.ts'

/** What the suite that both engines pass does not ask for: transactions side by side, and a server that is away. */
describePostgres('PostgresDatabase', () => {
  let server: PostgresServer
  let url: string
  let databases = 0
  let a: PostgresDatabase
  let b: PostgresDatabase
  beforeAll(async () => { server = await startPostgres() }, 120_000)
  afterAll(() => server.remove())
  beforeEach(async () => {
    url = createDatabase(server.url, `unit_${++databases}`)
    a = new PostgresDatabase(url)
    b = new PostgresDatabase(url)
    await a.write(async (sql) => {
      await sql.run('CREATE TABLE t (id text PRIMARY KEY, n bigint NOT NULL)')
      await sql.run("INSERT INTO t (id, n) VALUES ('x', 0), ('y', 0)")
    })
  })
  afterEach(async () => {
    await a.close()
    await b.close()
  })

  const valueOf = (sql: Sql, id: string): Promise<bigint> => one(sql, 'SELECT n FROM t WHERE id = $1', id).then((row) => big(row, 'n'))
  const setTo = (sql: Sql, id: string, n: bigint): Promise<number> => sql.run('UPDATE t SET n = $1 WHERE id = $2', n, id)
  const sum = (): Promise<bigint> => a.read((sql) => one(sql, 'SELECT SUM(n) AS n FROM t').then((row) => big(row, 'n')))

  test('a write that reads and then writes is as if alone, however many come at once', async () => {
    await Promise.all([a, b, a, b, a, b].map((database) => database.write(async (sql) => setTo(sql, 'x', await valueOf(sql, 'x') + 1n))))
    expect(await sum()).toBe(6n)
  })

  test('work beside others that waits in a circle is done in the end', async () => {
    const both = (database: PostgresDatabase, first: string, second: string) => database.writeBeside(async (sql) => {
      for (const id of [first, second]) await sql.run('UPDATE t SET n = n + 1 WHERE id = $1', id)
    })
    await Promise.all(Array.from({ length: 4 }, () => [both(a, 'x', 'y'), both(b, 'y', 'x')]).flat())
    expect(await sum()).toBe(16n)
  }, 120_000)

  test('a statement of work beside others sees what was committed before it', async () => {
    await a.writeBeside(async (sql) => {
      expect(await valueOf(sql, 'x')).toBe(0n)
      await b.writeBeside((other) => setTo(other, 'x', 5n))
      expect(await valueOf(sql, 'x')).toBe(5n)
    })
  })

  test('a read sees one state throughout, and writes nothing', async () => {
    await a.read(async (sql) => {
      expect(await valueOf(sql, 'x')).toBe(0n)
      await b.write((other) => setTo(other, 'x', 5n))
      expect(await valueOf(sql, 'x')).toBe(0n)
    })
    expect(await a.read((sql) => setTo(sql, 'x', 1n)).then(() => 'written', (error: Error) => error.message)).toContain('read-only')
  })

  test('an error undoes everything, and the next one goes ahead', async () => {
    const failed = a.write(async (sql) => {
      await setTo(sql, 'x', 5n)
      throw new Error('no')
    })
    expect(await failed.catch((error: Error) => error.message)).toBe('no')
    expect(await sum()).toBe(0n)
  })

  test('numbers are whole, 64 bits and exact; a text without its place in Postgres keeps the rest', async () => {
    await a.write(async (sql) => {
      await sql.run('INSERT INTO t (id, n) VALUES ($1, $2)', 'a\0b', 2n ** 63n - 1n)
      expect(await sql.run('UPDATE t SET n = $1 WHERE id = $2', 1_750_000_000_000, 'x')).toBe(1)
    })
    expect(await a.read((sql) => sql.all('SELECT id, n FROM t ORDER BY n'))).toEqual([{ id: 'y', n: 0n }, { id: 'x', n: 1_750_000_000_000n }, { id: 'a\uFFFDb', n: 2n ** 63n - 1n }])
    expect(await a.read((sql) => sql.all('SELECT COUNT(*) AS count, SUM(n) AS sum FROM t'))).toEqual([{ count: 3n, sum: String(2n ** 63n - 1n + 1_750_000_000_000n) }])
  })

  test('a lock that another one keeps is waited for no longer than said', async () => {
    const hasty = new PostgresDatabase(url, 1_000)
    await a.writeBeside(async (sql) => {
      await setTo(sql, 'x', 1n)
      expect(await hasty.write((other) => setTo(other, 'x', 2n)).then(() => 'done', () => 'given up')).toBe('given up')
    })
    expect(await hasty.write((other) => setTo(other, 'x', 3n))).toBe(1)
    await hasty.close()
  })

  test('a change of the schema takes as long as it needs, however hasty all else is', async () => {
    const hasty = new PostgresDatabase(url, 200)
    await hasty.rebuild(async (sql) => {
      await sql.all('SELECT pg_sleep(0.3)')
      await Bun.sleep(300)
      await setTo(sql, 'x', 7n)
    })
    expect(await hasty.write(async (sql) => { await sql.all('SELECT pg_sleep(0.5)') }).then(() => 'done', () => 'given up')).toBe('given up')
    expect(await a.read((sql) => valueOf(sql, 'x'))).toBe(7n)
    await hasty.close()
  })

  test('a server that stops and starts again is used again', async () => {
    await a.read((sql) => valueOf(sql, 'x'))
    await server.stop()
    expect(await a.read((sql) => valueOf(sql, 'x')).then(() => 'read', () => 'away')).toBe('away')
    await server.start()
    expect(await Promise.all(Array.from({ length: 12 }, () => a.read((sql) => valueOf(sql, 'x'))))).toEqual(Array.from({ length: 12 }, () => 0n))
  }, 120_000)
})
