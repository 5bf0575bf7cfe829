import { afterAll, beforeAll, expect, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { objectOf } from './meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'

/** Cohere's recordings through the gateway in their own dialect: what the contract does not rewrite comes out as it went in. */

const exchanges = exchangesOf('cohere.chat')
const models = new Map(exchanges.map((exchange) => [recordedModel(exchange), `test/${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`]))

let gateway: Gateway
let provider: ReplayProvider

const requestOf = (exchange: Exchange): JsonObject => ({ ...(exchange.request.body ?? { messages: [{ role: 'user', content: 'Hello.' }] }), model: models.get(recordedModel(exchange)), stream: isStream(exchange) })

async function send(exchange: Exchange, pieceBytes?: number): Promise<Response> {
  provider.play(exchange, pieceBytes === undefined ? {} : { pieceBytes })
  return fetch(`${gateway.url}/v2/chat`, { method: 'POST', headers: { authorization: `Bearer ${gateway.key}` }, body: JSON.stringify(requestOf(exchange)) })
}

/** Without what is ours: the id of the call, and what it cost. */
function plain(piece: JsonObject): JsonObject {
  const { id: _id, usage, delta, ...rest } = piece
  const withoutCost = (holder: JsonObject): JsonObject => {
    const { cost: _cost, cost_details: _details, is_byok: _byok, ...counts } = holder
    return counts
  }
  const inner = objectOf(delta)
  return { ...rest, ...(usage === undefined ? {} : { usage: withoutCost(objectOf(usage)) }), ...(delta === undefined ? {} : { delta: inner['usage'] === undefined ? inner : { ...inner, usage: withoutCost(objectOf(inner['usage'])) } }) }
}

describeShared('recordings of cohere.chat in their own dialect', () => {
  beforeAll(async () => {
    provider = await startReplay()
    gateway = await startGateway({ config: configOf([{ slug: 'host', dialect: 'cohere', baseUrl: provider.url, models: [...models].map(([upstreamId, id]) => ({ id, upstreamId })) }]) })
  }, 60_000)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  for (const exchange of exchanges) {
    test(exchange.id, async () => {
      const response = await send(exchange)
      const text = await response.text()
      expect(provider.seen().map((seen) => seen.body)).toEqual([{ ...requestOf(exchange), model: recordedModel(exchange) }])
      if (exchange.response.status >= 400) return expect(parseObject(text)).toMatchObject({ message: expect.any(String) as unknown })
      expect({ status: response.status, text: response.status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
      const pieces = isStream(exchange) ? dataOf(text) : [parseObject(text) ?? {}]
      const recorded = isStream(exchange) ? dataOf(exchange.response.sse ?? '') : [objectOf(exchange.response.body)]
      expect(pieces.map(plain)).toEqual(recorded.map(plain))
      const end = pieces.at(-1) ?? {}
      expect(objectOf(objectOf(end['delta'])['usage'] ?? end['usage'])['cost']).toBeNumber()
      expect(pieces[0]?.['id']).toMatch(/^gen-\d+-/)
      if (isStream(exchange)) expect(dataOf(await (await send(exchange, 1)).text()).map(plain)).toEqual(recorded.map(plain))
    }, 20_000)
  }
})
