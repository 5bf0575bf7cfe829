import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createOpenRouter, type OpenRouterProvider } from '@openrouter/ai-sdk-provider'
import { APICallError, generateObject, generateText, isStepCount, NoObjectGeneratedError, Output, streamObject, streamText, tool } from 'ai'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PDF, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Vercel's AI SDK with OpenRouter's provider for it, with nothing changed but its base URL and key. */

// The package warns of details that it drops, and of its own old names.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

let stage: Stage
let openrouter: OpenRouterProvider
beforeAll(async () => {
  stage = await openStage()
  openrouter = providerWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function providerWith(apiKey: string): OpenRouterProvider {
  return createOpenRouter({ baseURL: stage.baseUrl, apiKey })
}

const Place = z.object({ city: z.string(), degrees: z.number() })
const PLACE = { city: 'Paris', degrees: 21 }
const tools = {
  get_weather: tool({
    description: 'The weather now', inputSchema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']).optional() }),
    execute: ({ city }) => RESULTS[city] ?? 'unknown',
  }),
}
const QUIET = { maxRetries: 0, onError: () => undefined } as const

/** What the provider keeps of an answer beyond the SDK's own fields. */
interface Kept { readonly usage?: { readonly cost?: number; readonly promptTokens?: number }; readonly provider?: string }
const keptOf = (metadata: Readonly<Record<string, unknown>> | undefined): Kept => metadata?.['openrouter'] as Kept

describe.each(SIDES)('ai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('generateText, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { text, finishReason, usage, response, providerMetadata } = await generateText({ model: openrouter(side.model), instructions: 'Be brief.', prompt: QUESTION, maxRetries: 0 })
    expect({ text, finishReason }).toEqual({ text: ANSWER, finishReason: 'stop' })
    expect(usage).toMatchObject({ inputTokens: BILLED.prompt, outputTokens: BILLED.completion, inputTokenDetails: { cacheReadTokens: BILLED.cached }, outputTokenDetails: { reasoningTokens: BILLED.reasoning } })
    expect(nanoOf(keptOf(providerMetadata).usage?.cost)).toBe(costNano(name))
    expect(nanoOf((await stage.generation(response.id ?? ''))['total_cost'])).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('streamText', async () => {
    side.provider.play(ANSWER_TURN)
    const result = streamText({ model: openrouter(side.model), prompt: QUESTION, ...QUIET })
    const deltas: string[] = []
    for await (const delta of result.textStream) deltas.push(delta)
    expect(deltas.join('')).toBe(ANSWER)
    expect(deltas.length).toBeGreaterThan(3)
    expect(await result.finishReason).toBe('stop')
    expect(await result.usage).toMatchObject({ inputTokens: BILLED.prompt, outputTokens: BILLED.completion })
    expect(nanoOf(keptOf(await result.providerMetadata).usage?.cost)).toBe(costNano(name))
  })

  test.each(['generateText', 'streamText'])('%s: steps with two calls at once, reasoning signed on the way back', async (way) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: openrouter(side.model, { reasoning: { effort: 'high' } }), prompt: QUESTION, tools, stopWhen: isStepCount(3), maxOutputTokens: 8000 }
    const result = way === 'generateText' ? await generateText({ ...asked, maxRetries: 0 }) : streamText({ ...asked, ...QUIET })
    expect(await result.text).toBe(ANSWER)
    const steps = await result.steps
    expect(steps[0]?.reasoningText).toBe(THINKING.text)
    expect(steps[0]?.finishReason).toBe('tool-calls')
    expect(steps[0]?.toolResults.map((one) => one.output)).toEqual(Object.values(RESULTS))
    const [first, second] = side.provider.seen()
    expect([first?.problems, second?.problems]).toEqual([[], []])
    expect(first?.heard).toMatchObject({ thinks: true, tools: ['get_weather'] })
    expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    expect(second?.heard.results).toEqual(Object.values(RESULTS))
    expect(second?.heard.signatures).toEqual([SIGNATURE])
    if (name !== 'gemini') expect(second?.heard.thoughts).toEqual([THINKING.text])
  })

  test.each(['generateText', 'streamText'])('%s: reasoning before text goes back with its signature', async (way) => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const model = openrouter(side.model, { reasoning: { effort: 'low' } })
    const asked = { model, maxOutputTokens: 8000, messages: [{ role: 'user', content: QUESTION }] } satisfies Parameters<typeof generateText>[0]
    const result = way === 'generateText' ? await generateText({ ...asked, maxRetries: 0 }) : streamText({ ...asked, ...QUIET })
    const { messages } = await result.response
    expect(await result.reasoningText).toBe(THINKING.text)
    side.provider.play(ANSWER_TURN)
    await generateText({ ...asked, messages: [...asked.messages, ...messages, { role: 'user', content: 'Sure?' }], maxRetries: 0 })
    expect(side.provider.first().problems).toEqual([])
    // Of a plain answer the package keeps the first detail only, and Gemini's signature is in the second, as is what OpenAI encrypts.
    const isLost = (name === 'gemini' || name === 'openai-responses') && way === 'generateText'
    expect(side.provider.first().heard.signatures).toEqual(isLost ? [] : [SIGNATURE])
  })

  test('generateObject, streamObject and Output.object', async () => {
    side.provider.play({ text: JSON.stringify(PLACE) })
    const model = openrouter(side.model)
    expect((await generateObject({ model, schema: Place, prompt: QUESTION, maxRetries: 0 })).object).toEqual(PLACE)
    const growing: unknown[] = []
    for await (const partial of streamObject({ model, schema: Place, prompt: QUESTION, ...QUIET }).partialObjectStream) growing.push(partial)
    expect(growing.at(-1)).toEqual(PLACE)
    expect((await generateText({ model, output: Output.object({ schema: Place }), prompt: QUESTION, maxRetries: 0 })).output).toEqual(PLACE)
    for (const request of side.provider.seen()) {
      expect(request.problems).toEqual([])
      expect(request.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    }
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await generateText({ model: openrouter(side.model), messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'file', data: Buffer.from(PNG, 'base64'), mediaType: 'image/png' }] }], maxRetries: 0 })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('a PDF in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await generateText({ model: openrouter(side.model), messages: [{ role: 'user', content: [{ type: 'text', text: 'What is in it?' }, { type: 'file', data: Buffer.from(PDF, 'base64'), mediaType: 'application/pdf', filename: 'page.pdf' }] }], maxRetries: 0 })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PDF])
  })

  test('errors of the provider', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    expect(await failureOf(generateText({ model: openrouter(side.model), prompt: QUESTION, maxRetries: 0 }))).toMatchObject({ statusCode: 429, isRetryable: true, message: expect.stringContaining('Slow down') })
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const result = streamText({ model: openrouter(side.model), prompt: QUESTION, abortSignal: leave.signal, ...QUIET })
    for await (const delta of result.textStream) if (delta !== '') leave.abort()
    await side.provider.first().left
  })
})

