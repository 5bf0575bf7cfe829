import { afterEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { Fault } from '../core/fault.ts'
import type { Hold } from '../ledger/ledger.ts'
import { FakeClock, systemClock } from '../lib/clock.ts'
import { closeAccount } from './account-data.ts'
import { openAccounts, openLedger, type OpenLedger } from './open.ts'
import { generationOf, testDatabase, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
const everything = { offset: 0, limit: 100, includeDisabled: true }
const closers: (() => Promise<void>)[] = []

async function open(dataDir = testDirectory()): Promise<OpenLedger & { readonly dataDir: string }> {
  const made = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
  closers.push(() => made.close())
  return { ...made, dataDir }
}

/** The code of the fault that a promise ends with. (`expect().rejects` does not wait for answers of a thread.) */
function codeOf(promise: unknown): Promise<unknown> {
  return Promise.resolve(promise).then(() => 'no fault', (error: unknown) => (error instanceof Fault ? error.code : error))
}

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

describe('find', () => {
  test('is a promise once, then the same caller at once', async () => {
    const { accounts } = await open()
    const { secret, key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one' })
    const first = accounts.find(secret)
    expect(first).toBeInstanceOf(Promise)
    const caller = await first
    expect(caller).toMatchObject({ accountId: DEFAULT_ACCOUNT, key: { hash: key.hash, name: 'one' } })
    expect(accounts.find(secret)).toBe(caller)
  })

  test('remembers what is no key, until it is one', async () => {
    const { accounts } = await open()
    const secret = 'sk-of-the-operator-1'
    expect(await accounts.find(secret)).toBeUndefined()
    expect(accounts.find(secret)).toBeUndefined()
    await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one', secret })
    expect(await accounts.find(secret)).toMatchObject({ key: { name: 'one' } })
  })

  test('knows no key of a closed account, not even the one that the operator keeps alive; none is made there', async () => {
    const secret = 'sk-of-the-operator-1'
    const { accounts, dataDir } = await open()
    await accounts.ensureFirstKey({ secret, initialCredits: 5n })
    expect(await accounts.find(secret)).toBeDefined()
    const database = testDatabase(dataDir)
    await database.write((sql) => closeAccount(sql, DEFAULT_ACCOUNT, clock.wallMs()))
    await database.close()
    const { accounts: next } = await open(dataDir)
    expect(await next.ensureFirstKey({ secret, initialCredits: 5n })).toEqual({ secret, isDead: true })
    expect(await next.ensureFirstKey({ initialCredits: 5n })).toBeUndefined()
    expect(await next.find(secret)).toBeUndefined()
    expect(await codeOf(next.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one' }))).toBe('conflict')
  })

  test('gives a closed account no credit, and takes none', async () => {
    const { accounts, dataDir } = await open()
    await accounts.grant(DEFAULT_ACCOUNT, 5n, 'a gift')
    const database = testDatabase(dataDir)
    await database.write((sql) => closeAccount(sql, DEFAULT_ACCOUNT, clock.wallMs()))
    await database.close()
    for (const amount of [5n, -5n]) expect(await codeOf(accounts.grant(DEFAULT_ACCOUNT, amount, 'another'))).toBe('conflict')
    expect(await accounts.credits(DEFAULT_ACCOUNT)).toEqual({ total: 5n, used: 0n })
  })

  test('knows keys that expire, without asking', async () => {
    const { accounts } = await open()
    const { secret } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one', expiresMs: clock.wallMs() + 1_000 })
    expect(await accounts.find(secret)).toBeDefined()
    clock.advance(999)
    expect(accounts.find(secret)).toBeDefined()
    clock.advance(1)
    expect(accounts.find(secret)).toBeUndefined()
  })

  test('forgets a key that was disabled or deleted, at once here, and in another process within a second', async () => {
    const { accounts, dataDir } = await open()
    const other = await open(dataDir)
    const [a, b] = await Promise.all(['a', 'b'].map((name) => accounts.createKey({ accountId: DEFAULT_ACCOUNT, name })))
    if (!a || !b) throw new Error('two keys were made')
    for (const { secret } of [a, b]) for (const one of [accounts, other.accounts]) expect(await one.find(secret)).toBeDefined()
    await accounts.changeKey(DEFAULT_ACCOUNT, a.key.hash, { disabled: true })
    await accounts.deleteKey(DEFAULT_ACCOUNT, b.key.hash)
    for (const { secret } of [a, b]) expect(await accounts.find(secret)).toBeUndefined()
    const until = systemClock.monotonicMs() + 5_000
    while (systemClock.monotonicMs() < until && (await other.accounts.find(a.secret) ?? await other.accounts.find(b.secret))) await Bun.sleep(20)
    for (const { secret } of [a, b]) expect(await other.accounts.find(secret)).toBeUndefined()
  })

  test('throws unavailable, not "no key", when the store is away', async () => {
    const made = await open()
    await made.close()
    expect(await codeOf(made.accounts.find('sk-sw-v1-unseen'))).toBe('unavailable')
  })
})

describe('keys', () => {
  test('H1: are shown once and kept as their hash', async () => {
    const { accounts, dataDir } = await open()
    const { secret, key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: ' one ', limit: 5n, limitReset: 'weekly' })
    expect(secret).toMatch(/^sk-sw-v1-[0-9a-f]{64}$/)
    expect(key).toEqual({
      hash: createHash('sha256').update(secret).digest('hex'), accountId: DEFAULT_ACCOUNT, name: 'one', label: `sk-sw-v1-${secret.slice(9, 12)}...${secret.slice(-3)}`,
      kind: 'inference', disabled: false, limit: 5n, limitReset: 'weekly', includeByokInLimit: false, expiresMs: null, createdMs: clock.wallMs(), updatedMs: null,
      usage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, byokUsage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, limitRemaining: 5n,
      workspaceId: defaultWorkspaceId(DEFAULT_ACCOUNT), creatorUserId: null, rolling: [], rules: {}, lastUsedMs: null, oldSecretEndsMs: null,
    })
    expect(await accounts.key(DEFAULT_ACCOUNT, key.hash)).toEqual(key)
    const database = testDatabase(dataDir)
    expect(JSON.stringify(await database.read((sql) => sql.all('SELECT hash, name, label, kind FROM keys')))).not.toContain(secret.slice(9, 40))
    await database.close()
  })

  test('need a name, a limit of zero or more, and a secret that is long and new', async () => {
    const { accounts } = await open()
    const wish = { accountId: DEFAULT_ACCOUNT, name: 'one', secret: 'a-secret-of-mine' }
    expect(await codeOf(accounts.createKey({ ...wish, name: '  ' }))).toBe('invalid_request')
    expect(await codeOf(accounts.createKey({ ...wish, limit: -1n }))).toBe('invalid_request')
    expect(await codeOf(accounts.createKey({ ...wish, secret: 'short' }))).toBe('invalid_request')
    const { key } = await accounts.createKey({ ...wish, limit: 0n })
    expect(await codeOf(accounts.createKey(wish))).toBe('conflict')
    await accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)
    expect(await codeOf(accounts.createKey(wish))).toBe('conflict')
  })

  test('are listed newest first, by pages, of one account, disabled ones if asked', async () => {
    const { accounts } = await open()
    for (const name of ['a', 'b', 'c', 'd']) {
      clock.advance(1)
      const { key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name })
      if (name === 'b') await accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { disabled: true })
      if (name === 'c') await accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)
    }
    await accounts.createKey({ accountId: 'other', name: 'x' })
    const names = async (page: typeof everything) => (await accounts.listKeys(DEFAULT_ACCOUNT, page)).map((key) => key.name)
    expect(await names(everything)).toEqual(['d', 'b', 'a'])
    expect(await names({ ...everything, includeDisabled: false })).toEqual(['d', 'a'])
    expect(await names({ ...everything, offset: 1, limit: 1 })).toEqual(['b'])
  })

  test('change only in what the change names', async () => {
    const { accounts } = await open()
    const { key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one', limit: 5n, limitReset: 'daily' })
    clock.advance(1)
    const named = await accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { name: 'two', disabled: undefined } as object)
    expect(named).toEqual({ ...key, name: 'two', updatedMs: clock.wallMs() })
    expect(await accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { limit: null, limitReset: null })).toMatchObject({ limit: null, limitReset: null, limitRemaining: null })
    expect(await codeOf(accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { limit: -1n }))).toBe('invalid_request')
    expect(await accounts.changeKey('other', key.hash, { name: 'mine' })).toBeUndefined()
    expect(await accounts.deleteKey('other', key.hash)).toBe(false)
    expect(await accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)).toBe(true)
    expect(await accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)).toBe(false)
    expect(await accounts.key(DEFAULT_ACCOUNT, key.hash)).toBeUndefined()
  })

  test('show what they spent the moment it is settled', async () => {
    const { accounts, ledger } = await open()
    await accounts.grant(DEFAULT_ACCOUNT, 100n, 'test')
    const { secret, key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one', limit: 50n })
    const caller = await accounts.find(secret)
    if (!caller) throw new Error('the key lives')
    const hold = await ledger.hold(caller, 'gen-1-a', 20n) as Hold
    ledger.settle(hold, generationOf(caller.key, 'gen-1-a', { cost: 15n }))
    expect(await accounts.key(DEFAULT_ACCOUNT, key.hash)).toMatchObject({ limitRemaining: 35n, usage: { total: 15n, daily: 15n, weekly: 15n, monthly: 15n } })
    expect(await accounts.credits(DEFAULT_ACCOUNT)).toEqual({ total: 100n, used: 15n })
    expect(await accounts.generation(DEFAULT_ACCOUNT, 'gen-1-a')).toEqual(generationOf(caller.key, 'gen-1-a', { cost: 15n }))
    expect(await accounts.generation('other', 'gen-1-a')).toBeUndefined()
  })
})

