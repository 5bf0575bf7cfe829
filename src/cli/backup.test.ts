import { describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli, temporaryDirectory } from '../../test/cli.ts'

/** A directory with a store: one key and some credit. */
async function used(): Promise<string> {
  const directory = temporaryDirectory()
  expect((await cli(directory, ['keys', 'create', '--name', 'one'])).code).toBe(0)
  expect((await cli(directory, ['credits', 'grant', '5', '--reason', 'for Ada Lovelace'])).code).toBe(0)
  return directory
}

describe('backup and restore', () => {
  test('carry a store from one directory to another', async () => {
    const [from, to] = [await used(), temporaryDirectory()]
    const file = join(from, 'monday.gz')
    const made = await cli(from, ['backup', file])
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(made.out).toMatch(/monday\.gz: \d+ rows, and 0 lines of journals\n$/)
    const restored = await cli(to, ['restore', file])
    expect(restored.out).toContain('ok: every balance is the sum of its entries')
    expect(restored.out).toEndWith('\nnot in a backup: master-key (own keys of providers), auth-secret (second factors); copy what the old data directory has of it before the server starts\n')
    expect(restored.code).toBe(0)
    expect((await cli(to, ['keys', 'list', '--json'])).out).toContain('"name": "one"')
    expect((await cli(to, ['ledger', 'verify', '--json'])).out).toContain('"granted": "5"')
  })

  test('write over nothing', async () => {
    const from = await used()
    const file = join(from, 'monday.gz')
    writeFileSync(file, 'mine')
    expect(await cli(from, ['backup', file])).toMatchObject({ code: 1, err: expect.stringContaining('is there already') })
    expect(await cli(from, ['backup', file, '--force'])).toMatchObject({ code: 0 })
    expect(await cli(from, ['restore', file])).toMatchObject({ code: 1, err: expect.stringContaining('there is a store already') })
  })

  test('say what is not there', async () => {
    const empty = temporaryDirectory()
    expect(await cli(empty, ['backup', join(empty, 'x.gz')])).toMatchObject({ code: 1, err: expect.stringContaining('there is no data') })
    expect(existsSync(join(empty, 'x.gz'))).toBe(false)
    expect(await cli(empty, ['restore', join(empty, 'x.gz')])).toMatchObject({ code: 1, err: expect.stringContaining('there is no file') })
  })
})

describe('export and forget', () => {
  test('give all rows of an account, then leave nothing personal and true books', async () => {
    const directory = await used()
    const { out, code } = await cli(directory, ['export'])
    expect(code).toBe(0)
    const rows = out.trim().split('\n').map((line) => JSON.parse(line) as { table: string; row: Record<string, unknown> })
    expect(rows.find(({ table }) => table === 'entries')?.row).toMatchObject({ account_id: 'default', reason: 'for Ada Lovelace', kind: 'grant' })
    expect(rows.find(({ table }) => table === 'keys')?.row).toMatchObject({ name: 'one' })
    expect(await cli(directory, ['forget', '--account', 'default'])).toMatchObject({ code: 2 })
    expect(await cli(directory, ['forget', '--account', 'nobody', '--yes'])).toMatchObject({ code: 1, err: expect.stringContaining('no account nobody') })
    expect(await cli(directory, ['forget', '--account', 'default', '--yes'])).toMatchObject({ code: 0 })
    expect((await cli(directory, ['export'])).out).not.toContain('Lovelace')
    expect((await cli(directory, ['ledger', 'verify'])).code).toBe(0)
    expect(await cli(directory, ['export', '--account', 'nobody'])).toMatchObject({ code: 1, err: expect.stringContaining('no account nobody') })
  })
})
