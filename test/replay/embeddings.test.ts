import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { asVector, floatsOf } from '../../src/core/embeddings.ts'
import { asArray, asCount, asObject, isObject, type JsonObject } from '../../src/core/json.ts'
import { validateResponse } from '../openapi.ts'
import { startGateway, type Gateway } from '../server.ts'
import { describeShared, hasShared, sharedPath } from '../shared.ts'

setDefaultTimeout(60_000)

/** Every recorded embeddings exchange of the dialects that we speak, asked again in the contract's words. */

interface Recording {
  readonly id: string
  readonly request: { readonly url: string; readonly body: JsonObject | null }
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: JsonObject }
}

/** A family of recordings: which provider of the operator's file replays it, what the client asks for it, and what it should be given. */
interface Family {
  readonly folder: string
  readonly dialect: string
  readonly quirks?: string
  /** The request of the contract that a recorded body is. */
  readonly asked: (body: JsonObject) => JsonObject
  readonly vectors: (body: JsonObject) => readonly unknown[]
  /** What it counted; undefined where it did not. */
  readonly tokens: (body: JsonObject) => number | undefined
  readonly inputs: (recording: Recording) => number
}

const rows = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
const defined = (body: JsonObject): JsonObject => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== null))
const TASKS: Readonly<Record<string, string>> = { RETRIEVAL_QUERY: 'search_query' }
const openai: Omit<Family, 'folder'> = {
  dialect: 'openai-chat', quirks: 'base64_embeddings, input_type',
  asked: (body) => body,
  vectors: (body) => rows(body['data']).map((row) => row['embedding']),
  tokens: (body) => asCount(asObject(body['usage'])?.['prompt_tokens']) ?? asCount(asObject(body['usage'])?.['total_tokens']),
  inputs: ({ response }) => rows(response.body['data']).length,
}
const FAMILIES: readonly Family[] = [
  { folder: 'openai.embeddings', ...openai },
  { folder: 'voyage.embeddings', ...openai },
  {
    folder: 'google.embeddings', dialect: 'gemini',
    asked: (body) => {
      const requests = rows(body['requests'])
      const [first = {}] = requests
      return {
        input: requests.map((request) => rows(asObject(request['content'])?.['parts'])[0]?.['text']) as string[],
        ...(first['outputDimensionality'] !== undefined && { dimensions: first['outputDimensionality'] }), ...(first['taskType'] !== undefined && { input_type: TASKS[String(first['taskType'])] }),
      }
    },
    vectors: (body) => rows(body['embeddings']).map((row) => row['values']),
    tokens: (body) => asCount(asObject(body['usageMetadata'])?.['promptTokenCount']),
    inputs: ({ response }) => rows(response.body['embeddings']).length,
  },
  {
    folder: 'google.vertex.embeddings', dialect: 'vertex',
    asked: (body) => ({ input: rows(body['instances']).map((row) => row['content']) as string[], input_type: 'search_query' }),
    vectors: (body) => rows(body['predictions']).map((row) => asObject(row['embeddings'])?.['values']),
    tokens: (body) => rows(body['predictions']).reduce((sum, row) => sum + (asCount(asObject(asObject(row['embeddings'])?.['statistics'])?.['token_count']) ?? 0), 0),
    inputs: ({ response }) => rows(response.body['predictions']).length,
  },
  {
    folder: 'cohere.embed', dialect: 'cohere',
    asked: ({ texts, input_type: type, truncate }) => ({ input: texts, input_type: type, truncate }),
    vectors: (body) => asArray(asObject(body['embeddings'])?.['float']) ?? [],
    tokens: (body) => asCount(asObject(asObject(body['meta'])?.['billed_units'])?.['input_tokens']),
    inputs: ({ response }) => asArray(asObject(response.body['embeddings'])?.['float'])?.length ?? 0,
  },
]

