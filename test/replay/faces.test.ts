import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isObject, parseObject, type JsonObject } from '../../src/core/json.ts'
import { FACES, type Told } from '../clients/faces.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { meaningOfAnthropic } from './anthropic-meaning.ts'
import { chatRequestOf } from './chat-request.ts'
import { exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import { billNano, listOf, numberOf, type Meaning } from './meaning.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'

/** Recordings of the three great dialects for clients of every other: the same meaning comes out. */

const MS_MAX = 60_000
const SUITES: readonly { readonly recordings: Exchange['dialect']; readonly dialect: string; readonly meaningOf: (exchange: Exchange) => Meaning }[] = [
  { recordings: 'openai.chat', dialect: 'openai-chat', meaningOf: meaningOfOpenai },
  { recordings: 'anthropic.messages', dialect: 'anthropic-messages', meaningOf: meaningOfAnthropic },
  { recordings: 'google.generateContent', dialect: 'gemini', meaningOf: meaningOfGemini },
]

let gateway: Gateway
let provider: ReplayProvider
const modelOf = (dialect: string, exchange: Exchange): string => `${dialect}-${exchange.provider}/${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`

/** The functions that the recorded request declared: Gemini's answers are read by them. */
function toolsOf(exchange: Exchange): JsonObject[] {
  const tools = listOf(chatRequestOf(exchange, '')['tools']).filter((tool) => isObject(tool['function']) && /^[\w-]{1,64}$/.test(String(tool['function']['name'])))
  return tools.map((tool) => ({ type: 'function', function: { name: (tool['function'] as JsonObject)['name'], parameters: { type: 'object' } } }))
}

describeShared('recordings for clients of other dialects', () => {
  beforeAll(async () => {
    provider = await startReplay()
    const providers = SUITES.flatMap(({ recordings, dialect }) => [...new Set(exchangesOf(recordings).map((exchange) => exchange.provider))].map((name) => {
      const models = new Map(exchangesOf(recordings).filter((one) => one.provider === name).map((one) => [modelOf(dialect, one), recordedModel(one)]))
      return { slug: `${dialect}-${name}`, dialect, baseUrl: provider.url, models: [...models].map(([id, upstreamId]) => ({ id, upstreamId, outputs: ['text', 'image', 'audio'] })) }
    }))
    gateway = await startGateway({ config: configOf(providers) })
  }, MS_MAX)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  for (const face of FACES) {
    describe(face.name, () => {
      for (const { recordings, dialect, meaningOf } of SUITES) {
        test(recordings, async () => {
          for (const exchange of exchangesOf(recordings)) {
            const meaning = meaningOf(exchange)
            const stream = isStream(exchange)
            provider.play(exchange)
            const model = modelOf(dialect, exchange)
            const response = await fetch(gateway.url + face.path(model, stream), { method: 'POST', headers: { authorization: `Bearer ${gateway.key}` }, body: JSON.stringify(face.body(model, 'Hello.', stream, toolsOf(exchange))) })
            const text = await response.text()
            const at = { id: exchange.id, status: response.status }
            expect({ ...at, asked: provider.seen().length }).toEqual({ ...at, asked: 1 })
            if (exchange.response.status >= 400 || (meaning.failed && response.status >= 400)) {
              expect({ ...at, text }).toEqual({ ...at, text: expect.stringContaining('error') as unknown as string })
              expect(response.status).toBeGreaterThanOrEqual(400)
              continue
            }
            expect({ ...at, text: response.status === 200 ? '' : text }).toEqual({ id: exchange.id, status: 200, text: '' })
            const told = face.told(stream ? face.pieces(text) : [parseObject(text) ?? {}], stream)
            if (meaning.failed) expect({ ...at, error: told.error }).toEqual({ ...at, error: expect.any(String) as unknown as string })
            else compare(exchange.id, told, meaning, face.finishes(meaning.choices[0]?.finish ?? ''), Object.hasOwn(face.body('', '', false), 'tools'))
          }
        }, MS_MAX)
      }
    })
  }

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

function compare(id: string, told: Told, meaning: Meaning, finishes: readonly string[], hasTools: boolean): void {
  const choice = meaning.choices[0]
  if (!choice) return
  // A refusal is text to dialects that have no word for it.
  expect({ id, text: told.text }).toEqual({ id, text: choice.text + choice.refusal })
  if (choice.reasoning !== '') expect({ id, thinking: told.thinking }).toEqual({ id, thinking: choice.reasoning })
  const isSayable = choice.tools.every((tool) => isObject(tool.arguments))
  if (hasTools && isSayable) expect({ id, calls: told.calls }).toEqual({ id, calls: [...choice.tools] })
  if (isSayable) expect({ id, finishes, finish: told.finish }).toEqual({ id, finishes, finish: finishes.find((finish) => finish === told.finish) ?? `one of ${finishes.join()}` })
  if (meaning.usage) expect({ id, cost: Math.round(numberOf(told.usage['cost']) * 1e9) }).toEqual({ id, cost: billNano(meaning.usage.prompt, meaning.usage.completion, meaning.charged) })
}
