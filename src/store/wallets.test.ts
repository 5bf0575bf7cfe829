import { afterEach, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Caller } from '../accounts/caller.ts'
import { NO_PRICES } from '../catalog/price-list.ts'
import type { Nano } from '../core/nano.ts'
import type { Hold, HoldRefusal } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { rowId } from '../lib/id.ts'
import { closeAccount, forgetBatch } from './account-data.ts'
import { ReportClient } from './report-client.ts'
import type { Sql } from './sql.ts'
import { SqlWallets } from './sql-wallets.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const key = testKey('reseller')
let bench: TestBench
let wallets: SqlWallets
let lastId = 0

afterEach(async () => { expect((await bench.close()).problems).toEqual([]) })

async function open(credits: Nano, keys = [key]): Promise<void> {
  bench = await TestBench.open(credits, keys)
  wallets = new SqlWallets(bench.database)
}

async function wallet(externalId: string, balance: Nano): Promise<Caller> {
  const id = rowId()
  expect(await wallets.insertWallet({ id, accountId: ACCOUNT, externalId, name: externalId, metadata: {}, prices: NO_PRICES, priceListId: null, createdMs: 1, updatedMs: null, closedMs: null }, { by: SYSTEM, nowMs: 1 })).toBeUndefined()
  if (balance > 0n) await move(id, balance)
  return { ...callerOf(key), wallet: { id, externalId, prices: [] } }
}

async function move(walletId: string, amount: Nano, reference: string | null = null) {
  const moved = await wallets.moveWallets([{ accountId: ACCOUNT, walletId, amount, reason: 'test', reference }], { by: SYSTEM, nowMs: 1 })
  await bench.tell({ keys: [], accounts: [{ id: walletId, wantedBy: null }] })
  return moved
}

const idOf = ({ wallet: one }: Caller): string => one?.id ?? ''
const balanceOf = async (caller: Caller): Promise<Nano> => { const found = await wallets.wallet(ACCOUNT, { id: idOf(caller) }); return (found?.credits.total ?? 0n) - (found?.credits.used ?? 0n) }

async function hold(ledger: LedgerNode, caller: Caller, cost: Nano, price: Nano): Promise<Hold | HoldRefusal> {
  return await ledger.hold(caller, `gen-1-${++lastId}`, cost, { model: 'm', streamed: false, walletMax: price })
}

function settle(ledger: LedgerNode, held: Hold | HoldRefusal, caller: Caller, cost: Nano, price: Nano): string {
  if (!held.ok) throw new Error(`refused: ${held.code}`)
  ledger.settle(held, generationOf(caller.key, held.callId, { cost, tags: { customer: 'x' }, wallet: { id: idOf(caller), cost: price } }))
  return held.callId
}

async function call(ledger: LedgerNode, caller: Caller, cost: Nano, price: Nano): Promise<string> {
  return settle(ledger, await hold(ledger, caller, cost, price), caller, cost, price)
}

