import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { DEFAULT_ACCOUNT, type NewKey } from '../accounts/accounts.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Nano } from '../core/nano.ts'
import type { CallTags } from '../core/tags.ts'
import { NO_RULES } from '../guardrails/guardrail.ts'
import { rowId } from '../lib/id.ts'
import { systemClock } from '../lib/clock.ts'
import { draw } from '../lib/random.ts'
import { openAccounts, openLedger } from './open.ts'
import { testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const script = join(import.meta.dir, 'process.fixture.ts')
const NANO_PER_CENT = 10_000_000n
/** When what is left is not found by then, it never is. */
const DRAIN_MS_MAX = 20_000
/** For as long calls go on to be tried when all should be spent: longer than a refusal is remembered. */
const AFTERWARDS_MS = 1_200

async function prepare(credits: Nano, limits: Pick<NewKey, 'limit' | 'rollingLimits'> = {}): Promise<{ dataDir: string; secret: string }> {
  const dataDir = testDirectory()
  const { accounts, close } = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  await accounts.grant(DEFAULT_ACCOUNT, credits, 'test')
  const { secret } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'test', ...limits })
  await close()
  return { dataDir, secret }
}

function start(mode: 'drain' | 'work', dataDir: string, secret: string, amount: Nano, tags: CallTags = {}, price = 0n) {
  return Bun.spawn([process.execPath, script, mode, dataDir, secret, String(amount), JSON.stringify(tags), String(price)], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', env: { ...process.env } })
}

/** They spend until `whole` calls are paid, and for a while more; how many it came to. A call may be refused while another process has the last of it: it is tried again. */
async function drainAll(children: readonly ReturnType<typeof start>[], whole: number): Promise<number> {
  let count = 0
  const end = () => children.forEach((child) => child.stdin.end())
  const gaveUp = setTimeout(end, DRAIN_MS_MAX)
  await Promise.all(children.map(async (child) => {
    for await (const chunk of child.stdout) {
      const before = count
      count += new TextDecoder().decode(chunk).split('\n').length - 1
      if (before < whole && count >= whole) setTimeout(end, AFTERWARDS_MS)
    }
    expect(await child.exited).toBe(0)
  }))
  clearTimeout(gaveUp)
  return count
}

async function openAll(dataDir: string) {
  const opened = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  return { ...opened, rules: opened.rules.store }
}

async function audit(dataDir: string) {
  const { verify, close } = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  const found = await verify()
  await close()
  return found
}

describe('four processes on one store', () => {
  test.each([
    ['the balance', 4n * NANO_PER_CENT, {}],
    ["a key's limit", 100n * NANO_PER_CENT, { limit: 4n * NANO_PER_CENT }],
    ["a key's rolling limit", 100n * NANO_PER_CENT, { rollingLimits: [{ window: '5h', limit: 4n * NANO_PER_CENT }] }],
  ] as const)('spend %s to the last cent and not over it', async (_, credits, limits) => {
    const { dataDir, secret } = await prepare(credits, limits)
    const amount = NANO_PER_CENT / 25n
    const children = Array.from({ length: 4 }, () => start('drain', dataDir, secret, amount))
    expect(await drainAll(children, 100)).toBe(100)
    expect(await audit(dataDir)).toMatchObject({ ok: true, charged: 4n * NANO_PER_CENT, balance: credits - 4n * NANO_PER_CENT, leased: 0n, writtenOff: 0n })
  }, 120_000)
})

describe('four processes on one budget', () => {
  test.each(['a tag', 'a member', 'a guardrail'] as const)('of %s spend it to the last cent and not over it', async (whose) => {
    const dataDir = testDirectory()
    const { accounts, people, sharedBudgets, rules, close } = await openAll(dataDir)
    await accounts.grant(DEFAULT_ACCOUNT, 100n * NANO_PER_CENT, 'test')
    const { id: userId } = await people.addUser({ email: 'anne@example.com' }, SYSTEM)
    await people.addMember(DEFAULT_ACCOUNT, userId, 'member', SYSTEM)
    // Two keys: it is the person's, or the customer's, not the key's.
    const secrets = await Promise.all(['one', 'two'].map(async (name) => (await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name, creatorUserId: userId })).secret))
    const cap = 4n * NANO_PER_CENT
    if (whose === 'a guardrail') {
      const id = rowId()
      await rules.putGuardrail({ id, accountId: DEFAULT_ACCOUNT, workspaceId: defaultWorkspaceId(DEFAULT_ACCOUNT), name: 'G', description: null, rules: NO_RULES, budget: { limit: cap, reset: 'monthly', includeByok: false }, createdMs: 1, updatedMs: null }, { by: SYSTEM, nowMs: 1 })
      await rules.assign(DEFAULT_ACCOUNT, [{ id: rowId(), guardrailId: id, kind: 'member', target: userId, createdMs: 1 }], { by: SYSTEM, nowMs: 1 })
    } else await sharedBudgets.put({ accountId: DEFAULT_ACCOUNT, kind: whose === 'a tag' ? 'tag' : 'member', subject: whose === 'a tag' ? 'customer' : userId, cap, interval: 'monthly' }, SYSTEM)
    await close()
    const amount = NANO_PER_CENT / 25n
    const children = Array.from({ length: 4 }, (_, at) => start('drain', dataDir, secrets[at % 2] ?? '', amount, { customer: 'acme' }))
    expect(await drainAll(children, 100)).toBe(100)
    expect(await audit(dataDir)).toMatchObject({ ok: true, problems: [], charged: cap, leased: 0n, writtenOff: 0n })
  }, 120_000)
})

