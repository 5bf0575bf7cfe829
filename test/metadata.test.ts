import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asObject, parseObject, type JsonObject } from '../src/core/json.ts'
import { AVAILABILITY, type AvailabilityCode } from '../src/routing/availability.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

const sse = (...pieces: string[]): Response => new Response(pieces.join(''), { headers: { 'content-type': 'text/event-stream' } })
const data = (body: object): string => `data: ${JSON.stringify(body)}\n\n`
const chunk = (delta: object, finish: string | null = null): string => data({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })
const ERROR = { error: { message: 'Overloaded', code: 503 } }

/** Answers as the model's upstream name says. */
function answer(model: string, isEmbedding: boolean): Response {
  if (model === 'down') return Response.json({ error: { message: 'down' } }, { status: 500 })
  if (model === 'limited') return Response.json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': '3' } })
  if (model === 'missing') return Response.json({ error: { message: 'The model does not exist', code: 'model_not_found' } }, { status: 404 })
  if (model === 'cut') return sse(chunk({ content: 'half of it' }), data(ERROR))
  if (isEmbedding) return Response.json({ object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } })
  return sse(chunk({ content: 'Hello' }), chunk({}, 'stop'), data({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } }), 'data: [DONE]\n\n')
}

let provider: ReturnType<typeof Bun.serve>
let gateway: Gateway

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    return answer(String(parseObject(await request.text())?.['model']), new URL(request.url).pathname.endsWith('/embeddings'))
  } })
  const url = `http://127.0.0.1:${provider.port}/v1`
  const model = (id: string, upstream: string, more = ''): string => `{ id: ${id}, upstream_id: ${upstream}, context: 10000, max_output: 1000, price: { input: "1", output: "1" }${more} }`
  gateway = await startGateway({ args: ['--initial-credits', '1'], config: `
models:
  acme/old: { deprecation_date: 2020-01-01 }
providers:
  acme:
    base_url: ${url}
    api_key: k
    models: [${['good', 'down', 'limited', 'cut', 'missing', 'old'].map((name) => model(`acme/${name}`, name)).join(', ')}, ${model('acme/dear', 'good', ', price: { input: "10000", output: "10000" }').replace('price: { input: "1", output: "1" }, ', '')}, ${model('acme/vectors', 'v', ', outputs: [embeddings]')}]
  keyless: { base_url: "https://keyless.test/v1", models: [${model('keyless/m', 'm')}] }
` })
})
afterAll(async () => {
  await provider.stop(true)
  await gateway.stop()
})

interface Face {
  readonly name: string
  readonly path: (model: string, stream: boolean) => string
  readonly body: (model: string) => JsonObject
}

const MESSAGES = [{ role: 'user', content: 'Hi' }]
const CHAT: Face = { name: 'chat', path: () => '/api/v1/chat/completions', body: (model) => ({ model, messages: MESSAGES }) }
/** The four of the contract, and Gemini's. */
const FACES: readonly Face[] = [
  CHAT,
  { name: 'completions', path: () => '/api/v1/completions', body: (model) => ({ model, prompt: 'Hi' }) },
  { name: 'responses', path: () => '/api/v1/responses', body: (model) => ({ model, input: 'Hi' }) },
  { name: 'messages', path: () => '/api/v1/messages', body: (model) => ({ model, max_tokens: 100, messages: MESSAGES }) },
  { name: 'gemini', path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }) },
]
/** Ours beside them. */
const MORE: readonly Face[] = [
  { name: 'ollama', path: () => '/api/chat', body: (model) => ({ model, stream: false, messages: MESSAGES }) },
  { name: 'cohere', path: () => '/v2/chat', body: (model) => ({ model, messages: MESSAGES }) },
]
const EMBEDDINGS: Face = { name: 'embeddings', path: () => '/api/v1/embeddings', body: (model) => ({ model, input: 'Hi' }) }

