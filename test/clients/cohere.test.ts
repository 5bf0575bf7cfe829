import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { CohereClientV2, CohereError, type Cohere } from 'cohere-ai'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Cohere's own package, with nothing changed but its environment and token. */

let stage: Stage
let client: CohereClientV2
beforeAll(async () => {
  stage = await openStage()
  client = clientWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function clientWith(token: string): CohereClientV2 {
  return new CohereClientV2({ token, environment: stage.gateway.url, maxRetries: 0 })
}

const USER = { role: 'user', content: QUESTION } as const
const TOOLS: Cohere.ToolV2[] = [{ type: 'function', function: { name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] } } }]
const costOf = (usage: object | undefined): number => nanoOf((usage as { cost?: number } | undefined)?.cost)
const textOf = (message: Cohere.AssistantMessageResponse): string => (message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
const thinkingOf = (message: Cohere.AssistantMessageResponse): string => (message.content ?? []).map((part) => (part.type === 'thinking' ? part.thinking : '')).join('')
const callsOf = (calls: readonly Cohere.ToolCallV2[]): unknown[] => calls.map((call) => ({ name: call.function?.name, arguments: JSON.parse(call.function?.arguments ?? '') as unknown }))
const resultsOf = (calls: readonly Cohere.ToolCallV2[]): Cohere.ChatMessageV2[] => calls.map((call) => ({ role: 'tool', toolCallId: call.id, content: RESULTS[(JSON.parse(call.function?.arguments ?? '{}') as { city: string }).city] ?? '' }))

/** Runs it to its end, which an abort makes an error: either will do. */
async function until(run: () => Promise<void>): Promise<unknown> {
  return await run().then(() => undefined, (error: unknown) => error)
}

async function failureOf(promise: Promise<unknown>): Promise<CohereError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof CohereError)) throw new Error(`no CohereError but ${String(error)}`)
  return error
}

/** What a stream's events come to. */
async function gather(stream: AsyncIterable<Cohere.V2ChatStreamResponse>): Promise<{ text: string; thinking: string; calls: Cohere.ToolCallV2[]; end: Cohere.ChatMessageEndEventDelta | undefined; types: string[] }> {
  const told = { text: '', thinking: '', calls: [] as Cohere.ToolCallV2[], end: undefined as Cohere.ChatMessageEndEventDelta | undefined, types: [] as string[] }
  for await (const event of stream) {
    if (told.types.at(-1) !== event.type) told.types.push(event.type)
    if (event.type === 'content-delta') {
      told.text += event.delta?.message?.content?.text ?? ''
      told.thinking += event.delta?.message?.content?.thinking ?? ''
    } else if (event.type === 'tool-call-start' && event.delta?.message?.toolCalls) told.calls[event.index ?? 0] = structuredClone(event.delta.message.toolCalls)
    else if (event.type === 'tool-call-delta') {
      const fn = told.calls[event.index ?? 0]?.function
      if (fn) fn.arguments += event.delta?.message?.toolCalls?.function?.arguments ?? ''
    } else if (event.type === 'message-end') told.end = event.delta
  }
  return told
}

