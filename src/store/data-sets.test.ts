import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { NO_USAGE } from '../core/usage.ts'
import type { Generation } from '../ledger/generation.ts'
import { endLine } from '../ledger/line.ts'
import { readAppUses, readModelDays, readSessionCells } from './data-set-rows.ts'
import { generationOf, TestBench, testKey } from './store.fixture.ts'

const DAY_MS = 86_400_000
const DAY = Date.parse('2026-11-10') / DAY_MS
const ONE = testKey('one')
const TWO = testKey('two', { accountId: 'second' })
const ALL = { accountId: null }
const days = { fromDay: DAY, untilDay: DAY + 10 }
let bench: TestBench

beforeEach(async () => {
  bench = await TestBench.open(2n ** 40n, [ONE])
  await bench.store.grant({ accountId: 'second', amount: 2n ** 40n, reason: 'test', reference: null, nowMs: 1 })
  await bench.store.insertKey({ key: TWO, rules: {}, by: { kind: 'system', id: '', name: 't', userId: null } })
})
afterEach(async () => { expect((await bench.close()).problems).toEqual([]) })

let made = 0
async function call(key: typeof ONE, day: number, tokens: readonly [prompt: number, completion: number], more: Partial<Generation> = {}): Promise<void> {
  made += 1
  const generation = generationOf(key, `gen-1-${made}`, { createdMs: day * DAY_MS + 5, usage: { ...NO_USAGE, promptTokens: tokens[0], completionTokens: tokens[1] }, ...more })
  await bench.store.settle([endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: 0n, budgets: [], workspaceId: null, generation })], 1)
}

const read = <T>(of: (sql: Parameters<typeof readModelDays>[0]) => Promise<T>): Promise<T> => bench.database.read(of)

describe('J26: models by day', () => {
  test('of one account, and of all that are there', async () => {
    await call(ONE, DAY, [10, 5], { finishReason: 'tool_calls' })
    await call(TWO, DAY, [100, 50])
    await call(TWO, DAY + 10, [1, 1])
    expect(await read((sql) => readModelDays(sql, { accountId: 'default', ...days, context: null }))).toEqual([{ day: DAY, model: 'acme/tiny', tokens: 15n, requests: 1n, toolCalls: 1n }])
    expect(await read((sql) => readModelDays(sql, { ...ALL, ...days, context: null }))).toEqual([{ day: DAY, model: 'acme/tiny', tokens: 165n, requests: 2n, toolCalls: 1n }])
    expect(await read((sql) => readModelDays(sql, { accountId: "x' OR 1=1 --", ...days, context: null }))).toEqual([])
  })

  test('by the size of the prompt', async () => {
    await call(ONE, DAY, [900, 100])
    await call(ONE, DAY, [1_000, 0])
    await call(ONE, DAY, [5_000, 7])
    await call(TWO, DAY, [50_000, 3])
    const of = async (context: '1K' | '10K' | '100K' | '1M') => (await read((sql) => readModelDays(sql, { ...ALL, ...days, context }))).map(({ tokens, requests }) => [tokens, requests])
    expect([await of('1K'), await of('10K'), await of('100K'), await of('1M')]).toEqual([[[2_000n, 2n]], [[5_007n, 1n]], [[50_003n, 1n]], []])
  })
})

test('J26: apps, now and before; of all accounts together, and none that is on somebody\'s own machine', async () => {
  await call(ONE, DAY, [10, 5], { referer: 'https://my.app', title: 'Mine', categories: 'cli-agent', tags: { feature: 'a' } })
  await call(ONE, DAY + 1, [10, 5], { referer: 'https://my.app', title: 'Mine', tags: { feature: 'b' } })
  await call(TWO, DAY + 1, [1, 1], { referer: 'https://my.app', categories: 'game' })
  await call(TWO, DAY - 3, [500, 0], { referer: 'https://my.app' })
  await call(TWO, DAY, [1, 1], { referer: 'http://localhost:80', title: 'Tool' })
  const app = { appId: expect.any(Number), site: 'my.app' }
  expect(await read((sql) => readAppUses(sql, { accountId: 'default', ...days, beforeDay: DAY - 30 }))).toEqual([{ ...app, title: 'Mine', categories: ['cli-agent'], requests: 2n, tokens: 30n, tokensBefore: 0n }])
  expect((await read((sql) => readAppUses(sql, { ...ALL, ...days, beforeDay: DAY - 30 }))).map((use) => ({ ...use, categories: use.categories.toSorted() }))).toEqual([{ ...app, title: expect.any(String), categories: ['cli-agent', 'game'], requests: 3n, tokens: 32n, tokensBefore: 500n }])
})

describe('J8: sessions', () => {
  const of = (session: string, cost: bigint, more: Partial<Generation> = {}) => ({ referer: 'https://my.app', title: 'Mine', sessionId: session, cost, ...more })

  test('the median of what they cost, by app, model and turns', async () => {
    for (const [session, costs] of [['a', [5n]], ['b', [7n]], ['c', [100n]], ['d', [1n, 2n, 3n]], ['e', Array.from({ length: 12 }, () => 1n)]] as const) {
      for (const cost of costs) await call(ONE, DAY + 1, [1, 1], of(session, cost))
    }
    await call(ONE, DAY + 1, [1, 1], of('a', 40n, { model: 'acme/big' }))
    // No app, or no session: nobody's session.
    await call(ONE, DAY + 1, [1, 1], { sessionId: 'a', cost: 9n })
    await call(ONE, DAY + 1, [1, 1], { ...of('a', 9n), sessionId: null })
    const cells = await read((sql) => readSessionCells(sql, { ...ALL, ...days }))
    expect(cells.map(({ title, model, turnRange, sessions, median }) => [title, model, turnRange, sessions, median]).toSorted()).toEqual([
      ['Mine', 'acme/big', '1-turn', 1, 40n], ['Mine', 'acme/tiny', '1-turn', 3, 7n], ['Mine', 'acme/tiny', '10-49-turns', 1, 12n], ['Mine', 'acme/tiny', '2-9-turns', 1, 6n],
    ])
  })

  test('one that two accounts name alike is two; calls that were made for another are no turns; the name itself is not kept', async () => {
    await call(ONE, DAY, [1, 1], of('secret name', 1n))
    await call(ONE, DAY, [1, 1], of('secret name', 2n, { parentId: 'gen-1-x' }))
    await call(TWO, DAY, [1, 1], of('secret name', 9n))
    expect((await read((sql) => readSessionCells(sql, { ...ALL, ...days }))).map(({ turnRange, sessions, median }) => [turnRange, sessions, median])).toEqual([['1-turn', 2, 6n]])
    const kept = await read((sql) => sql.all('SELECT * FROM session_costs'))
    expect(JSON.stringify(kept, (_, value: unknown) => String(value))).not.toContain('secret name')
  })

  test('goes when it is long over', async () => {
    await call(ONE, DAY, [1, 1], of('old', 1n))
    await call(ONE, DAY + 100, [1, 1], of('new', 1n))
    expect((await read((sql) => sql.all('SELECT day FROM session_costs'))).map(({ day }) => Number(day))).toEqual([DAY + 100])
  })
})