describe('grant', () => {
  test('adds once for one reference', async () => {
    const { accounts, verify } = await open()
    for (let n = 0; n < 3; n++) await accounts.grant(DEFAULT_ACCOUNT, 10n, 'card', 'stripe:evt_1')
    expect(await accounts.grant(DEFAULT_ACCOUNT, 10n, 'card', 'stripe:evt_2')).toEqual({ total: 20n, used: 0n })
    expect(await verify()).toMatchObject({ ok: true, granted: 20n, balance: 20n })
  })

  test('takes, never below zero, and also what a node had leased and does not use', async () => {
    const { accounts, ledger } = await open()
    await accounts.grant(DEFAULT_ACCOUNT, 100n, 'test')
    const { secret } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one' })
    const caller = await accounts.find(secret)
    if (!caller) throw new Error('the key lives')
    ledger.release(await ledger.hold(caller, 'gen-1-a', 10n) as Hold)
    expect(await accounts.grant(DEFAULT_ACCOUNT, -90n, 'correction')).toEqual({ total: 10n, used: 0n })
    expect(await codeOf(accounts.grant(DEFAULT_ACCOUNT, -11n, 'correction'))).toBe('conflict')
    expect(await codeOf(accounts.grant(DEFAULT_ACCOUNT, 0n, 'nothing'))).toBe('invalid_request')
    // Beyond 64 bits SQLite goes on with floats.
    for (const amount of [9_000_000_000_000_000_000n, 10n ** 18n, 10n ** 30n]) expect(await codeOf(accounts.grant(DEFAULT_ACCOUNT, amount, 'too much'))).toBe('invalid_request')
    expect(await accounts.credits(DEFAULT_ACCOUNT)).toEqual({ total: 10n, used: 0n })
  })

  test('made by a command ends a refusal in a gateway that runs', async () => {
    const { accounts, ledger, dataDir } = await open()
    const { secret } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one' })
    const caller = await accounts.find(secret)
    if (!caller) throw new Error('the key lives')
    expect(await ledger.hold(caller, 'gen-1-a', 10n)).toMatchObject({ code: 'balance' })
    const command = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock })
    await command.accounts.grant(DEFAULT_ACCOUNT, 100n, 'cli')
    await command.close()
    const until = systemClock.monotonicMs() + 5_000
    let answer = await ledger.hold(caller, 'gen-1-b', 10n)
    while (systemClock.monotonicMs() < until && !answer.ok) {
      await Bun.sleep(20)
      answer = await ledger.hold(caller, 'gen-1-b', 10n)
    }
    expect(answer).toMatchObject({ ok: true })
    ledger.release(answer as Hold)
  })
})

