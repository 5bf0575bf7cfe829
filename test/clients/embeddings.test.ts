import { ApiError, GoogleGenAI } from '@google/genai'
import { OpenRouter } from '@openrouter/sdk'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Ollama } from 'ollama'
import OpenAI, { APIError, APIUserAbortError } from 'openai'
import { asObject, type JsonObject } from '../../src/core/json.ts'
import { validateResponse } from '../openapi.ts'
import { startGateway, type Gateway } from '../server.ts'
import { hasShared } from '../shared.ts'
import { pythonWithPackages, run } from './python-packages.ts'

setDefaultTimeout(60_000)

/** Embeddings with the official packages, against the running gateway and providers of two dialects behind it. */

/** What a provider was asked. */
interface Asked { readonly provider: string; readonly body: JsonObject }

let gateway: Gateway
let provider: ReturnType<typeof Bun.serve>
const asked: Asked[] = []
let left: PromiseWithResolvers<void>
let arrived: PromiseWithResolvers<void>

const VECTOR = [0.25, -0.5, 1.5]
const textsOf = (input: unknown): unknown[] => (Array.isArray(input) && typeof input[0] !== 'number' ? input : [input])
const openaiReply = (body: JsonObject, usage: object | undefined) => ({ object: 'list', data: textsOf(body['input']).map((_, index) => ({ object: 'embedding', index, embedding: VECTOR })).toReversed(), model: 'x', ...(usage && { usage }) })

/** How each provider of the operator's file answers, by the first part of its path. */
const ANSWERS: Readonly<Record<string, (body: JsonObject, request: Request) => Response | Promise<Response>>> = {
  good: (body) => Response.json(openaiReply(body, { prompt_tokens: 1000, total_tokens: 1000 })),
  silent: (body) => Response.json(openaiReply(body, undefined)),
  broken: () => Response.json({ error: { message: 'it broke', type: 'server_error' } }, { status: 500 }),
  short: () => Response.json({ object: 'list', data: [], usage: { prompt_tokens: 9, total_tokens: 9 } }),
  hanging: async (_, request) => {
    arrived.resolve()
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()))
    left.resolve()
    return new Response('too late')
  },
  gemini: (body) => Response.json({ embeddings: (body['requests'] as JsonObject[]).map(() => ({ values: VECTOR })), usageMetadata: { promptTokenCount: 500 } }),
}

beforeAll(async () => {
  provider = Bun.serve({
    port: 0, hostname: '127.0.0.1', idleTimeout: 60,
    async fetch(request) {
      const name = new URL(request.url).pathname.split('/')[1] ?? ''
      const body = (await request.json()) as JsonObject
      asked.push({ provider: name, body })
      return await (ANSWERS[name]?.(body, request) ?? new Response('no such provider', { status: 404 }))
    },
  })
  const one = (slug: string, models: readonly string[], dialect = 'openai-chat', price = '2') => `
  ${slug}:
    dialect: ${dialect}
    base_url: http://127.0.0.1:${provider.port}/${slug}
    api_key: sk-test
    models:
${models.map((id) => `      - { id: ${id}, upstream_id: embed-1, context: 8192, price: { input: "${price}", output: "0" }, outputs: [embeddings] }`).join('\n')}`
  gateway = await startGateway({
    config: `providers:${[
      one('good', ['test/plain', 'test/failing', 'test/empty']), one('silent', ['test/uncounted']), one('broken', ['test/failing', 'test/down'], 'openai-chat', '1'),
      one('short', ['test/empty', 'test/short'], 'openai-chat', '1'), one('hanging', ['test/hanging']), one('gemini', ['test/google'], 'gemini'),
    ].join('')}\n`,
  })
})
afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

const openai = () => new OpenAI({ baseURL: `${gateway.url}/api/v1`, apiKey: gateway.key, maxRetries: 0 })
const google = (apiKey = gateway.key) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: gateway.url } })
const lastAsked = (): JsonObject => asked.at(-1)?.body ?? {}
const record = async (id: unknown): Promise<JsonObject> => (await (await gateway.api(`/generation?id=${String(id)}`)).json() as { data: JsonObject }).data
/** A request as it stands, and its answer when that is as the contract has it. */
async function ask(body: object): Promise<{ status: number; body: JsonObject; headers: Headers }> {
  const response = await gateway.api('/embeddings', body)
  const answer = (await response.json()) as JsonObject
  if (hasShared) expect(validateResponse('POST', '/embeddings', response.status, answer)).toEqual([])
  return { status: response.status, body: answer, headers: response.headers }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error: unknown) => error)
}