describe('a call of a customer', () => {
  test('is refused by what is short of what it needs there, not by what has least', async () => {
    await open(300n)
    const acme = await wallet('acme', 200n)
    const ledger = await bench.node('a')
    expect(await hold(ledger, acme, 500n, 100n)).toMatchObject({ code: 'worst_case', allowance: 'account', left: 300n })
    expect(await hold(ledger, acme, 100n, 201n)).toMatchObject({ code: 'worst_case', allowance: 'wallet', left: 200n })
  })

  test('is charged to both, each at its own price, and recorded in both books', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 500n)
    const ledger = await bench.node('a')
    const id = await call(ledger, acme, 100n, 130n)
    await bench.flush()
    expect([await balanceOf(acme), await bench.store.credits(ACCOUNT)]).toEqual([370n, { total: 1_000n, used: 100n }])
    expect(await bench.store.generation(ACCOUNT, id)).toMatchObject({ cost: 100n, tags: { customer: 'x' }, wallet: { id: idOf(acme), cost: 130n } })
    const theirs = await bench.store.generation(idOf(acme), id)
    expect(theirs).toMatchObject({ accountId: idOf(acme), cost: 130n, upstreamCost: 100n, byok: false })
    expect([theirs?.tags, theirs?.wallet]).toEqual([undefined, undefined])
    expect(await wallets.walletKeyUse(idOf(acme), key.hash, bench.clock.wallMs())).toMatchObject({ total: 130n })
    const reader = new ReportClient({ dataDir: bench.directory, databaseUrl: databaseUrlOf(bench.directory) })
    expect(await reader.walletSums(ACCOUNT, { fromDay: 0, untilDay: 100_000 }, 'model')).toEqual([{ walletId: idOf(acme), externalId: 'acme', name: 'acme', model: 'acme/tiny', requests: 1n, charged: 130n, cost: 100n }])
    await reader.close()
  })

  test('is refused where either has too little, and then neither is touched', async () => {
    await open(1_000n)
    const [poor, rich] = [await wallet('poor', 50n), await wallet('rich', 5_000n)]
    const ledger = await bench.node('a')
    expect(await hold(ledger, poor, 40n, 52n)).toMatchObject({ ok: false, code: 'worst_case', allowance: 'wallet', left: 50n })
    expect(await hold(ledger, rich, 1_001n, 1_300n)).toMatchObject({ ok: false, code: 'worst_case', allowance: 'account' })
    await call(ledger, poor, 40n, 50n)
    await bench.flush()
    bench.clock.advance(1_100)
    expect(await hold(ledger, poor, 1n, 1n)).toMatchObject({ code: 'wallet_balance', left: 0n })
    expect(await balanceOf(rich)).toBe(5_000n)
    await move(idOf(poor), 10n)
    await call(ledger, poor, 8n, 10n)
  })

  test('that failed costs nobody anything; one that cost the reseller nothing is still charged to the customer', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 500n)
    const ledger = await bench.node('a')
    const failed = await hold(ledger, acme, 100n, 130n)
    if (!failed.ok) throw new Error(failed.code)
    ledger.release(failed)
    await call(ledger, acme, 0n, 30n)
    await bench.flush()
    expect([await balanceOf(acme), (await bench.store.credits(ACCOUNT)).used]).toEqual([470n, 0n])
  })

  test('beyond what was held is the reseller\'s loss: a wallet is never below zero', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 50n)
    const ledger = await bench.node('a')
    settle(ledger, await hold(ledger, acme, 40n, 50n), acme, 60n, 78n)
    await bench.flush()
    expect([await balanceOf(acme), (await bench.store.credits(ACCOUNT)).used]).toEqual([0n, 60n])
  })

  test('with a key of the customer\'s own, whose limit counts what the customer pays', async () => {
    const theirs = testKey('theirs', { limit: 200n })
    await open(10_000n, [theirs])
    const acme = await wallet('acme', 5_000n)
    const caller = { ...callerOf({ ...theirs, wallet: idOf(acme) }), wallet: acme.wallet } as Caller
    const ledger = await bench.node('a')
    await call(ledger, caller, 100n, 150n)
    await bench.flush()
    expect(await hold(ledger, caller, 40n, 51n)).toMatchObject({ code: 'worst_case', allowance: 'key', left: 50n, cap: 200n })
    await call(ledger, caller, 40n, 50n)
    await bench.flush()
    expect(await hold(ledger, caller, 1n, 1n)).toMatchObject({ code: 'key_limit' })
  })

  test('settled again, by a restart or another process, charges both once', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 500n)
    const ledger = await bench.node('a')
    await call(ledger, acme, 100n, 130n)
    await bench.flush()
    await call(ledger, acme, 10n, 13n)
    bench.kill('a')
    expect(await bench.recover('a')).toMatchObject({ settled: 2 })
    expect([await balanceOf(acme), (await bench.store.credits(ACCOUNT)).used]).toEqual([357n, 110n])
  })

  test('over nodes: the sum of what they grant never passes a wallet', async () => {
    await open(100_000n)
    const acme = await wallet('acme', 100n)
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => bench.node(name)))
    let spent = 0n
    for (let refusals = 0; refusals < 6;) {
      for (const node of nodes) {
        const held = await hold(node, acme, 5n, 7n)
        if (held.ok) spent += (settle(node, held, acme, 5n, 7n), 7n)
        else {
          refusals += 1
          await bench.flush()
          bench.clock.advance(1_100)
        }
      }
    }
    await bench.flush()
    expect([spent, await balanceOf(acme)]).toEqual([98n, 2n])
  })
})