interface Answered { readonly status: number; readonly text: string; readonly body: JsonObject | undefined }

async function ask(face: Face, model: string, stream: boolean, options: { metadataHeader?: string; headers?: Record<string, string>; body?: JsonObject } = {}): Promise<Answered> {
  const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', [options.metadataHeader ?? 'X-OpenRouter-Metadata']: 'enabled', ...options.headers }
  const response = await fetch(`${gateway.url}${face.path(model, stream)}`, { method: 'POST', headers, body: JSON.stringify({ ...face.body(model), ...(stream ? { stream } : {}), ...options.body }) })
  const text = await response.text()
  return { status: response.status, text, body: parseObject(text) }
}

const metadataOf = ({ body }: Answered): JsonObject | undefined => asObject(body?.['openrouter_metadata'])
const BOTH = [...FACES, ...MORE].flatMap((face) => [false, true].map((stream) => [`${face.name}, ${stream ? 'streamed' : 'whole'}`, face, stream] as const))

describe('J9: the header', () => {
  const HEADERS = [['enabled', true], ['ENABLED', true], ['disabled', false], ['true', false], ['1', false], ['', false]] as const
  test.each(HEADERS)('%p means %p', async (value, isThere) => {
    expect(metadataOf(await ask(CHAT, 'acme/good', false, { headers: { 'X-OpenRouter-Metadata': value } })) !== undefined).toBe(isThere)
  })

  test('by its older name too (N16)', async () => {
    const { body } = await ask(CHAT, 'acme/good', false, { metadataHeader: 'X-OpenRouter-Experimental-Metadata' })
    expect(body?.['openrouter_metadata']).toMatchObject({ strategy: 'direct' })
  })
})

describe('J10: where it stands', () => {
  test.each(FACES.map((face) => [face.name, face] as const))('%s: at the top of a reply', async (_name, face) => {
    expect(metadataOf(await ask(face, 'acme/good', false))).toMatchObject({ requested: 'acme/good', strategy: 'direct', region: null, summary: 'available=1, selected=acme', attempt: 1, is_byok: false, endpoints: { total: 1, available: [{ provider: 'acme', model: 'acme/good', selected: true }] }, attempts: [{ provider: 'acme', model: 'acme/good', status: 200 }] })
  })

  test.each(FACES.map((face) => [face.name, face] as const))('%s: in the last event of a stream, once', async (_name, face) => {
    const { text } = await ask(face, 'acme/good', true)
    const events = text.trim().split('\n\n').filter((event) => !event.endsWith('data: [DONE]'))
    expect(text.split('"openrouter_metadata"')).toHaveLength(2)
    expect(events.at(-1)).toContain('"openrouter_metadata"')
    expect(events.at(-1)).toContain('"selected":true')
    if (face.name === 'messages') expect(events.at(-1)).toStartWith('event: message_stop')
  })

  test('embeddings have it too', async () => {
    expect(metadataOf(await ask(EMBEDDINGS, 'acme/vectors', false))).toMatchObject({ attempt: 1 })
  })

  test.each(BOTH)('%s: beside the error where the provider failed', async (_name, face, stream) => {
    const failed = await ask(face, 'acme/down', stream)
    expect(failed.status).toBe(502)
    expect(metadataOf(failed)).toMatchObject({ requested: 'acme/down', attempt: 1, attempts: [{ provider: 'acme', status: 502 }] })
  })

  test.each(BOTH)('%s: beside the error where nothing could serve; nothing was submitted', async (_name, face, stream) => {
    const refused = await ask(face, 'keyless/m', stream)
    expect(refused.status).toBe(404)
    expect(metadataOf(refused)).toMatchObject({ requested: 'keyless/m', attempt: 0, attempts: [], endpoints: { total: 1, available: [] }, excluded: [{ provider: 'keyless', rule: 'not_ready' }] })
  })

  test.each(BOTH)('%s: where credit refuses it', async (_name, face, stream) => {
    const refused = await ask(face, 'acme/dear', stream)
    expect(refused.status).toBe(402)
    expect(metadataOf(refused)).toMatchObject({ attempt: 0, endpoints: { available: [{ provider: 'acme', selected: false }] } })
  })

  test.each(BOTH)('%s: where the answer breaks off', async (_name, face, stream) => {
    const { text } = await ask(face, 'acme/cut', stream)
    expect(text.split('"openrouter_metadata"')).toHaveLength(2)
  })

  test.each(BOTH)('%s: not where the key is wrong, or the request, or the model is none', async (_name, face, stream) => {
    for (const refused of [
      await ask(face, 'acme/good', stream, { headers: { authorization: 'Bearer sk-sw-v1-wrong' } }),
      await ask(face, 'acme/good', stream, { body: { messages: 7, input: 7, prompt: 7, contents: 7 } }),
      await ask(face, 'acme/nope', stream),
    ]) {
      expect([400, 401]).toContain(refused.status)
      expect(refused.text).not.toContain('openrouter_metadata')
    }
  })
})