describe.each(SIDES)('cohere-ai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const answer = await client.chat({ model: side.model, messages: [{ role: 'system', content: 'Be brief.' }, USER], maxTokens: 500, k: 20, stopSequences: ['END'] })
    expect(textOf(answer.message)).toBe(ANSWER)
    expect(answer).toMatchObject({ finishReason: 'COMPLETE', usage: { tokens: { inputTokens: BILLED.prompt, outputTokens: BILLED.completion }, cachedTokens: BILLED.cached } })
    expect(costOf(answer.usage)).toBe(costNano(name))
    expect(nanoOf((await stage.generation(answer.id))['total_cost'])).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('the same, streamed: contents are opened and closed', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const told = await gather(await client.chatStream({ model: side.model, messages: [USER], thinking: { type: 'enabled', tokenBudget: 1024 }, maxTokens: 8000 }))
    expect(told).toMatchObject({ text: ANSWER, thinking: THINKING.text, end: { finishReason: 'COMPLETE' } })
    expect(told.types).toEqual(['message-start', 'content-start', 'content-delta', 'content-end', 'content-start', 'content-delta', 'content-end', 'message-end'])
    expect(costOf(told.end?.usage)).toBe(costNano(name))
  })

  test.each([false, true])('two calls at once, streamed: %p', async (stream) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: side.model, messages: [USER], tools: TOOLS, maxTokens: 8000 }
    const first = stream ? await gather(await client.chatStream(asked)).then(({ calls, end }) => ({ calls, finish: end?.finishReason })) : await client.chat(asked).then(({ message, finishReason }) => ({ calls: message.toolCalls ?? [], finish: finishReason }))
    expect(first.finish).toBe('TOOL_CALL')
    expect(callsOf(first.calls)).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    const second = await client.chat({ ...asked, messages: [USER, { role: 'assistant', toolCalls: first.calls, toolPlan: 'I will look.' }, ...resultsOf(first.calls)] })
    expect(textOf(second.message)).toBe(ANSWER)
    expect(side.provider.seen().flatMap((request) => request.problems)).toEqual([])
    expect(side.provider.seen()[1]?.heard).toMatchObject({ calls: CALLS.map((call) => ({ name: call.name, arguments: call.arguments })), results: Object.values(RESULTS) })
  })

  test('structured output', async () => {
    side.provider.play({ text: '{"city":"Paris"}' })
    const answer = await client.chat({ model: side.model, messages: [USER], responseFormat: { type: 'json_object', jsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } })
    expect(JSON.parse(textOf(answer.message))).toEqual({ city: 'Paris' })
    expect(side.provider.first().heard.schema).toMatchObject({ required: ['city'] })
  })

  test('an image, and documents, which are read as text', async () => {
    side.provider.play(ANSWER_TURN)
    const content: Cohere.Content[] = [{ type: 'text', text: 'What is it?' }, { type: 'image_url', imageUrl: { url: `data:image/png;base64,${PNG}` } }]
    await client.chat({ model: side.model, messages: [{ role: 'user', content }], documents: [{ id: 'report', data: { title: 'Weather', text: 'It rains in Oslo.' } }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
    expect(JSON.stringify(side.provider.first().body)).toContain('It rains in Oslo.')
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    const limited = await failureOf(client.chat({ model: side.model, messages: [USER] }))
    expect([limited.statusCode, limited.body]).toMatchObject([429, { message: expect.stringContaining('Slow down') }])
  })

  test('a client that leaves takes the provider call with it', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const stream = await client.chatStream({ model: side.model, messages: [USER] }, { abortSignal: leave.signal })
    await until(async () => { for await (const _ of stream) leave.abort() })
    await side.provider.first().left
  })
})

describe('cohere-ai against the demo', () => {
  test('reasoning, and a price', async () => {
    const thought = await client.chat({ model: 'demo/reasoner', messages: [USER] })
    expect(thinkingOf(thought.message).length).toBeGreaterThan(0)
    const priced = await client.chat({ model: 'demo/priced', messages: [USER], maxTokens: 10 })
    expect(priced.finishReason).toBe('MAX_TOKENS')
    expect(costOf(priced.usage)).toBe(100_000 + 1000 * (priced.usage?.tokens?.inputTokens ?? 0) + 2000 * (priced.usage?.tokens?.outputTokens ?? 0))
  })

  test('an error in mid-stream ends the message, and says why', async () => {
    const told = await gather(await client.chatStream({ model: 'demo/writer?fail=503&fail_after=5', messages: [USER] }))
    expect(told.text.length).toBeGreaterThan(0)
    expect(told.end).toMatchObject({ finishReason: 'ERROR', error: expect.any(String) })
  })
})

describe('what cohere-ai makes of our errors', () => {
  const ask = (model: string, with_: CohereClientV2 = client): Promise<CohereError> => failureOf(with_.chat({ model, messages: [USER] }))

  test('400: an unknown model', async () => {
    const failure = await ask('anthropic/claude-sonet-4.5')
    expect([failure.statusCode, failure.body]).toMatchObject([400, { message: expect.stringContaining('anthropic/claude-sonnet-4.5') }])
  })
  test('401: no such key', async () => expect((await ask('demo/echo', clientWith('sk-sw-v1-nobody-has-this-one'))).statusCode).toBe(401))
  test('402: a limit that is less than the call may cost', async () => expect((await ask('demo/priced', clientWith(stage.createKey('--limit', '0.001')))).statusCode).toBe(402))
  test('404: a model that no provider with a credential serves', async () => expect((await ask('openai/gpt-4o')).statusCode).toBe(404))

  test.each([
    [{ messages: 'x' }, 'messages'], [{ messages: [{ role: 'chatbot', content: 'x' }] }, 'messages[0].role'], [{ messages: [USER], k: -1 }, 'k'], [{ messages: [USER], tool_choice: 'auto' }, 'tool_choice'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'], [{ messages: [USER], thinking: { type: 'on' } }, 'thinking.type'], [{ messages: [USER], response_format: { type: 'xml' } }, 'response_format.type'],
    [{ messages: [{ role: 'assistant' }] }, 'messages[0]'], [{ messages: [USER], stop_sequences: 'x' }, 'stop_sequences'],
  ])('400: %j is wrong at %s', async (body, field) => {
    const response = await fetch(`${stage.gateway.url}/v2/chat`, { method: 'POST', headers: { authorization: `Bearer ${stage.gateway.key}` }, body: JSON.stringify({ model: 'demo/echo', ...body }) })
    const told = await response.json() as { message: string }
    expect([response.status, told.message.slice(0, field.length + 1)]).toEqual([400, `${field}:`])
  })
})