describe('movements', () => {
  test('are made once for a reference, and never take what is not there', async () => {
    await open(0n)
    const acme = await wallet('acme', 100n)
    expect(await move(idOf(acme), 50n, 'invoice-1')).toEqual({ credits: { total: 150n, used: 0n }, isRepeated: false })
    expect(await move(idOf(acme), 50n, 'invoice-1')).toEqual({ credits: { total: 150n, used: 0n }, isRepeated: true })
    expect(await move(idOf(acme), 60n, 'invoice-1')).toBe('other_move')
    expect(await move(idOf(acme), -151n)).toBe('too_little')
    expect(await move(idOf(acme), -150n)).toMatchObject({ credits: { total: 0n } })
    expect(await move(rowId(), 1n)).toBe('no_wallet')
    const { rows, total } = await wallets.walletEntries(ACCOUNT, idOf(acme), { offset: 0, limit: 10 })
    expect([total, rows.map(({ kind, amount, reference }) => [kind, amount, reference])]).toEqual([3, expect.arrayContaining([['grant', 100n, null], ['grant', 50n, 'invoice-1'], ['take', -150n, null]])])
  })

  test('from one wallet to another happen on both sides or on none', async () => {
    await open(0n)
    const [a, b] = [await wallet('a', 100n), await wallet('b', 10n)]
    const transfer = (amount: Nano, reference: string | null = null) => wallets.moveWallets([{ accountId: ACCOUNT, walletId: idOf(a), amount: -amount, reason: 't', reference }, { accountId: ACCOUNT, walletId: idOf(b), amount, reason: 't', reference }], { by: SYSTEM, nowMs: 1 })
    expect(await transfer(101n)).toBe('too_little')
    expect(await transfer(60n, 'x')).toMatchObject({ isRepeated: false })
    expect(await transfer(60n, 'x')).toMatchObject({ isRepeated: true })
    expect([await balanceOf(a), await balanceOf(b)]).toEqual([40n, 70n])
    for (const [one, amount] of [[a, -60n], [b, 60n]] as const) {
      const { rows } = await wallets.walletEntries(ACCOUNT, idOf(one), { offset: 0, limit: 10 })
      expect(rows.filter(({ reference }) => reference === 'x')).toMatchObject([{ kind: 'transfer', amount }])
    }
  })

  test('past what a balance may be are undone whole', async () => {
    await open(0n)
    const [a, b] = [await wallet('a', 10n ** 18n), await wallet('b', 10n ** 18n)]
    const transfer = wallets.moveWallets([{ accountId: ACCOUNT, walletId: idOf(a), amount: -5n, reason: 't', reference: null }, { accountId: ACCOUNT, walletId: idOf(b), amount: 5n, reason: 't', reference: null }], { by: SYSTEM, nowMs: 1 })
    expect(await transfer).toBe('too_much')
    expect(await balanceOf(a)).toBe(10n ** 18n)
  })
})

