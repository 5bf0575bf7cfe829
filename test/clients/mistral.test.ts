import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Mistral } from '@mistralai/mistralai'
import type { ChatCompletionRequest, CompletionChunk, CompletionEvent, Tool, ToolCall } from '@mistralai/mistralai/models/components'
import { MistralError } from '@mistralai/mistralai/models/errors'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PDF, PNG, QUESTION, RESULTS, SIDES, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Mistral's own package, with nothing changed but its server and key. It validates every answer by its own schemas. */

let stage: Stage
let client: Mistral
beforeAll(async () => {
  stage = await openStage()
  client = clientWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function clientWith(apiKey: string): Mistral {
  return new Mistral({ serverURL: stage.gateway.url, apiKey, retryConfig: { strategy: 'none' } })
}

const USER = { role: 'user', content: QUESTION } as const
const TOOL: Tool & { type: 'function' } = { type: 'function', function: { name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] } } }
const Place = z.object({ city: z.string(), degrees: z.number() })
const PLACE = { city: 'Paris', degrees: 21 }
const costOf = (usage: object | undefined): number => nanoOf((usage as { cost?: number } | undefined)?.cost)

/** Its calls' arguments are text, or read already. */
const argumentsOf = (call: ToolCall): unknown => (typeof call.function.arguments === 'string' ? (JSON.parse(call.function.arguments) as unknown) : call.function.arguments)
const saidOf = (calls: readonly ToolCall[]): unknown[] => calls.map((call) => ({ name: call.function.name, arguments: argumentsOf(call) }))
const resultsOf = (calls: readonly ToolCall[]): ChatCompletionRequest['messages'] => calls.map((call) => ({ role: 'tool', toolCallId: call.id ?? '', name: call.function.name, content: RESULTS[(argumentsOf(call) as { city: string }).city] ?? '' }))

/** What a stream's chunks come to. */
interface Told { text: string; calls: ToolCall[]; finish: string; pieces: number; last?: CompletionChunk }

async function gather(stream: AsyncIterable<CompletionEvent>): Promise<Told> {
  const told: Told = { text: '', calls: [], finish: '', pieces: 0 }
  for await (const { data } of stream) {
    told.last = data
    for (const { delta, finishReason } of data.choices) {
      if (typeof delta.content === 'string' && delta.content !== '') told.pieces += 1
      if (typeof delta.content === 'string') told.text += delta.content
      for (const call of delta.toolCalls ?? []) {
        const known = told.calls[call.index ?? 0]
        if (known) known.function.arguments = `${String(known.function.arguments)}${String(call.function.arguments)}`
        else told.calls[call.index ?? 0] = structuredClone(call)
      }
      told.finish = finishReason ?? told.finish
    }
  }
  return told
}

async function failureOf(promise: Promise<unknown>): Promise<MistralError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof MistralError)) throw new Error(`no MistralError but ${String(error)}`)
  return error
}

