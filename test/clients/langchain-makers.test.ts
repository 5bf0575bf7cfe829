import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { HumanMessage, ToolMessage, type AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatGoogleGenerativeAI } from '@langchain/google-genai'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { objectOf } from '../replay/meaning.ts'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** LangChain's models of Anthropic, Google and OpenAI's Responses, with nothing changed but their base URL and key; an agent's loop with each. */

let stage: Stage
beforeAll(async () => { stage = await openStage() })
afterAll(() => stage.stop())

interface Maker {
  readonly name: string
  /** The provider that speaks the package's dialect: it is told the package's own request, slips and all (`stopSequences: []`, a message without content). */
  readonly own: Side['name']
  chat(model: string, apiKey?: string, thinks?: boolean): BaseChatModel
}

const MAKERS: readonly Maker[] = [
  {
    name: '@langchain/anthropic', own: 'anthropic',
    chat: (model, apiKey = stage.gateway.key, thinks = false) => new ChatAnthropic({ model, apiKey, anthropicApiUrl: `${stage.gateway.url}/api`, maxRetries: 0, maxTokens: 6000, ...(thinks && { thinking: { type: 'enabled', budget_tokens: 2000 } }) }),
  },
  {
    name: '@langchain/google-genai', own: 'gemini',
    chat: (model, apiKey = stage.gateway.key) => new ChatGoogleGenerativeAI({ model, apiKey, baseUrl: stage.gateway.url, maxRetries: 0 }),
  },
  {
    name: '@langchain/openai, responses', own: 'openai-responses',
    chat: (model, apiKey = stage.gateway.key) => new ChatOpenAI({ model, apiKey, maxRetries: 0, useResponsesApi: true, zdrEnabled: true, configuration: { baseURL: stage.baseUrl } }),
  },
]

const Place = z.object({ city: z.string(), degrees: z.number() })
const PLACE = { city: 'Paris', degrees: 21 }
const weather = tool(({ city }) => RESULTS[city] ?? 'unknown', {
  name: 'get_weather', description: 'The weather now', schema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }),
})

/** An agent: it runs the calls of each message until one has none. */
async function agent(model: BaseChatModel, streamed: boolean): Promise<BaseMessage> {
  if (!model.bindTools) throw new Error('a model without tools')
  const bound = model.bindTools([weather])
  const history: BaseMessage[] = [new HumanMessage(QUESTION)]
  for (;;) {
    const message = streamed ? await wholeOf(await bound.stream(history)) : await bound.invoke(history)
    if (!message.tool_calls?.length) return message
    history.push(message)
    for (const call of message.tool_calls) {
      // `invoke` of a call gives its message.
      const result: unknown = await weather.invoke({ ...call, type: 'tool_call' })
      if (!(result instanceof ToolMessage)) throw new Error('no tool message')
      history.push(result)
    }
  }
}

async function wholeOf(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined
  for await (const piece of stream) whole = whole ? whole.concat(piece) : piece
  if (!whole) throw new Error('nothing was streamed')
  return whole
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error: unknown) => error)
}

