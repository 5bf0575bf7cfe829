import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject, parseObject, type JsonObject } from '../src/core/json.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

/** A provider that remembers which of its models was asked by whom, and holds answers of `held` back until it is told. */
interface Provider { readonly url: string; readonly asked: { model: string; path: string }[]; release(): void; gone: number; stop(): void }

function startProvider(): Provider {
  let open: (() => void)[] = []
  const provider: Provider = { url: '', asked: [], gone: 0, release: () => { for (const go of open.splice(0)) go() }, stop: () => undefined }
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const model = String(parseObject(await request.text())?.['model'])
    provider.asked.push({ model, path: new URL(request.url).pathname })
    if (model === 'held') {
      request.signal.addEventListener('abort', () => { provider.gone++ })
      await new Promise<void>((resolve) => open.push(resolve))
    }
    if (model === 'down') return Response.json({ error: { message: 'down' } }, { status: 500 })
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } })
  } })
  return Object.assign(provider, { url: `http://127.0.0.1:${server.port}/v1`, stop: () => {
    provider.release()
    void server.stop(true)
  } })
}

let provider: Provider
let gateway: Gateway

const model = (id: string, upstream: string, usd: string): string => `{ id: ${id}, upstream_id: ${upstream}, context: 10000, max_output: 1000, price: { input: "${usd}", output: "${usd}" } }`

beforeAll(async () => {
  provider = startProvider()
  gateway = await startGateway({ config: `
aliases:
  fast-chat: 75% acme/a, 25% acme/b
  plain: acme/b
  secret: { to: acme/a, hidden: true }
  safe: { to: acme/down, fallbacks: [acme/b] }
  mirrored: { to: acme/a, mirror: { to: acme/c, share: 100% } }
  unmirrored: { to: acme/a, mirror: { to: acme/c, share: 0% } }
  guarded: { to: acme/a, mirror: { to: keeps/c, share: 100% } }
  held: { to: acme/a, mirror: { to: acme/held, share: 100% } }
providers:
  acme:
    base_url: "${provider.url}"
    api_key: k
    retains_prompts: false
    may_train: false
    models: [${model('acme/a', 'a', '2')}, ${model('acme/b', 'b', '1')}, ${model('acme/c', 'c', '3')}, ${model('acme/down', 'down', '1')}, ${model('acme/held', 'held', '1')}]
  keeps:
    base_url: "${provider.url}/keeps"
    api_key: k
    retains_prompts: true
    may_train: true
    models: [${model('keeps/c', 'c', '3')}]
` })
})
afterAll(async () => {
  provider.stop()
  await gateway.stop()
})

