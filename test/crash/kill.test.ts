import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { costNano, PRICE, startBiller, type Biller } from './biller.ts'
import { costOf, createKey, generationsIn, switchyard, type Row } from './books.ts'
import { load, nanoOf, type Seen } from './load.ts'
import { isAlive, killer, until, untilFree } from './processes.ts'

setDefaultTimeout(60_000)

/**
 * The whole program is killed in the middle of its work, again and again, on one data directory. What a client has seen
 * whole is charged once and by what the provider bills; what was cut is charged nothing; nothing is doubled.
 */

const ROUNDS = [
  { what: 'the server', pidOf: (gateway: Gateway) => gateway.pid },
  { what: 'the launcher', pidOf: (gateway: Gateway) => gateway.launcherPid },
  { what: 'the server once more', pidOf: (gateway: Gateway) => gateway.pid },
] as const
const CALLS = 90
const KILL_AFTER = 45
const LIMIT_USD = 1

let biller: Biller
let home: string
let dataDir: string
let gateway: Gateway
let keys: string[]
/** Of all rounds. */
const seen: Seen[] = []

async function start(): Promise<void> {
  gateway = await startGateway({ dataDir, config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]) })
}

beforeAll(async () => {
  biller = await startBiller()
  home = mkdtempSync(join(tmpdir(), 'switchyard-crash-'))
  dataDir = join(home, 'data')
  await start()
  keys = [gateway.key, createKey(dataDir, '--name', 'limited', '--limit', String(LIMIT_USD))]
})
afterAll(async () => {
  await gateway.stop()
  await biller.stop()
  rmSync(home, { recursive: true, force: true })
})

describe.each([...ROUNDS])('kill -9 of $what under load', ({ pidOf }) => {
  let round: Seen[]
  let rows: Row[]

  test('ends both processes and frees the port', async () => {
    round = await load(gateway, { keys, calls: CALLS, atOnce: 24, leaveEach: 10, onBegun: killer(pidOf(gateway), KILL_AFTER) })
    seen.push(...round)
    await until(() => !isAlive(gateway.pid) && !gateway.isAlive())
    await untilFree(Number(new URL(gateway.url).port))
    await gateway.stop()
    const cut = round.filter((call) => !call.complete && !call.left)
    expect(round.filter((call) => call.complete).length).toBeGreaterThanOrEqual(KILL_AFTER / 2)
    expect(cut.length).toBeGreaterThan(0)
  })

  test('what a client saw whole is on record, at the cost that it saw', async () => {
    await start()
    const complete = round.filter((call) => call.complete)
    for (const call of complete) {
      const answer = await gateway.api(`/generation?id=${call.id}`)
      expect(answer.status).toBe(200)
      const { data } = await answer.json() as { data: Record<string, unknown> }
      expect({ id: data['id'], cost: nanoOf(data['total_cost']), upstream: data['upstream_id'], finish: data['finish_reason'] }).toEqual({ id: call.id, cost: call.costNano ?? -1, upstream: call.upstreamId ?? '', finish: 'stop' })
    }
  })

  test("every charge is the provider's bill, once", () => {
    rows = generationsIn(dataDir)
    const charged = rows.filter((row) => row.costNano > 0 && !row.cancelled)
    expect(new Set(charged.map((row) => row.upstreamId)).size).toBe(charged.length)
    for (const row of charged) {
      const bill = biller.bills.get(row.upstreamId ?? '')
      expect(bill).toBeDefined()
      if (bill) expect(row.costNano).toBe(costNano(bill))
    }
    // What a client saw whole is among them; of what it did not, those that ended just before the kill.
    expect(charged.map((row) => row.id)).toEqual(expect.arrayContaining(seen.filter((call) => call.complete).map((call) => call.id)))
    expect(charged.length).toBeLessThanOrEqual([...biller.bills.values()].filter((bill) => bill.whole).length)
  })

  test('calls that were cut are on record as interrupted, at no cost', async () => {
    const interrupted = rows.filter((row) => row.fault === 'interrupted')
    expect(interrupted.every((row) => row.costNano === 0)).toBe(true)
    const known = round.filter((call) => !call.complete && !call.left && call.id !== undefined)
    expect(known.length).toBeGreaterThan(0)
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const call of known) expect(byId.has(call.id ?? '')).toBe(true)
    // A client may have lost the end of an answer that was charged: the kill came between the two.
    for (const call of known) expect(byId.get(call.id ?? '')?.fault ?? 'none').toMatch(/^(interrupted|none)$/)
    const complete = new Set(seen.filter((call) => call.complete).map((call) => call.id))
    expect(interrupted.filter((row) => complete.has(row.id))).toEqual([])
    const cut = known.find((call) => call.streamed && byId.get(call.id ?? '')?.fault === 'interrupted')
    expect(cut).toBeDefined()
    const { data } = await (await gateway.api(`/generation?id=${cut?.id ?? ''}`, undefined, { headers: { authorization: `Bearer ${cut?.key ?? ''}` } })).json() as { data: Record<string, unknown> }
    expect(data).toMatchObject({ model: 'acme/tiny', provider_name: null, streamed: true, finish_reason: 'error', native_finish_reason: 'interrupted', total_cost: 0 })
  })

  test('calls that their client left are charged what was written until then', () => {
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const call of round.filter((one) => one.left)) {
      const row = byId.get(call.id ?? '')
      // Where the answer ended before the gateway knew, the counts are the provider's.
      if (row && row.fault !== 'interrupted') expect({ ...row, cost: row.costNano }).toEqual({ ...row, cost: costNano(row) })
    }
  })

  test('the sums are right: keys, account, entries, and nothing of a limit is stuck', async () => {
    for (const key of keys) {
      const { data } = await (await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${key}` } })).json() as { data: Record<string, unknown> }
      expect(nanoOf(data['usage'])).toBe(costOf(rows, key))
      if (data['limit'] !== null) expect(nanoOf(data['limit_remaining'])).toBe(nanoOf(LIMIT_USD) - costOf(rows, key))
    }
    const credits = switchyard(dataDir, 'credits').json
    expect(nanoOf(credits['total_usage'])).toBe(costOf(rows))
    const verified = switchyard(dataDir, 'credits', 'verify')
    expect(verified).toMatchObject({ code: 0, json: { ok: true, problems: [], generations: rows.length, written_off: '0' } })
    expect(nanoOf(verified.json['charged'])).toBe(costOf(rows))
  })
})

test('a clean end leaves no lease open and no journal', async () => {
  expect(await gateway.stop()).toBe(0)
  const { json } = switchyard(dataDir, 'credits', 'verify')
  expect(json).toMatchObject({ ok: true, leased: '0' })
  expect(nanoOf(json['balance'])).toBe(nanoOf(json['granted']) - costOf(generationsIn(dataDir)))
  await start()
})
