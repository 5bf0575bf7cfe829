import { afterEach, beforeEach, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { NewFeedback } from '../accounts/feedback.ts'
import { Fault } from '../core/fault.ts'
import { endLine } from '../ledger/line.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { pruneBatch, closeBooksBefore } from './retention.ts'
import { SqlStore } from './sql-store.ts'
import { generationOf, testDatabase, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

let clock: FakeClock
let dataDir = ''
let store: OpenLedger
let jane = ''

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
  await store.accounts.grant(DEFAULT_ACCOUNT, 1_000n, 'test')
  jane = (await store.people.addUser({ email: 'jane@example.com' }, OPERATOR)).id
  await store.people.addMember(DEFAULT_ACCOUNT, jane, 'member', OPERATOR)
  const { key: hers } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'hers', creatorUserId: jane })
  const { key: shared } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'shared' })
  const database = testDatabase(dataDir)
  const lines = [generationOf(hers, 'gen-1-hers', { createdMs: clock.wallMs() }), generationOf(shared, 'gen-1-shared', { createdMs: clock.wallMs() })]
    .map((generation) => endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: 0n, budgets: [], workspaceId: null, generation }))
  await new SqlStore(database).settle(lines, clock.wallMs())
  await database.close()
})

afterEach(() => store.close())

async function say(more: Partial<NewFeedback> = {}): Promise<string> {
  const feedback = { accountId: DEFAULT_ACCOUNT, generationId: 'gen-1-hers', category: 'latency', comment: 'slow', userId: jane, ownerId: undefined, ...more } as const
  return await store.feedback.add(feedback).then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : String(error)))
}

test("J7: of one's own calls: the account's, and for members those of their own keys", async () => {
  expect(await say()).toBe('ok')
  clock.advance(1)
  expect(await say({ generationId: 'gen-1-shared', category: 'other', comment: null, userId: null })).toBe('ok')
  expect(await say({ generationId: 'gen-1-shared', ownerId: jane })).toBe('not_found')
  expect(await say({ generationId: 'gen-1-hers', ownerId: jane })).toBe('ok')
  expect(await say({ generationId: 'gen-1-none' })).toBe('not_found')
  expect(await say({ accountId: 'another' })).toBe('not_found')
  const all = await store.feedback.list({ offset: 0, limit: 10, accountId: DEFAULT_ACCOUNT })
  expect(all.total).toBe(3)
  expect(all.rows.map(({ generationId, comment }) => [generationId, comment]).toSorted()).toEqual([['gen-1-hers', 'slow'], ['gen-1-hers', 'slow'], ['gen-1-shared', null]])
  expect((await store.feedback.list({ offset: 0, limit: 10, accountId: DEFAULT_ACCOUNT, ownerId: jane })).total).toBe(2)
  expect((await store.feedback.list({ offset: 0, limit: 1, category: 'other' })).rows).toMatchObject([{ generationId: 'gen-1-shared' }])
  expect((await store.feedback.list({ offset: 0, limit: 10, accountId: 'another' })).total).toBe(0)
})

test('J7: of one call twenty at most', async () => {
  for (let count = 0; count < 20; count++) expect(await say()).toBe('ok')
  expect(await say()).toBe('rate_limited')
})

test('what was said of a call goes with its record', async () => {
  await say()
  const database = testDatabase(dataDir)
  const until = clock.wallMs() + 1_000
  await database.write((sql) => closeBooksBefore(sql, until))
  for (let left = 1; left > 0;) left = await database.write((sql) => pruneBatch(sql, { generationsMs: until }))
  await database.close()
  expect((await store.feedback.list({ offset: 0, limit: 10 })).total).toBe(0)
})