describe('wallets', () => {
  test('have one name each, are of one account, and go with it when it is forgotten', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 100n)
    const id = await call(await bench.node('a'), acme, 5n, 7n)
    await bench.flush()
    const again = { id: rowId(), accountId: ACCOUNT, externalId: 'acme', name: 'n', metadata: {}, prices: NO_PRICES, priceListId: null, createdMs: 1, updatedMs: null, closedMs: null }
    expect(await wallets.insertWallet(again, { by: SYSTEM, nowMs: 1 })).toBe('taken')
    expect(await wallets.insertWallet({ ...again, externalId: 'other', priceListId: 'none' }, { by: SYSTEM, nowMs: 1 })).toBe('no_list')
    expect(await wallets.wallet('another account', { id: idOf(acme) })).toBeUndefined()
    expect(await bench.database.write((sql) => closeAccount(sql, ACCOUNT, 2))).toBe(true)
    expect(await wallets.wallet(ACCOUNT, { externalId: 'acme' })).toBeUndefined()
    for (const amount of [5n, -5n]) expect(await move(idOf(acme), amount)).toBe('closed')
    while (await bench.database.write((sql) => forgetBatch(sql, ACCOUNT)) > 0);
    expect(await bench.store.generation(idOf(acme), id)).toBeUndefined()
  })

  test('are closed with their reseller in as many statements, however many they are, with all that is kept of them', async () => {
    const statements: number[] = []
    for (const count of [2, 40]) {
      await open(1_000n)
      const made = await Promise.all(Array.from({ length: count }, (_, at) => wallet(`customer ${at}`, 100n)))
      let asked = 0
      await bench.database.write(async (sql) => {
        asked = 0
        const counted: Sql = { run: (...of) => { asked += 1; return sql.run(...of) }, all: (...of) => { asked += 1; return sql.all(...of) } }
        return await closeAccount(counted, ACCOUNT, 2)
      })
      statements.push(asked)
      const closed = await bench.database.read((sql) => sql.all("SELECT id FROM accounts WHERE kind = 'wallet' AND closed_ms = 2"))
      expect(closed.map(({ id }) => id).sort()).toEqual(made.map(idOf).sort())
      expect(await bench.database.read((sql) => sql.all("SELECT reason FROM entries WHERE reason <> '' LIMIT 1"))).toEqual([])
      if (count === 2) expect((await bench.close()).problems).toEqual([])
    }
    expect(statements[1]).toBe(statements[0] ?? 0)
  })

  test('whose call the reseller has not are a problem that verify names', async () => {
    await open(1_000n)
    const acme = await wallet('acme', 500n)
    const ledger = await bench.node('a')
    const id = await call(ledger, acme, 0n, 130n)
    await bench.flush()
    const row = await bench.database.read((sql) => sql.all('SELECT record FROM generations WHERE account_id = $1 AND id = $2', ACCOUNT, id))
    await bench.database.write((sql) => sql.run("UPDATE generations SET id = 'lost' WHERE account_id = $1 AND id = $2", ACCOUNT, id))
    expect((await bench.store.verify()).problems).toContain(`what a customer pays its reseller pays: acme was charged for ${id}, and the reseller was not`)
    expect(row).toHaveLength(1)
    await bench.database.write((sql) => sql.run("UPDATE generations SET id = $1 WHERE account_id = $2 AND id = 'lost'", id, ACCOUNT))
  })

  test('the books verify after any run of calls, movements, crashes and restarts', async () => {
    await open(5_000n)
    const customers = [await wallet('a', 300n), await wallet('b', 0n), await wallet('c', 2_000n)]
    // A small generator of our own: the same run on every engine.
    let state = 7
    const draw = (below: number): number => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor(state / 65_536) % below }
    let [ledger, deaths] = [await bench.node('n0'), 0]
    let [granted, charged] = [2_300n, 0n]
    for (let step = 0; step < 120; step++) {
      const customer = customers[draw(3)]
      if (!customer) continue
      const [cost, price] = [BigInt(draw(60)), BigInt(draw(90))]
      const what = draw(10)
      if (what < 7) {
        const held = await hold(ledger, customer, cost, price)
        if (held.ok) { settle(ledger, held, customer, cost, price); charged += price } else bench.clock.advance(1_100)
      } else if (what === 7) {
        const moved = await move(idOf(customer), BigInt(draw(200) + 1))
        if (typeof moved !== 'string') granted = await total(customers)
      } else if (what === 8) {
        await bench.flush()
        await move(idOf(customer), -BigInt(draw(100) + 1))
        granted = await total(customers)
      } else {
        bench.kill(`n${deaths}`)
        await bench.recover(`n${deaths}`)
        ledger = await bench.node(`n${++deaths}`)
      }
    }
    await bench.flush()
    const used = (await Promise.all(customers.map((one) => wallets.wallet(ACCOUNT, { id: idOf(one) })))).reduce((sum, one) => sum + (one?.credits.used ?? 0n), 0n)
    expect([used, deaths > 3, granted > 2_300n, charged > 0n]).toEqual([charged, true, true, true])
    expect((await bench.store.verify()).problems).toEqual([])
  })
})

async function total(customers: readonly Caller[]): Promise<Nano> {
  const found = await Promise.all(customers.map((one) => wallets.wallet(ACCOUNT, { id: idOf(one) })))
  return found.reduce((sum, one) => sum + (one?.credits.total ?? 0n), 0n)
}
