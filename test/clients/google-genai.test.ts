import { ApiError, GoogleGenAI, Type, type GenerateContentResponse, type Part } from '@google/genai'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Google's own package, with nothing changed but its base URL and key. */

let stage: Stage
let client: GoogleGenAI
beforeAll(async () => {
  stage = await openStage()
  client = clientWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function clientWith(apiKey: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: stage.gateway.url } })
}

const costOf = (response: GenerateContentResponse | undefined): number => nanoOf((response?.usageMetadata as { cost?: number } | undefined)?.cost)
const TOOLS = [{
  functionDeclarations: [{
    name: 'get_weather', description: 'The weather now',
    parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING }, unit: { type: Type.STRING, enum: ['celsius', 'fahrenheit'] } }, required: ['city'] },
  }],
}]
const REPORT = { city: 'Paris', degrees: 21, sunny: true }
const REPORT_SCHEMA = { type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'number' }, sunny: { type: 'boolean' } }, required: ['city', 'degrees', 'sunny'] }

async function all(stream: AsyncIterable<GenerateContentResponse>): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

const partsOf = (chunks: readonly GenerateContentResponse[]): Part[] => chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
const spoken = (parts: readonly Part[], thought: boolean): string => parts.filter((part) => (part.thought ?? false) === thought).map((part) => part.text ?? '').join('')

/** Results as a program gives them: by name, and by id where there is one. */
function resultsOf(parts: readonly Part[]): Part[] {
  return parts.flatMap(({ functionCall: call }) => (call ? [{ functionResponse: { ...(call.id === undefined ? {} : { id: call.id }), name: call.name ?? '', response: { output: RESULTS[String(call.args?.['city'])] ?? '' } } }] : []))
}

function checkToolLoop(side: Side): void {
  const [first, second] = side.provider.seen()
  expect(side.provider.seen()).toHaveLength(2)
  expect([first?.problems, second?.problems]).toEqual([[], []])
  expect(first?.heard.tools).toEqual(['get_weather'])
  expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
  expect(second?.heard.results).toEqual(Object.values(RESULTS))
}

/** Runs it to its end, which an abort makes an error: either will do. */
async function until(run: () => Promise<void>): Promise<unknown> {
  return await run().then(() => undefined, (error: unknown) => error)
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof ApiError)) throw new Error(`no ApiError but ${String(error)}`)
  return error
}

