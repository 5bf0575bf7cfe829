import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod'
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { z } from 'zod'
import { validateSchema } from '../openapi.ts'
import { hasShared } from '../shared.ts'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

/** The Responses half of OpenAI's own package, with nothing changed but its base URL and key. */

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await openStage()
  client = new OpenAI({ baseURL: stage.baseUrl, apiKey: stage.gateway.key, maxRetries: 0 })
})
afterAll(() => stage.stop())

const ENCRYPTED = ['reasoning.encrypted_content'] as const
const weather = zodResponsesFunction({ name: 'get_weather', description: 'The weather now', parameters: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }) })
const Report = z.object({ city: z.string(), degrees: z.number(), sunny: z.boolean() })
const REPORT = { city: 'Paris', degrees: 21, sunny: true }

const costOf = (usage: object | null | undefined): number => nanoOf((usage as { cost?: number } | null | undefined)?.cost)

describe.each(SIDES)('openai responses against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { data, response } = await client.responses.create({ model: side.model, instructions: 'Be brief.', input: QUESTION, store: false }).withResponse()
    expect(data.output_text).toBe(ANSWER)
    expect(data).toMatchObject({ object: 'response', model: side.model, status: 'completed', store: false, previous_response_id: null, error: null })
    expect(data.usage).toMatchObject({ input_tokens: BILLED.prompt, output_tokens: BILLED.completion, input_tokens_details: { cached_tokens: BILLED.cached }, output_tokens_details: { reasoning_tokens: BILLED.reasoning } })
    expect(costOf(data.usage)).toBe(costNano(name))
    expect(response.headers.get('x-generation-id')).toBe(data.id)
    if (hasShared) expect(validateSchema('OpenResponsesResult', JSON.parse(JSON.stringify(data)))).toEqual([])
    expect(await stage.generation(data.id)).toMatchObject({ id: data.id, model: side.model, streamed: false, finish_reason: 'stop', native_tokens_prompt: BILLED.prompt })
    expect(side.provider.first().problems).toEqual([])
  })

  test('what the provider was told, before all events, where the client debugs', async () => {
    side.provider.play(ANSWER_TURN)
    // OpenAI's types do not know the contract's own field and event.
    const asked = { model: side.model, input: QUESTION, stream: true, debug: { echo_upstream_body: true } } as OpenAI.Responses.ResponseCreateParamsStreaming
    const events: { type: string; sequence_number?: number; debug?: { echo_upstream_body?: object } }[] = []
    for await (const event of await client.responses.create(asked)) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at))
    expect(events.slice(0, 2).map((event) => event.type)).toEqual(['response.debug', 'response.created'])
    expect(events.filter((event) => event.debug)).toHaveLength(1)
    if (hasShared) expect(validateSchema('DebugEvent', JSON.parse(JSON.stringify(events[0])))).toEqual([])
    expect(JSON.stringify(events[0]?.debug?.echo_upstream_body)).toContain(JSON.stringify(QUESTION).slice(1, -1))
  })

  test('the events of a stream', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const events: ResponseStreamEvent[] = []
    for await (const event of await client.responses.create({ model: side.model, input: QUESTION, reasoning: { effort: 'low' }, max_output_tokens: 8000, stream: true })) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at))
    expect(events.at(0)?.type).toBe('response.created')
    expect(events.at(-1)?.type).toBe('response.completed')
    expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(ANSWER)
    const thought = events.flatMap((event) => (event.type === 'response.reasoning_text.delta' || event.type === 'response.reasoning_summary_text.delta' ? [event.delta] : []))
    expect(thought.join('')).toBe(THINKING.text)
    expect(thought.length).toBeGreaterThan(3)
  })

  test('the streaming helper', async () => {
    side.provider.play(ANSWER_TURN)
    const stream = client.responses.stream({ model: side.model, input: QUESTION })
    const deltas: string[] = []
    stream.on('response.output_text.delta', (event) => deltas.push(event.delta))
    const whole = await stream.finalResponse()
    expect(whole.output_text).toBe(ANSWER)
    expect(deltas.join('')).toBe(ANSWER)
    expect(deltas.length).toBeGreaterThan(3)
    expect(costOf(whole.usage)).toBe(costNano(name))
    expect(await stage.generation(whole.id)).toMatchObject({ streamed: true, finish_reason: 'stop' })
  })

  test.each([false, true])('a tool loop of two calls at once, with reasoning, streamed: %p', async (streamed) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: side.model, tools: [weather], reasoning: { effort: 'high' as const }, include: [...ENCRYPTED], max_output_tokens: 8000, store: false }
    const input: ResponseInputItem[] = [{ role: 'user', content: QUESTION }]
    const first = streamed ? await client.responses.stream({ ...asked, input }).finalResponse() : await client.responses.parse({ ...asked, input })
    const calls = first.output.filter((item) => item.type === 'function_call')
    expect(calls.map((call) => call.parsed_arguments as unknown)).toEqual(CALLS.map((call) => call.arguments))
    // The official client's types for what it parsed are not its types for input; on the wire they are the same.
    const said = JSON.parse(JSON.stringify(first.output)) as (ResponseInputItem & { parsed_arguments?: unknown })[]
    for (const item of said) delete item.parsed_arguments
    input.push(...said, ...calls.map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: RESULTS[(call.parsed_arguments as { city: string }).city] ?? '' }) as const))
    const second = await client.responses.create({ ...asked, input })
    expect(second.output_text).toBe(ANSWER)
    checkLoop(side, name)
  })

  test('a client that keeps nothing of a thought but what is encrypted', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: side.model, tools: [weather], reasoning: { effort: 'high' as const }, include: [...ENCRYPTED], max_output_tokens: 8000, store: false }
    const first = await client.responses.create({ ...asked, input: QUESTION })
    const said = first.output.flatMap((item): ResponseInputItem[] => {
      if (item.type === 'reasoning') return [{ type: 'reasoning', id: item.id, summary: item.summary, encrypted_content: item.encrypted_content ?? null }]
      return item.type === 'function_call' ? [{ type: 'function_call', call_id: item.call_id, name: item.name, arguments: item.arguments }] : []
    })
    const results = first.output.filter((item) => item.type === 'function_call').map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: RESULTS[(JSON.parse(call.arguments) as { city: string }).city] ?? '' }) as const)
    await client.responses.create({ ...asked, input: [{ role: 'user', content: QUESTION }, ...said, ...results] })
    checkLoop(side, name)
  })

  test('a custom tool, whatever the provider calls it', async () => {
    const input = 'SELECT * FROM users WHERE age > 25'
    side.provider.play({ calls: [{ id: 'call_custom_1234', name: 'write_sql', arguments: { input } }] }, ANSWER_TURN)
    const tools = [{ type: 'custom', name: 'write_sql', description: 'Writes SQL' }] as const
    if (name === 'openai-responses') return // its own kind of tool, carried: the recordings have it
    const { output } = await client.responses.stream({ model: side.model, input: QUESTION, tools: [...tools] }).finalResponse()
    expect(output).toMatchObject([{ type: 'custom_tool_call', name: 'write_sql', input }])
    const [call] = output
    if (call?.type !== 'custom_tool_call') throw new Error('no call')
    await client.responses.create({ model: side.model, input: [{ role: 'user', content: QUESTION }, call, { type: 'custom_tool_call_output', call_id: call.call_id, output: '3 rows' }], tools: [...tools] })
    const second = side.provider.seen()[1]
    expect(second?.problems).toEqual([])
    expect(second?.heard).toMatchObject({ calls: [{ name: 'write_sql', arguments: { input } }], results: ['3 rows'] })
  })

  test('structured output, parsed', async () => {
    side.provider.play({ text: JSON.stringify(REPORT) })
    const asked = { model: side.model, input: QUESTION, text: { format: zodTextFormat(Report, 'report') } }
    expect((await client.responses.parse(asked)).output_parsed).toEqual(REPORT)
    expect((await client.responses.stream(asked).finalResponse()).output_parsed).toEqual(REPORT)
    for (const request of side.provider.seen()) {
      expect(request.problems).toEqual([])
      expect(request.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees', 'sunny'] })
    }
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await client.responses.create({ model: side.model, input: [{ role: 'user', content: [{ type: 'input_text', text: 'What is it?' }, { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PNG}` }] }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    const limited = await failureOf(client.responses.create({ model: side.model, input: QUESTION, stream: true }))
    expect(limited).toBeInstanceOf(OpenAI.RateLimitError)
    expect(limited.message).toContain('Slow down')
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    expect((await failureOf(client.responses.create({ model: side.model, input: QUESTION }))).status).toBe(502)
  })

  test.each(['faulty', 'cut'] as const)('a stream that ends %s is no whole answer', async (ends) => {
    side.provider.play({ text: ANSWER, ends })
    const deltas: string[] = []
    let id = ''
    const failure = await failureOf((async () => {
      for await (const event of await client.responses.create({ model: side.model, input: QUESTION, stream: true })) {
        if (event.type === 'response.created') id = event.response.id
        if (event.type !== 'response.output_text.delta') continue
        deltas.push(event.delta)
        side.provider.endBadly()
      }
    })())
    expect(deltas.join('')).toBe(ANSWER)
    expect(failure).toMatchObject({ code: 'server_error', message: expect.stringContaining(ends === 'faulty' ? 'Oops in the middle' : 'before its end') })
    expect(await stage.generation(id)).toMatchObject({ cancelled: false, finish_reason: 'error', total_cost: 0 })
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const stream = await client.responses.create({ model: side.model, input: QUESTION, stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await side.provider.first().left
  })

  test('leaving before the reply ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const failure = failureOf(client.responses.create({ model: side.model, input: QUESTION }, { signal: leave.signal }))
    while (side.provider.seen().length === 0) await Bun.sleep(2)
    leave.abort()
    expect(await failure).toBeInstanceOf(OpenAI.APIUserAbortError)
    await side.provider.first().left
  })
})

/** Both requests of the loop were good; the second had the calls, their results, and the thought with its signature. */
function checkLoop(side: Side, name: Side['name']): void {
  const [first, second] = side.provider.seen()
  expect([first?.problems, second?.problems]).toEqual([[], []])
  expect(first?.heard).toMatchObject({ tools: ['get_weather'], thinks: true })
  expect(second?.heard).toMatchObject({ calls: CALLS.map((call) => ({ name: call.name, arguments: call.arguments })), results: Object.values(RESULTS), signatures: [SIGNATURE] })
  if (name !== 'gemini') expect(second?.heard.thoughts).toEqual([THINKING.text])
}

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof OpenAI.APIError)) throw new Error(`no APIError but ${String(error)}`)
  return error
}

describe('what openai makes of our refusals', () => {
  test.each([{ store: true }, { previous_response_id: 'resp_1' }, { background: true }, { conversation: 'conv_1' }])('400: %p needs storage', async (asked) => {
    const failure = await failureOf(client.responses.create({ model: 'demo/echo', input: QUESTION, ...asked }))
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure.message).toContain(Object.keys(asked)[0] ?? '')
  })

  test('400: a field by the name that it has here', async () => {
    const failure = await failureOf(client.responses.create({ model: 'demo/echo', input: QUESTION, max_output_tokens: 0 }))
    expect(failure.message).toContain('max_output_tokens: must be')
  })

  test('401: no such key', async () => {
    expect(await failureOf(client.withOptions({ apiKey: 'sk-sw-v1-nobody-has-this-one' }).responses.create({ model: 'demo/echo', input: QUESTION }))).toBeInstanceOf(OpenAI.AuthenticationError)
  })

  test('a prompt that is too long is a response that is incomplete (M30)', async () => {
    const long = { model: 'acme/tiny', input: 'long '.repeat(200_000) }
    stage.side('openai-chat').provider.play({ fault: { status: 400, message: "This model's maximum context length is 128000 tokens." } })
    const whole = await client.responses.create(long)
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [], error: null })
    expect((await client.responses.stream(long).finalResponse()).status).toBe('incomplete')
  })
})

describe('openai responses against the demo', () => {
  test('plain and streamed are the same', async () => {
    const whole = await client.responses.create({ model: 'demo/echo', input: 'Say this back' })
    const streamed = await client.responses.stream({ model: 'demo/echo', input: 'Say this back' }).finalResponse()
    expect(whole.output_text).toStartWith('Say this back')
    expect(streamed.output_text).toBe(whole.output_text)
    expect(streamed.usage).toEqual(whole.usage)
  })

  test('logprobs, where they are asked for', async () => {
    const { output } = await client.responses.create({ model: 'demo/writer', input: QUESTION, include: ['message.output_text.logprobs'], top_logprobs: 2, max_output_tokens: 8 })
    const [part] = output.flatMap((item) => (item.type === 'message' ? item.content : []))
    expect(part?.type === 'output_text' ? part.logprobs?.map((one) => one.token).join('') : undefined).toBe(part?.type === 'output_text' ? part.text : 'no text')
  })

  test('a limit makes it incomplete', async () => {
    expect(await client.responses.create({ model: 'demo/writer', input: QUESTION, max_output_tokens: 8 })).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
  })
})
