import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, generateText, isStepCount, Output, streamText, tool, type LanguageModel } from 'ai'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Vercel's AI SDK with the providers of OpenAI, Anthropic and Google: four dialects, with nothing changed but base URL and key. */

// The package warns of settings that it drops for models whose names it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

let stage: Stage
beforeAll(async () => { stage = await openStage() })
afterAll(() => stage.stop())

/** What has a provider's models think, in its own options. */
type Options = NonNullable<Parameters<typeof generateText>[0]['providerOptions']>
interface Maker {
  readonly name: string
  model(id: string, apiKey?: string): LanguageModel
  /** Options that each call needs. */
  readonly always?: Options
  readonly thinking?: Options
}

const MAKERS: readonly Maker[] = [
  // The package has conversations kept by the server unless it is told not to; here none are kept.
  {
    name: '@ai-sdk/openai, responses', model: (id, apiKey = stage.gateway.key) => createOpenAI({ baseURL: stage.baseUrl, apiKey }).responses(id),
    always: { openai: { store: false } }, thinking: { openai: { store: false, forceReasoning: true, reasoningEffort: 'high', reasoningSummary: 'auto' } },
  },
  { name: '@ai-sdk/openai, chat', model: (id, apiKey = stage.gateway.key) => createOpenAI({ baseURL: stage.baseUrl, apiKey }).chat(id) },
  {
    name: '@ai-sdk/anthropic', model: (id, apiKey = stage.gateway.key) => createAnthropic({ baseURL: stage.baseUrl, apiKey })(id),
    thinking: { anthropic: { thinking: { type: 'enabled', budgetTokens: 2_000 } } },
  },
  {
    name: '@ai-sdk/google', model: (id, apiKey = stage.gateway.key) => createGoogleGenerativeAI({ baseURL: `${stage.gateway.url}/v1beta`, apiKey })(id),
    thinking: { google: { thinkingConfig: { thinkingBudget: 2_000, includeThoughts: true } } },
  },
]

const Place = z.object({ city: z.string(), degrees: z.number() })
const PLACE = { city: 'Paris', degrees: 21 }
const tools = {
  get_weather: tool({
    description: 'The weather now', inputSchema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']).optional() }),
    execute: ({ city }) => RESULTS[city] ?? 'unknown',
  }),
}
const QUIET = { maxRetries: 0, onError: () => undefined } as const

async function failureOf(promise: PromiseLike<unknown>): Promise<APICallError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!APICallError.isInstance(error)) throw new Error(`no APICallError but ${String(error)}`)
  return error
}

