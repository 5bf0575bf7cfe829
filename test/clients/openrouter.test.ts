import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { OpenRouter } from '@openrouter/sdk'
import type { ChatAssistantMessage, ChatMessages, ChatRequest, ChatResult, ChatStreamChunk } from '@openrouter/sdk/models'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** OpenRouter's own package, its validation on: an answer that lacks a field is thrown. */

let stage: Stage
let client: OpenRouter
beforeAll(async () => {
  stage = await openStage()
  client = clientWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function clientWith(apiKey: string): OpenRouter {
  return new OpenRouter({ apiKey, serverURL: stage.baseUrl, retryConfig: { strategy: 'none' } })
}

async function send(chatRequest: ChatRequest, by: OpenRouter = client): Promise<ChatResult> {
  const result = await by.chat.send({ chatRequest: { ...chatRequest, stream: false } })
  if (!('choices' in result)) throw new Error('a stream, which was not asked for')
  return result
}

async function stream(chatRequest: ChatRequest, onChunk: (chunk: ChatStreamChunk) => boolean | void = () => undefined): Promise<ChatStreamChunk[]> {
  const result = await client.chat.send({ chatRequest: { ...chatRequest, stream: true } })
  if ('choices' in result) throw new Error('no stream, which was asked for')
  const chunks: ChatStreamChunk[] = []
  for await (const chunk of result) {
    chunks.push(chunk)
    if (onChunk(chunk) === false) break
  }
  return chunks
}

/** The message that a stream comes to, put together as its readers do. */
function fold(chunks: readonly ChatStreamChunk[]): ChatAssistantMessage & { readonly finish: string | null } {
  const message: ChatAssistantMessage = { role: 'assistant', content: '', reasoning: '', reasoningDetails: [], toolCalls: [] }
  let finish: string | null = null
  for (const { delta, finishReason } of chunks.flatMap((chunk) => chunk.choices)) {
    message.content = `${String(message.content)}${delta.content ?? ''}`
    message.reasoning += delta.reasoning ?? ''
    message.reasoningDetails?.push(...(delta.reasoningDetails ?? []))
    for (const call of delta.toolCalls ?? []) {
      const known = (message.toolCalls ??= [])[call.index] ??= { id: call.id ?? '', type: 'function', function: { name: call.function?.name ?? '', arguments: '' } }
      known.function.arguments += call.function?.arguments ?? ''
    }
    finish = finishReason ?? finish
  }
  return { ...message, finish }
}

const USER: ChatMessages = { role: 'user', content: QUESTION }
const TOOLS: ChatRequest['tools'] = [{
  type: 'function',
  function: { name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] } },
}]
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } as const

/** Results of the calls of a message, as a client's loop makes them. */
function resultsOf(message: ChatAssistantMessage): ChatMessages[] {
  return (message.toolCalls ?? []).map((call) => ({ role: 'tool', toolCallId: call.id, content: RESULTS[(JSON.parse(call.function.arguments) as { city: string }).city] ?? '' }))
}