describe.each(MAKERS)('$name', ({ name: maker, own, chat }) => {
  const isGoogle = maker === '@langchain/google-genai'

  describe.each(SIDES)('against a provider that speaks %s', (name) => {
    let side: Side
    beforeAll(() => { side = stage.side(name) })
    const problems = (): readonly string[] => side.provider.seen().flatMap((request) => (name === own && !maker.includes('anthropic') ? [] : request.problems))

    test('invoke', async () => {
      side.provider.play(ANSWER_TURN)
      const message = await chat(side.model).invoke([['system', 'Be brief.'], ['human', QUESTION]])
      expect(message.text).toBe(ANSWER)
      expect(message.usage_metadata).toMatchObject({ output_tokens: isGoogle ? BILLED.completion - BILLED.reasoning : BILLED.completion })
      expect(problems()).toEqual([])
    })

    test('stream', async () => {
      side.provider.play(ANSWER_TURN)
      expect((await wholeOf(await chat(side.model).stream(QUESTION))).text).toBe(ANSWER)
    })

    test.each([false, true])('an agent with two calls at once, streamed: %p', async (streamed) => {
      side.provider.play(CALLS_TURN, ANSWER_TURN)
      const thinks = maker === '@langchain/anthropic'
      expect((await agent(chat(side.model, undefined, thinks), streamed)).text).toBe(ANSWER)
      expect(problems()).toEqual([])
      const second = side.provider.seen()[1]
      expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
      expect(second?.heard.results.map((result) => Object.values(RESULTS).find((text) => result.includes(text)))).toEqual(Object.values(RESULTS))
      if (thinks) expect(second?.heard.signatures).toEqual([SIGNATURE])
    })

    test('withStructuredOutput by schema', async () => {
      side.provider.play({ text: JSON.stringify(PLACE) })
      expect(await chat(side.model).withStructuredOutput(Place, { method: 'jsonSchema', name: 'place' }).invoke(QUESTION)).toEqual(PLACE)
      expect(problems()).toEqual([])
      // To Google it says the schema in Google's own form.
      const { body, heard } = side.provider.first()
      expect(isGoogle && name === own ? objectOf(body['generationConfig'])['responseSchema'] : heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    })

    test('withStructuredOutput by a call', async () => {
      side.provider.play({ calls: [{ id: 'toolu_01C09q90qw90lq917835lq9', name: 'place', arguments: PLACE }] })
      expect(await chat(side.model).withStructuredOutput(Place, { method: 'functionCalling', name: 'place' }).invoke(QUESTION)).toEqual(PLACE)
      expect(problems()).toEqual([])
      expect(side.provider.first().heard.tools).toEqual(['place'])
    })

    // The package sends pictures only to names that begin as Google's own do.
    if (!isGoogle) test('an image in the prompt', async () => {
      side.provider.play(ANSWER_TURN)
      await chat(side.model).invoke([new HumanMessage({ content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }] })])
      expect(problems()).toEqual([])
      expect(side.provider.first().heard.files).toEqual([PNG])
    })

    test('errors of the provider', async () => {
      side.provider.play({ fault: { status: 429, message: 'Slow down' } })
      expect(await failureOf(chat(side.model).invoke(QUESTION))).toMatchObject({ status: 429, message: expect.stringContaining('Slow down') as unknown })
    })

    // The package leaves a rejected promise behind that nobody can take.
    if (!isGoogle) test('leaving in mid-stream ends the provider call', async () => {
      side.provider.play({ text: ANSWER, ends: 'hanging' })
      const leave = new AbortController()
      const stream = await chat(side.model).stream(QUESTION, { signal: leave.signal })
      await failureOf((async () => { for await (const piece of stream) if (piece.text !== '') leave.abort() })())
      await side.provider.first().left
    })
  })

  test('the demo: text, a call, an object', async () => {
    expect((await chat('demo/echo').invoke('Say this back')).text).toStartWith('Say this back')
    expect((await agent(chat('demo/writer'), false)).text).toContain('get_weather says')
    expect(Place.safeParse(await chat('demo/writer').withStructuredOutput(Place, { method: 'jsonSchema', name: 'place' }).invoke(QUESTION)).success).toBe(true)
  })

  test('400 401 402 404', async () => {
    expect(await failureOf(chat('anthropic/claude-sonet-4.5').invoke(QUESTION))).toMatchObject({ status: 400, message: expect.stringContaining('anthropic/claude-sonnet-4.5') as unknown })
    expect(await failureOf(chat('demo/echo', 'sk-sw-v1-nobody-has-this-one').invoke(QUESTION))).toMatchObject({ status: 401 })
    expect(await failureOf(chat('demo/priced', stage.createKey('--limit', '0.001')).invoke(QUESTION))).toMatchObject({ status: 402 })
    expect(await failureOf(chat('openai/gpt-4o').invoke(QUESTION))).toMatchObject({ status: 404 })
  })
})