describe('J11, C61: the model and its strategy', () => {
  const STRATEGIES = [['direct', { model: 'acme/good' }], ['fallback', { model: 'acme/down', models: ['acme/good'] }]] as const
  test.each(STRATEGIES)('%s', async (strategy, body) => {
    const metadata = metadataOf(await ask(CHAT, body.model, false, { body: { ...body } as JsonObject }))
    expect(metadata).toMatchObject({ strategy, requested: body.model })
    expect(metadata).not.toHaveProperty('pipeline')
  })
})

interface Case { readonly model: string; readonly face?: Face; readonly host?: string; readonly body?: JsonObject; readonly more?: JsonObject }

/** A call that comes to each code. */
const CASES = {
  model_not_found: { model: 'acme/nope' },
  wrong_endpoint: { model: 'acme/vectors' },
  no_endpoints: { model: 'keyless/m' },
  model_deprecated: { model: 'acme/old' },
  model_unavailable_upstream: { model: 'acme/missing', more: { affected_providers: ['acme'] } },
  capacity_exhausted: { model: 'acme/limited', more: { retry_after: 3, affected_providers: ['acme'] } },
  temporarily_unavailable: { model: 'acme/down', more: { affected_providers: ['acme'] } },
  region_restricted: { model: 'acme/good', host: 'eu.localhost', more: { affected_providers: ['acme'] } },
  privacy_restricted: { model: 'acme/good', body: { provider: { zdr: true } }, more: { excluded_by: ['data_policy:zdr'] } },
  constraint_filtered: { model: 'acme/good', body: { provider: { max_price: { prompt: 0.001 } } }, more: { excluded_by: ['max_price'], constraint: { field: 'provider.max_price', detail: expect.any(String) } } },
  free_variant_ended: { model: 'acme/good:free' },
} satisfies Record<AvailabilityCode, Case>

describe('M23, M24: why nothing could serve, by each of its codes', () => {
  test.each(Object.entries(CASES) as [AvailabilityCode, Case][])('%s', async (code, { model, face = CHAT, host, body, more }) => {
    const refused = await ask(face, model, false, { ...(host && { headers: { host } }), ...(body && { body }) })
    const error = asObject(refused.body?.['error'])
    // A provider's own failure keeps its own status where it says more: 502, not 503.
    const { status, retryable } = AVAILABILITY[code]
    expect(refused.status).toBe(code === 'temporarily_unavailable' ? 502 : status)
    expect(error?.['availability']).toMatchObject({ code, retryable, requested_models: [model], docs_url: expect.stringMatching(/\/docs\/errors#/), ...more })
  })

  test('on every error skin', async () => {
    for (const face of [...FACES, ...MORE]) {
      const { text } = await ask(face, 'acme/limited', false)
      expect([face.name, text.includes('"capacity_exhausted"')]).toEqual([face.name, true])
    }
  })
})