describe('ollama', () => {
  const ollama = () => new Ollama({ host: gateway.url, headers: { authorization: `Bearer ${gateway.key}` } })

  test('embed: a vector for each text, with its count and its cost', async () => {
    const answer = await ollama().embed({ model: 'test/plain:latest', input: ['one', 'two'], dimensions: 3, keep_alive: '5m' })
    expect(answer).toMatchObject({ model: 'test/plain', embeddings: [VECTOR, VECTOR], load_duration: 0, prompt_eval_count: 1000, usage: { cost: 0.002 } } as object)
    expect(lastAsked()).toEqual({ model: 'embed-1', input: ['one', 'two'], dimensions: 3 })
    expect((await ollama().embed({ model: 'test/google', input: 'x' })).embeddings).toEqual([VECTOR])
  })

  test('embeddings: one vector', async () => {
    expect((await ollama().embeddings({ model: 'test/plain', prompt: 'one' })).embedding).toEqual(VECTOR)
  })

  test('nothing to embed only loads the model, and asks nobody', async () => {
    const before = asked.length
    expect(await ollama().embed({ model: 'test/plain', input: [] })).toMatchObject({ model: 'test/plain', embeddings: [] })
    expect(await ollama().embeddings({ model: 'test/plain', prompt: '' })).toEqual({ embedding: [] })
    expect(asked.length).toBe(before)
  })

  test('errors are one sentence', async () => {
    const errors = [[{ model: 'no/such', input: [] }, 'not found'], [{ model: 'demo/echo', input: 'x' }, 'demo/echo'], [{ model: 'test/plain', input: [7] }, 'input[0]: must be a string']] as const
    for (const [params, words] of errors) {
      const error = await failureOf(ollama().embed(params as unknown as { model: string; input: string }))
      expect(String(error)).toContain(words)
    }
    expect(await (await fetch(`${gateway.url}/api/embed`, { method: 'POST', body: '{}' })).json()).toMatchObject({ error: expect.any(String) })
  })
})

describe('openai', () => {
  test('embeddings.create, which asks for base64 by itself', async () => {
    const answer = await openai().embeddings.create({ model: 'test/plain', input: ['one', 'two'], user: 'me' })
    expect(answer.data.map(({ embedding, index }) => ({ embedding, index }))).toEqual([{ embedding: VECTOR, index: 0 }, { embedding: VECTOR, index: 1 }])
    expect(answer).toMatchObject({ object: 'list', model: 'test/plain', usage: { prompt_tokens: 1000, total_tokens: 1000, cost: 0.002, is_byok: false } })
    expect(lastAsked()).toEqual({ model: 'embed-1', input: ['one', 'two'], user: expect.stringMatching(/^user_/) })
    expect(await record((answer as { id?: string }).id)).toMatchObject({ api_type: 'embeddings', model: 'test/plain', total_cost: 0.002, native_tokens_prompt: 1000, native_tokens_completion: 0, streamed: false, finish_reason: 'stop' })
  })

  test('floats, dimensions and tokens go through to a provider; its dialect may be another', async () => {
    const floats = await openai().embeddings.create({ model: 'test/plain', input: [1, 2, 3], encoding_format: 'float', dimensions: 3 })
    expect(floats.data[0]?.embedding).toEqual(VECTOR)
    expect(lastAsked()).toEqual({ model: 'embed-1', input: [[1, 2, 3]], dimensions: 3 })
    const other = await openai().embeddings.create({ model: 'test/google', input: 'x', dimensions: 3 })
    expect(other.data[0]?.embedding).toEqual(VECTOR)
    expect(lastAsked()).toEqual({ requests: [{ model: 'models/embed-1', content: { parts: [{ text: 'x' }] }, outputDimensionality: 3 }] })
  })

  test('the demo model', async () => {
    const answer = await openai().embeddings.create({ model: 'demo/embedder', input: 'hello' })
    expect(Math.hypot(...(answer.data[0]?.embedding ?? []))).toBeCloseTo(1, 5)
  })

  test('errors are those of the package', async () => {
    for (const [params, status] of [[{ model: 'test/plain', input: '' }, 400], [{ model: 'test/plain', input: [] as string[] }, 400], [{ model: 'demo/echo', input: 'x' }, 400], [{ model: 'no/such', input: 'x' }, 400], [{ model: 'test/down', input: 'x' }, 502]] as const) {
      const error = await failureOf(openai().embeddings.create({ ...params, input: params.input as string }))
      expect(error).toBeInstanceOf(APIError)
      expect((error as APIError).status).toBe(status)
    }
  })

  test('an abort ends the call at the provider', async () => {
    left = Promise.withResolvers()
    arrived = Promise.withResolvers()
    const controller = new AbortController()
    const gone = failureOf(openai().embeddings.create({ model: 'test/hanging', input: 'x' }, { signal: controller.signal }))
    await arrived.promise
    controller.abort()
    expect(await gone).toBeInstanceOf(APIUserAbortError)
    await left.promise
  })
})

