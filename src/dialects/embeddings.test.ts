import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Endpoint } from '../catalog/endpoint.ts'
import type { EmbeddingsCall } from '../core/embeddings.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { cohereEmbeddings } from './cohere/embed.ts'
import type { EmbeddingsDialect } from './dialect.ts'
import { geminiEmbeddings } from './gemini/embed.ts'
import { readEmbed } from './gemini/embed-read.ts'
import { testEndpoint } from './openai-chat/fixtures.test-support.ts'
import { readEmbeddings } from './openai-embeddings/call-read.ts'
import { openaiEmbeddings } from './openai-embeddings/openai-embeddings.ts'
import { vertexEmbeddings } from './vertex/embed.ts'

const ORIGIN = { id: 'gen-1', createdMs: 0, headers: {}, bodyBytes: 100 }
const call = (body: JsonObject): EmbeddingsCall => readEmbeddings({ model: 'a/b', ...body }, ORIGIN)
const at = (quirks: readonly string[] = [], more: Partial<Endpoint> = {}): Endpoint => {
  const base = testEndpoint({})
  return { ...base, upstreamId: 'up', ...more, provider: { ...base.provider, quirks: new Set(quirks), project: 'p', region: 'r' } }
}
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }

function written(dialect: EmbeddingsDialect, body: JsonObject, endpoint = at()): { body: JsonObject; warnings: string[]; path: string } {
  const wire = dialect.writeCall(call(body), endpoint)
  return { path: wire.path, body: JSON.parse(wire.body) as JsonObject, warnings: wire.warnings.map(({ field }) => field) }
}

function faultOf(run: () => unknown): Fault {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('no fault')
}

describe('what a call needs', () => {
  test('embeddings of no tokens, a window for each input, media by name', () => {
    expect(call({ input: ['aaaa', 'bb'], dimensions: 5 }).needs).toEqual({ parameters: ['dimensions'], inputs: [], outputs: ['embeddings'], promptTokensMax: 14, promptTokensGuess: 2, maxTokens: 0, choices: 1, prompts: { count: 2, tokensMax: 2 } })
    expect(call({ input: [1, 2, 3] }).needs).toMatchObject({ promptTokensMax: 7, promptTokensGuess: 3, prompts: { count: 1, tokensMax: 3 } })
    expect(call({ input: [{ content: [IMAGE, { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }] }).needs.inputs).toEqual(['image', 'audio'])
  })

  test('the bound is never under the bytes of the texts', () => {
    fc.assert(fc.property(fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1, maxLength: 20 }), (input) => {
      expect(call({ input }).needs.promptTokensMax).toBeGreaterThanOrEqual(Buffer.byteLength(input.join('')))
    }))
  })
})

describe('openai-chat', () => {
  test('fields that nobody here knows are carried; ours are not', () => {
    expect(written(openaiEmbeddings, { input: 'x', truncate: 'END', provider: {}, trace: {}, encoding_format: 'base64' }).body).toEqual({ model: 'up', input: 'x', truncate: 'END' })
  })

  test('quirks', () => {
    expect(written(openaiEmbeddings, { input: 'x', encoding_format: 'base64' }, at(['base64_embeddings'])).body).toEqual({ model: 'up', input: 'x', encoding_format: 'base64' })
    expect(written(openaiEmbeddings, { input: 'x', dimensions: 8 }, at(['output_dimension'])).body).toEqual({ model: 'up', input: 'x', output_dimension: 8 })
    expect(written(openaiEmbeddings, { input: 'x', input_type: 'search_document' }, at(['passage_input_type'])).body['input_type']).toBe('passage')
    expect(written(openaiEmbeddings, { input: 'x' }, at(['passage_input_type'])).body['input_type']).toBe('query')
    expect(written(openaiEmbeddings, { input: 'x', input_type: 'own' }, at(['input_type'])).body['input_type']).toBe('own')
    expect(written(openaiEmbeddings, { input: 'x', input_type: 'own' }).warnings).toEqual(['input_type'])
  })

  test('pictures go to models that read them', () => {
    expect(written(openaiEmbeddings, { input: [{ content: [IMAGE] }] }, at([], { inputs: new Set(['text', 'image']) })).body['input']).toEqual([{ content: [IMAGE] }])
    expect(faultOf(() => written(openaiEmbeddings, { input: [{ content: [IMAGE] }] }, at([], { inputs: null })))).toMatchObject({ retry: 'next', status: 400 })
  })

  test('a reply is read in the order of its indexes; an error in a 200 is a fault', () => {
    const data = [{ index: 1, embedding: [2] }, { index: 0, embedding: [1] }]
    expect(openaiEmbeddings.readReply(call({ input: ['a', 'b'] }), at(), { id: 'e', data, usage: { total_tokens: 3 } })).toMatchObject([
      { type: 'start', providerId: 'e' }, { type: 'embeddings', vectors: [[1], [2]] }, { type: 'usage', usage: { promptTokens: 3, completionTokens: 0 } }, { type: 'finish', reason: 'stop' },
    ])
    expect(faultOf(() => openaiEmbeddings.readReply(call({ input: 'a' }), at(), { error: { message: 'Overloaded', code: 503 } })).code).toBe('provider_overloaded')
    expect(faultOf(() => openaiEmbeddings.readReply(call({ input: 'a' }), at(), { data })).code).toBe('provider_bad_answer')
  })
})