describe.each(SIDES)('@openrouter/sdk against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { id, model, choices, usage } = await send({ model: side.model, messages: [{ role: 'system', content: 'Be brief.' }, USER] })
    expect({ model, text: choices[0]?.message.content, finish: choices[0]?.finishReason }).toEqual({ model: side.model, text: ANSWER, finish: 'stop' })
    expect(usage).toMatchObject({ promptTokens: BILLED.prompt, completionTokens: BILLED.completion, promptTokensDetails: { cachedTokens: BILLED.cached }, completionTokensDetails: { reasoningTokens: BILLED.reasoning }, isByok: false })
    expect(nanoOf(usage?.cost)).toBe(costNano(name))
    expect(nanoOf(usage?.costDetails?.upstreamInferencePromptCost) + nanoOf(usage?.costDetails?.upstreamInferenceCompletionsCost)).toBe(costNano(name))
    const { data } = await client.generations.getGeneration({ id })
    expect(data).toMatchObject({ id, model: side.model, streamed: false, finishReason: 'stop', nativeTokensPrompt: BILLED.prompt, nativeTokensCached: BILLED.cached, nativeTokensReasoning: BILLED.reasoning })
    expect(nanoOf(data.totalCost)).toBe(costNano(name))
  })

  test('a stream', async () => {
    side.provider.play(ANSWER_TURN)
    const chunks = await stream({ model: side.model, messages: [USER] })
    expect(fold(chunks)).toMatchObject({ content: ANSWER, finish: 'stop' })
    const counted = chunks.filter((chunk) => chunk.usage)
    expect(counted).toEqual(chunks.slice(-1))
    expect(nanoOf(counted[0]?.usage?.cost)).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test.each([false, true])('a tool loop of two calls at once with signed reasoning, streamed: %p', async (streamed) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked: ChatRequest = { model: side.model, messages: [USER], tools: TOOLS, reasoning: { effort: 'high' }, maxTokens: 8000 }
    const folded = streamed ? fold(await stream(asked)) : undefined
    const choice = streamed ? undefined : (await send(asked)).choices[0]
    const message = folded ?? choice?.message
    expect(folded?.finish ?? choice?.finishReason).toBe('tool_calls')
    expect(message?.reasoning).toBe(THINKING.text)
    if (!message) throw new Error('no message')
    const second = { ...asked, messages: [USER, { ...message, role: 'assistant' } as const, ...resultsOf(message)] }
    expect(streamed ? fold(await stream(second)).content : (await send(second)).choices[0]?.message.content).toBe(ANSWER)
    const [first, then] = side.provider.seen()
    expect([first?.problems, then?.problems]).toEqual([[], []])
    expect(first?.heard.thinks).toBe(true)
    expect(then?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    expect(then?.heard.results).toEqual(Object.values(RESULTS))
    expect(then?.heard.signatures).toEqual([SIGNATURE])
    if (name !== 'gemini') expect(then?.heard.thoughts).toEqual([THINKING.text])
  })

  test('structured output', async () => {
    side.provider.play({ text: '{"city":"Paris"}' })
    const { choices } = await send({ model: side.model, messages: [USER], responseFormat: { type: 'json_schema', jsonSchema: { name: 'place', strict: true, schema: SCHEMA } } })
    expect(choices[0]?.message.content).toBe('{"city":"Paris"}')
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.schema).toMatchObject(SCHEMA)
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await send({ model: side.model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', imageUrl: { url: `data:image/png;base64,${PNG}`, detail: 'high' } }] }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('every preference that the client can state', async () => {
    side.provider.play(ANSWER_TURN)
    const { choices } = await send({
      model: side.model, messages: [USER], temperature: 0.5, topP: 0.9, seed: 7, stop: ['END'], user: 'somebody', sessionId: 's-1', metadata: { a: 'b' },
      provider: { allowFallbacks: true, requireParameters: false, dataCollection: 'allow', sort: 'price', maxPrice: { prompt: '100', completion: '100' } },
    })
    expect(choices[0]?.message.content).toBe(ANSWER)
    expect(side.provider.first().problems).toEqual([])
  })

  test('errors of the provider', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    await expect(send({ model: side.model, messages: [USER] })).rejects.toMatchObject({ name: 'TooManyRequestsResponseError', statusCode: 429, error: { code: 429, message: expect.stringContaining('Slow down') } })
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    await expect(stream({ model: side.model, messages: [USER] })).rejects.toMatchObject({ name: 'BadGatewayResponseError', statusCode: 502 })
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    await stream({ model: side.model, messages: [USER] }, (chunk) => chunk.choices[0]?.delta.content === '')
    await side.provider.first().left
  })

  test('the model and its endpoints', async () => {
    const [author = '', slug = ''] = side.model.split('/')
    const { data: row } = await client.models.get({ author, slug })
    expect(row).toMatchObject({ id: side.model, pricing: { prompt: expect.any(String), completion: expect.any(String) } })
    const { data } = await client.endpoints.list({ author, slug })
    expect(data.endpoints.filter((endpoint) => endpoint.status === 0)).toHaveLength(1)
  })
})

test('models: where the first one fails the next one answers, and is named', async () => {
  const [broken, well] = [stage.side('anthropic'), stage.side('gemini')]
  broken.provider.play({ fault: { status: 500, message: 'Oops' } })
  well.provider.play(ANSWER_TURN)
  const asked = { models: [broken.model, well.model], messages: [USER] }
  const whole = await send(asked)
  expect({ model: whole.model, text: whole.choices[0]?.message.content }).toEqual({ model: well.model, text: ANSWER })
  expect(nanoOf(whole.usage?.cost)).toBe(costNano('gemini'))
  const chunks = await stream(asked)
  expect({ model: chunks[0]?.model, text: fold(chunks).content }).toEqual({ model: well.model, text: ANSWER })
  const { data } = await client.generations.getGeneration({ id: whole.id })
  expect(data.providerResponses?.map((response) => response.status)).toEqual([502, 200])
})