describe('@google/genai', () => {
  test('embedContent of one and of many, for any model', async () => {
    const one = await google().models.embedContent({ model: 'test/plain', contents: 'why', config: { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 3 } })
    expect(one.embeddings).toEqual([{ values: VECTOR }])
    expect(lastAsked()).toEqual({ model: 'embed-1', input: 'why', dimensions: 3 })
    const many = await google().models.embedContent({ model: 'test/google', contents: ['a', 'b'], config: { taskType: 'RETRIEVAL_DOCUMENT', title: 'letters' } })
    expect(many.embeddings).toEqual([{ values: VECTOR }, { values: VECTOR }])
    expect(lastAsked()).toEqual({ requests: ['a', 'b'].map((text) => expect.objectContaining({ model: 'models/embed-1', content: expect.objectContaining({ parts: [{ text }] }) as object, taskType: 'RETRIEVAL_DOCUMENT', title: 'letters' }) as JsonObject) })
  })

  test('embedContent as it is on the wire, with its cost; under /v1 as well', async () => {
    for (const version of ['v1beta', 'v1']) {
      const response = await fetch(`${gateway.url}/${version}/models/test/google:embedContent`, { method: 'POST', headers: { 'x-goog-api-key': gateway.key }, body: JSON.stringify({ content: { parts: [{ text: 'x' }] } }) })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ embedding: { values: VECTOR }, usageMetadata: { promptTokenCount: 500, cost: 0.001 } })
    }
  })

  test('a picture for a model that reads text only is refused, in the words of the dialect', async () => {
    const error = await failureOf(google().models.embedContent({ model: 'demo/embedder', contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }] }))
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).message).toContain('does not read image')
    expect((await failureOf(google('sk-sw-v1-wrong').models.embedContent({ model: 'demo/embedder', contents: 'x' })) as ApiError).status).toBe(401)
  })

  test('batches whose requests differ, and paths that name another model, are told what to change', async () => {
    const batch = async (requests: unknown) => {
      const response = await fetch(`${gateway.url}/v1beta/models/test/plain:batchEmbedContents`, { method: 'POST', headers: { 'x-goog-api-key': gateway.key }, body: JSON.stringify({ requests }) })
      return { status: response.status, headers: response.headers, message: String(asObject(((await response.json()) as JsonObject)['error'])?.['message'] ?? '') }
    }
    const content = { parts: [{ text: 'x' }] }
    expect(await batch([{ content, outputDimensionality: 2 }, { content }])).toMatchObject({ status: 400, message: expect.stringContaining('requests[1].outputDimensionality') as string })
    expect(await batch([{ content, model: 'models/other' }])).toMatchObject({ status: 400, message: expect.stringContaining('another model') as string })
    expect(await batch([])).toMatchObject({ status: 400 })
    expect(await batch([{ content: { parts: [] } }])).toMatchObject({ status: 400 })
    const told = await batch([{ content, taskType: 'CLUSTERING' }, { content, taskType: 'RETRIEVAL_QUERY' }])
    expect(told.headers.get('x-switchyard-warnings')).toContain('taskType')
  })

  test('the list says which models embed', async () => {
    const model = await google().models.get({ model: 'test/plain' })
    expect(model.supportedActions).toEqual(['embedContent', 'countTokens'])
  })
})

test('@openrouter/sdk', async () => {
  const client = new OpenRouter({ apiKey: gateway.key, serverURL: `${gateway.url}/api/v1` })
  const answer = await client.embeddings.generate({ requestBody: { model: 'test/plain', input: ['a'], provider: { only: ['good'] } } })
  if (typeof answer === 'string') throw new Error(answer)
  expect(answer.data[0]?.embedding).toEqual(VECTOR)
  expect(answer.usage).toMatchObject({ promptTokens: 1000, cost: 0.002 })
  const list = await client.embeddings.listModels()
  const ids = JSON.stringify(list)
  for (const id of ['test/plain', 'demo/embedder', 'openai/text-embedding-3-small', 'google/gemini-embedding-001']) expect(ids).toContain(`"${id}"`)
  expect(ids).not.toContain('"demo/echo"')
})

