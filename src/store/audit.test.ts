import { afterEach, describe, expect, test } from 'bun:test'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const key = testKey('one', { limit: 900n })
let bench: TestBench

afterEach(() => bench.database.close())

/** Books with a grant, two charges of one key, one of them over its hold, and an open lease. */
async function books(): Promise<void> {
  bench = await TestBench.open(1_000n, [key])
  const ledger = await bench.node('a')
  for (const [id, cost] of [['gen-1-a', 30n], ['gen-1-b', 12n]] as const) {
    const hold = await ledger.hold(callerOf(key), id, 30n)
    if (!hold.ok) throw new Error('refused')
    ledger.settle(hold, generationOf(key, id, { cost }))
  }
  await ledger.flush()
}

describe('audit', () => {
  test('of true books finds nothing, and says their sums', async () => {
    await books()
    const found = await bench.store.verify()
    expect(found).toMatchObject({ ok: true, problems: [], granted: 1_000n, charged: 42n, writtenOff: 0n, generations: 2n })
    expect(found.balance + found.leased).toBe(958n)
  })

  test.each([
    ['a balance', 'UPDATE accounts SET balance = balance + 1', /^balance and open leases are the sum of the entries: default has 0\.000000959, its rows say 0\.000000958$/],
    ['a grant', 'UPDATE accounts SET granted = granted + 1', /^granted credits are the entries that fund them: default/],
    ['a write-off', 'UPDATE accounts SET written_off = 7', /^write-offs are the entries of the operator: default/],
    ['one side of a transfer', "UPDATE entries SET amount = amount + 1 WHERE book = 'funding'", /^the sides of a transfer sum to zero: /],
    ['an entry that is gone', "DELETE FROM entries WHERE book = 'revenue'", /^charged is the sum of the generations: default/],
    ['a cost', "UPDATE generations SET cost = cost + 1 WHERE id = 'gen-1-a'", /^each transfer is the sum of its generations: /],
    ['a generation that is gone', "DELETE FROM generations WHERE id = 'gen-1-b'", /^a key's use is the sum of its generations: default /],
    ['a removed generation that never was', "INSERT INTO pruned (account_id, key_hash, entry_id, cost, generations) VALUES ('default', 'x', '', 3, 1)", /^the hours are the sum of the generations: default/],
    ['an hour', 'UPDATE rollups SET cost = 0', /^the hours are the sum of the generations: default/],
    ['an hour by tags', 'UPDATE tag_rollups SET requests = requests + 1', /^a day by tags is the sum of its hours: default 20254  [0-9a-f]{64} acme\/tiny Acme acme\/tiny@acme differs in requests by -1$/],
    ['an hour of a model', "UPDATE rollups SET model = 'acme/other'", /^a day is the sum of its hours: default 20254 [0-9a-f]{64} acme\/other Acme .* differs in requests by -2, cost by -42/],
    ['an hour in another', 'UPDATE rollups SET hour = hour + 1', /^an hour is the sum of its generations: default 486111 differs in requests by -2, cost by -42$/],
    ['a day of a model', "UPDATE rollups_daily SET model = 'acme/other'", /^a day is the sum of its tags: default 20254 [0-9a-f]{64} acme\/other Acme .* differs in requests by 2, cost by 42/],
    ['a call under other tags', "UPDATE generations SET tag_set = 'x' WHERE id = 'gen-1-a'", /^a day of tags is the sum of its generations: default 20254 x differs in requests by -1, cost by -30$/],
    ['a day', 'UPDATE rollups_daily SET prompt_tokens = 5', /^a day is the sum of its hours: default 20254 .* differs in prompt_tokens by 5$/],
    ['a day by tags', 'UPDATE tag_rollups_daily SET cost = cost - 1', /^a day by tags is the sum of its hours: default 20254 .* differs in cost by -1$/],
    ['a day of tags', 'DELETE FROM tag_days', /^a day of tags is the sum of its models: default 20254  differs in requests by -2, cost by -42/],
    ["a key's window", "UPDATE key_windows SET cost = cost + 1 WHERE period = 'ever'", /^a key's use is the sum of its generations: default /],
    ['a lease', 'DELETE FROM leases', /^what is leased of a key's limit is its open leases: /],
  ])('finds %s that does not fit, and says where', async (_, tamper, said) => {
    await books()
    await bench.database.write((sql) => sql.run(tamper))
    const { ok, problems } = await bench.store.verify()
    expect(ok).toBe(false)
    expect(problems.some((problem) => said.test(problem))).toBe(true)
  })

  test('needs no generation to be there, where what was removed is summed', async () => {
    await books()
    await bench.database.write(async (sql) => {
      await sql.run("INSERT INTO pruned (account_id, key_hash, entry_id, cost, generations) SELECT account_id, key_hash, COALESCE(entry_id, ''), SUM(cost), COUNT(*) FROM generations GROUP BY account_id, key_hash, COALESCE(entry_id, '')")
      await sql.run("UPDATE counters SET value = 4000000000000 WHERE name = 'pruned_ms'")
      await sql.run('DELETE FROM generations')
    })
    expect(await bench.store.verify()).toMatchObject({ ok: true, problems: [], charged: 42n, generations: 2n })
    expect(await bench.store.generation(ACCOUNT, 'gen-1-a')).toBeUndefined()
  })
})
