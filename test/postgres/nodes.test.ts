import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { costNano, PRICE, startBiller, type Biller } from '../crash/biller.ts'
import { load, type Seen } from '../crash/load.ts'
import { killer, until } from '../crash/processes.ts'
import { cli } from '../cli.ts'
import { createDatabase, describePostgres, rowsOf, startPostgres, type PostgresServer } from '../postgres-server.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'

setDefaultTimeout(90_000)

/** Two nodes, as on two machines: each has its own data directory, and both the same database. */

/** Less than this may be left of a cap that is used up: the worst case of a call of `load`. */
const CALL_NANO_MAX = 115_000

let server: PostgresServer
let biller: Biller
let home: string
let url: string
let databases = 0
let nodes: Gateway[]

async function node(name: string): Promise<Gateway> {
  const providers = [{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]
  const made = await startGateway({ dataDir: join(home, name), env: { DATABASE_URL: url }, config: configOf(providers) })
  nodes.push(made)
  return made
}

async function switchyard(...argv: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await cli(home, [...argv, '--json'], { databaseUrl: url })
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as Record<string, unknown>
}

async function createKey(...flags: string[]): Promise<string> {
  return String((await switchyard('keys', 'create', ...flags))['key'])
}

async function ask(gateway: Gateway, key = gateway.key, model = 'acme/tiny'): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(`${gateway.url}/api/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${key}` }, body: JSON.stringify({ model, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  return { status: answer.status, body: await answer.text() }
}

function charged(): number {
  return Number((rowsOf(url, 'SELECT COALESCE(SUM(cost), 0) AS cost FROM generations') as { cost: number }[])[0]?.cost ?? 0)
}

function costSeen(seen: readonly Seen[]): number {
  return seen.filter((call) => call.complete).reduce((sum, call) => sum + (call.costNano ?? 0), 0)
}

beforeAll(async () => { biller = await startBiller() })
afterAll(() => biller.stop())

describePostgres('two nodes on one Postgres', () => {
  beforeAll(async () => { server = await startPostgres() })
  afterAll(() => server.remove())
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'switchyard-nodes-'))
    url = createDatabase(server.url, `nodes_${++databases}`)
    nodes = []
  })
  afterEach(async () => {
    for (const one of nodes) await one.stop()
    rmSync(home, { recursive: true, force: true })
  })

  test('share one cap: together they spend it, and never more, over a kill -9 of one', async () => {
    const [a, b] = [await node('a'), await node('b')]
    // For about a hundred calls of 20 to 60 thousand nano-dollars each.
    const cap = 3_000_000
    const key = await createKey('--name', 'capped', '--limit', '0.003')
    const both = await Promise.all([
      load(a, { keys: [key], calls: 150, atOnce: 12, onBegun: killer(a.pid, 25) }),
      load(b, { keys: [key], calls: 250, atOnce: 12 }),
    ])
    const seen = both.flat()
    await node('a')
    // What the dead node had leased is there again, once a refusal is forgotten: one by one, the last of it is usable.
    await until(async () => {
      seen.push(...await load(b, { keys: [key], calls: 10, atOnce: 1 }))
      return cap - charged() < CALL_NANO_MAX
    })
    expect(seen.some((call) => call.status === 402 || call.status === 403)).toBe(true)
    for (const one of nodes) await one.stop()
    expect(charged()).toBeGreaterThanOrEqual(costSeen(seen))
    expect(charged()).toBeLessThanOrEqual(cap)
    expect(cap - charged()).toBeLessThan(CALL_NANO_MAX)
    for (const call of seen.filter((one) => one.complete)) expect(call.costNano).toBe(costNano(biller.bills.get(call.upstreamId ?? '') ?? { promptTokens: 0, completionTokens: 0 }))
    expect(await switchyard('credits', 'verify')).toMatchObject({ ok: true, problems: [], leased: '0', written_off: '0' })
  })

  test('a key that is disabled at one is refused by the other', async () => {
    const [a, b] = [await node('a'), await node('b')]
    const key = await createKey('--name', 'short')
    expect((await ask(a, key)).status).toBe(200)
    expect((await ask(b, key)).status).toBe(200)
    await switchyard('keys', 'disable', 'short')
    for (const one of [a, b]) await until(async () => (await ask(one, key)).status === 401)
  })

  test('a database that stops and comes back: calls go on within what is leased, then 503 with the reason, never 401; nothing is lost', async () => {
    const gateway = await node('a')
    const unseen = await createKey('--name', 'unseen')
    expect((await ask(gateway)).status).toBe(200)
    await until(() => charged() > 0)
    await server.stop()
    const away: { status: number; body: string }[] = []
    while (away.at(-1)?.status !== 503) away.push(await ask(gateway))
    expect(new Set(away.slice(0, -1).map(({ status }) => status))).toEqual(new Set([200]))
    expect(away.at(-1)?.body).toMatch(/the key is fine/)
    expect((await ask(gateway, unseen)).status).toBe(503)
    expect((await ask(gateway, gateway.key, 'demo/echo')).status).toBe(200)
    expect((await gateway.api('/key')).status).toBe(503)
    await server.start()
    await until(async () => (await ask(gateway)).status === 200)
    expect((await ask(gateway, unseen)).status).toBe(200)
    expect(await gateway.stop()).toBe(0)
    const answered = away.length - 1 + 3
    const rows = rowsOf(url, "SELECT id FROM generations WHERE cost > 0")
    expect(rows).toHaveLength(answered)
    expect(await switchyard('credits', 'verify')).toMatchObject({ ok: true, problems: [], leased: '0', written_off: '0' })
  })

  test('a node that starts while the database is away says which database, and not its password', async () => {
    await server.stop()
    url = url.replace('switchyard@', 'switchyard:hunter2@')
    const said = await node('a').catch(String)
    await server.start()
    expect(said).toContain('ended with 1')
    expect(said).toContain(`error: the database postgres://${new URL(url).host}/nodes_${databases} cannot be used:`)
    expect(said).not.toContain('hunter2')
  })
})
