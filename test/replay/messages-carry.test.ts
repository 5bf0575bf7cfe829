import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { parseObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { validateSchema } from '../openapi.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { meaningOfAnthropic } from './anthropic-meaning.ts'
import { dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { listOf, objectOf } from './meaning.ts'
import { foldEvents, meaningOfMessage } from './messages-meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'

/** Every recording through the gateway in its own dialect: what the contract does not rewrite comes out as it went in. */

const MS_MAX = 20_000
const exchanges = exchangesOf('anthropic.messages')
const models = new Map(exchanges.map((exchange) => [recordedModel(exchange), `test/${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`]))
const modelOf = (exchange: Exchange): string => models.get(recordedModel(exchange)) ?? ''

let gateway: Gateway
let provider: ReplayProvider

function requestOf(exchange: Exchange): JsonObject {
  return { ...(exchange.request.body ?? { max_tokens: 64_000, messages: [{ role: 'user', content: 'Hello.' }] }), model: modelOf(exchange), stream: isStream(exchange) }
}

async function send(exchange: Exchange, pieceBytes?: number): Promise<Response> {
  provider.play(exchange, pieceBytes === undefined ? {} : { pieceBytes })
  return gateway.api('/messages', requestOf(exchange))
}

/** Fields that are ours, and those that the contract always shows, as null where the provider left them out. */
function plain(message: JsonObject): JsonObject {
  const { id: _id, model: _model, provider: _provider, usage: _usage, ...rest } = message
  return withoutNulls(rest)
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined))
}

/** The provider's counters, with their nulls left out; ours are checked by themselves. */
function counters(usage: Json | undefined): JsonObject {
  const { cost: _cost, cost_details: _details, is_byok: _byok, server_tool_use: tools, ...rest } = objectOf(usage)
  // A counter that is left out counts nothing.
  const used = Object.entries(objectOf(tools)).filter(([, count]) => count !== 0)
  return withoutNulls({ ...rest, ...(used.length > 0 ? { server_tool_use: Object.fromEntries(used) } : {}) })
}

function plainEvent(event: JsonObject): JsonObject {
  const more = event['usage'] === undefined ? {} : { usage: counters(event['usage']) }
  if (event['type'] === 'message_start') return { ...event, message: { ...plain(objectOf(event['message'])), usage: counters(objectOf(event['message'])['usage']) } }
  return event['type'] === 'message_delta' ? { ...event, delta: withoutNulls(objectOf(event['delta'])), ...more } : event
}

const lengthOf = (exchange: Exchange): number => exchange.response.sse?.length ?? 0

const ENDS: ReadonlySet<unknown> = new Set(['message_delta', 'message_stop'])