describe('ensureFirstKey', () => {
  test('makes account, credits and a key once, whoever starts first', async () => {
    const { accounts, dataDir } = await open()
    const other = await open(dataDir)
    const made = (await Promise.all([accounts, other.accounts].map((one) => one.ensureFirstKey({ initialCredits: 10n })))).filter((one) => one !== undefined)
    expect(made).toHaveLength(1)
    expect(await accounts.find(made[0]?.secret ?? '')).toMatchObject({ key: { kind: 'inference' } })
    expect(await accounts.credits(DEFAULT_ACCOUNT)).toEqual({ total: 10n, used: 0n })
    expect(await accounts.ensureFirstKey({ initialCredits: 10n })).toBeUndefined()
  })

  test('does not come back when the first key was deleted', async () => {
    const { accounts } = await open()
    const { secret } = await accounts.ensureFirstKey({ initialCredits: 0n }) ?? { secret: '' }
    const caller = await accounts.find(secret)
    await accounts.deleteKey(DEFAULT_ACCOUNT, caller?.key.hash ?? '')
    expect(await accounts.ensureFirstKey({ initialCredits: 0n })).toBeUndefined()
    expect(await accounts.listKeys(DEFAULT_ACCOUNT, everything)).toEqual([])
  })

  test("keeps the operator's own secret alive at every start", async () => {
    const { accounts } = await open()
    await accounts.ensureFirstKey({ initialCredits: 10n })
    const first = { secret: 'an-operators-own-secret', initialCredits: 10n }
    for (const kill of [{ disabled: true }, { expiresMs: 1 }]) {
      await accounts.ensureFirstKey(first)
      const caller = await accounts.find(first.secret)
      expect(caller).toBeDefined()
      await accounts.changeKey(DEFAULT_ACCOUNT, caller?.key.hash ?? '', kill)
      expect(await accounts.find(first.secret)).toBeUndefined()
    }
    await accounts.deleteKey(DEFAULT_ACCOUNT, createHash('sha256').update(first.secret).digest('hex'))
    await accounts.ensureFirstKey(first)
    expect(await accounts.find(first.secret)).toMatchObject({ key: { disabled: false, expiresMs: null } })
    expect(await accounts.listKeys(DEFAULT_ACCOUNT, everything)).toHaveLength(2)
    expect(await accounts.credits(DEFAULT_ACCOUNT)).toEqual({ total: 10n, used: 0n })
  })
})
