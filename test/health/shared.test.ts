import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf, startGateway, type Gateway, type GatewayOptions } from '../server.ts'
import { startMoodyProvider, type MoodyProvider } from './provider.ts'
import { freePort } from '../free-port.ts'
import { redisBinary, startRedis } from './redis.ts'

setDefaultTimeout(60_000)

/** What one process sees of the providers, the others know within a second, and the next one after a restart. */

let cheap: MoodyProvider
let dear: MoodyProvider
let home: string
const gateways: Gateway[] = []

beforeEach(() => {
  cheap = startMoodyProvider()
  dear = startMoodyProvider()
  home = mkdtempSync(join(tmpdir(), 'switchyard-health-'))
})
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop()
  for (const provider of [cheap, dear]) provider.stop()
  rmSync(home, { recursive: true, force: true })
})

/** `sort: price` asks the cheap one first for as long as it is well: the order shows what the gateway thinks of it. */
async function start(options: Omit<GatewayOptions, 'config'> = {}): Promise<Gateway> {
  const model = { id: 'acme/tiny', upstreamId: 'tiny' }
  const config = configOf([
    { slug: 'cheap', dialect: 'openai-chat', baseUrl: cheap.url, models: [{ ...model, input: '0.1', output: '0.1' }] },
    { slug: 'dear', dialect: 'openai-chat', baseUrl: dear.url, models: [{ ...model, input: '5', output: '5' }] },
  ])
  const gateway = await startGateway({ ...options, config })
  gateways.push(gateway)
  return gateway
}

async function stop(gateway: Gateway): Promise<void> {
  gateways.splice(gateways.indexOf(gateway), 1)
  await gateway.stop()
}

async function call(gateway: Gateway): Promise<void> {
  const response = await gateway.api('/chat/completions', { model: 'acme/tiny', messages: [{ role: 'user', content: 'Hi' }], provider: { sort: 'price' } })
  expect(response.status).toBe(200)
  await response.json()
}

async function calls(gateway: Gateway, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await call(gateway)
}

interface Shown { readonly status: number; readonly uptime_last_30m: number | null }

async function shown(gateway: Gateway): Promise<Shown> {
  const response = await gateway.api('/models/acme/tiny/endpoints')
  // The contract's shape; `provider_name` tells the two apart.
  const { data } = await response.json() as { data: { endpoints: (Shown & { provider_name: string })[] } }
  const found = data.endpoints.find(({ provider_name }) => provider_name === 'cheap')
  if (!found) throw new Error('the model is served by cheap')
  return found
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let looks = 0; looks < 400; looks++) {
    if (await holds()) return
    await Bun.sleep(25)
  }
  throw new Error(`never: ${what}`)
}

describe('processes on one data directory', () => {
  test('an outage that one sees keeps the other from the endpoint', async () => {
    const first = await start({ dataDir: home })
    const second = await start({ dataDir: home })
    cheap.mood = 'down'
    await calls(first, 4)
    const before = cheap.asked
    await until('the other knows', async () => (await shown(second)).uptime_last_30m === 0)
    await calls(second, 5)
    expect(cheap.asked).toBe(before)
    expect(dear.asked).toBeGreaterThanOrEqual(9)
  })

  test('so does a Retry-After', async () => {
    const first = await start({ dataDir: home })
    const second = await start({ dataDir: home })
    cheap.mood = 'limited'
    await call(first)
    const before = cheap.asked
    await until('the other knows', async () => {
      dear.asked = 0
      const asked = cheap.asked
      await call(second)
      return cheap.asked === asked
    })
    // Before it knew, it may have asked once itself.
    expect(cheap.asked - before).toBeLessThanOrEqual(1)
  })
})

describe('a restart', () => {
  test('keeps uptime and outage; a file that is torn is told and left', async () => {
    const first = await start({ dataDir: home })
    await calls(first, 3)
    cheap.mood = 'down'
    await calls(first, 5)
    const before = await shown(first)
    expect(before.uptime_last_30m).toBe(50)
    await stop(first)
    const second = await start({ dataDir: home })
    expect(await shown(second)).toMatchObject({ uptime_last_30m: before.uptime_last_30m })
    const asked = cheap.asked
    await calls(second, 3)
    expect(cheap.asked).toBe(asked)
    await stop(second)
    const kept = join(home, 'health', 'kept.json')
    const text = readFileSync(kept, 'utf8')
    writeFileSync(kept, text.slice(0, text.length / 2))
    const third = await start({ dataDir: home })
    expect((await shown(third)).uptime_last_30m).toBeNull()
    await until('it says so', () => third.logs().includes('the health of the endpoints starts empty'))
    expect(existsSync(kept)).toBe(true)
  })
})

if (redisBinary === undefined && !process.env['CI']) console.warn('no valkey-server and no redis-server here: nodes that share by Redis are not tested (apt-get install redis-server)')

describe.skipIf(redisBinary === undefined && !process.env['CI'])('nodes with a Redis', () => {
  test('share what they see; while it is away calls go on, and when it is back they share again', async () => {
    const port = freePort()
    let redis = await startRedis(port)
    const env = { REDIS_URL: `redis://127.0.0.1:${port}` }
    const first = await start({ dataDir: join(home, 'a'), env })
    const second = await start({ dataDir: join(home, 'b'), env })
    await until('the other knows', async () => {
      await call(first)
      return (await shown(second)).uptime_last_30m === 100
    })
    await redis.stop()
    await until('they say that it is away', () => [first, second].every((gateway) => gateway.logs().includes('redis is away')))
    await calls(first, 3)
    redis = await startRedis(port)
    await until('they say that it is back', () => [first, second].every((gateway) => gateway.logs().includes('redis is there again')))
    cheap.mood = 'down'
    await calls(first, 3)
    await until('the other knows again', async () => ((await shown(second)).uptime_last_30m ?? 100) < 100)
    for (const gateway of [first, second]) expect(gateway.logs().match(/redis is away/g)).toHaveLength(1)
    await redis.stop()
  })

  test('a node that starts without it serves', async () => {
    const gateway = await start({ env: { REDIS_URL: `redis://127.0.0.1:${freePort()}` } })
    await calls(gateway, 2)
    await until('it says so', () => gateway.logs().includes('redis is away'))
  })
})
