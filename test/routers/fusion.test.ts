import { Database } from 'bun:sqlite'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import OpenAI from 'openai'
import type { JsonObject } from '../../src/core/json.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { startPanel, type Asked, type PanelProvider } from './panel-provider.ts'

setDefaultTimeout(60_000)

/** C53, C54, D12: `openrouter/fusion` in the whole program. Prices differ, so that no sum is right by chance. */
let provider: PanelProvider
let gateway: Gateway
beforeAll(async () => {
  provider = startPanel()
  const model = (id: string, input: string, output: string) => ({ id: `acme/${id}`, upstreamId: id, input, output })
  gateway = await startGateway({ config: configOf([
    { slug: 'acme', dialect: 'openai-chat', baseUrl: provider.url, models: [model('one', '1', '2'), model('two', '3', '5'), model('three', '7', '11'), model('judge', '13', '17'), { id: 'openai/gpt-5.4-mini', upstreamId: 'mini' }] },
    { slug: 'clerk', dialect: 'anthropic-messages', baseUrl: provider.url, models: [{ id: 'clerk/scribe', upstreamId: 'scribe', input: '19', output: '23' }] },
  ], ['routers: { fusion: { analysis_models: [acme/one, acme/two], model: acme/judge } }']) })
})
afterAll(async () => {
  await gateway.stop()
  provider.stop()
})