describe.each(SIDES)('@google/genai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const answer = await client.models.generateContent({ model: side.model, contents: QUESTION, config: { systemInstruction: 'Be brief.', temperature: 0.5 } })
    expect(answer.text).toBe(ANSWER)
    expect(answer.candidates?.[0]).toMatchObject({ finishReason: 'STOP', content: { role: 'model' } })
    expect(answer.modelVersion).toBe(side.model)
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: BILLED.prompt, cachedContentTokenCount: BILLED.cached, candidatesTokenCount: BILLED.completion - BILLED.reasoning, thoughtsTokenCount: BILLED.reasoning, totalTokenCount: BILLED.prompt + BILLED.completion,
    })
    expect(costOf(answer)).toBe(costNano(name))
    const record = await stage.generation(answer.responseId ?? '')
    expect(record).toMatchObject({ id: answer.responseId, model: side.model, streamed: false, finish_reason: 'stop', native_tokens_prompt: BILLED.prompt })
    expect(nanoOf(record['total_cost'])).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('the same, streamed', async () => {
    side.provider.play(ANSWER_TURN)
    const chunks = await all(await client.models.generateContentStream({ model: side.model, contents: QUESTION }))
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe(ANSWER)
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason as string | undefined).toBe('STOP')
    expect(costOf(chunks.at(-1))).toBe(costNano(name))
    expect(await stage.generation(chunks[0]?.responseId ?? '')).toMatchObject({ streamed: true, finish_reason: 'stop' })
    expect(side.provider.first().problems).toEqual([])
  })

  test('a chat with two calls at once: signatures go back on their parts', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const chat = client.chats.create({ model: side.model, config: { tools: TOOLS, maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 2000, includeThoughts: true } } })
    const first = await chat.sendMessage({ message: QUESTION })
    expect(first.functionCalls?.map((call) => ({ name: call.name, args: call.args }))).toEqual(CALLS.map((call) => ({ name: call.name, args: { ...call.arguments } })))
    expect(spoken(partsOf([first]), true)).toBe(THINKING.text)
    const second = await chat.sendMessage({ message: resultsOf(partsOf([first])) })
    expect(second.text).toBe(ANSWER)
    checkToolLoop(side)
    const heard = side.provider.seen()[1]?.heard
    expect(heard?.thinks).toBe(true)
    expect(heard?.signatures).toEqual([SIGNATURE])
    if (name !== 'gemini') expect(heard?.thoughts).toEqual([THINKING.text])
  })

  test('the same chat streamed, by a client that wants no thoughts', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const chat = client.chats.create({ model: side.model, config: { tools: TOOLS, maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 2000 } } })
    const parts = partsOf(await all(await chat.sendMessageStream({ message: QUESTION })))
    if (name !== 'gemini') expect(spoken(parts, true)).toBe('')
    const second = await all(await chat.sendMessageStream({ message: resultsOf(parts) }))
    expect(spoken(partsOf(second), false)).toBe(ANSWER)
    checkToolLoop(side)
    expect(side.provider.seen()[1]?.heard.signatures).toEqual([SIGNATURE])
    if (name !== 'gemini') expect(side.provider.seen()[1]?.heard.thoughts).toEqual([THINKING.text])
    expect(chat.getHistory().some((turn) => turn.parts?.length === 0)).toBe(false)
  })

  test('reasoning in a plain answer', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER }, ANSWER_TURN)
    const chat = client.chats.create({ model: side.model, config: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 1024, includeThoughts: true } } })
    const first = await chat.sendMessage({ message: QUESTION })
    expect(spoken(partsOf([first]), true)).toBe(THINKING.text)
    expect(first.text).toBe(ANSWER)
    await chat.sendMessage({ message: 'Sure?' })
    expect(side.provider.seen()[1]?.problems).toEqual([])
    expect(side.provider.seen()[1]?.heard.signatures).toEqual([SIGNATURE])
  })

  test('structured output', async () => {
    side.provider.play({ text: JSON.stringify(REPORT) })
    const config = { responseMimeType: 'application/json', responseJsonSchema: REPORT_SCHEMA }
    const whole = await client.models.generateContent({ model: side.model, contents: QUESTION, config })
    expect(JSON.parse(whole.text ?? '')).toEqual(REPORT)
    const chunks = await all(await client.models.generateContentStream({ model: side.model, contents: QUESTION, config }))
    expect(JSON.parse(spoken(partsOf(chunks), false))).toEqual(REPORT)
    for (const request of side.provider.seen()) {
      expect(request.problems).toEqual([])
      expect(request.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees', 'sunny'] })
    }
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await client.models.generateContent({ model: side.model, contents: [{ role: 'user', parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: PNG } }] }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    const limited = await failureOf(client.models.generateContentStream({ model: side.model, contents: QUESTION }))
    expect(limited.status).toBe(429)
    expect(JSON.parse(limited.message)).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: expect.stringContaining('Slow down') } })
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    expect((await failureOf(client.models.generateContent({ model: side.model, contents: QUESTION }))).status).toBeGreaterThanOrEqual(500)
  })

  test('a client that leaves takes the provider call with it', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const stream = await client.models.generateContentStream({ model: side.model, contents: QUESTION, config: { abortSignal: leave.signal } })
    await until(async () => { for await (const _ of stream) leave.abort() })
    await side.provider.first().left
  })
})