describe.each(SIDES)('@mistralai/mistralai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const answer = await client.chat.complete({ model: side.model, messages: [{ role: 'system', content: 'Be brief.' }, USER], maxTokens: 500, randomSeed: 7, stop: ['END'] })
    expect(answer).toMatchObject({ model: side.model, choices: [{ finishReason: 'stop', message: { content: ANSWER } }], usage: { promptTokens: BILLED.prompt, completionTokens: BILLED.completion } })
    expect(costOf(answer.usage)).toBe(costNano(name))
    expect(nanoOf((await stage.generation(answer.id))['total_cost'])).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('the same, streamed', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const told = await gather(await client.chat.stream({ model: side.model, messages: [USER], maxTokens: 8000 }))
    expect(told).toMatchObject({ text: ANSWER, finish: 'stop' })
    expect(told.pieces).toBeGreaterThan(3)
    expect(costOf(told.last?.usage)).toBe(costNano(name))
  })

  test.each([false, true])('two calls at once and their results, streamed: %p', async (streamed) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked: ChatCompletionRequest = { model: side.model, messages: [USER], tools: [TOOL], toolChoice: 'any', parallelToolCalls: true, maxTokens: 8000 }
    const { calls, finish } = streamed ? await gather(await client.chat.stream(asked)) : await client.chat.complete(asked).then(({ choices: [choice] }) => ({ calls: choice?.message?.toolCalls ?? [], finish: choice?.finishReason }))
    expect(finish).toBe('tool_calls')
    expect(saidOf(calls)).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    const second = await client.chat.complete({ ...asked, toolChoice: 'auto', messages: [USER, { role: 'assistant', content: '', toolCalls: calls, prefix: false }, ...resultsOf(calls)] })
    expect(second.choices[0]?.message?.content).toBe(ANSWER)
    expect(side.provider.seen().map((request) => request.problems)).toEqual([[], []])
    expect(side.provider.seen()[1]?.heard).toMatchObject({ calls: CALLS.map((call) => ({ name: call.name, arguments: call.arguments })), results: Object.values(RESULTS) })
  })

  test('structured output, parsed, streamed too', async () => {
    side.provider.play({ text: JSON.stringify(PLACE) })
    const asked = { model: side.model, messages: [USER], responseFormat: Place }
    expect((await client.chat.parse(asked)).choices?.[0]?.message?.parsed).toEqual(PLACE)
    expect(JSON.parse((await gather(await client.chat.parseStream(asked) as AsyncIterable<CompletionEvent>)).text)).toEqual(PLACE)
    for (const { heard, problems } of side.provider.seen()) {
      expect(problems).toEqual([])
      expect(heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    }
  })

  test('an image and a PDF in the prompt, said in both ways', async () => {
    side.provider.play(ANSWER_TURN)
    const url = `data:image/png;base64,${PNG}`
    await client.chat.complete({ model: side.model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', imageUrl: url }, { type: 'image_url', imageUrl: { url } }, { type: 'document_url', documentUrl: `data:application/pdf;base64,${PDF}`, documentName: 'page.pdf' }] }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG, PNG, PDF])
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    expect(await failureOf(client.chat.complete({ model: side.model, messages: [USER] }))).toMatchObject({ statusCode: 429, body: expect.stringContaining('Slow down') })
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    expect((await failureOf(client.chat.stream({ model: side.model, messages: [USER] }))).statusCode).toBe(502)
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const stream = await client.chat.stream({ model: side.model, messages: [USER] }, { fetchOptions: { signal: leave.signal } })
    // An abort may end the loop or throw out of it: either will do.
    await (async () => { for await (const _ of stream) leave.abort() })().then(() => undefined, () => undefined)
    await side.provider.first().left
  })
})

describe('@mistralai/mistralai against the demo', () => {
  test('text, tools, a schema', async () => {
    expect((await client.chat.complete({ model: 'demo/echo', messages: [{ role: 'user', content: 'Say this back' }] })).choices[0]?.message?.content).toStartWith('Say this back')
    expect((await client.chat.complete({ model: 'demo/writer', messages: [USER], tools: [TOOL] })).choices[0]?.message?.toolCalls?.[0]?.function.name).toBe('get_weather')
    const { choices } = await client.chat.parse({ model: 'demo/writer', messages: [USER], responseFormat: Place })
    expect(Place.safeParse(choices?.[0]?.message?.parsed).success).toBe(true)
  })

  test('an error in mid-stream is in its chunk', async () => {
    const told = await gather(await client.chat.stream({ model: 'demo/writer?fail=503&fail_after=5', messages: [USER] }))
    expect(told).toMatchObject({ finish: 'error' })
    expect(told.text.length).toBeGreaterThan(0)
  })

  test('the list of models, and one of them', async () => {
    const { data } = await client.models.list()
    // The rows are the contract's, not Mistral's: the package keeps what it does not know as it came.
    const ids = (data ?? []).map((model) => (model as { raw?: { id?: string } }).raw?.id)
    for (const name of SIDES) expect(ids).toContain(stage.side(name).model)
    expect(await client.models.retrieve({ modelId: 'demo/echo' })).toMatchObject({ raw: { id: 'demo/echo', object: 'model', owned_by: 'demo' } })
  })
})

describe('what @mistralai/mistralai makes of our errors', () => {
  const ask = (model: string, by: Mistral = client): Promise<MistralError> => failureOf(by.chat.complete({ model, messages: [USER] }))

  test('400 401 402 404', async () => {
    expect(await ask('anthropic/claude-sonet-4.5')).toMatchObject({ statusCode: 400, body: expect.stringContaining('anthropic/claude-sonnet-4.5') })
    expect(await ask('demo/echo', clientWith('sk-sw-v1-nobody-has-this-one'))).toMatchObject({ statusCode: 401 })
    expect(await ask('demo/priced', clientWith(stage.createKey('--limit', '0.001')))).toMatchObject({ statusCode: 402, body: expect.stringContaining('max_tokens') })
    expect(await ask('openai/gpt-4o')).toMatchObject({ statusCode: 404, body: expect.stringContaining('OPENAI_API_KEY') })
  })
})