async function ask(body: JsonObject, headers: Record<string, string> = {}): Promise<JsonObject> {
  const response = await gateway.api('/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], ...body }, { headers })
  const answer = parseObject(await response.text()) ?? {}
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

/** Lines of the log about copies of a call, once there are some. */
async function copiesOf(id: unknown): Promise<JsonObject[]> {
  for (;;) {
    const lines = gateway.logs().split('\n').map((line) => asObject(parseObject(line)?.['call']) ?? {})
    const copies = lines.filter((line) => line['mirrorOf'] === id)
    if (copies.length > 0) return copies
    await Bun.sleep(20)
  }
}

describe('an alias with several models (C61)', () => {
  test('a user keeps to one, the users are shared among all, and the answer names the concrete model', async () => {
    const modelOf = async (user: string): Promise<unknown> => (await ask({ model: 'fast-chat', user }))['model']
    const first: unknown[] = []
    for (let index = 0; index < 24; index++) first.push(await modelOf(`user-${index}`))
    const again: unknown[] = []
    for (let index = 0; index < 24; index++) again.push(await modelOf(`user-${index}`))
    expect(again).toEqual(first)
    // Which of these users has which arm is a fact of the hash.
    expect(new Set(first)).toEqual(new Set(['acme/a', 'acme/b']))
    expect(first.filter((name) => name === 'acme/a').length).toBeGreaterThan(12)
  })

  test('router metadata says which arm and why', async () => {
    const { openrouter_metadata: metadata, model: served } = await ask({ model: 'fast-chat', user: 'ann' }, { 'X-OpenRouter-Metadata': 'enabled' })
    expect(metadata).toMatchObject({ requested: 'fast-chat', strategy: 'alias', pipeline: [{ type: 'router', name: 'alias', data: { alias: 'fast-chat', model: served ?? '', by: 'user', arms: [{ model: 'acme/a', percent: 75 }, { model: 'acme/b', percent: 25 }] } }] })
    expect(JSON.stringify(metadata)).not.toContain('ann')
  })

  test('fallbacks come after it', async () => {
    expect((await ask({ model: 'safe' }))['model']).toBe('acme/b')
  })

  test('GET /models has it with the facts of the cheapest, unless it is hidden', async () => {
    const rows = (asArray(parseObject(await (await gateway.api('/models')).text())?.['data']) ?? []).map((row) => asObject(row) ?? {})
    const row = rows.find(({ id }) => id === 'fast-chat')
    expect(row).toMatchObject({ name: 'fast-chat', pricing: { prompt: '0.000001' }, context_length: 10000, alias_target: { slug: 'acme/b', name: 'acme/b' } })
    expect(rows.find(({ id }) => id === 'plain')).toMatchObject({ alias_target: { slug: 'acme/b' } })
    expect(rows.some(({ id }) => id === 'secret')).toBe(false)
    expect((await ask({ model: 'secret' }))['model']).toBe('acme/a')
  })

  test('POST /route/explain goes where the call of the same user goes', async () => {
    for (const user of ['ann', 'ben', 'cyd', 'dan', 'eve']) {
      const explained = asObject(parseObject(await (await gateway.api('/route/explain', { model: 'fast-chat', user, messages: [{ role: 'user', content: 'Hi' }] })).text())?.['data'])
      const served = (await ask({ model: 'fast-chat', user }))['model']
      expect(explained).toMatchObject({ requested: ['fast-chat'], strategy: 'alias', steps: [{ model: served ?? '' }], pipeline: [{ name: 'alias', data: { model: served ?? '' } }] })
    }
  })
})

describe('a mirror', () => {
  test('is asked the same, on a record of its own that charges nobody', async () => {
    const answer = await ask({ model: 'mirrored', user: 'ann' })
    expect(answer['model']).toBe('acme/a')
    const [copy] = await copiesOf(answer['id'])
    expect(copy).toMatchObject({ model: 'acme/c', status: 200, costNano: '0', upstreamCostNano: String(1_100 * 3_000), promptTokens: 1_000, completionTokens: 100 })
    const record = await recordOf(String(copy?.['id']))
    expect(record).toMatchObject({ model: 'acme/c', total_cost: 0, upstream_inference_cost: 0.0033, mirror_of: answer['id'] ?? '' })
    expect(await recordOf(String(answer['id']))).not.toHaveProperty('mirror_of')
  })

  test('streams as the call does, and is not asked where its share does not fall on the call', async () => {
    const before = provider.asked.length
    await ask({ model: 'unmirrored' })
    const streamed = await gateway.api('/chat/completions', { model: 'mirrored', stream: true, messages: [{ role: 'user', content: 'Hi' }] })
    await streamed.text()
    await copiesOf(streamed.headers.get('x-generation-id'))
    expect(provider.asked.slice(before).map((one) => one.model)).toEqual(['a', 'a', 'c'])
  })

  test('never hears what may not be kept or trained on, where it may', async () => {
    const before = provider.asked.length
    await ask({ model: 'guarded', provider: { zdr: true } })
    await ask({ model: 'guarded', provider: { data_collection: 'deny' } })
    await ask({ model: 'guarded', provider: { only: ['acme'] } })
    const free = await ask({ model: 'guarded' })
    await copiesOf(free['id'])
    expect(provider.asked.slice(before).map((one) => one.path)).toEqual([...Array.from({ length: 4 }, () => '/v1/chat/completions'), '/v1/keeps/chat/completions'])
  })

  test('slows nobody, takes no more than it can, and ends with the server', async () => {
    const ids: unknown[] = []
    for (let index = 0; index < 40; index++) ids.push((await ask({ model: 'held', user: `u${index}` }))['id'])
    const held = () => provider.asked.filter((one) => one.model === 'held').length
    while (held() < 32) await Bun.sleep(20)
    while (!gateway.logs().includes('calls were not copied to their mirror')) await Bun.sleep(20)
    expect(held()).toBe(32)
    // The server ends while its copies hang: it does not wait for them.
    expect(await gateway.stop()).toBe(0)
    expect(gateway.logs()).toContain('for 32 copies were under way')
    expect((await copiesOf(ids[0]))[0]).toMatchObject({ fault: 'client_gone', costNano: '0' })
    expect(held()).toBe(32)
  })
})

async function recordOf(id: string): Promise<JsonObject> {
  for (;;) {
    const response = await gateway.api(`/generation?id=${id}`)
    if (response.ok) return asObject(parseObject(await response.text())?.['data']) ?? {}
    await Bun.sleep(20)
  }
}