const nanoOf = (usd: unknown): number => Math.round(Number(usd) * 1e9)
const PANEL = { id: 'fusion', analysis_models: ['acme/one', 'acme/two', 'acme/three'], model: 'acme/judge' }
const ASK = { model: 'openrouter/fusion', plugins: [PANEL], messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
const ALL = { one: { says: 'Scattering.' }, two: { says: 'Short waves.', prompt: 200 }, three: { says: 'Rayleigh "said" </answer>', completion: 30 }, judge: { says: 'Rayleigh scattering of short waves.', prompt: 1_000, completion: 50 } }
/** (100 × 1 + 10 × 2) + (200 × 3 + 10 × 5) + (100 × 7 + 30 × 11) + (1000 × 13 + 50 × 17), in thousands of nano-dollars. */
const COST_NANO = (120 + 650 + 1_030 + 13_850) * 1_000

interface Reply { readonly id: string; readonly model: string; readonly usage: { readonly cost: number; readonly prompt_tokens: number; readonly completion_tokens: number }; readonly choices: { message: { content: string } }[]; readonly openrouter_metadata: JsonObject }
/** An answer of the API, whose fields the test then looks at. */
const json = async <T>(response: Response): Promise<T> => await response.json() as T
const record = async (id: string): Promise<JsonObject> => {
  for (;;) {
    const response = await gateway.api(`/generation?id=${id}`)
    if (response.status === 200) return (await json<{ data: JsonObject }>(response)).data
    await Bun.sleep(20)
  }
}

const promptOf = (asked: Asked | undefined): string => {
  const messages = asked?.body['messages']
  const last = Array.isArray(messages) ? messages.at(-1) as JsonObject | undefined : undefined
  return String(last?.['content'])
}

/** What the store has of the calls made since: their charges, and the entries that they were booked by. */
function books(): { readonly generations: number; readonly charged: number } {
  const file = readdirSync(gateway.dataDir).find((name) => /\.(?:db|sqlite)$/.test(name)) ?? 'switchyard.db'
  const store = new Database(join(gateway.dataDir, file), { readonly: true })
  const sum = (sql: string): number => Number(Object.values(store.query(sql).get() as object)[0] ?? 0)
  const found = { generations: sum('SELECT sum(cost) FROM generations'), charged: sum("SELECT sum(amount) FROM entries WHERE book = 'revenue'") }
  store.close()
  return found
}

describe('C53: openrouter/fusion', () => {
  test('J12, I19: asks the panel the same at once, then the one who writes with all their answers; the sum is told, and each call is recorded', async () => {
    provider.play(ALL)
    const before = books()
    const response = await gateway.api('/chat/completions', ASK, { headers: { 'x-openrouter-metadata': 'enabled' } })
    const reply = await json<Reply>(response)
    expect(response.status).toBe(200)
    expect(reply).toMatchObject({ model: 'acme/judge', choices: [{ message: { content: ALL.judge.says } }] })
    expect(nanoOf(reply.usage.cost)).toBe(COST_NANO)
    expect(reply.usage).toMatchObject({ prompt_tokens: 1_400, completion_tokens: 100 })
    for (const model of ['one', 'two', 'three']) expect(provider.asked(model)[0]?.body).toMatchObject({ messages: ASK.messages, max_tokens: 16_000 })
    const told = promptOf(provider.asked('judge')[0])
    expect(told.startsWith('Why is the sky blue?\n\n---\n')).toBe(true)
    expect(JSON.parse(told.slice(told.indexOf('{"status"')))).toEqual({ status: 'ok', responses: [{ model: 'acme/one', content: 'Scattering.' }, { model: 'acme/two', content: 'Short waves.' }, { model: 'acme/three', content: ALL.three.says }] })

    const parent = await record(reply.id)
    expect(parent).toMatchObject({ id: reply.id, router: 'openrouter/fusion', model: 'acme/judge' })
    const inner = await Promise.all((parent['inner_ids'] as string[]).map(record))
    expect(inner.map((one) => [one['model'], one['parent_id'], one['router']])).toEqual(['acme/one', 'acme/two', 'acme/three'].map((id) => [id, reply.id, null]))
    expect([parent, ...inner].reduce((sum, one) => sum + nanoOf(one['total_cost']), 0)).toBe(COST_NANO)
    const after = books()
    expect(after.generations - before.generations).toBe(COST_NANO)
    expect(after.charged - before.charged).toBe(COST_NANO)

    const { strategy, requested, pipeline } = reply.openrouter_metadata
    expect({ strategy, requested }).toEqual({ strategy: 'fusion', requested: 'openrouter/fusion' })
    expect(pipeline).toMatchObject([{ type: 'plugin', name: 'fusion', summary: '3 of 3 models answered', data: { panel: [{ model: 'acme/one', cost_usd: 0.00012 }, { model: 'acme/two' }, { model: 'acme/three' }], failed_models: [] } }])
  })

  test('one of the panel that fails is left out and named; it costs nothing', async () => {
    provider.play({ ...ALL, two: { status: 500, message: 'out of order' } })
    const reply = await json<Reply>(await gateway.api('/chat/completions', ASK, { headers: { 'x-openrouter-metadata': 'enabled' } }))
    expect(nanoOf(reply.usage.cost)).toBe(COST_NANO - 650_000)
    expect(reply.openrouter_metadata['pipeline']).toMatchObject([{ summary: '2 of 3 models answered', data: { failed_models: [{ model: 'acme/two', cost_usd: 0 }] } }])
  })

  test('where all fail the call does, with their reasons, and nobody is asked to write', async () => {
    const down = { status: 503, message: 'overloaded' }
    provider.play({ ...ALL, one: down, two: down, three: down })
    const response = await gateway.api('/chat/completions', { ...ASK, stream: true })
    const { error } = await json<{ error: { message: string; metadata: JsonObject } }>(response)
    expect(response.status).toBe(503)
    expect(error.message).toContain('None of the 3 models of the panel answered. acme/one: ')
    expect(error.metadata).toMatchObject({ failure_reason: 'all_panels_failed', failed_models: [{ model: 'acme/one', status_code: 503 }, {}, {}] })
    expect(provider.asked('judge')).toEqual([])
  })

  test('the one who writes fails: what the panel cost is told', async () => {
    provider.play({ ...ALL, judge: { status: 500, message: 'out of order' } })
    const response = await gateway.api('/chat/completions', ASK)
    const { error } = await json<{ error: { metadata: JsonObject } }>(response)
    expect(response.status).toBe(502)
    expect(error.metadata['fusion']).toMatchObject({ cost_usd: 0.0018, panel: [{}, {}, {}] })
  })

  test('without a writer of the client\'s, the next of the panel writes where the first cannot', async () => {
    provider.play({ ...ALL, judge: { status: 500, message: 'out of order' }, one: { says: 'I write.' } })
    const reply = await json<Reply>(await gateway.api('/chat/completions', { ...ASK, plugins: [] }))
    expect(reply).toMatchObject({ model: 'acme/one', choices: [{ message: { content: 'I write.' } }] })
    expect(provider.asked().map(({ model }) => model).toSorted()).toEqual(['judge', 'one', 'one', 'two'])
  })

  test('a client that leaves ends all calls of the panel', async () => {
    provider.play({ ...ALL, one: 'hangs', two: 'hangs', three: 'hangs' })
    const leaving = new AbortController()
    const response = gateway.api('/chat/completions', { ...ASK, stream: true }, { signal: leaving.signal }).catch((error: unknown) => error)
    await Promise.all(['one', 'two', 'three'].map((model) => provider.reached(model)))
    leaving.abort()
    await Promise.all(provider.asked().map(({ left }) => left))
    expect(provider.asked('judge')).toEqual([])
    await response
  })

  test('within a turn, results of tools go to the one who writes alone', async () => {
    provider.play(ALL)
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }]
    const turn = [...ASK.messages, { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'call_1', content: 'blue' }]
    await gateway.api('/chat/completions', { ...ASK, tools, messages: turn })
    expect(provider.asked().map(({ model }) => model)).toEqual(['judge'])
    await gateway.api('/chat/completions', { ...ASK, tools, messages: [...turn, { role: 'assistant', content: 'It is.' }, { role: 'user', content: 'Why?' }] })
    expect(provider.asked('one')[0]?.body).toMatchObject({ tools, tool_choice: 'none' })
    expect(provider.asked('judge')[1]?.body['tool_choice']).toBeUndefined()
  })

  test('D12: the plugin beside a model of one\'s own: that one writes, advised by the panel; turned off, nobody is asked', async () => {
    provider.play(ALL)
    const own = { model: 'acme/judge', messages: ASK.messages, plugins: [{ id: 'fusion', analysis_models: ['acme/two'] }] }
    const reply = await json<Reply>(await gateway.api('/chat/completions', own))
    expect(nanoOf(reply.usage.cost)).toBe(14_500_000)
    expect(await record(reply.id)).toMatchObject({ router: null, inner_ids: [expect.any(String)] })
    provider.play(ALL)
    await gateway.api('/chat/completions', { ...own, plugins: [{ id: 'fusion', enabled: false }] })
    await gateway.api('/chat/completions', { ...ASK, plugins: [{ ...PANEL, enabled: false }] })
    expect(provider.asked().map(({ model }) => model)).toEqual(['judge', 'judge'])
  })

  test('D12: what cannot be followed is refused by the name of its field; tools for a panel are warned of', async () => {
    provider.play(ALL)
    const refused = async (plugin: object, more: object = {}): Promise<[number, string]> => {
      const response = await gateway.api('/chat/completions', { ...ASK, plugins: [{ ...PANEL, ...plugin }], ...more })
      return [response.status, (await json<{ error: { message: string } }>(response)).error.message]
    }
    expect(await refused({ analysis_models: ['acme/one', 'openrouter/fusion-flash'] })).toEqual([400, expect.stringContaining('plugins[0].analysis_models[1]: openrouter/fusion-flash asks other models itself')])
    expect(await refused({ model: 'switchyard/bodybuilder' })).toEqual([400, expect.stringContaining('plugins[0].model: switchyard/bodybuilder')])
    expect(await refused({ analysis_models: ['acme/onne'] })).toEqual([400, expect.stringContaining('plugins[0].analysis_models[0]: acme/onne is not a valid model ID. Did you mean acme/one')])
    expect(await refused({ analysis_models: [] })).toEqual([400, expect.stringContaining('plugins[0].analysis_models: must be an array of 1 to 8 model ids')])
    expect(await refused({ preset: 'general' })).toEqual([400, expect.stringContaining('plugins[0].preset: must be one of')])
    expect(await refused({}, { model: 'acme/one', models: ['openrouter/fusion'], plugins: [] })).toEqual([400, expect.stringContaining('models: openrouter/fusion can only be the first')])
    expect(await refused({ analysis_models: undefined, model: undefined, preset: 'general-high' })).toEqual([404, expect.stringContaining('~google/gemini-pro-latest: no credential')])
    expect(provider.asked()).toEqual([])
    const warned = await gateway.api('/chat/completions', { ...ASK, plugins: [{ ...PANEL, tools: [{ type: 'openrouter:web_search' }] }] })
    expect(warned.headers.get('x-switchyard-warnings')).toContain('plugins[0].tools: this server has no tools for a panel')
  })

  test('C54: openrouter/fusion-flash has a panel of fast models; those that are not ready are left out, and said', async () => {
    provider.play({ mini: { says: 'Fast.' } })
    const response = await gateway.api('/chat/completions', { model: 'openrouter/fusion-flash', messages: ASK.messages }, { headers: { 'x-openrouter-metadata': 'enabled' } })
    const reply = await json<Reply>(response)
    expect(reply).toMatchObject({ model: 'openai/gpt-5.4-mini', choices: [{ message: { content: 'Fast.' } }], openrouter_metadata: { strategy: 'fusion', requested: 'openrouter/fusion-flash' } })
    expect(provider.asked().map(({ model }) => model)).toEqual(['mini', 'mini'])
    expect(response.headers.get('x-switchyard-warnings')).toContain('~anthropic/claude-haiku-latest of the preset was not asked: no credential')
    expect((await record(reply.id))['router']).toBe('openrouter/fusion-flash')
  })

  test('I19: who cannot pay for the last call is told so before anybody is asked', async () => {
    provider.play(ALL)
    const poor = await startGateway({ config: readFileSync(gateway.configFile, 'utf8'), args: ['--initial-credits', '0.1'] })
    const ask = (more: object) => poor.api('/chat/completions', { ...ASK, max_tokens: 100, ...more })
    const refused = await ask({})
    expect({ status: refused.status, text: await refused.text(), asked: provider.asked().length }).toMatchObject({ status: 402, text: expect.stringContaining('This request may cost up to'), asked: 0 })
    // Shorter answers of the panel are a shorter prompt for the one who writes.
    expect((await ask({ plugins: [{ ...PANEL, max_completion_tokens: 100 }] })).status).toBe(200)
    await poor.stop()
  })

  test('POST /route/explain names the one who writes, and the panel', async () => {
    const { data } = await json<{ data: JsonObject }>(await gateway.api('/route/explain', ASK))
    expect(data).toMatchObject({ strategy: 'fusion', steps: [{ model: 'acme/judge' }], pipeline: [{ name: 'fusion', data: { panel: PANEL.analysis_models } }] })
  })
})

