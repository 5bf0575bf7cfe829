import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { AIMessageChunk, HumanMessage, ToolMessage, type AIMessage, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, type ChatOpenAICallOptions } from '@langchain/openai'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, openStage, PNG, QUESTION, RESULTS, SIDES, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** LangChain's ChatOpenAI, with nothing changed but its base URL and key. */

let stage: Stage
beforeAll(async () => { stage = await openStage() })
afterAll(() => stage.stop())

function chat(model: string, apiKey = stage.gateway.key): ChatOpenAI<ChatOpenAICallOptions> {
  return new ChatOpenAI({ model, apiKey, maxRetries: 0, configuration: { baseURL: stage.baseUrl } })
}

const Place = z.object({ city: z.string(), degrees: z.number() })
const PLACE = { city: 'Paris', degrees: 21 }
const weather = tool(({ city }) => RESULTS[city] ?? 'unknown', {
  name: 'get_weather', description: 'The weather now', schema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }),
})

/** Runs the calls of a message, as an agent does. */
async function resultsOf(message: AIMessage): Promise<ToolMessage[]> {
  return await Promise.all((message.tool_calls ?? []).map(async (call) => {
    // `invoke` of a call gives its message.
    const result: unknown = await weather.invoke({ ...call, type: 'tool_call' })
    if (!(result instanceof ToolMessage)) throw new Error('no tool message')
    return result
  }))
}

describe.each(SIDES)('@langchain/openai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('invoke', async () => {
    side.provider.play(ANSWER_TURN)
    const message = await chat(side.model).invoke([['system', 'Be brief.'], ['human', QUESTION]])
    expect(message.content).toBe(ANSWER)
    expect(message.usage_metadata).toMatchObject({ input_tokens: BILLED.prompt, output_tokens: BILLED.completion, input_token_details: { cache_read: BILLED.cached }, output_token_details: { reasoning: BILLED.reasoning } })
    expect(message.response_metadata).toMatchObject({ finish_reason: 'stop' })
    expect(message.id).toStartWith('gen-')
    expect(side.provider.first().problems).toEqual([])
  })

  test('stream', async () => {
    side.provider.play(ANSWER_TURN)
    let whole: AIMessageChunk | undefined
    let pieces = 0
    for await (const piece of await chat(side.model).stream(QUESTION)) {
      whole = whole ? whole.concat(piece) : piece
      pieces += 1
    }
    expect(whole?.content).toBe(ANSWER)
    expect(pieces).toBeGreaterThan(3)
    expect(whole?.usage_metadata).toMatchObject({ input_tokens: BILLED.prompt, output_tokens: BILLED.completion })
  })

  test.each([false, true])('bindTools: two calls at once and their results, streamed: %p', async (streamed) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const model = chat(side.model).bindTools([weather])
    const history: BaseMessage[] = [new HumanMessage(QUESTION)]
    const message = streamed ? await streamedWhole(model.stream(history)) : await model.invoke(history)
    expect(message.tool_calls?.map((call) => ({ name: call.name, arguments: call.args }))).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    const answer = await model.invoke([...history, message, ...await resultsOf(message)])
    expect(answer.content).toBe(ANSWER)
    const [first, second] = side.provider.seen()
    expect([first?.problems, second?.problems]).toEqual([[], []])
    expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    expect(second?.heard.results).toEqual(Object.values(RESULTS))
  })

  test('withStructuredOutput by schema, and by a call', async () => {
    side.provider.play({ text: JSON.stringify(PLACE) })
    expect(await chat(side.model).withStructuredOutput(Place, { method: 'jsonSchema', name: 'place' }).invoke(QUESTION)).toEqual(PLACE)
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    side.provider.play({ calls: [{ id: 'toolu_01C09q90qw90lq917835lq9', name: 'place', arguments: PLACE }] })
    expect(await chat(side.model).withStructuredOutput(Place, { method: 'functionCalling', name: 'place' }).invoke(QUESTION)).toEqual(PLACE)
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.tools).toEqual(['place'])
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await chat(side.model).invoke([new HumanMessage({ content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }] })])
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('errors of the provider', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    await expect(chat(side.model).invoke(QUESTION)).rejects.toMatchObject({ status: 429, lc_error_code: 'MODEL_RATE_LIMIT' })
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const stream = await chat(side.model).stream(QUESTION, { signal: leave.signal })
    await expect((async () => { for await (const piece of stream) if (piece.content !== '') leave.abort() })()).rejects.toThrow()
    await side.provider.first().left
  })
})

async function streamedWhole(stream: Promise<AsyncIterable<AIMessageChunk>>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined
  for await (const piece of await stream) whole = whole ? whole.concat(piece) : piece
  if (!whole) throw new Error('nothing was streamed')
  return whole
}

describe('@langchain/openai against the demo', () => {
  test('invoke, stream, bindTools, withStructuredOutput', async () => {
    expect((await chat('demo/echo').invoke('Say this back')).content).toStartWith('Say this back')
    expect((await streamedWhole(chat('demo/echo').stream('Say this back'))).content).toStartWith('Say this back')
    expect((await chat('demo/writer').bindTools([weather]).invoke(QUESTION)).tool_calls?.[0]?.name).toBe('get_weather')
    expect(Place.safeParse(await chat('demo/writer').withStructuredOutput(Place).invoke(QUESTION)).success).toBe(true)
  })

  test('an error in mid-stream is thrown', async () => {
    await expect(streamedWhole(chat('demo/writer').stream('[demo: fail=503 fail_after=5]'))).rejects.toMatchObject({ code: 503 })
  })
})

test('what @langchain/openai makes of our errors', async () => {
  await expect(chat('anthropic/claude-sonet-4.5').invoke(QUESTION)).rejects.toMatchObject({ status: 400, message: expect.stringContaining('anthropic/claude-sonnet-4.5') })
  await expect(chat('demo/echo', 'sk-sw-v1-nobody-has-this-one').invoke(QUESTION)).rejects.toMatchObject({ status: 401, lc_error_code: 'MODEL_AUTHENTICATION' })
  await expect(chat('demo/priced', stage.createKey('--limit', '0.001')).invoke(QUESTION)).rejects.toMatchObject({ status: 402 })
  await expect(chat('openai/gpt-4o').invoke(QUESTION)).rejects.toMatchObject({ status: 404, lc_error_code: 'MODEL_NOT_FOUND' })
})
