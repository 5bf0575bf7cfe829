import { describe, expect, test } from 'bun:test'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import type { Hold } from '../ledger/ledger.ts'
import { systemClock } from '../lib/clock.ts'
import { describePostgres, createDatabase, startPostgres } from '../../test/postgres-server.ts'
import { databaseUrlOf } from '../../test/engine.ts'
import { backUp, restore } from './backup.ts'
import { openDatabase } from './database.ts'
import { openAccounts, openLedger } from './open.ts'
import type { StorePlace } from './protocol.ts'
import { migrate, MIGRATIONS } from './schema.ts'
import type { Database } from './sql.ts'
import { SqlSignIn } from './sql-sign-in.ts'
import { generationOf, testDirectory } from './store.fixture.ts'
import { rowsOf } from './table-rows.ts'
import { tablesOf } from './tables.ts'

const clock = systemClock

function place(databaseUrl?: string): StorePlace {
  const dataDir = testDirectory()
  return { dataDir, databaseUrl: databaseUrl ?? databaseUrlOf(dataDir) }
}

/** A store in use: keys, a grant, settled calls, one that is only in the journal, one in flight, and open leases. */
async function used(at: StorePlace): Promise<{ readonly secret: string; close(): Promise<void> }> {
  const opened = await openLedger({ ...at, clock, fsync: 'never' })
  await opened.accounts.grant(DEFAULT_ACCOUNT, 2n ** 59n, 'a “grant” with\nlines\t🙂', 'ref-1')
  const { secret } = await opened.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one', limit: 2n ** 58n, limitReset: 'daily' })
  const caller = await opened.accounts.find(secret)
  if (!caller) throw new Error('the key lives')
  const begin = async (id: string): Promise<Hold> => await opened.ledger.hold(caller, id, 100n) as Hold
  for (const id of ['gen-1-a', 'gen-1-b']) opened.ledger.settle(await begin(id), generationOf(caller.key, id, { cost: 40n }))
  await opened.flush()
  opened.ledger.settle(await begin('gen-1-journal'), generationOf(caller.key, 'gen-1-journal', { cost: 7n }))
  await begin('gen-1-flight')
  // So that the begin is in the file.
  await Bun.sleep(5)
  return { secret, close: () => opened.close() }
}

async function contentOf(at: StorePlace): Promise<Record<string, unknown[]>> {
  const database = openDatabase(at)
  const content = await database.read(async (sql) => {
    const tables: Record<string, unknown[]> = {}
    for (const table of tablesOf()) tables[table.name] = await Array.fromAsync(rowsOf(sql, table))
    return tables
  })
  await database.close()
  return content
}

async function roundTrip(from: StorePlace, to: StorePlace): Promise<void> {
  const { secret, close } = await used(from)
  const path = join(testDirectory(), 'backup.gz')
  await backUp(from, path, clock)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await close()
  const { audit, journalLines } = await restore(to, path, clock)
  expect(journalLines).toBeGreaterThan(0)
  expect(audit).toMatchObject({ ok: true, problems: [], leased: 0n, charged: 87n, granted: 2n ** 59n, balance: 2n ** 59n - 87n, generations: 4n })
  const { accounts, close: closeRestored } = await openAccounts({ ...to, clock })
  expect(await accounts.find(secret)).toMatchObject({ key: { name: 'one', limit: 2n ** 58n } })
  expect(await accounts.generation(DEFAULT_ACCOUNT, 'gen-1-journal')).toMatchObject({ cost: 7n })
  expect(await accounts.generation(DEFAULT_ACCOUNT, 'gen-1-flight')).toMatchObject({ cost: 0n, fault: 'interrupted' })
  await closeRestored()
  // Once more, from what was restored: nothing moves any more.
  const again = join(testDirectory(), 'again.gz')
  await backUp(to, again, clock)
  const third = place()
  await restore(third, again, clock)
  expect(await contentOf(third)).toEqual(await contentOf(to))
}