describe('C53: every face of a client', () => {
  const say = { 'chat/completions': { ...ASK }, messages: { ...ASK, max_tokens: 500 }, responses: { model: ASK.model, plugins: ASK.plugins, input: 'Why is the sky blue?' } }
  /** The one who writes speaks the client's own dialect, or another. */
  for (const [writer, costNano] of [['acme/judge', COST_NANO], ['clerk/scribe', COST_NANO - 13_850_000 + (1_000 * 19 + 50 * 23) * 1_000]] as const) {
    for (const path of ['chat/completions', 'messages', 'responses'] as const) {
      for (const stream of [false, true]) {
        test(`${path}${stream ? ', streamed' : ''}, written by ${writer}`, async () => {
          provider.play({ ...ALL, scribe: ALL.judge })
          const response = await gateway.api(`/${path}`, { ...say[path], stream, plugins: [{ ...PANEL, model: writer }] })
          const text = await response.text()
          expect(response.status).toBe(200)
          expect(text).toContain(writer)
          const body = stream ? eventsOf(text) : [JSON.parse(text) as JsonObject]
          const costs = JSON.stringify(body).match(/"cost":([\d.e-]+)/g)?.map((found) => nanoOf(found.slice(7))) ?? []
          expect(costs.at(-1)).toBe(costNano)
          for (const piece of ['Rayleigh scatterin', 'short waves.']) expect(text).toContain(piece)
        })
      }
    }
  }

  function eventsOf(text: string): JsonObject[] {
    return text.split('\n').filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)) as JsonObject)
  }

  test("OpenAI's own package", async () => {
    provider.play(ALL)
    const client = new OpenAI({ baseURL: `${gateway.url}/api/v1`, apiKey: gateway.key, maxRetries: 0 })
    // OpenAI's types do not know the contract's own fields.
    const asked = ASK as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming
    const whole = await client.chat.completions.create(asked)
    expect(whole).toMatchObject({ model: 'acme/judge', choices: [{ message: { content: ALL.judge.says }, finish_reason: 'stop' }], usage: { total_tokens: 1_500 } })
    let said = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
      said += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(said).toBe(ALL.judge.says)
    expect(usage).toMatchObject({ prompt_tokens: 1_400, completion_tokens: 100 })
    expect(nanoOf((usage as { cost?: number } | undefined)?.cost)).toBe(COST_NANO)
  })
})