describeShared('recordings of anthropic.messages in their own dialect', () => {
  beforeAll(async () => {
    provider = await startReplay()
    gateway = await startGateway({ config: configOf([{ slug: 'host', dialect: 'anthropic-messages', baseUrl: provider.url, models: [...models].map(([upstreamId, id]) => ({ id, upstreamId })) }]) })
  }, 60_000)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  test('there are some', () => expect(exchanges.length).toBeGreaterThan(200))

  describe('the provider is told what the client said', () => {
    for (const exchange of exchanges.filter((one) => one.request.body !== null)) {
      test(exchange.id, async () => {
        await (await send(exchange)).text()
        expect(provider.seen()).toHaveLength(1)
        expect(provider.seen()[0]?.body).toEqual({ ...requestOf(exchange), model: recordedModel(exchange) } as JsonObject)
      }, MS_MAX)
    }
  })

  describe('the client is told what the provider said', () => {
    for (const exchange of exchanges) {
      test(exchange.id, async () => {
        const meaning = meaningOfAnthropic(exchange)
        const response = await send(exchange)
        const text = await response.text()
        if (exchange.response.status >= 400 || (meaning.failed && response.status >= 400)) return checkError(response.status, text)
        expect({ status: response.status, text: response.status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
        if (isStream(exchange)) checkStream(exchange, text)
        else checkReply(exchange, parseObject(text) ?? {})
      }, MS_MAX)
    }
  })

  describe('however the stream is cut', () => {
    for (const exchange of exchanges.filter((one) => isStream(one) && !meaningOfAnthropic(one).failed && lengthOf(one) < 120_000)) {
      test(exchange.id, async () => {
        const whole = dataOf(await (await send(exchange)).text()).map(plainEvent)
        for (const pieceBytes of lengthOf(exchange) < 20_000 ? [1, 61] : [61]) expect(dataOf(await (await send(exchange, pieceBytes)).text()).map(plainEvent)).toEqual(whole)
      }, 2 * MS_MAX)
    }
  })

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

function checkError(status: number, text: string): void {
  const body = parseObject(text)
  expect(validateSchema('AnthropicMessagesErrorResponse', body)).toEqual([])
  expect(body).toMatchObject({ type: 'error', request_id: expect.stringMatching(/^gen-/) as unknown })
  expect(status).toBeGreaterThanOrEqual(400)
}

function checkOurs(exchange: Exchange, message: JsonObject): void {
  expect(message).toMatchObject({ type: 'message', role: 'assistant', model: modelOf(exchange), provider: 'host', id: expect.stringMatching(/^gen-\d+-/) as unknown })
  const { usage } = meaningOfAnthropic(exchange)
  const told = objectOf(message['usage'])
  expect(Math.round(Number(told['cost']) * 1e9)).toBe((usage?.prompt ?? 0) * 1_000 + (usage?.completion ?? 0) * 4_000)
}

function checkReply(exchange: Exchange, body: JsonObject): void {
  const recorded = objectOf(exchange.response.body)
  expect(plain(body)).toEqual(plain(recorded))
  expect(counters(body['usage'])).toEqual(counters(recorded['usage']))
  expect(validateSchema('MessagesResult', { ...body, content: [] })).toEqual([])
  checkOurs(exchange, body)
}

function checkStream(exchange: Exchange, text: string): void {
  const events = dataOf(text)
  const recorded = dataOf(exchange.response.sse ?? '')
  const { message, error } = foldEvents(events)
  // What failed has no end.
  if (error) return expect(meaningOfMessage(message, true).choices[0]?.text).toBe(meaningOfAnthropic(exchange).choices[0]?.text ?? '')
  const upTo = recorded.findIndex((event) => event['type'] === 'message_stop')
  const whole = recorded.slice(0, upTo + 1).filter((event, at) => at === 0 || event['type'] !== 'message_start')
  const isEnd = (event: JsonObject): boolean => ENDS.has(event['type'])
  expect(events.filter((event) => !isEnd(event)).map(plainEvent)).toEqual(whole.filter((event) => !isEnd(event)).map(plainEvent))
  const ends = whole.filter((event) => event['type'] === 'message_delta').map(plainEvent)
  expect(events.slice(-2).map((event) => event['type'])).toEqual(['message_delta', 'message_stop'])
  // An end that the provider said within its beginning is said by us too: the cost is in it.
  if (ends.length > 0) expect(events.filter((event) => event['type'] === 'message_delta').map(plainEvent)).toEqual(ends)
  for (const event of events.filter((one) => one['type'] !== 'content_block_start' && listOf(objectOf(one['message'])['content']).length === 0 && !isUnlisted(one))) expect(validateSchema('MessagesStreamEvents', listed(event))).toEqual([])
  for (const line of text.split('\n\n').filter((frame) => frame !== '')) expect(line).toStartWith(`event: ${String(objectOf(dataOf(line)[0])['type'])}\n`)
  checkOurs(exchange, message)
}

/** The event with a provider of the document's list: an operator names its own. */
function listed(event: JsonObject): JsonObject {
  return event['type'] === 'message_start' ? { ...event, message: { ...objectOf(event['message']), provider: 'Anthropic' } } : event
}

/** Deltas that Anthropic has and the contract's document does not list. */
function isUnlisted(event: JsonObject): boolean {
  return objectOf(event['delta'])['type'] === 'compaction_delta'
}