describe.each(MAKERS)('$name', ({ name: maker, model, always = {}, thinking }) => {
  describe.each(SIDES)('against a provider that speaks %s', (name) => {
    let side: Side
    beforeAll(() => { side = stage.side(name) })
    const asked = (): { model: LanguageModel; providerOptions: Options; maxOutputTokens: number } => ({ model: model(side.model), providerOptions: always, maxOutputTokens: 6000 })

    test('generateText', async () => {
      side.provider.play(ANSWER_TURN)
      const { text, finishReason, usage } = await generateText({ ...asked(), instructions: 'Be brief.', prompt: QUESTION, maxRetries: 0 })
      expect({ text, finishReason }).toEqual({ text: ANSWER, finishReason: 'stop' })
      expect(usage).toMatchObject({ inputTokens: BILLED.prompt, outputTokens: BILLED.completion, inputTokenDetails: { cacheReadTokens: BILLED.cached } })
      expect(side.provider.first().problems).toEqual([])
    })

    test('streamText', async () => {
      side.provider.play(ANSWER_TURN)
      const result = streamText({ ...asked(), prompt: QUESTION, ...QUIET })
      const deltas: string[] = []
      for await (const delta of result.textStream) deltas.push(delta)
      expect(deltas.join('')).toBe(ANSWER)
      // Gemini's chunks hold all that came at once.
      expect(deltas.length).toBeGreaterThan(maker === '@ai-sdk/google' ? 0 : 3)
      expect(await result.finishReason).toBe('stop')
      expect(await result.usage).toMatchObject({ inputTokens: BILLED.prompt, outputTokens: BILLED.completion })
    })

    test.each(['generateText', 'streamText'])('%s: steps with two calls at once, reasoning signed on the way back', async (way) => {
      side.provider.play(CALLS_TURN, ANSWER_TURN)
      const stepped = { ...asked(), ...(thinking && { providerOptions: thinking }), prompt: QUESTION, tools, stopWhen: isStepCount(3) }
      const result = way === 'generateText' ? await generateText({ ...stepped, maxRetries: 0 }) : streamText({ ...stepped, ...QUIET })
      expect(await result.text).toBe(ANSWER)
      const steps = await result.steps
      expect(steps[0]?.finishReason).toBe('tool-calls')
      expect(steps[0]?.toolResults.map((one) => one.output)).toEqual(Object.values(RESULTS))
      const [first, second] = side.provider.seen()
      expect([first?.problems, second?.problems]).toEqual([[], []])
      expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
      // Google's provider wraps what a tool gave.
      expect(second?.heard.results.map((result) => Object.values(RESULTS).find((text) => result.includes(text)))).toEqual(Object.values(RESULTS))
      if (!thinking) return
      // OpenAI's shows summaries only, which nobody but OpenAI makes.
      if (maker !== '@ai-sdk/openai, responses' || name === 'openai-responses') expect(steps[0]?.reasoningText).toBe(THINKING.text)
      expect(first?.heard.thinks).toBe(true)
      expect(second?.heard.signatures).toEqual([SIGNATURE])
    })

    test.each(['generateText', 'streamText'])('%s: an object', async (way) => {
      side.provider.play({ text: JSON.stringify(PLACE) })
      const one = { ...asked(), output: Output.object({ schema: Place }), prompt: QUESTION }
      expect(await (way === 'generateText' ? await generateText({ ...one, maxRetries: 0 }) : streamText({ ...one, ...QUIET })).output).toEqual(PLACE)
      expect(side.provider.first().problems).toEqual([])
      // For names that it does not know Anthropic's provider asks for the object by a tool or by words of its own.
      const { schema, tools: offered } = side.provider.first().heard
      if (schema === undefined) expect(offered).toEqual(['json'])
      else expect(schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    })

    test('an image in the prompt', async () => {
      side.provider.play(ANSWER_TURN)
      await generateText({ ...asked(), messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'file', data: Buffer.from(PNG, 'base64'), mediaType: 'image/png' }] }], maxRetries: 0 })
      expect(side.provider.first().problems).toEqual([])
      expect(side.provider.first().heard.files).toEqual([PNG])
    })

    test('errors of the provider', async () => {
      side.provider.play({ fault: { status: 429, message: 'Slow down' } })
      expect(await failureOf(generateText({ ...asked(), prompt: QUESTION, maxRetries: 0 }))).toMatchObject({ statusCode: 429, isRetryable: true, message: expect.stringContaining('Slow down') as unknown })
    })

    test.each(['faulty', 'cut'] as const)('a stream that ends %s is no whole answer', async (ends) => {
      side.provider.play({ text: ANSWER, ends })
      let text = ''
      const result = streamText({ ...asked(), prompt: QUESTION, ...QUIET })
      for await (const part of result.fullStream) {
        if (part.type === 'text-delta') text += part.text
        if (part.type === 'text-delta') side.provider.endBadly()
      }
      expect(text).toBe(ANSWER)
      // OpenAI's chat provider looks for no error beside choices, where the contract has it: there it is a reason to end that OpenAI has not.
      expect(await result.finishReason).toBe(maker === '@ai-sdk/openai, chat' ? 'other' : 'error')
    })

    test('leaving in mid-stream ends the provider call', async () => {
      side.provider.play({ text: ANSWER, ends: 'hanging' })
      const leave = new AbortController()
      for await (const delta of streamText({ ...asked(), prompt: QUESTION, abortSignal: leave.signal, ...QUIET }).textStream) if (delta !== '') leave.abort()
      await side.provider.first().left
    })
  })

  test('the demo: text, a tool, an object', async () => {
    expect((await generateText({ model: model('demo/echo'), providerOptions: always, prompt: 'Say this back' })).text).toStartWith('Say this back')
    expect((await generateText({ model: model('demo/writer'), providerOptions: always, prompt: QUESTION, tools, stopWhen: isStepCount(3) })).text).toContain('get_weather says')
    expect(Place.safeParse((await generateText({ model: model('demo/writer'), providerOptions: always, prompt: QUESTION, output: Output.object({ schema: Place }) })).output).success).toBe(true)
  })

  test('400 401 402 404', async () => {
    const ask = (id: string, key?: string): Promise<APICallError> => failureOf(generateText({ model: model(id, key), providerOptions: always, prompt: QUESTION, maxRetries: 0 }))
    expect(await ask('anthropic/claude-sonet-4.5')).toMatchObject({ statusCode: 400, isRetryable: false, message: expect.stringContaining('anthropic/claude-sonnet-4.5') as unknown })
    expect(await ask('demo/echo', 'sk-sw-v1-nobody-has-this-one')).toMatchObject({ statusCode: 401, isRetryable: false })
    expect(await ask('demo/priced', stage.createKey('--limit', '0.001'))).toMatchObject({ statusCode: 402, isRetryable: false })
    expect(await ask('openai/gpt-4o')).toMatchObject({ statusCode: 404, isRetryable: false })
  })
})
