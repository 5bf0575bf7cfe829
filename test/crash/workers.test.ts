import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { costNano, PRICE, startBiller, type Biller } from './biller.ts'
import { costOf, createKey, generationsIn, switchyard } from './books.ts'
import { load, nanoOf } from './load.ts'
import { childrenOf, isAlive, killer, until, untilFree } from './processes.ts'

setDefaultTimeout(60_000)

/** `--workers 2`: two processes on one port and one store. */

/** More than the worst case of a call of `load`: 100 tokens of answer, and a prompt of a few words. */
const CALL_NANO_MAX = 115_000

let biller: Biller
let gateway: Gateway
let home: string
let dataDir: string
/** The one key that the first start made. */
let key: string
beforeAll(async () => { biller = await startBiller() })
afterAll(() => biller.stop())
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'switchyard-workers-'))
  dataDir = join(home, 'data')
  gateway = await start('2')
  key = /sk-sw-v1-[0-9a-f]{64}/.exec(gateway.logs())?.[0] ?? ''
})
afterEach(async () => {
  await gateway.stop()
  rmSync(home, { recursive: true, force: true })
})

function start(workers: string, ...args: string[]): Promise<Gateway> {
  return startGateway({
    dataDir, args: ['--workers', workers, ...args], env: { SWITCHYARD_KEY: '' },
    config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]),
  })
}

/** Journals that something was written to: one for each worker that served. */
function journals(): string[] {
  return readdirSync(join(dataDir, 'journal')).filter((file) => file.endsWith('.log') && statSync(join(dataDir, 'journal', file)).size > 0).toSorted()
}

async function used(): Promise<number> {
  const { data } = await (await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${key}` } })).json() as { data: { usage: number } }
  return nanoOf(data.usage)
}

test('both serve, one key was made once, and the money adds up over both', async () => {
  expect(gateway.logs().match(/sk-sw-v1-[0-9a-f]{64}/g)?.filter((found, at, all) => all.indexOf(found) === at)).toEqual([key])
  expect((switchyard(dataDir, 'keys', 'list').json['data'] as unknown[]).length).toBe(1)
  expect(childrenOf(gateway.pid)).toHaveLength(2)
  const seen = await load(gateway, { keys: [key], calls: 80, atOnce: 20, freshConnections: true })
  expect(seen.filter((call) => call.complete)).toHaveLength(80)
  expect(journals()).toEqual(['node-0.log', 'node-1.log'])
  const charged = seen.reduce((sum, call) => sum + (call.costNano ?? 0), 0)
  for (const call of seen) expect(call.costNano).toBe(costNano(biller.bills.get(call.upstreamId ?? '') ?? { promptTokens: 0, completionTokens: 0 }))
  // A worker answers for what is in the store and in its own journal; the other's is there within a moment.
  await until(async () => await used() === charged)
  expect(await gateway.stop()).toBe(0)
  expect(costOf(generationsIn(dataDir))).toBe(charged)
  expect(switchyard(dataDir, 'credits', 'verify')).toMatchObject({ code: 0, json: { ok: true, leased: '0', generations: 80 } })
})

test('kill -9 of one worker: the other serves on, the dead one comes back, nothing is lost or doubled', async () => {
  const [victim = 0] = childrenOf(gateway.pid)
  const seen = await load(gateway, { keys: [key], calls: 120, atOnce: 20, freshConnections: true, onBegun: killer(victim, 40) })
  expect(gateway.isAlive()).toBe(true)
  const complete = seen.filter((call) => call.complete)
  // At most what the dead worker had in hand is lost; what came after went to the other.
  expect(complete.length).toBeGreaterThanOrEqual(120 - 2 * 20)
  // The new worker, or the other one, brings the dead one's journal to the store.
  const isRecovered = (): boolean => {
    const known = new Set(generationsIn(dataDir).map((row) => row.id))
    return complete.every((call) => known.has(call.id ?? ''))
  }
  await until(() => isRecovered() && childrenOf(gateway.pid).filter(isAlive).length === 2)
  expect(childrenOf(gateway.pid)).not.toContain(victim)
  expect(await gateway.stop()).toBe(0)
  // The new worker may have been told to stop while it was still recovering: a start does what is left of that.
  gateway = await start('1')
  expect(await gateway.stop()).toBe(0)
  const rows = generationsIn(dataDir)
  const byId = new Map(rows.map((row) => [row.id, row]))
  for (const call of complete) expect(byId.get(call.id ?? '')).toMatchObject({ costNano: call.costNano ?? -1, upstreamId: call.upstreamId ?? '' })
  const charged = rows.filter((row) => row.costNano > 0)
  expect(new Set(charged.map((row) => row.upstreamId)).size).toBe(charged.length)
  expect(rows.filter((row) => row.fault === 'interrupted').every((row) => row.costNano === 0)).toBe(true)
  expect(switchyard(dataDir, 'credits', 'verify')).toMatchObject({ code: 0, json: { ok: true, problems: [], leased: '0', written_off: '0' } })
})

test('a key that is disabled is refused by both', async () => {
  const other = createKey(dataDir, '--name', 'other')
  const statuses = (): Promise<number[]> => Promise.all(Array.from({ length: 16 }, async () => {
    const headers = { authorization: `Bearer ${other}` }
    return (await fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'POST', keepalive: false, headers, body: JSON.stringify({ model: 'demo/echo', messages: [{ role: 'user', content: 'Hello' }] }) })).status
  }))
  expect(new Set(await statuses())).toEqual(new Set([200]))
  expect(switchyard(dataDir, 'keys', 'disable', 'other').code).toBe(0)
  await until(async () => (await statuses()).every((status) => status === 401))
})

test('an account that runs dry is never overdrawn, whichever worker is asked, also over a kill', async () => {
  await gateway.stop()
  rmSync(dataDir, { recursive: true })
  // For about thirty calls: each may cost 0.0001, and costs a fifth of that.
  gateway = await start('2', '--initial-credits', '0.0006')
  key = /sk-sw-v1-[0-9a-f]{64}/.exec(gateway.logs())?.[0] ?? ''
  const [victim = 0] = childrenOf(gateway.pid)
  const seen = await load(gateway, { keys: [key], calls: 150, atOnce: 10, freshConnections: true, onBegun: killer(victim, 8) })
  expect(seen.some((call) => call.status === 402)).toBe(true)
  expect(await gateway.stop()).toBe(0)
  gateway = await start('1')
  // What the dead worker had leased is the account's again: one by one, the last cent is usable.
  await load(gateway, { keys: [key], calls: 30, atOnce: 1 })
  expect(await gateway.stop()).toBe(0)
  const verified = switchyard(dataDir, 'credits', 'verify')
  expect(verified).toMatchObject({ code: 0, json: { ok: true, problems: [], leased: '0', written_off: '0', granted: '0.0006' } })
  expect(nanoOf(verified.json['charged'])).toBe(costOf(generationsIn(dataDir)))
  expect(nanoOf(verified.json['charged']) + nanoOf(verified.json['balance'])).toBe(600_000)
  // Less is left than one call may cost.
  expect(nanoOf(verified.json['balance'])).toBeLessThan(CALL_NANO_MAX)
})

test('kill -9 of the launcher ends every process and frees the port', async () => {
  const pids = [gateway.pid, ...childrenOf(gateway.pid)]
  process.kill(gateway.launcherPid, 'SIGKILL')
  await until(() => !pids.some(isAlive))
  await untilFree(Number(new URL(gateway.url).port))
})
