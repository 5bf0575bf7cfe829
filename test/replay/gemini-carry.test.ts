import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { openStage, type Stage } from '../clients/stage.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import { listOf, objectOf } from './meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'

/** Every recording through the gateway in its own dialect: what the contract does not rewrite comes out as it went in. */

const MS_MAX = 20_000
const exchanges = exchangesOf('google.generateContent')
const models = new Map(exchanges.map((exchange) => [recordedModel(exchange), `test/${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`]))
const modelOf = (exchange: Exchange): string => models.get(recordedModel(exchange)) ?? ''

const methodOf = (exchange: Exchange): string => (isStream(exchange) ? 'streamGenerateContent?alt=sse' : 'generateContent')
const requestOf = (exchange: Exchange): JsonObject => exchange.request.body ?? { contents: [{ role: 'user', parts: [{ text: 'Hello.' }] }] }

/** Recorded requests that Google refused for what we refuse before it is asked. */
const REFUSED = /contents: |functionResponse: no functionCall/

let gateway: Gateway
let provider: ReplayProvider

async function send(exchange: Exchange, pieceBytes?: number): Promise<Response> {
  provider.play(exchange, pieceBytes === undefined ? {} : { pieceBytes })
  return fetch(`${gateway.url}/v1beta/models/${modelOf(exchange)}:${methodOf(exchange)}`, { method: 'POST', headers: { 'x-goog-api-key': gateway.key }, body: JSON.stringify(requestOf(exchange)) })
}

/** A chunk without what is ours: who answers, by which id, at what cost. */
function plain(chunk: JsonObject): JsonObject {
  const { modelVersion: _model, responseId: _id, usageMetadata: usage, ...rest } = chunk
  if (usage === undefined) return rest
  const { cost: _cost, cost_details: _details, is_byok: _byok, estimated: _estimated, ...counts } = objectOf(usage)
  return { ...rest, usageMetadata: counts }
}

function checkOurs(exchange: Exchange, chunks: readonly JsonObject[]): void {
  for (const chunk of chunks) expect(chunk).toMatchObject({ modelVersion: modelOf(exchange), responseId: expect.stringMatching(/^gen-\d+-/) as unknown })
  const { usage } = meaningOfGemini(exchange)
  const told = objectOf(chunks.at(-1)?.['usageMetadata'])
  if (usage) expect(Math.round(Number(told['cost']) * 1e9)).toBe(usage.prompt * 1_000 + usage.completion * 4_000)
}

describeShared('recordings of google.generateContent in their own dialect', () => {
  beforeAll(async () => {
    provider = await startReplay()
    gateway = await startGateway({ config: configOf([{ slug: 'host', dialect: 'gemini', baseUrl: provider.url, models: [...models].map(([upstreamId, id]) => ({ id, upstreamId, outputs: ['text', 'image', 'audio'] })) }]) })
  }, 60_000)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  test('there are some', () => expect(exchanges.length).toBeGreaterThan(200))

  for (const exchange of exchanges) {
    test(exchange.id, async () => {
      const response = await send(exchange)
      const text = await response.text()
      if (provider.seen().length === 0) return expect([response.status, text]).toEqual([400, expect.stringMatching(REFUSED)])
      expect(provider.seen().map((seen) => [seen.url, seen.body])).toEqual([[`/v1beta/models/${recordedModel(exchange)}:${methodOf(exchange)}`, requestOf(exchange)]])
      if (exchange.response.status >= 400) return expect([response.status, parseObject(text)]).toMatchObject([exchange.response.status, { error: { code: exchange.response.status, status: expect.any(String) as unknown } }])
      expect({ status: response.status, text: response.status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
      const chunks = isStream(exchange) ? dataOf(text) : [parseObject(text) ?? {}]
      const recorded = isStream(exchange) ? dataOf(exchange.response.sse ?? '') : [objectOf(exchange.response.body)]
      expect(chunks.map(plain)).toEqual(recorded.map((chunk, at) => (at === recorded.length - 1 && chunk['usageMetadata'] === undefined ? { ...plain(chunk), usageMetadata: expect.anything() as unknown as JsonObject } : plain(chunk))))
      checkOurs(exchange, chunks)
    }, MS_MAX)
  }

  describe('however the stream is cut', () => {
    for (const exchange of exchanges.filter((one) => isStream(one) && one.response.status === 200)) {
      test(exchange.id, async () => {
        const whole = dataOf(await (await send(exchange)).text()).map(plain)
        for (const pieceBytes of (exchange.response.sse?.length ?? 0) < 20_000 ? [1, 61] : [61]) expect(dataOf(await (await send(exchange, pieceBytes)).text()).map(plain)).toEqual(whole)
      }, 2 * MS_MAX)
    }
  })

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

describeShared("recorded requests of Google's clients, told to providers of other dialects", () => {
  let stage: Stage
  beforeAll(async () => { stage = await openStage() }, 60_000)
  afterAll(() => stage.stop())

  for (const name of ['anthropic', 'openai-chat'] as const) {
    test(name, async () => {
      const side = stage.side(name)
      let heard = 0
      for (const exchange of exchanges.filter((one) => one.request.body !== null && one.response.status === 200)) {
        side.provider.play({ text: 'Fine.' })
        const body = requestOf(exchange)
        const response = await fetch(`${stage.gateway.url}/v1beta/models/${side.model}:generateContent`, { method: 'POST', headers: { 'x-goog-api-key': stage.gateway.key }, body: JSON.stringify(body) })
        const text = await response.text()
        const [request] = side.provider.seen()
        // What a provider cannot take at all (a film, a file of Google's) is refused, and says where.
        if (!request) expect({ id: exchange.id, status: response.status, text }).toMatchObject({ status: expect.any(Number) as unknown, text: expect.stringMatching(/video|audio|file|image|modalit|endpoint|schema/i) as unknown })
        else {
          heard++
          expect({ id: exchange.id, problems: request.problems }).toEqual({ id: exchange.id, problems: [] })
          const parts = listOf(body['contents']).flatMap((content) => listOf(content['parts']))
          expect({ id: exchange.id, calls: request.heard.calls }).toEqual({ id: exchange.id, calls: parts.flatMap((part) => (part['functionCall'] ? [{ name: objectOf(part['functionCall'])['name'] as string, arguments: objectOf(part['functionCall'])['args'] ?? {} }] : [])) })
        }
      }
      expect(heard).toBeGreaterThan(150)
    }, 60_000)
  }
})