async function failureOf(promise: Promise<unknown>): Promise<APICallError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!APICallError.isInstance(error)) throw new Error(`no APICallError but ${String(error)}`)
  return error
}

describe('ai against the demo', () => {
  test('text, reasoning, steps with a tool, an object', async () => {
    expect((await generateText({ model: openrouter('demo/echo'), prompt: 'Say this back' })).text).toStartWith('Say this back')
    expect(await streamText({ model: openrouter('demo/reasoner'), prompt: QUESTION, ...QUIET }).reasoningText).not.toBe('')
    const { steps, text } = await generateText({ model: openrouter('demo/writer'), prompt: QUESTION, tools, stopWhen: isStepCount(3) })
    expect(steps).toHaveLength(2)
    expect(text).toContain('get_weather says')
    expect(Place.safeParse((await generateObject({ model: openrouter('demo/writer'), schema: Place, prompt: QUESTION })).object).success).toBe(true)
  })

  test('an answer that is no object is told from one', async () => {
    expect(await generateObject({ model: openrouter('demo/writer'), schema: Place, prompt: QUESTION, maxOutputTokens: 2 }).catch((error: unknown) => NoObjectGeneratedError.isInstance(error))).toBe(true)
  })

  test('an error in mid-stream', async () => {
    const errors: unknown[] = []
    const result = streamText({ model: openrouter('demo/writer'), prompt: '[demo: fail=503 fail_after=5]', maxRetries: 0, onError: ({ error }) => { errors.push(error) } })
    const parts: string[] = []
    for await (const part of result.fullStream) parts.push(part.type)
    expect(parts).toContain('text-delta')
    expect(parts).toContain('error')
    expect(errors).toHaveLength(1)
    expect(await result.finishReason).toBe('error')
  })
})

describe('what ai makes of our errors', () => {
  const ask = (model: string, by: OpenRouterProvider = openrouter): Promise<APICallError> => failureOf(generateText({ model: by(model), prompt: QUESTION, maxRetries: 0 }))

  test('400 401 402 404', async () => {
    expect(await ask('anthropic/claude-sonet-4.5')).toMatchObject({ statusCode: 400, isRetryable: false, message: expect.stringContaining('anthropic/claude-sonnet-4.5') })
    expect(await ask('demo/echo', providerWith('sk-sw-v1-nobody-has-this-one'))).toMatchObject({ statusCode: 401, isRetryable: false })
    expect(await ask('demo/priced', providerWith(stage.createKey('--limit', '0.001')))).toMatchObject({ statusCode: 402, isRetryable: false, message: expect.stringContaining('max_tokens') })
    expect(await ask('openai/gpt-4o')).toMatchObject({ statusCode: 404, isRetryable: false, message: expect.stringContaining('OPENAI_API_KEY') })
  })
})