describe('a backup of a running store', () => {
  test('restores to the same books, with what was only in the journal', async () => {
    await roundTrip(place(), place())
  }, 120_000)

  test('is not restored over a store that is there, nor when it is cut, of another program, or newer', async () => {
    const from = place()
    const { close } = await used(from)
    await close()
    const path = join(testDirectory(), 'backup.gz')
    await backUp(from, path, clock)
    const said = (at: StorePlace, file: string) => restore(at, file, clock).then(() => 'restored', (error: Error) => error.message)
    expect(await said(from, path)).toContain('there is a store already')
    const lines = gunzipSync(await Bun.file(path).bytes()).toString().split('\n')
    const changed = (name: string, text: string): string => {
      const file = join(testDirectory(), name)
      writeFileSync(file, gzipSync(text))
      return file
    }
    const to = place()
    expect(await said(to, changed('cut.gz', lines.slice(0, -3).join('\n')))).toContain('is not whole')
    expect(await said(to, changed('other.gz', '{"table":"accounts","columns":["id"]}\n'))).toContain('not a backup of Switchyard')
    expect(await said(to, changed('text.gz', 'hello'))).toContain('not a backup of Switchyard')
    const whole = await Bun.file(path).bytes()
    const plain = join(testDirectory(), 'plain.gz')
    writeFileSync(plain, 'hello')
    expect(await said(to, plain)).toContain('not a backup of Switchyard')
    const half = join(testDirectory(), 'half.gz')
    writeFileSync(half, whole.subarray(0, whole.length / 2))
    expect(await said(to, half)).toContain('is not whole')
    expect(await said(to, changed('newer.gz', lines.join('\n').replace('"schema":[', '"schema":["not yet",')))).toContain('newer Switchyard')
    expect(await said(to, changed('evil.gz', lines.join('\n').replace('"table":"accounts"', '"table":"migrations; DROP TABLE keys"')))).toContain('not ours')
    // None of them has left anything behind.
    expect(await said(to, path)).toBe('restored')
  }, 120_000)

  test('holds on to no secret of sign-in: the machine that had it may be gone', async () => {
    const [from, to] = [place(), place()]
    const before = openDatabase(from)
    await migrate(before, clock.wallMs())
    const claimed = async (database: Database, name: string) => await new SqlSignIn(database).claimSecret(name, [])
    expect([await claimed(before, 'lost'), await claimed(before, 'other')]).toEqual([true, false])
    await before.close()
    const path = join(testDirectory(), 'backup.gz')
    await backUp(from, path, clock)
    await restore(to, path, clock)
    const after = openDatabase(to)
    expect([await claimed(after, 'other'), await claimed(after, 'lost')]).toEqual([true, false])
    await after.close()
  }, 120_000)

  test('of an older schema is brought forward', async () => {
    const from = place()
    const { close } = await used(from)
    await close()
    const path = join(testDirectory(), 'old.gz')
    const at = clock.wallMs()
    const rows = ['["default",10,10,0,1,1,null]', '["default","g","balance",10,"grant","x",null,1,0]', '["default","g","funding",-10,"grant","x",null,1,0]']
    writeFileSync(path, gzipSync([
      JSON.stringify({ switchyard: 'backup', format: 1, schema: [MIGRATIONS[0]?.name], madeMs: at }),
      '{"table":"accounts","columns":["id","balance","granted","written_off","created_ms","changed","wanted_by"]}', rows[0],
      '{"table":"entries","columns":["account_id","id","book","amount","kind","reason","reference","at_ms","day"]}', rows[1], rows[2],
      '{"end":{"rows":3,"journalLines":0}}', '',
    ].join('\n')))
    const to = place()
    expect((await restore(to, path, clock)).audit).toMatchObject({ ok: true, granted: 10n, balance: 10n })
    expect((await contentOf(to))['workspaces']).toHaveLength(1)
  }, 120_000)
})

describePostgres('a backup of one engine', () => {
  test('restores into the other, both ways', async () => {
    const server = await startPostgres()
    await roundTrip({ dataDir: testDirectory() }, { dataDir: testDirectory(), databaseUrl: createDatabase(server.url, 'restored') })
    await roundTrip({ dataDir: testDirectory(), databaseUrl: createDatabase(server.url, 'from_there') }, { dataDir: testDirectory() })
    await server.remove()
  }, 60_000)
})
