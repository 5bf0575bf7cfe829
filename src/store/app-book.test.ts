import { afterEach, beforeEach, expect, test } from 'bun:test'
import { appOf } from '../core/app.ts'
import type { Generation } from '../ledger/generation.ts'
import { endLine } from '../ledger/line.ts'
import { APP_TAG, type ReportQuery } from '../ledger/reports.ts'
import { readReport, readTagNames } from './report-rows.ts'
import { ACCOUNT, generationOf, TestBench, testKey } from './store.fixture.ts'

const KEY = testKey('one')
const START_MS = Date.parse('2026-11-20T12:00:00Z')
const SITE = 'https://my.app/'
let bench: TestBench

beforeEach(async () => { bench = await TestBench.open(2n ** 40n, [KEY]) })
afterEach(() => bench.close())

let made = 0
async function call(more: Partial<Generation>): Promise<void> {
  made += 1
  const generation = generationOf(KEY, `gen-1-${made}`, { createdMs: START_MS, cost: 5n, ...more })
  await bench.store.settle([endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: 0n, budgets: [], workspaceId: null, generation })], 1)
}

async function apps(): Promise<unknown[]> {
  const rows = await bench.database.read((sql) => sql.all('SELECT site, title, local, categories FROM apps ORDER BY site'))
  return rows.map(({ site, title, local, categories }) => [site, title, Number(local), JSON.parse(String(categories))])
}

test('B71: an app has the title that its calls said last, and all of their categories', async () => {
  await call({ referer: SITE })
  expect(await apps()).toEqual([['my.app', 'my.app', 0, []]])
  await call({ referer: 'https://my.app/page', title: 'Mine', categories: 'cli-agent,unheard-of,game', createdMs: START_MS + 60_000 })
  await call({ referer: SITE, title: 'Ours', categories: 'legal', createdMs: START_MS + 120_000 })
  // One that says no title changes none.
  await call({ referer: SITE, categories: 'legal,image-gen', createdMs: START_MS + 180_000 })
  expect(await apps()).toEqual([['my.app', 'Ours', 0, ['cli-agent', 'game', 'legal', 'image-gen']]])
})

test('B71: ten categories at most; no row is written again within a minute', async () => {
  const all = ['cli-agent,ide-extension', 'cloud-agent,programming-app', 'native-app-builder,creative-writing', 'video-gen,image-gen', 'audio-gen,writing-assistant', 'general-chat,legal']
  for (const [at, categories] of all.entries()) await call({ referer: SITE, categories, createdMs: START_MS + at * 60_000 })
  await call({ referer: SITE, title: 'Too soon', createdMs: START_MS + 5 * 60_000 - 1 })
  expect(await apps()).toEqual([['my.app', 'my.app', 0, all.slice(0, 5).join(',').split(',')]])
})

test('B71: a local app has a title; what is no app leaves nothing', async () => {
  await call({ referer: 'http://localhost:3000' })
  await call({ referer: null, title: 'Only a title' })
  await call({ referer: 'no url at all', title: 'T' })
  await call({ referer: 'http://localhost:3000', title: 'Tool' })
  expect(await apps()).toEqual([['local/Tool', 'Tool', 1, []]])
})

test('J3: calls are told apart by app, with its title beside its id; its tag is nobody\'s', async () => {
  await call({ referer: SITE, title: 'Mine', tags: { feature: 'search' } })
  await call({ referer: SITE, title: 'Mine' })
  await call({ referer: 'https://other.app', cost: 100n })
  // A client that guesses the name of the tag is not believed where there is an app.
  await call({ referer: SITE, tags: { [APP_TAG]: '1' } })
  await call({})
  const [mine, other] = [String(appOf(SITE, null)?.id), String(appOf('https://other.app', null)?.id)]
  const base: ReportQuery = {
    accountId: ACCOUNT, fromHour: START_MS / 3_600_000, untilHour: START_MS / 3_600_000 + 1, granularity: null, by: ['app'], filters: [], sums: ['requests', 'cost'],
    order: { by: { metric: 'credits_usage' }, isDescending: true }, rowsMax: 10, rowsOfGroupMax: 10,
  }
  const report = await bench.database.read((sql) => readReport(sql, base))
  expect(report.rows.map(({ values, sums }) => [...values, sums.requests])).toEqual([[other, 1n], [mine, 3n], [null, 1n]])
  expect(report.labels).toEqual(new Map([[mine, 'Mine'], [other, 'other.app']]))
  const only = await bench.database.read((sql) => readReport(sql, { ...base, by: ['tag.feature', 'model'], filters: [{ dimension: 'app', isNot: false, values: [mine], includeUnset: false }] }))
  expect(only.rows.map(({ values, sums }) => [...values, sums.requests])).toEqual([[null, 'acme/tiny', 2n], ['search', 'acme/tiny', 1n]])
  expect(await bench.database.read((sql) => readTagNames(sql, ACCOUNT, 0, 10))).toEqual(['feature'])
})