describe("Google's own form of a schema", () => {
  test.each(['anthropic', 'openai-chat'] as const)('is JSON Schema to %s', async (name) => {
    const side = stage.side(name)
    side.provider.play({ text: JSON.stringify(REPORT) })
    const responseSchema = {
      type: Type.OBJECT, propertyOrdering: ['sunny', 'city'], required: ['city'],
      properties: { city: { type: Type.STRING }, sunny: { type: Type.BOOLEAN, nullable: true }, tags: { type: Type.ARRAY, items: { type: Type.STRING }, minItems: '1' } },
    }
    await client.models.generateContent({ model: side.model, contents: QUESTION, config: { responseMimeType: 'application/json', responseSchema } })
    const { schema } = side.provider.first().heard
    expect(schema).toMatchObject({ type: 'object', properties: { city: { type: 'string' }, tags: { type: 'array', items: { type: 'string' }, minItems: 1 } } })
    expect(JSON.stringify(schema)).toContain('"null"')
    expect(JSON.stringify(schema)).not.toMatch(/propertyOrdering|nullable|OBJECT/)
  })
})

describe('what only Gemini can be told', () => {
  const ask = (model: string, more: object = {}): Promise<Response> => fetch(`${stage.gateway.url}/v1beta/models/${model}:generateContent`, {
    method: 'POST', headers: { 'x-goog-api-key': stage.gateway.key, 'x-openrouter-metadata': 'enabled' },
    body: JSON.stringify({ contents: [{ parts: [{ text: 'Hi' }] }], safety_settings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }], tools: [{ google_search: {} }], generation_config: { media_resolution: 'MEDIA_RESOLUTION_LOW' }, ...more }),
  })

  test('reaches Gemini as it is, less what is for the router', async () => {
    const side = stage.side('gemini')
    side.provider.play(ANSWER_TURN)
    const body = await (await ask(side.model, { provider: { sort: 'price' }, session_id: 's', user: 'u' })).json() as { openrouter_metadata: { warnings: unknown[] } }
    expect(side.provider.first().body).toEqual({ contents: [{ parts: [{ text: 'Hi' }] }], safety_settings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }], tools: [{ google_search: {} }], generation_config: { media_resolution: 'MEDIA_RESOLUTION_LOW' } })
    expect(body.openrouter_metadata.warnings).toEqual([])
  })

  test('is a warning at every other provider, which gets nothing of it', async () => {
    const side = stage.side('openai-chat')
    side.provider.play(ANSWER_TURN)
    const body = await (await ask(side.model)).json() as { openrouter_metadata: { warnings: { field: string }[] } }
    expect(body.openrouter_metadata.warnings.map((warning) => warning.field).sort()).toEqual(['generationConfig.mediaResolution', 'safetySettings', 'tools[0].googleSearch'])
    expect(side.provider.first().problems).toEqual([])
    expect(Object.keys(side.provider.first().body).sort()).toEqual(['messages', 'model', 'stream'])
  })

  test("another provider's reasoning is never shown to Gemini", async () => {
    const anthropic = stage.side('anthropic')
    anthropic.provider.play(CALLS_TURN)
    const first = await client.models.generateContent({ model: anthropic.model, contents: QUESTION, config: { tools: TOOLS, maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 2000, includeThoughts: true } } })
    const gemini = stage.side('gemini')
    gemini.provider.play(ANSWER_TURN)
    const contents = [{ role: 'user', parts: [{ text: QUESTION }] }, { role: 'model', parts: partsOf([first]) }, { role: 'user', parts: resultsOf(partsOf([first])) }]
    await client.models.generateContent({ model: gemini.model, contents, config: { tools: TOOLS } })
    expect(gemini.provider.first().heard.signatures).toEqual([])
    expect(gemini.provider.first().heard.calls).toHaveLength(2)
    expect(gemini.provider.first().problems).toEqual([])
  })
})

