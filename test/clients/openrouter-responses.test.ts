import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { OpenRouter } from '@openrouter/sdk'
import type { InputsUnion1, OpenResponsesResult, ResponsesRequest, StreamEvents } from '@openrouter/sdk/models'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** The Responses half of OpenRouter's own package, its validation on: an answer that lacks a field is thrown. */

let stage: Stage
let client: OpenRouter
beforeAll(async () => {
  stage = await openStage()
  client = new OpenRouter({ apiKey: stage.gateway.key, serverURL: stage.baseUrl, retryConfig: { strategy: 'none' } })
})
afterAll(() => stage.stop())

async function send(responsesRequest: ResponsesRequest): Promise<OpenResponsesResult> {
  const result = await client.responses.send({ responsesRequest: { ...responsesRequest, stream: false } })
  if (!('output' in result)) throw new Error('a stream, which was not asked for')
  return result
}

async function stream(responsesRequest: ResponsesRequest): Promise<StreamEvents[]> {
  const result = await client.responses.send({ responsesRequest: { ...responsesRequest, stream: true } })
  if ('output' in result) throw new Error('no stream, which was asked for')
  const events: StreamEvents[] = []
  for await (const event of result) events.push(event)
  return events
}

const TOOLS: ResponsesRequest['tools'] = [{ type: 'function', name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] } }]

describe.each(SIDES)('@openrouter/sdk responses against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { outputText, usage, status, model } = await send({ model: side.model, input: QUESTION })
    expect({ outputText, status, model }).toEqual({ outputText: ANSWER, status: 'completed', model: side.model })
    expect(usage).toMatchObject({ inputTokens: BILLED.prompt, outputTokens: BILLED.completion, isByok: false })
    expect(nanoOf(usage?.cost)).toBe(costNano(name))
  })

  test('the events of a stream', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const events = await stream({ model: side.model, input: QUESTION, reasoning: { effort: 'low' }, maxOutputTokens: 8000 })
    expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(ANSWER)
    const last = events.at(-1)
    expect(last?.type === 'response.completed' ? last.response.usage?.outputTokens : undefined).toBe(BILLED.completion)
  })

  test('a tool loop with reasoning: what the model did goes back as it came', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked: ResponsesRequest = { model: side.model, tools: TOOLS, reasoning: { effort: 'high' }, include: ['reasoning.encrypted_content'], maxOutputTokens: 8000 }
    const first = await send({ ...asked, input: QUESTION })
    const results = first.output.flatMap((item) => (item.type === 'function_call' ? [{ type: 'function_call_output' as const, callId: item.callId, output: RESULTS[(JSON.parse(item.arguments) as { city: string }).city] ?? '' }] : []))
    expect(results).toHaveLength(CALLS.length)
    // The package's items of output are its items of input.
    const second = await send({ ...asked, input: [{ role: 'user', content: QUESTION }, ...(first.output as InputsUnion1[]), ...results] })
    expect(second.outputText).toBe(ANSWER)
    const heard = side.provider.seen()[1]
    expect(heard?.problems).toEqual([])
    expect(heard?.heard).toMatchObject({ calls: CALLS.map((call) => ({ name: call.name, arguments: call.arguments })), results: Object.values(RESULTS), signatures: [SIGNATURE] })
  })

  test('structured output', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
    side.provider.play({ text: '{"city":"Paris"}' })
    const { outputText } = await send({ model: side.model, input: QUESTION, text: { format: { type: 'json_schema', name: 'place', schema, strict: true } } })
    expect(JSON.parse(outputText ?? '')).toEqual({ city: 'Paris' })
    expect(side.provider.first()).toMatchObject({ problems: [], heard: { schema: { type: 'object', required: ['city'] } } })
  })

  test('errors of the provider', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    expect(await failureOf(send({ model: side.model, input: QUESTION }))).toMatchObject({ name: 'TooManyRequestsResponseError', statusCode: 429, error: { code: 429, message: expect.stringContaining('Slow down') as unknown } })
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    expect(await failureOf(stream({ model: side.model, input: QUESTION }))).toMatchObject({ name: 'BadGatewayResponseError', statusCode: 502 })
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const result = await client.responses.send({ responsesRequest: { model: side.model, input: QUESTION, stream: true } })
    if ('output' in result) throw new Error('no stream, which was asked for')
    for await (const event of result) if (event.type === 'response.output_text.delta') break
    await side.provider.first().left
  })
})

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error: unknown) => error)
}

test('an error has the shape that the package knows', async () => {
  expect(await failureOf(client.responses.send({ responsesRequest: { model: 'demo/echo', input: [] } }))).toMatchObject({ name: 'BadRequestResponseError', statusCode: 400, error: { code: 400, message: expect.stringContaining('input: is empty') } })
})