describe('@openrouter/sdk against the demo', () => {
  test('plain, streamed, reasoning, tools, schema', async () => {
    expect((await send({ model: 'demo/echo', messages: [USER] })).choices[0]?.message.content).toStartWith(QUESTION)
    expect(fold(await stream({ model: 'demo/echo', messages: [USER] })).content).toStartWith(QUESTION)
    expect(fold(await stream({ model: 'demo/reasoner', messages: [USER], reasoning: { effort: 'low' } })).reasoning).not.toBe('')
    expect(fold(await stream({ model: 'demo/writer', messages: [USER], tools: TOOLS })).toolCalls?.[0]?.function.name).toBe('get_weather')
    const { choices } = await send({ model: 'demo/writer', messages: [USER], responseFormat: { type: 'json_schema', jsonSchema: { name: 'place', strict: true, schema: SCHEMA } } })
    expect(JSON.parse(String(choices[0]?.message.content))).toEqual({ city: expect.any(String) })
  })

  test('an error in mid-stream is in its chunk', async () => {
    const chunks = await stream({ model: 'demo/writer', messages: [{ role: 'user', content: '[demo: fail=503 fail_after=5]' }] })
    expect(fold(chunks)).toMatchObject({ content: expect.stringMatching(/./), finish: 'error' })
    expect(chunks.at(-1)?.error).toMatchObject({ code: 503, metadata: { errorType: 'provider_overloaded' } })
  })

  test('several choices with logprobs', async () => {
    const { choices } = await send({ model: 'demo/writer', messages: [USER], logprobs: true, topLogprobs: 2, maxTokens: 5 })
    expect(choices[0]?.logprobs?.content).toHaveLength(5)
  })
})

describe('what @openrouter/sdk makes of our errors', () => {
  const ask = (model: string, by?: OpenRouter): Promise<ChatResult> => send({ model, messages: [USER] }, by)

  test('400 401 402 403 404', async () => {
    await expect(ask('anthropic/claude-sonet-4.5')).rejects.toMatchObject({ name: 'BadRequestResponseError', error: { code: 400, message: expect.stringContaining('anthropic/claude-sonnet-4.5') } })
    await expect(ask('demo/echo', clientWith('sk-sw-v1-nobody-has-this-one'))).rejects.toMatchObject({ name: 'UnauthorizedResponseError', error: { code: 401 } })
    await expect(ask('demo/priced', clientWith(stage.createKey('--limit', '0.001')))).rejects.toMatchObject({ name: 'PaymentRequiredResponseError', error: { code: 402 } })
    await expect(client.credits.getCredits()).rejects.toMatchObject({ name: 'ForbiddenResponseError', error: { code: 403 } })
    await expect(ask('openai/gpt-4o')).rejects.toMatchObject({ name: 'NotFoundResponseError', error: { code: 404 } })
  })
})

describe('@openrouter/sdk and the control plane', () => {
  test('all models, one by one valid, and their count', async () => {
    const rows = []
    for await (const page of await client.models.list({})) rows.push(...page.result.data)
    expect(rows.length).toBeGreaterThan(340)
    expect((await client.models.count()).data.count).toBe(rows.length)
  })

  test('the endpoints of every model', async () => {
    const ids = []
    for await (const page of await client.models.list({})) ids.push(...page.result.data.map((row) => row.id))
    const failures: string[] = []
    for (const id of ids) {
      const [author = '', slug = ''] = id.split('/')
      await client.endpoints.list({ author, slug }).catch((error: unknown) => failures.push(`${id}: ${String(error)}`))
    }
    expect(failures).toEqual([])
  })

  test('providers', async () => {
    expect((await client.providers.list()).data.map((provider) => provider.slug)).toEqual(expect.arrayContaining(['anthropic', 'google', 'acme', 'demo']))
  })

  test('keys, from made to deleted, and what they may do', async () => {
    const admin = clientWith(stage.createKey('--management'))
    const { key, data: made } = await admin.apiKeys.create({ requestBody: { name: 'from the client', limit: 2, limitReset: 'weekly' } })
    const own = clientWith(key)
    const { usage } = await send({ model: 'demo/priced', messages: [USER], maxTokens: 10 }, own)
    const mine = (await own.apiKeys.getCurrentKeyMetadata()).data
    expect(mine).toMatchObject({ limit: 2, limitReset: 'weekly', isManagementKey: false })
    expect(nanoOf(mine.usage)).toBe(nanoOf(usage?.cost))
    expect(nanoOf(mine.limitRemaining)).toBe(2e9 - nanoOf(usage?.cost))
    expect((await admin.apiKeys.list()).data.map((row) => row.hash)).toContain(made.hash)
    expect((await admin.apiKeys.update({ hash: made.hash, requestBody: { disabled: true } })).data.disabled).toBe(true)
    await expect(send({ model: 'demo/echo', messages: [USER] }, own)).rejects.toMatchObject({ name: 'UnauthorizedResponseError' })
    expect((await admin.apiKeys.get({ hash: made.hash })).data.disabled).toBe(true)
    expect((await admin.apiKeys.delete({ hash: made.hash })).deleted).toBe(true)
  })

  test('credits are what the calls cost', async () => {
    const admin = clientWith(stage.createKey('--management'))
    const before = (await admin.credits.getCredits()).data
    const { usage } = await send({ model: 'demo/priced', messages: [USER], maxTokens: 10 })
    const after = (await admin.credits.getCredits()).data
    expect(after.totalCredits).toBe(before.totalCredits)
    expect(nanoOf(after.totalUsage) - nanoOf(before.totalUsage)).toBe(nanoOf(usage?.cost))
  })
})