describe('@google/genai against the demo', () => {
  test('plain and streamed say the same', async () => {
    const whole = await client.models.generateContent({ model: 'demo/echo', contents: 'Say this back' })
    const chunks = await all(await client.models.generateContentStream({ model: 'demo/echo', contents: 'Say this back' }))
    expect(whole.text).toStartWith('Say this back')
    expect(spoken(partsOf(chunks), false)).toBe(whole.text ?? '')
    expect(chunks.at(-1)?.usageMetadata).toEqual(whole.usageMetadata)
  })

  test('several candidates with logprobs, to the limit', async () => {
    const { candidates } = await client.models.generateContent({ model: 'demo/writer', contents: QUESTION, config: { candidateCount: 2, responseLogprobs: true, logprobs: 2, maxOutputTokens: 8 } })
    expect(candidates?.map((candidate) => candidate.finishReason as string)).toEqual(['MAX_TOKENS', 'MAX_TOKENS'])
    for (const one of candidates ?? []) expect(one.logprobsResult?.chosenCandidates?.map((token) => token.token).join('')).toBe(one.content?.parts?.[0]?.text ?? '')
  })

  test('functions that the client calls by itself', async () => {
    const calls: unknown[] = []
    const tool = {
      tool: async () => ({ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }] }),
      callTool: async (asked: readonly { id?: string; name?: string; args?: unknown }[]) => asked.map((call) => {
        calls.push(call.args)
        return { functionResponse: { id: call.id ?? '', name: call.name ?? '', response: { output: '21 degrees' } } }
      }),
    }
    const answer = await client.models.generateContent({ model: 'demo/writer', contents: QUESTION, config: { tools: [tool] } })
    expect(calls).toHaveLength(1)
    expect(answer.text).toContain('21 degrees')
  })

  test('thoughts, for those who want them', async () => {
    const asked = { model: 'demo/reasoner', contents: QUESTION }
    expect(spoken(partsOf([await client.models.generateContent({ ...asked, config: { thinkingConfig: { includeThoughts: true } } })]), true).length).toBeGreaterThan(0)
    expect(spoken(partsOf([await client.models.generateContent(asked)]), true)).toBe('')
  })

  test('a price', async () => {
    const answer = await client.models.generateContent({ model: 'demo/priced', contents: QUESTION, config: { maxOutputTokens: 10 } })
    expect(costOf(answer)).toBe(100_000 + 1000 * (answer.usageMetadata?.promptTokenCount ?? 0) + 2000 * (answer.usageMetadata?.candidatesTokenCount ?? 0))
  })

  test('an error in mid-stream is thrown', async () => {
    // Google's client lets no `?` into the path by itself: encoded, it is part of the model's name.
    const stream = await client.models.generateContentStream({ model: 'demo/writer%3Ffail=503%26fail_after=5', contents: QUESTION })
    const failure = await failureOf(all(stream))
    expect(failure.status).toBe(503)
  })

  test('without alt=sse a stream is one JSON array, errors too', async () => {
    const ask = async (model: string): Promise<{ type: string | null; chunks: Record<string, unknown>[] }> => {
      const response = await fetch(`${stage.gateway.url}/v1/models/${model}:streamGenerateContent?key=${stage.gateway.key}`, { method: 'POST', body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }) })
      return { type: response.headers.get('content-type'), chunks: await response.json() as Record<string, unknown>[] }
    }
    const whole = await ask('demo%2Fecho')
    expect(whole.type).toBe('application/json')
    expect(whole.chunks.length).toBeGreaterThan(1)
    expect(whole.chunks.at(-1)).toHaveProperty('usageMetadata')
    expect((await ask('demo/writer%3Ffail=503%26fail_after=5')).chunks.at(-1)).toMatchObject({ error: { code: 503, status: 'UNAVAILABLE' } })
  })
})

