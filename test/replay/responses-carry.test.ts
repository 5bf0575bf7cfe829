import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isObject, parseObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { problemsOfError, validateSchema } from '../openapi.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { problemsOfResponsesRequest } from '../wire/responses-request.ts'
import { answerText, dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { listOf, numberOf, objectOf } from './meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'
import { meaningOfResponses } from './responses-meaning.ts'

/** Every recording through the gateway in its own dialect: what the contract does not rewrite comes out as it went in. */

const MS_MAX = 20_000
const exchanges = exchangesOf('openai.responses')
const MODEL = 'test/model'
const models = new Map(exchanges.map((exchange) => [recordedModel(exchange), `test/model-${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`]))
const modelOf = (exchange: Exchange): string => models.get(recordedModel(exchange)) ?? MODEL

/** What the recording asks of the provider's storage: our contract has none. */
const STATEFUL = ['previous_response_id', 'conversation', 'background', 'prompt'] as const
/** What the contract refuses, and what it says. */
function refusalOf(body: JsonObject | null): RegExp | undefined {
  if (body === null) return undefined
  if (body['store'] === true) return /^store: must be false/
  for (const field of STATEFUL) if (body[field] !== undefined && body[field] !== null && body[field] !== false) return new RegExp(`^${field}: `)
  if (typeof body['temperature'] === 'number' && body['temperature'] < 0) return /^temperature: must be/
  return undefined
}

let gateway: Gateway
let provider: ReplayProvider

/** The recorded request for our model, less what would exclude the one provider there is. */
function requestOf(exchange: Exchange): JsonObject {
  const { provider: _provider, models: _models, ...body } = exchange.request.body ?? { input: 'Hello.', include: ['reasoning.encrypted_content'] }
  return { ...body, model: modelOf(exchange), stream: isStream(exchange) }
}

async function send(exchange: Exchange, pieceBytes?: number): Promise<Response> {
  provider.play(exchange, pieceBytes === undefined ? {} : { pieceBytes })
  return gateway.api('/responses', requestOf(exchange))
}

/** A response without what the contract rewrites, and without fields that it adds where the provider had none. */
function plain(response: Json | undefined, like?: Json): JsonObject {
  const { id: _id, model: _model, usage: _usage, store: _store, user: _user, safety_identifier: _safety, previous_response_id: _previous, output_text: _text, ...rest } = objectOf(response)
  const known = like === undefined ? rest : Object.fromEntries(Object.entries(rest).filter(([field]) => objectOf(like)[field] !== undefined))
  const { completed_at: _completed, service_tier: _tier, ...left } = known
  const { text, ...other } = left
  const format = objectOf(objectOf(text)['format'])
  // OpenAI says a description that is none as null, and the contract has no such null.
  const said = format['description'] === null ? { ...objectOf(text), format: Object.fromEntries(Object.entries(format).filter(([field]) => field !== 'description')) } : text
  return { ...other, ...(said === undefined ? {} : { text: said }), status: left['status'] === 'complete' ? 'completed' : left['status'], tools: Array.isArray(left['tools']) ? left['tools'] : [] }
}

function plainEvent(event: JsonObject, recorded?: JsonObject): JsonObject {
  const { obfuscation: _padding, response, sequence_number: _number, ...rest } = event
  return isObject(response) ? { ...rest, response: plain(response, recorded && objectOf(recorded['response'])) } : rest
}

describeShared('recordings of openai.responses in their own dialect', () => {
  beforeAll(async () => {
    provider = await startReplay()
    const slug = 'host'
    const upstream = [...models].map(([upstreamId, id]) => ({ id, upstreamId, outputs: ['text', 'image'] }))
    gateway = await startGateway({ config: configOf([{ slug, dialect: 'openai-responses', baseUrl: `${provider.url}/v1/responses`, models: upstream }]) })
  }, 60_000)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  test('there are some', () => expect(exchanges.length).toBeGreaterThan(200))

  describe('what needs storage is refused, by name', () => {
    for (const exchange of exchanges.filter((one) => refusalOf(one.request.body))) {
      test(exchange.id, async () => {
        const response = await send(exchange)
        const body = parseObject(await response.text()) ?? {}
        expect(problemsOfError(body)).toEqual([])
        expect({ status: response.status, type: body['error_type'], asked: provider.seen().length }).toEqual({ status: 400, type: 'invalid_request', asked: 0 })
        expect(objectOf(body['error'])['message']).toMatch(refusalOf(exchange.request.body) ?? /never/)
      })
    }
  })

  const taken = exchanges.filter((one) => !refusalOf(one.request.body))
  describe('the provider is told what the client said', () => {
    for (const exchange of taken.filter((one) => one.request.body !== null)) {
      test(exchange.id, async () => {
        await (await send(exchange)).text()
        const [seen] = provider.seen()
        const { model, store: _store, provider: _provider, models: _models, user: _user, stream, ...said } = exchange.request.body ?? {}
        // A null means that nothing is asked of storage.
        for (const field of STATEFUL) delete said[field]
        // A tier of another price is asked for by an endpoint of that price (C39), and this one has none.
        if (said['service_tier'] === 'flex' || said['service_tier'] === 'priority') delete said['service_tier']
        expect(seen).toMatchObject({ method: 'POST', url: '/v1/responses' })
        expect(seen?.body).toEqual({ ...said, model, store: false, stream: stream ?? isStream(exchange) } as JsonObject)
        const recorded = new Set(problemsOfResponsesRequest(exchange.request.body))
        expect(problemsOfResponsesRequest(seen?.body).filter((problem) => !recorded.has(problem))).toEqual([])
      }, MS_MAX)
    }
  })

  describe('the client is told what the provider said', () => {
    for (const exchange of taken.filter((one) => one.response.status === 200)) {
      test(exchange.id, async () => {
        const meaning = meaningOfResponses(exchange)
        const response = await send(exchange)
        // What others than OpenAI encrypted has their name before it, and is else as it was.
        const text = (await response.text()).replaceAll('"encrypted_content":"sws1:host:', '"encrypted_content":"')
        if (meaning.failed) return expect(response.status).toBeGreaterThanOrEqual(400)
        expect({ status: response.status, text: response.status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
        if (isStream(exchange)) checkStream(exchange, text, response.headers.get('x-generation-id') ?? '')
        else checkReply(exchange, text)
      }, MS_MAX)
    }
  })

  describe('however the stream is cut', () => {
    for (const exchange of taken.filter((one) => isStream(one) && !meaningOfResponses(one).failed && answerText(one).length < 120_000)) {
      test(exchange.id, async () => {
        const whole = dataOf(await (await send(exchange)).text()).map((event) => plainEvent(event))
        const cut = dataOf(await (await send(exchange, 61)).text()).map((event) => plainEvent(event))
        expect(cut).toEqual(whole)
      }, MS_MAX)
    }
  })

  test('an error of the provider has the envelope of the contract', async () => {
    for (const exchange of taken.filter((one) => one.response.status >= 400)) {
      const response = await send(exchange)
      const body = parseObject(await response.text())
      expect(problemsOfError(body)).toEqual([])
      expect(body).toMatchObject({ error: { code: response.status } })
    }
  }, MS_MAX)

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

function checkReply(exchange: Exchange, text: string): void {
  const body = parseObject(text)
  const recorded = objectOf(exchange.response.body)
  expect(plain(body, recorded)).toEqual(plain(recorded))
  expect(problemsOf(body ?? {})).toEqual([])
  checkResponse(exchange, body ?? {}, recorded)
}

function checkStream(exchange: Exchange, text: string, id: string): void {
  const events = dataOf(text)
  // Said and read once more: JSON has no -0, which some parsers make of `-0.0`.
  const recorded = dataOf(exchange.response.sse ?? '').map((event) => parseObject(JSON.stringify(event)) ?? {})
  expect(events.map((event, at) => plainEvent(event, recorded[at]))).toEqual(recorded.map((event) => plainEvent(event)))
  expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => recorded[at]?.['sequence_number'] ?? at))
  expect([...text.matchAll(/^event: .*$/gm)].map((match) => match[0])).toEqual(events.map((event) => `event: ${String(event['type'])}`))
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  for (const event of events) if (isObject(event['response'])) expect({ id: event['response']['id'], model: event['response']['model'] }).toEqual({ id, model: modelOf(exchange) })
  const last = objectOf(events.at(-1)?.['response'])
  expect(problemsOf(last)).toEqual([])
  checkResponse(exchange, last, objectOf(recorded.at(-1)?.['response']))
}

/** Kinds of output that the contract's document has; others are carried beside it. */
const DOCUMENTED = new Set(['message', 'reasoning', 'function_call', 'custom_tool_call', 'web_search_call', 'file_search_call', 'image_generation_call', 'code_interpreter_call'])

function problemsOf(response: JsonObject): string[] {
  const output = listOf(response['output']).filter((item) => DOCUMENTED.has(String(item['type'])))
  // Files that a container made have a kind of citation that the document lacks, as have some tools.
  const { tools: _tools, tool_choice: _choice, ...rest } = response
  const shown = output.map((item) => (item['type'] === 'message' ? { ...item, content: listOf(item['content']).map((part) => ({ ...part, annotations: [] })) } : item['type'] === 'web_search_call' || item['type'] === 'file_search_call' ? undefined : item)).filter((item) => item !== undefined)
  return validateSchema('OpenResponsesResult', { ...rest, tools: [], tool_choice: 'auto', output: shown })
}

/** The counts are the provider's, the cost is ours: one dollar a million in and four out. */
function checkResponse(exchange: Exchange, response: JsonObject, recorded: JsonObject): void {
  const usage = objectOf(response['usage'])
  const counted = objectOf(recorded['usage'])
  expect({ model: response['model'], store: response['store'] }).toEqual({ model: modelOf(exchange), store: false })
  if (recorded['usage'] === undefined || recorded['usage'] === null) return
  expect([usage['input_tokens'], usage['output_tokens']]).toEqual([counted['input_tokens'], counted['output_tokens']])
  expect(Math.round(numberOf(usage['cost']) * 1e9)).toBe(numberOf(usage['input_tokens']) * 1000 + numberOf(usage['output_tokens']) * 4000)
}
