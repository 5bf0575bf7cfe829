import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject } from '../../src/core/json.ts'
import { startGateway, type Gateway } from '../server.ts'
import { CLAUDE_EVENTS, CLAUDE_MESSAGE } from './claude.ts'
import { EXPRESS_KEY, sse, startVertex } from './google.ts'

const GEMINI = { candidates: [{ content: { role: 'model', parts: [{ text: 'Hello.' }] }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 9, trafficType: 'ON_DEMAND' }, modelVersion: 'gemini-3-flash', responseId: 'r1' }
const CHAT = { id: 'c1', object: 'chat.completion', model: 'kimi', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } }

const vertex = startVertex((path) => {
  if (path.includes(':streamRawPredict')) return sse(CLAUDE_EVENTS, true)
  if (path.includes(':rawPredict')) return path.includes('overloaded') ? Response.json({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, { status: 529 }) : Response.json(CLAUDE_MESSAGE)
  if (path.includes('/endpoints/openapi/')) return Response.json(CHAT)
  if (path.includes('quota')) return Response.json([{ error: { code: 429, message: 'Resource exhausted. Please try again later.', status: 'RESOURCE_EXHAUSTED' } }], { status: 429 })
  return path.includes(':streamGenerateContent') ? sse([GEMINI], false) : Response.json(GEMINI)
})

const home = mkdtempSync(join(tmpdir(), 'switchyard-vertex-'))
const ACCOUNT_FILE = join(home, 'account.json')
writeFileSync(ACCOUNT_FILE, JSON.stringify(vertex.serviceAccount))

const MODELS = (author: string) => `
    models:
      - { id: ${author}/flash, upstream_id: gemini-3-flash-preview, price: { input: "1", output: "4" } }
      - { id: ${author}/quota, upstream_id: gemini-quota, price: { input: "1", output: "4" } }
      - { id: ${author}/claude, upstream_id: claude-sonnet-4-5@20250929, price: { input: "1", output: "4" } }
      - { id: ${author}/overloaded, upstream_id: claude-overloaded, price: { input: "1", output: "4" } }
      - { id: ${author}/kimi, upstream_id: moonshotai/kimi-k2-thinking-maas, price: { input: "1", output: "4" } }`

const CONFIG = `
providers:
  by-file: { dialect: vertex, base_url: "${vertex.url}", service_account: "${ACCOUNT_FILE}", location: europe-west4, project: other-project,${flow('by-file')} }
  by-text: { dialect: vertex, base_url: "${vertex.url}", service_account: ${JSON.stringify(JSON.stringify(vertex.serviceAccount))},${flow('by-text')} }
  by-map: { dialect: vertex, base_url: "${vertex.url}", service_account: ${JSON.stringify(vertex.serviceAccount)},${flow('by-map')} }
  express: { dialect: vertex, base_url: "${vertex.url}", api_key: ${EXPRESS_KEY},${flow('express')} }
`

function flow(author: string): string {
  const models = MODELS(author).split('\n').map((line) => line.trim()).filter((line) => line.startsWith('- ')).map((line) => line.slice(2))
  return ` models: [${models.join(', ')}]`
}

let gateway: Gateway
beforeAll(async () => { gateway = await startGateway({ config: CONFIG }) }, 60_000)
afterAll(async () => {
  await gateway?.stop()
  await vertex.stop()
  rmSync(home, { recursive: true })
})

const messages = [{ role: 'user', content: 'Hi' }]
const chat = (model: string, more: object = {}) => gateway.api('/chat/completions', { model, messages, ...more })

describe('Vertex lets in', () => {
  const PATHS = { 'by-file': 'projects/other-project/locations/europe-west4', 'by-text': 'projects/example-project/locations/global', 'by-map': 'projects/example-project/locations/global' } as const
  for (const who of ['by-file', 'by-text', 'by-map'] as const) {
    test(`a service account ${who}, with the project and location of its path`, async () => {
      const response = await chat(`${who}/flash`)
      expect({ status: response.status, text: await response.text() }).toMatchObject({ status: 200 })
      expect(vertex.seen.at(-1)?.path).toBe(`/v1beta1/${PATHS[who]}/publishers/google/models/gemini-3-flash-preview:generateContent`)
    })
  }

  test('a key alone, in express mode: Gemini without a project, and nothing else', async () => {
    expect((await chat('express/flash', { stream: true })).status).toBe(200)
    expect(vertex.seen.at(-1)?.path).toBe('/v1beta1/publishers/google/models/gemini-3-flash-preview:streamGenerateContent?alt=sse')
    const refused = await chat('express/claude')
    expect(refused.status).toBe(502)
    expect(await refused.text()).toContain('service account')
  })

  test('many calls with one token, and asks for another when that is refused', async () => {
    await Promise.all(Array.from({ length: 8 }, () => chat('by-text/flash').then((response) => response.text())))
    const before = vertex.exchanges()
    expect((await chat('by-text/flash')).status).toBe(200)
    expect(vertex.exchanges()).toBe(before)
    vertex.revoke()
    expect((await chat('by-text/flash')).status).toBe(200)
    expect(vertex.exchanges()).toBe(before + 1)
  })
})

describe('Claude on Vertex', () => {
  const PLACE = '/v1/projects/example-project/locations/global/publishers/anthropic/models/claude-sonnet-4-5%4020250929'

  for (const stream of [false, true]) {
    test(`for a client of chat, ${stream ? 'streamed' : 'whole'}: the version stands in the body, the model in the path`, async () => {
      const response = await chat('by-text/claude', { stream, max_tokens: 50 })
      expect(await response.text()).toContain(stream ? '"content":"the cloud."' : '"content":"Hello from the cloud."')
      const { path, body } = vertex.seen.at(-1) ?? { path: '', body: {} }
      expect(path).toBe(`${PLACE}:${stream ? 'streamRawPredict' : 'rawPredict'}`)
      expect(body).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 50, stream })
      expect(body).not.toHaveProperty('model')
    })

    test(`for a client of Messages, ${stream ? 'streamed' : 'whole'}: its request goes as it is`, async () => {
      const sent = { model: 'by-text/claude', max_tokens: 50, messages, something_new: [1], stream }
      const text = await (await gateway.api('/messages', sent, { headers: { 'anthropic-version': '2023-06-01' } })).text()
      expect(text).toContain(stream ? '"text":"the cloud."' : '"text":"Hello from the cloud."')
      expect(vertex.seen.at(-1)?.body).toMatchObject({ anthropic_version: 'vertex-2023-10-16', something_new: [1], messages })
    })
  }

  test('costs the same, streamed and whole, in every dialect of a client', async () => {
    const costs: unknown[] = []
    for (const stream of [false, true]) {
      for (const path of ['/chat/completions', '/messages']) {
        const text = await (await gateway.api(path, { model: 'by-text/claude', max_tokens: 50, messages, stream }, { headers: { 'anthropic-version': '2023-06-01' } })).text()
        costs.push(/"cost":([\d.e-]+)/.exec(text)?.[1])
      }
    }
    expect(costs).toEqual(Array.from({ length: 4 }, () => '0.000032'))
  })

  test('says its errors in Anthropic’s shape, and is understood', async () => {
    const response = await chat('by-text/overloaded')
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('Overloaded')
  })
})

test('open models speak OpenAI’s dialect', async () => {
  const response = await chat('by-text/kimi')
  expect(response.status).toBe(200)
  expect(vertex.seen.at(-1)).toMatchObject({ path: '/v1/projects/example-project/locations/global/endpoints/openapi/chat/completions', body: { model: 'moonshotai/kimi-k2-thinking-maas' } })
})

test('a client of Gemini has its request passed on as it is', async () => {
  const sent = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], labels: { team: 'a' }, generationConfig: { somethingNew: 1 } }
  const response = await fetch(`${gateway.url}/api/v1beta/models/by-text/flash:generateContent`, { method: 'POST', headers: { 'x-goog-api-key': gateway.key, 'content-type': 'application/json' }, body: JSON.stringify(sent) })
  const body: unknown = await response.json()
  expect({ status: response.status, candidates: isObject(body) ? body['candidates'] : undefined }).toMatchObject({ status: 200, candidates: GEMINI.candidates })
  expect(vertex.seen.at(-1)?.body).toMatchObject(sent)
})

test('a quota is Google’s to say, in a list of one', async () => {
  const response = await chat('by-text/quota')
  expect(response.status).toBe(429)
  expect(await response.text()).toContain('Resource exhausted')
})