describe('gemini', () => {
  test('tasks, dimensions, media', () => {
    expect(written(geminiEmbeddings, { input: [{ content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }, { type: 'text', text: 'x' }] }], input_type: 'search_query', dimensions: 7 })).toEqual({
      path: '/v1beta/models/up:batchEmbedContents', warnings: [],
      body: { requests: [{ model: 'models/up', content: { parts: [{ inlineData: { mimeType: 'audio/wav', data: 'AAAA' } }, { text: 'x' }] }, taskType: 'RETRIEVAL_QUERY', outputDimensionality: 7 }] },
    })
    expect(written(geminiEmbeddings, { input: 'x', input_type: 'whatever', truncate: 'END' }).warnings).toEqual(['input_type', 'truncate'])
  })

  test('what it cannot be told goes on to the next provider', () => {
    for (const input of [[1, 2], Array.from({ length: 101 }, () => 'x'), [{ content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] }]]) {
      expect(faultOf(() => written(geminiEmbeddings, { input })).retry).toBe('next')
    }
  })

  test("a client's own request goes to Google as it is, and in the contract's words to all others", () => {
    const sent = { content: { parts: [{ text: 'x' }] }, task_type: 'SEMANTIC_SIMILARITY', output_dimensionality: 4, newField: 1, models: ['a/b'] }
    const read = readEmbed(sent, ORIGIN, { model: 'google/e', isBatch: false })
    expect(read).toMatchObject({ dialect: 'gemini', api: 'embeddings', inputType: 'semantic_similarity', dimensions: 4, inputs: [{ content: [{ type: 'text', text: 'x' }] }], unsaid: [{ field: 'models' }, { field: 'newField' }] })
    const { models: _models, ...own } = sent
    expect(_models).toHaveLength(1)
    expect(JSON.parse(geminiEmbeddings.writeCall(read, at()).body)).toEqual({ requests: [{ ...own, model: 'models/up' }] })
    expect(JSON.parse(openaiEmbeddings.writeCall(read, at()).body)).toEqual({ model: 'up', input: 'x', dimensions: 4 })
  })
})

describe('vertex', () => {
  test('predict, with a count for each text', () => {
    expect(written(vertexEmbeddings, { input: ['a', 'b'], dimensions: 3, input_type: 'clustering' })).toEqual({ path: '/v1/projects/p/locations/r/publishers/google/models/up:predict', warnings: [], body: { instances: [{ content: 'a', task_type: 'CLUSTERING' }, { content: 'b', task_type: 'CLUSTERING' }], parameters: { outputDimensionality: 3 } } })
    const row = (tokens?: number) => ({ embeddings: { values: [1], ...(tokens !== undefined && { statistics: { token_count: tokens } }) } })
    const usageOf = (...rows: JsonObject[]) => vertexEmbeddings.readReply(call({ input: rows.map(() => 'x') }), at(), { predictions: rows }).find(({ type }) => type === 'usage')
    expect(usageOf(row(2), row(3))).toMatchObject({ usage: { promptTokens: 5 } })
    expect(usageOf(row(2), row())).toBeUndefined()
  })

  test('gemini-embedding takes one text at a time, other families none', () => {
    expect(faultOf(() => written(vertexEmbeddings, { input: ['a', 'b'] }, at([], { upstreamId: 'gemini-embedding-001' }))).retry).toBe('next')
    expect(faultOf(() => written(vertexEmbeddings, { input: 'a' }, at([], { upstreamId: 'intfloat/e5' }))).retry).toBe('next')
  })
})

describe('cohere', () => {
  test('must be told what for; says so when it was guessed', () => {
    expect(written(cohereEmbeddings, { input: 'x' })).toEqual({ path: '/v2/embed', warnings: ['input_type'], body: { model: 'up', input_type: 'search_document', embedding_types: ['float'], texts: ['x'] } })
    expect(written(cohereEmbeddings, { input: ['x', 'y'], input_type: 'search_query', dimensions: 256, truncate: 'END' })).toMatchObject({ warnings: [], body: { input_type: 'search_query', texts: ['x', 'y'], output_dimension: 256, truncate: 'END' } })
  })

  test('texts and pictures together', () => {
    expect(written(cohereEmbeddings, { input: [{ content: [IMAGE, { type: 'text', text: 'a cat' }] }], input_type: 'image' }).body['inputs']).toEqual([{ content: [IMAGE, { type: 'text', text: 'a cat' }] }])
    expect(faultOf(() => written(cohereEmbeddings, { input: [{ content: [{ type: 'input_video', input_video: { data: 'AAAA' } }] }] })).retry).toBe('next')
  })
})

describe.each([['openai', openaiEmbeddings], ['gemini', geminiEmbeddings], ['vertex', vertexEmbeddings], ['cohere', cohereEmbeddings]] as const)('%s, whatever comes', (_name, dialect) => {
  test('no reply makes it throw anything but a fault', () => {
    const json = fc.jsonValue() as fc.Arbitrary<JsonObject[string]>
    const body = fc.dictionary(fc.constantFrom('data', 'embeddings', 'embedding', 'predictions', 'usage', 'usageMetadata', 'meta', 'error', 'id'), json)
    fc.assert(fc.property(body, (reply) => {
      try {
        dialect.readReply(call({ input: 'x' }), at(), reply)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }))
  })
})

test('no request makes a reader throw anything but a fault', () => {
  const body = fc.dictionary(fc.constantFrom('input', 'dimensions', 'encoding_format', 'input_type', 'requests', 'content', 'taskType', 'outputDimensionality', 'provider'), fc.jsonValue() as fc.Arbitrary<JsonObject[string]>)
  fc.assert(fc.property(body, fc.boolean(), (sent, isBatch) => {
    for (const read of [() => call(sent), () => readEmbed(sent, ORIGIN, { model: 'a/b', isBatch })]) {
      try {
        read()
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }
  }))
})