function recordingsOf(folder: string): Recording[] {
  if (!hasShared) return []
  return (['dev', 'constructed'] as const).filter((kind) => existsSync(sharedPath('corpus', kind, folder))).flatMap((kind) => readdirSync(sharedPath('corpus', kind, folder)).toSorted()
    // The corpus states this shape in its README.
    .map((file) => JSON.parse(readFileSync(sharedPath('corpus', kind, folder, file), 'utf8')) as Recording))
}

let gateway: Gateway
let provider: ReturnType<typeof Bun.serve>
let playing: Recording | undefined
let seen: { path: string; body: JsonObject } | undefined

beforeAll(async () => {
  if (!hasShared) return
  provider = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    async fetch(request) {
      seen = { path: new URL(request.url).pathname, body: (await request.json()) as JsonObject }
      return playing ? Response.json(playing.response.body, { status: playing.response.status }) : new Response('nothing to play', { status: 500 })
    },
  })
  const providers = FAMILIES.map(({ folder, dialect, quirks }) => `
  ${folder.replaceAll('.', '-')}:
    dialect: ${dialect}
    base_url: http://127.0.0.1:${provider.port}
    api_key: sk-test
    quirks: [${quirks ?? ''}]
    models:
      - { id: ${folder}/one, upstream_id: recorded-model, price: { input: "2", output: "0" }, outputs: [embeddings] }`)
  gateway = await startGateway({ config: `providers:${providers.join('')}\n` })
})
afterAll(async () => {
  await gateway?.stop()
  await provider?.stop(true)
})

describeShared.each(FAMILIES)('$folder', (family) => {
  const { folder, asked, vectors, tokens, inputs } = family
  const recordings = recordingsOf(folder)

  test('there are recordings', () => expect(recordings.length).toBeGreaterThan(1))

  test.each(recordings.map((recording) => ({ id: recording.id, recording })))('$id', async ({ recording }) => {
    playing = recording
    const { body } = recording.request
    const { status } = recording.response
    // Of some only the answer was kept: then the question is as many texts.
    const request = body === null ? { input: Array.from({ length: inputs(recording) }, (_, at) => `text ${at}`) } : defined(asked(body))
    const response = await gateway.api('/embeddings', { ...request, model: `${folder}/one` })
    const answer = (await response.json()) as JsonObject
    expect(validateResponse('POST', '/embeddings', response.status, answer)).toEqual([])
    if (status !== 200) {
      expect(response.status).toBe(status)
      expect(asObject(asObject(answer['error'])?.['metadata'])?.['raw']).toContain('model')
      return
    }
    expect({ status: response.status, error: answer['error'] }).toEqual({ status: 200, error: undefined })
    if (body !== null) expect(said(seen?.body ?? {}, 'recorded-model')).toEqual(said(body, 'recorded-model'))
    const wanted = vectors(recording.response.body).map((vector) => floatsOf(asVector(vector) ?? []).map(Math.fround))
    expect(rows(answer['data']).map((row) => floatsOf(asVector(row['embedding']) ?? []).map(Math.fround))).toEqual(wanted)
    const usage = asObject(answer['usage']) ?? {}
    const counted = tokens(recording.response.body)
    expect(usage['estimated'] ?? false).toBe(counted === undefined)
    if (counted === undefined) return
    expect(usage).toMatchObject({ prompt_tokens: counted, total_tokens: counted })
    expect(Math.round(Number(usage['cost']) * 1e9)).toBe(counted * 2_000)
  })
})

/** A request without what says nothing: nulls, the one encoding that all know, one text as a list of it; and with one name for the model. */
function said(body: JsonObject, model: string): JsonObject {
  const { encoding_format: encoding, input, requests, ...rest } = defined(body)
  const named = 'model' in rest ? { ...rest, model } : rest
  return {
    ...named, ...(encoding === 'base64' && { encoding }), ...(input !== undefined && { input: Array.isArray(input) && input.length === 1 ? input[0] : input }),
    ...(requests !== undefined && { requests: rows(requests).map((request) => ({ ...request, model })) }),
  }
}
