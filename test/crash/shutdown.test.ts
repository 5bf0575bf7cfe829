import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { PRICE, startBiller, type Biller } from './biller.ts'
import { generationsIn } from './books.ts'
import { load } from './load.ts'
import { isAlive, until } from './processes.ts'

setDefaultTimeout(60_000)

/** The program told to stop: it ends what it has begun, takes nothing new, and leaves nothing undone. */

let biller: Biller
let gateway: Gateway
let home: string
beforeAll(async () => { biller = await startBiller({ pieces: 20, pieceMs: 25 }) })
afterAll(() => biller.stop())
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'switchyard-stop-'))
  gateway = await startGateway({ dataDir: join(home, 'data'), config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]) })
})
afterEach(async () => {
  await gateway.stop()
  rmSync(home, { recursive: true, force: true })
})

const ASK = { model: 'acme/tiny', max_tokens: 100, messages: [{ role: 'user', content: 'Some words, please.' }] }

test('SIGTERM: running calls finish, new ones get 503, the exit code is 0', async () => {
  const running = load(gateway, { keys: [gateway.key], calls: 6, atOnce: 6 })
  await until(() => biller.bills.size >= 6)
  const stopped = gateway.stop()
  await until(async () => (await fetch(`${gateway.url}/ready`)).status === 503)
  expect(await (await fetch(`${gateway.url}/ready`)).json()).toEqual({ status: 'draining' })
  const refused = await gateway.api('/chat/completions', ASK)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toMatchObject({ error: { code: 503, metadata: { error_type: 'provider_overloaded' } } })
  expect((await running).map((call) => call.complete)).toEqual(Array.from({ length: 6 }, () => true))
  expect(await stopped).toBe(0)
  expect(isAlive(gateway.pid)).toBe(false)
  const rows = generationsIn(gateway.dataDir)
  expect(rows.map((row) => row.fault)).toEqual(Array.from({ length: 6 }, () => null))
})

test('a second signal, later than ctrl-c comes twice, ends it at once', async () => {
  const answer = await gateway.api('/chat/completions', { ...ASK, model: 'demo/writer?stall_after=3', stream: true })
  expect(answer.status).toBe(200)
  const stopped = gateway.stop()
  await until(async () => (await fetch(`${gateway.url}/ready`)).status === 503)
  await until(() => {
    if (gateway.isAlive()) process.kill(gateway.launcherPid, 'SIGINT')
    return !gateway.isAlive()
  })
  expect(await stopped).toBe(1)
  await expect(answer.text()).rejects.toThrow()
})

test('without calls it ends at once, and the same directory starts again', async () => {
  const { dataDir } = gateway
  expect((await gateway.api('/chat/completions', ASK)).status).toBe(200)
  expect(await gateway.stop()).toBe(0)
  gateway = await startGateway({ dataDir })
  expect((await (await gateway.api('/key')).json() as { data: { usage: number } }).data.usage).toBeGreaterThan(0)
})

test('ctrl-c in a terminal reaches every process of it: running calls finish all the same', async () => {
  const { url, child, ended } = await startByHand()
  const answer = await fetch(`${url}/api/v1/chat/completions`, { ...POST, body: JSON.stringify({ ...ASK, model: 'demo/writer?speed=40&tokens=20', stream: true }) })
  // A negative id is that of a process group.
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect(await answer.text()).toEndWith('data: [DONE]\n\n')
  expect(await ended).toBe(0)
})

test('from start to first served call: whoever knocks is refused or served, never answered with an error', async () => {
  const { first, child, ended } = await startByHand()
  expect(first.status).toBe(200)
  expect(await first.text()).toContain('Here?')
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

const KEY = 'sk-sw-v1-a-first-key-of-my-own'
const POST = { method: 'POST', headers: { authorization: `Bearer ${KEY}` } } as const

/** Starts it as a shell does, in a process group of its own, on a fresh directory, and knocks until it answers. */
async function startByHand(): Promise<{ url: string; child: ChildProcess; ended: Promise<unknown>; first: Response }> {
  // A port that was free a moment ago.
  const port = new URL(gateway.url).port
  await gateway.stop()
  const config = join(home, 'empty.yaml')
  writeFileSync(config, '{}\n')
  const words = ['serve', '--port', port, '--data', join(home, 'fresh'), '--config', config, '--no-discover']
  const child = spawn('node', [join(import.meta.dir, '..', '..', 'bin', 'switchyard.mjs'), ...words], { cwd: home, env: { ...process.env, SWITCHYARD_KEY: KEY }, stdio: 'ignore', detached: true })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  const ask = { ...POST, body: JSON.stringify({ model: 'demo/echo', messages: [{ role: 'user', content: 'Here?' }] }) }
  for (;;) {
    // Nobody listens yet.
    const first = await fetch(`${url}/api/v1/chat/completions`, ask).catch(() => undefined)
    if (first) return { url, child, ended, first }
    await Bun.sleep(5)
  }
}