describe('what @google/genai makes of our errors', () => {
  const ask = (model: string, with_: GoogleGenAI = client): Promise<ApiError> => failureOf(with_.models.generateContent({ model, contents: QUESTION }))
  const wordOf = (error: ApiError): unknown => (JSON.parse(error.message) as { error: { status: string } }).error.status

  test('400: an unknown model, with the nearest names', async () => {
    const failure = await ask('anthropic/claude-sonet-4.5')
    expect([failure.status, wordOf(failure)]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(failure.message).toContain('anthropic/claude-sonnet-4.5')
  })

  test.each([
    [{ contents: [] }, 'contents'], [{ contents: 'Hi' }, 'contents'], [{}, 'contents'], [{ contents: [{ role: 'assistant', parts: [] }] }, 'contents[0].role'],
    [{ contents: [{ parts: [{ inlineData: { data: 'x' } }] }] }, 'contents[0].parts[0].inlineData.mimeType'],
    [{ contents: [{ parts: [{ functionResponse: { name: 'f', response: {} } }] }] }, 'contents[0].parts[0].functionResponse'],
    [{ contents: [{ parts: [{ text: 'x' }] }], generation_config: { temperature: 'hot' } }, 'generationConfig.temperature'],
    [{ contents: [{ parts: [{ text: 'x' }] }], generationConfig: { thinkingConfig: { thinkingLevel: 'deep' } } }, 'generationConfig.thinkingConfig.thinkingLevel'],
    [{ contents: [{ parts: [{ text: 'x' }] }], tools: [{ functionDeclarations: [{}] }] }, 'tools[0].functionDeclarations[0].name'],
  ])('400: %j is wrong at %s', async (body, field) => {
    const response = await fetch(`${stage.gateway.url}/v1beta/models/demo/echo:generateContent`, { method: 'POST', headers: { 'x-goog-api-key': stage.gateway.key }, body: JSON.stringify(body) })
    expect(response.status).toBe(400)
    const { error } = await response.json() as { error: { message: string; details: { metadata: { field: string } }[] } }
    expect(error.message).toStartWith(`${field}:`)
    expect(error.details[0]?.metadata.field).toBe(field)
  })

  test('401: no such key, and none', async () => {
    const failure = await ask('demo/echo', clientWith('sk-sw-v1-nobody-has-this-one'))
    expect([failure.status, wordOf(failure)]).toEqual([401, 'UNAUTHENTICATED'])
    const none = await fetch(`${stage.gateway.url}/v1beta/models/demo/echo:generateContent`, { method: 'POST', body: '{}' })
    expect([none.status, (await none.json() as { error: { message: string } }).error.message]).toEqual([401, expect.stringContaining('x-goog-api-key')])
  })

  test('402: a limit that is less than the call may cost', async () => {
    const failure = await ask('demo/priced', clientWith(stage.createKey('--limit', '0.001')))
    expect([failure.status, wordOf(failure)]).toEqual([402, 'FAILED_PRECONDITION'])
  })

  test('403: a management key', async () => expect((await ask('demo/echo', clientWith(stage.createKey('--management')))).status).toBe(403))

  test('404: a model that no provider with a credential serves', async () => {
    const failure = await ask('openai/gpt-4o')
    expect([failure.status, wordOf(failure)]).toEqual([404, 'NOT_FOUND'])
  })
})

describe('models and tokens', () => {
  test('all models, page by page, and one', async () => {
    const names: string[] = []
    for await (const model of await client.models.list({ config: { pageSize: 200 } })) names.push(model.name ?? '')
    expect(names.length).toBeGreaterThan(300)
    expect(new Set(names).size).toBe(names.length)
    for (const name of SIDES) expect(names).toContain(`models/${stage.side(name).model}`)
    expect(await client.models.get({ model: 'anthropic/claude-sonnet-4.5' })).toMatchObject({ name: 'models/anthropic/claude-sonnet-4.5', displayName: 'Claude Sonnet 4.5', inputTokenLimit: 200_000 })
    expect((await failureOf(client.models.get({ model: 'nobody/nothing' }))).status).toBe(404)
  })

  test("below /v1 the list is OpenAI's, unless the client is Google's", async () => {
    const list = async (path: string, headers: Record<string, string> = {}): Promise<string[]> => Object.keys(await (await fetch(stage.gateway.url + path, { headers })).json() as object)
    expect(await list('/v1/models')).toContain('data')
    expect(await list('/v1/models', { 'x-goog-api-key': stage.gateway.key })).toContain('models')
    expect(await list('/api/v1beta/models')).toContain('models')
  })

  test('a count of tokens, made here', async () => {
    const { totalTokens } = await client.models.countTokens({ model: 'anthropic/claude-sonnet-4.5', contents: 'The quick brown fox jumps over the lazy dog.' })
    expect(totalTokens).toBeGreaterThan(5)
    expect(totalTokens).toBeLessThan(20)
    const withImage = await client.models.countTokens({ model: 'demo/echo', contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }] }] })
    expect(withImage.totalTokens).toBe(258)
  })
})
