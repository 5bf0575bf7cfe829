import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { startGateway, type Gateway } from '../server.ts'
import { saysAnthropic } from './says-anthropic.ts'
import { saysOpenai } from './says-openai.ts'
import { saysResponses } from './says-responses.ts'
import { PNG } from './stage.ts'
import type { Speech } from './turn.ts'

/** One provider that speaks three dialects, each at its path, and keeps the bytes that it was sent. */

const SPEECHES: Readonly<Record<string, Speech>> = { '/v1/chat/completions': saysOpenai, '/v1/responses': saysResponses, '/claude/v1/messages': saysAnthropic }
interface Seen { readonly path: string; readonly text: string; readonly headers: Headers }

let gateway: Gateway
let server: ReturnType<typeof Bun.serve>
let seen: Seen[] = []
/** Paths that refuse. */
let broken = new Set<string>()

beforeAll(async () => {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const path = new URL(request.url).pathname
    if (request.method === 'GET') return new Response(Buffer.from(PNG, 'base64'))
    const text = await request.text()
    seen.push({ path, text, headers: request.headers })
    const speech = SPEECHES[path]
    const body = parseObject(text)
    if (!speech || !body || broken.has(path)) return Response.json({ error: { message: 'not here' } }, { status: 503 })
    const turn = { text: `Said at ${path}.` }
    return speech.isStream(path, body) ? new Response(speech.frames(turn).join(''), { headers: { 'content-type': 'text/event-stream' } }) : Response.json(speech.reply(turn))
  } })
  const url = `http://127.0.0.1:${server.port}`
  const models = 'models: [{ id: acme/tiny, upstream_id: tiny-1, price: free }]'
  gateway = await startGateway({ config: `
providers:
  acme:
    base_url: ${url}/v1
    api_key: sk-acme
    quirks: [no_links]
    dialects:
      openai-responses: {}
      anthropic-messages: { base_url: "${url}/claude", lacks: [top_k] }
    ${models}
  other: { base_url: "${url}/v1", api_key: sk-other, models: [{ id: acme/tiny, upstream_id: tiny-2, price: { input: "9", output: "9" } }, { id: other/one, price: free }] }
egress: { allow_private: true }
` })
})
afterAll(async () => await Promise.all([gateway.stop(), server.stop(true)]))
beforeEach(() => {
  seen = []
  broken = new Set()
})

function only(): Seen {
  const [first, ...more] = seen
  if (!first || more.length > 0) throw new Error(`the provider was called ${seen.length} times`)
  return first
}

const hi = [{ role: 'user', content: 'Hi' }]
const MESSAGES = {
  model: 'acme/tiny', max_tokens: 50, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }], messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', a_field_of_tomorrow: [1, { deep: null }] }] }],
  another_new_field: { x: 1.5 }, thinking: { type: 'disabled' },
}

describe('a provider of several dialects', () => {
  test('is told a Messages client’s request in the bytes in which it came, but for the model, at the address and with the key of that dialect', async () => {
    for (const stream of [false, true]) {
      seen = []
      const answer = await gateway.api('/messages', { ...MESSAGES, stream })
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain('Said')
      const { path, text, headers } = only()
      expect(path).toBe('/claude/v1/messages')
      expect(text).toBe(JSON.stringify({ ...MESSAGES, stream, model: 'tiny-1' }))
      expect([headers.get('x-api-key'), headers.get('authorization')]).toEqual(['sk-acme', null])
    }
  })

  test('is told a Responses client’s by Responses, a chat client’s by chat', async () => {
    expect((await gateway.api('/responses', { model: 'acme/tiny', input: 'Hi', a_field_of_tomorrow: 1 })).status).toBe(200)
    expect(only()).toMatchObject({ path: '/v1/responses', text: expect.stringContaining('"a_field_of_tomorrow":1') })
    expect(only().headers.get('authorization')).toBe('Bearer sk-acme')
    seen = []
    expect((await gateway.api('/chat/completions', { model: 'acme/tiny', messages: hi })).status).toBe(200)
    expect(only().path).toBe('/v1/chat/completions')
  })

  test('gives a client whose dialect it lacks its main one', async () => {
    const answer = await fetch(`${gateway.url}/v1beta/models/acme%2Ftiny:generateContent`, { method: 'POST', headers: { 'x-goog-api-key': gateway.key, 'content-type': 'application/json' }, body: JSON.stringify({ contents: [{ parts: [{ text: 'Hi' }] }] }) })
    expect(answer.status).toBe(200)
    expect(only().path).toBe('/v1/chat/completions')
  })

  test('is told by another what the client’s own does not heed there', async () => {
    const answer = await gateway.api('/messages', { model: 'acme/tiny', max_tokens: 50, messages: hi, top_k: 4 })
    expect(await answer.json()).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Said at /v1/chat/completions.' }] })
    expect(JSON.parse(only().text)).toMatchObject({ top_k: 4 })
  })

  test('has the dialect of each attempt in router metadata', async () => {
    const metadata = async (path: string, body: JsonObject) => {
      const answer = await gateway.api(path, body, { headers: { 'X-OpenRouter-Metadata': 'enabled' } })
      return (await answer.json() as { openrouter_metadata: JsonObject }).openrouter_metadata
    }
    expect(await metadata('/messages', MESSAGES)).toMatchObject({ attempts: [{ provider: 'acme', status: 200, dialect: 'anthropic-messages' }] })
    broken.add('/claude/v1/messages')
    expect(await metadata('/messages', MESSAGES)).toMatchObject({ attempts: [{ provider: 'acme', status: 503, dialect: 'anthropic-messages' }, { provider: 'other', status: 200, dialect: 'openai-chat' }] })
  })
})

describe('a server that fetches no links', () => {
  const picture = () => `http://127.0.0.1:${server.port}/a.png`
  const data = `data:image/png;base64,${PNG}`

  test('is sent what they lead to, by whichever dialect', async () => {
    await gateway.api('/chat/completions', { model: 'acme/tiny', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: picture() } }] }] })
    expect(JSON.parse(only().text)).toMatchObject({ messages: [{ content: [{ type: 'image_url', image_url: { url: data } }] }] })
  })

  test('and one that fetches them is told them', async () => {
    await gateway.api('/chat/completions', { model: 'other/one', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: picture() } }] }] })
    expect(only().text).toContain(picture())
  })
})