describe('what the gateway promises of every call', () => {
  test('a provider that fails is passed over, on record, and so is one that answers too little', async () => {
    for (const [model, first, status] of [['test/failing', 'broken', 502], ['test/empty', 'short', 502]] as const) {
      asked.length = 0
      const { body } = await ask({ model, input: 'x', provider: { order: [first] } })
      expect(asked.map(({ provider: name }) => name)).toEqual([first, 'good'])
      expect(body).toMatchObject({ provider: 'good', usage: { prompt_tokens: 1000, cost: 0.002 } })
      expect((await record(body['id']))['provider_responses']).toMatchObject([{ provider_name: first, status }, { provider_name: 'good', status: 200 }])
    }
  })

  test('where nobody counts, the charge is an estimate and says so', async () => {
    const { body } = await ask({ model: 'test/uncounted', input: ['four four', [1].join()] })
    expect(body['usage']).toMatchObject({ prompt_tokens: 4, total_tokens: 4, cost: 0.000008, estimated: true })
  })

  test('the hold bounds what inputs can cost; credit that lacks is a 402 with what would help', async () => {
    const command = [join(import.meta.dir, '..', '..', 'bin', 'switchyard.mjs'), 'keys', 'create', '--json', '--data', gateway.dataDir, '--limit', '0.05']
    const { key } = JSON.parse(spawnSync('node', command, { encoding: 'utf8' }).stdout) as { key: string }
    const long = 'word '.repeat(5_000)
    const statusOf = async (input: readonly string[]) => (await gateway.api('/embeddings', { model: 'test/google', input }, { headers: { authorization: `Bearer ${key}` } })).status
    // Each input has the window to itself: 8,192 tokens at 2 USD a million are 0.016 USD; three of them fit, four do not.
    expect([await statusOf([long, long, long, long]), await statusOf([long, long, long])]).toEqual([402, 200])
    const refused = await gateway.api('/embeddings', { model: 'test/google', input: [long, long, long, long] }, { headers: { authorization: `Bearer ${key}` } })
    expect(asObject(((await refused.json()) as JsonObject)['error'])?.['message']).toContain('Send fewer or shorter inputs')
  })

  test('too many inputs, odd inputs, wrong dimensions, streams', async () => {
    for (const [wrong, says] of [
      [{ input: Array.from({ length: 2_049 }, () => 'x') }, 'at most 2048'], [{ input: ['x', [1]] }, 'input[1]'], [{ input: [[]] }, 'no tokens'], [{ input: [1.5] }, 'input[0]'], [{ input: 7 }, 'a string, an array'],
      [{ input: 'x', dimensions: 1.5 }, 'dimensions'], [{ input: 'x', encoding_format: 'hex' }, 'base64'], [{ input: 'x', stream: true }, 'not streamed'], [{ input: [{ content: [] }] }, 'at least one part'],
      [{ input: [{ content: [{ type: 'audio' }] }] }, 'input[0].content[0].type'], [{}, 'input'],
    ] as const) {
      const { status, body } = await ask({ model: 'test/plain', ...wrong })
      expect(status).toBe(400)
      expect(asObject(body['error'])?.['message']).toContain(says)
    }
  })

  test('text in parts is text; what else is in them asks for a model that reads it', async () => {
    expect((await ask({ model: 'test/plain', input: [{ content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }] })).status).toBe(200)
    expect(lastAsked()['input']).toBe('a\nb')
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
    expect((await ask({ model: 'test/google', input: [{ content: [image, { type: 'text', text: 'b' }] }] })).status).toBe(200)
    expect(lastAsked()).toMatchObject({ requests: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }, { text: 'b' }] } }] })
    const { status, body } = await ask({ model: 'test/plain', input: [{ content: [image] }] })
    expect([status, asObject(body['error'])?.['message']]).toEqual([400, 'input[0]: good makes embeddings of text only: leave the other parts out, or name another model'])
  })

  test('router metadata and warnings, as for chat', async () => {
    const response = await gateway.api('/embeddings', { model: 'test/plain', input: 'x', input_type: 'search_query' }, { headers: { 'x-openrouter-metadata': 'enabled' } })
    expect(response.headers.get('x-switchyard-warnings')).toContain('input_type')
    expect((await response.json() as JsonObject)['openrouter_metadata']).toMatchObject({ requested: 'test/plain', warnings: [{ field: 'input_type' }] })
  })

  test('a chat with a model that makes embeddings is told where they are made, and they are not in the list of chats', async () => {
    const response = await gateway.api('/chat/completions', { model: 'test/plain', messages: [{ role: 'user', content: 'x' }] })
    expect(response.status).toBe(400)
    expect(JSON.stringify(await response.json())).toContain('POST /api/v1/embeddings')
    expect(await (await gateway.api('/models')).text()).not.toContain('"test/plain"')
  })
})

const python = await pythonWithPackages()
const testPython = 'missing' in python ? test.skip : test

testPython("Python's openai", async () => {
  const path = 'missing' in python ? '' : python.path
  const script = 'import sys, json, openai\nclient = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)\nanswer = client.embeddings.create(model="test/plain", input=["a", "b"])\nprint(json.dumps([row.embedding for row in answer.data]))'
  const { code, stdout, stderr } = await run([path, '-c', script, `${gateway.url}/api/v1`, gateway.key], 30_000)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual([VECTOR, VECTOR])
})