describe("a customer's wallet", () => {
  async function withWallet(balance: Nano): Promise<{ readonly dataDir: string; readonly secret: string; readonly id: string }> {
    const dataDir = testDirectory()
    const { accounts, wallets, close } = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
    await accounts.grant(DEFAULT_ACCOUNT, 1_000n * NANO_PER_CENT, 'test')
    const { id } = await wallets.create({ accountId: DEFAULT_ACCOUNT, externalId: 'acme' }, SYSTEM)
    await wallets.move({ accountId: DEFAULT_ACCOUNT, walletId: id, amount: balance, reason: 'test', reference: null }, SYSTEM)
    const { secret } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'test', wallet: id })
    await close()
    return { dataDir, secret, id }
  }

  test('is spent by four processes to the last cent and not over it, and the reseller pays for each call', async () => {
    const { dataDir, secret } = await withWallet(4n * NANO_PER_CENT)
    const [cost, price] = [NANO_PER_CENT / 50n, NANO_PER_CENT / 25n]
    const children = Array.from({ length: 4 }, () => start('drain', dataDir, secret, cost, {}, price))
    expect(await drainAll(children, 100)).toBe(100)
    expect(await audit(dataDir)).toMatchObject({ ok: true, problems: [], charged: 100n * cost, writtenOff: 0n, wallets: { granted: 4n * NANO_PER_CENT, balance: 0n, charged: 4n * NANO_PER_CENT, leased: 0n, writtenOff: 0n } })
  }, 120_000)

  test('and its reseller are charged for the same calls after kill -9 at any moment', async () => {
    const { dataDir, secret, id } = await withWallet(900n * NANO_PER_CENT)
    const acknowledged = new Set<string>()
    for (let round = 0; round < 5; round++) {
      const children = [start('work', dataDir, secret, 1_000n, {}, 1_300n), start('work', dataDir, secret, 1_000n, {}, 1_300n)]
      await Promise.all(children.map(async (child) => {
        let text = ''
        for await (const chunk of child.stdout) {
          if (text === '') setTimeout(() => child.kill('SIGKILL'), 120 * draw())
          text += new TextDecoder().decode(chunk)
        }
        for (const line of text.split('\n').slice(0, -1)) acknowledged.add(line)
      }))
    }
    const opened = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
    const books = await opened.verify()
    expect(books).toMatchObject({ ok: true, problems: [], leased: 0n, writtenOff: 0n })
    // As many calls on both sides, whichever died.
    expect(books.wallets.charged * 1_000n).toBe(books.charged * 1_300n)
    expect(books.charged >= BigInt(acknowledged.size) * 1_000n && acknowledged.size > 0).toBe(true)
    for (const callId of acknowledged) expect([(await opened.accounts.generation(DEFAULT_ACCOUNT, callId))?.cost, (await opened.accounts.generation(id, callId))?.cost]).toEqual([1_000n, 1_300n])
    await opened.close()
  }, 60_000)
})

describe('kill -9 at any moment', () => {
  test('loses and doubles no settlement that was acknowledged', async () => {
    const { dataDir, secret } = await prepare(1_000n * NANO_PER_CENT)
    const amount = 1_000n
    const acknowledged = new Set<string>()
    for (let round = 0; round < 10; round++) {
      const children = [start('work', dataDir, secret, amount), start('work', dataDir, secret, amount)]
      await Promise.all(children.map(async (child) => {
        let text = ''
        for await (const chunk of child.stdout) {
          // The first acknowledgement says that it works: then it dies somewhere in what it does.
          if (text === '') setTimeout(() => child.kill('SIGKILL'), 120 * draw())
          text += new TextDecoder().decode(chunk)
        }
        for (const line of text.split('\n').slice(0, -1)) acknowledged.add(line)
      }))
    }
    const opened = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
    const books = await opened.verify()
    expect(books).toMatchObject({ ok: true, problems: [], leased: 0n, writtenOff: 0n })
    let interrupted = 0
    for (const id of acknowledged) expect((await opened.accounts.generation(DEFAULT_ACCOUNT, id))?.cost).toBe(amount)
    // Settled but killed before the acknowledgement: at most one per lane and death. The rest of the records are interrupted calls.
    const charged = Number(books.charged / amount)
    interrupted = Number(books.generations) - charged
    expect(charged - acknowledged.size).toBeGreaterThanOrEqual(0)
    expect(charged - acknowledged.size).toBeLessThanOrEqual(20 * 3)
    expect(interrupted).toBeLessThanOrEqual(20 * 3)
    expect(acknowledged.size).toBeGreaterThan(0)
    await opened.close()
  }, 60_000)
})
