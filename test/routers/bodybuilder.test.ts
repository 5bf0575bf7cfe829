import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { isObject, type JsonObject } from '../../src/core/json.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { startPanel, type PanelProvider } from './panel-provider.ts'

setDefaultTimeout(60_000)

/** C52: `openrouter/bodybuilder` in the whole program. */
let provider: PanelProvider
let gateway: Gateway
let empty: Gateway
beforeAll(async () => {
  provider = startPanel()
  const model = (id: string, input: string) => ({ id: `acme/${id}`, upstreamId: id, input, output: input })
  gateway = await startGateway({ config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: provider.url, models: [model('claude-sonnet-4.5', '9'), model('builder', '2'), model('gpt', '5')] }]) })
  empty = await startGateway()
})
afterAll(async () => {
  await Promise.all([gateway.stop(), empty.stop()])
  provider.stop()
})

const nulls = { temperature: null, top_p: null, max_tokens: null, seed: null }
const user = [{ role: 'user', content: 'Tell me a joke' }]
const written = (...requests: object[]): string => JSON.stringify({ requests })
const ASK = { model: 'openrouter/bodybuilder', messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Ask Claude Sonnet and GPT for a joke' }] }
const COST_NANO = 110 * 2 * 1_000

async function ask(body: object = ASK): Promise<{ readonly status: number; readonly body: JsonObject; readonly requests: unknown; readonly warnings: string }> {
  const response = await gateway.api('/chat/completions', body, { headers: { 'x-openrouter-metadata': 'enabled' } })
  const reply: unknown = await response.json()
  if (!isObject(reply)) throw new Error('no object')
  const text = /"content":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(reply))?.[1]
  return { status: response.status, body: reply, requests: text === undefined ? undefined : (JSON.parse(JSON.parse(text) as string) as JsonObject)['requests'], warnings: response.headers.get('x-switchyard-warnings') ?? '' }
}

describe('C52: openrouter/bodybuilder', () => {
  test('the cheapest model that can writes requests by a schema; the client gets what is wished for, its system messages in each', async () => {
    provider.play({ builder: { says: written({ model: 'acme/gpt', messages: user, ...nulls, temperature: 0 }, { model: 'acme/claude-sonnet-4.5', messages: [{ role: 'system', content: 'Be a pirate.' }, ...user], ...nulls }) } })
    const { status, body, requests, warnings } = await ask()
    expect(status).toBe(200)
    expect(requests).toEqual([
      { model: 'acme/gpt', messages: [{ role: 'system', content: 'Be kind.' }, ...user], temperature: 0 },
      { model: 'acme/claude-sonnet-4.5', messages: [{ role: 'system', content: 'Be a pirate.' }, ...user] },
    ])
    expect(body).toMatchObject({ model: 'acme/builder', openrouter_metadata: { strategy: 'bodybuilder', requested: 'openrouter/bodybuilder', pipeline: [{ name: 'bodybuilder', data: { requests: 2 } }] } })
    expect(warnings).toContain('the requests were written by acme/builder, at its price')
    expect(Math.round(Number((body['usage'] as JsonObject)['cost']) * 1e9)).toBe(COST_NANO)
    const told = provider.asked('builder')[0]?.body
    expect(told).toMatchObject({ response_format: { type: 'json_schema', json_schema: { strict: true } }, temperature: 0 })
    expect(JSON.stringify(told?.['messages'])).toContain('acme/claude-sonnet-4.5')
    const { data } = await (await gateway.api(`/generation?id=${String(body['id'])}`)).json() as { data: JsonObject }
    expect(data).toMatchObject({ router: 'openrouter/bodybuilder', model: 'acme/builder' })
  })

  test('a model by another of its names is said by its id, one that is not here is left out, and both are told', async () => {
    provider.play({ builder: { says: written({ model: 'acme/claude-4-5-sonnet', messages: user, ...nulls }, { model: 'nobody/none', messages: user, ...nulls }, { model: 'acme/gpt', messages: user, ...nulls, temperature: 9 }) } })
    const { requests, warnings } = await ask()
    expect(requests).toMatchObject([{ model: 'acme/claude-sonnet-4.5' }])
    expect(warnings).toContain('requests[0]: names acme/claude-sonnet-4.5 in the place of acme/claude-4-5-sonnet')
    expect(warnings).toContain('requests[1]: was left out: there is no model nobody/none here')
    expect(warnings).toContain('requests[2]: was left out: temperature: must be a number from 0 to 2')
  })

  test('what is no list of requests is asked for once more, and both are billed; then it fails', async () => {
    provider.play({ builder: { says: 'Here is a joke.' } })
    const { status, body } = await ask()
    expect({ status, asked: provider.asked().length }).toEqual({ status: 502, asked: 2 })
    expect(body).toMatchObject({ error: { message: expect.stringContaining('wrote no request that could be sent, twice'), metadata: { bodybuilder: { tries: [{ cost_usd: 0.00022 }, { cost_usd: 0.00022 }] } } } })
  })

  test('streamed, and in the words of other clients', async () => {
    provider.play({ builder: { says: written({ model: 'acme/gpt', messages: user, ...nulls }) } })
    const stream = await (await gateway.api('/chat/completions', { ...ASK, stream: true })).text()
    expect(stream).toContain('{\\"requests\\":[{')
    expect(stream.trimEnd().endsWith('data: [DONE]')).toBe(true)
    const message = await (await gateway.api('/messages', { model: ASK.model, max_tokens: 100, messages: user })).json() as JsonObject
    expect(message).toMatchObject({ type: 'message', content: [{ type: 'text', text: expect.stringContaining('"requests"') }], stop_reason: 'end_turn' })
  })

  test('needs messages; and a model of this install that can', async () => {
    const refused = await gateway.api('/completions', { model: ASK.model, prompt: 'a joke' })
    expect({ status: refused.status, text: await refused.text() }).toEqual({ status: 400, text: expect.stringContaining('needs messages') })
    const nobody = await empty.api('/chat/completions', ASK)
    expect({ status: nobody.status, text: await nobody.text() }).toEqual({ status: 404, text: expect.stringContaining('routers.bodybuilder.model') })
  })
})
