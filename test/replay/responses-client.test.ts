import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isObject, parseObject, type JsonObject } from '../../src/core/json.ts'
import { problemsOfError, validateSchema } from '../openapi.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { meaningOfAnthropic } from './anthropic-meaning.ts'
import { chatRequestOf } from './chat-request.ts'
import { clean } from './chat-parts.ts'
import { dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import { listOf, objectOf, textOf, type Meaning } from './meaning.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'
import { meaningOfResponse } from './responses-meaning.ts'

/** Recordings of every other dialect through the gateway by a client of the Responses API: the same meaning comes out. */

const MS_MAX = 20_000
const SUITES: readonly { readonly recordings: Exchange['dialect']; readonly dialect: string; readonly meaningOf: (exchange: Exchange) => Meaning }[] = [
  { recordings: 'openai.chat', dialect: 'openai-chat', meaningOf: meaningOfOpenai },
  { recordings: 'anthropic.messages', dialect: 'anthropic-messages', meaningOf: meaningOfAnthropic },
  { recordings: 'google.generateContent', dialect: 'gemini', meaningOf: meaningOfGemini },
]

let gateway: Gateway
let provider: ReplayProvider
const providers = new Map(SUITES.flatMap(({ recordings, dialect }) => exchangesOf(recordings).map((exchange) => [`${dialect}-${exchange.provider}`, { dialect, provider: exchange.provider }] as const)))
const modelOf = (dialect: string, exchange: Exchange): string => `${dialect}-${exchange.provider}/${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`

/** A chat request as one of the Responses API: what has no word there is left out. */
function requestOf(exchange: Exchange, model: string): JsonObject {
  const chat = chatRequestOf(exchange, model)
  const format = objectOf(objectOf(chat['response_format'])['json_schema'])
  const tools = listOf(chat['tools']).filter((tool) => isObject(tool['function'])).map((tool) => ({ type: 'function', ...objectOf(tool['function']) }))
  return clean({
    model, stream: chat['stream'], input: listOf(chat['messages']).flatMap(itemsOf), include: ['reasoning.encrypted_content'],
    tools: tools.length > 0 ? tools : undefined, max_output_tokens: chat['max_tokens'] ?? chat['max_completion_tokens'], modalities: chat['modalities'],
    text: isObject(chat['response_format']) && chat['response_format']['type'] === 'json_schema' ? { format: { type: 'json_schema', ...format } } : undefined,
  })
}

function itemsOf(message: JsonObject): JsonObject[] {
  const { role, content } = message
  const parts = Array.isArray(content) ? listOf(content).flatMap(partOf) : content
  if (role === 'tool') return [{ type: 'function_call_output', call_id: message['tool_call_id'], output: parts ?? '' }]
  if (role === 'function') return []
  if (role !== 'assistant') return [{ role, content: Array.isArray(parts) && parts.length === 0 ? '(left out)' : parts ?? '' }]
  const text = typeof content === 'string' ? content : listOf(content).map((part) => textOf(part['text'])).join('')
  const calls = listOf(message['tool_calls']).filter((call) => isObject(call['function']))
  return [
    ...(text === '' && calls.length > 0 ? [] : [{ role, content: text }]),
    ...calls.map((call) => ({ type: 'function_call', call_id: call['id'], name: objectOf(call['function'])['name'], arguments: objectOf(call['function'])['arguments'] ?? '{}' })),
  ]
}

function partOf(part: JsonObject): JsonObject[] {
  if (part['type'] === 'text') return [{ type: 'input_text', text: part['text'] }]
  if (part['type'] === 'image_url') return [{ type: 'input_image', detail: 'auto', image_url: objectOf(part['image_url'])['url'] }]
  return part['type'] === 'file' ? [{ type: 'input_file', ...objectOf(part['file']) }] : []
}

describeShared('recordings of other dialects for a client of the Responses API', () => {
  beforeAll(async () => {
    provider = await startReplay()
    gateway = await startGateway({
      config: configOf([...providers].map(([slug, { dialect, provider: name }]) => {
        const suite = SUITES.find((one) => one.dialect === dialect)
        const models = new Map(exchangesOf(suite?.recordings ?? 'openai.chat').filter((one) => one.provider === name).map((one) => [modelOf(dialect, one), recordedModel(one)]))
        return { slug, dialect, baseUrl: provider.url, models: [...models].map(([id, upstreamId]) => ({ id, upstreamId, outputs: ['text', 'image', 'audio'] })) }
      })),
    })
  }, 60_000)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  for (const { recordings, dialect, meaningOf } of SUITES) {
    describe(recordings, () => {
      for (const exchange of exchangesOf(recordings)) {
        test(exchange.id, async () => {
          const meaning = meaningOf(exchange)
          provider.play(exchange)
          const model = modelOf(dialect, exchange)
          const response = await gateway.api('/responses', requestOf(exchange, model))
          const text = await response.text()
          if (provider.seen().length === 0) return expect(response.status).toBe(400) // the contract refuses it; the suite of its own dialect says why
          if (exchange.response.status >= 400 || (meaning.failed && response.status >= 400)) return expect(problemsOfError(parseObject(text))).toEqual([])
          expect({ status: response.status, text: response.status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
          const said = isStream(exchange) ? lastOf(dataOf(text), model) : (parseObject(text) ?? {})
          expect(validateSchema('OpenResponsesResult', said)).toEqual([])
          expect(said).toMatchObject({ object: 'response', model, status: statusOf(meaning) })
          if (!meaning.failed) compare(meaningOfResponse(said, false), meaning)
        }, MS_MAX)
      }
    })
  }

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

function statusOf(meaning: Meaning): string {
  if (meaning.failed) return 'failed'
  const finish = meaning.choices[0]?.finish
  return finish === 'length' || finish === 'content_filter' ? 'incomplete' : 'completed'
}

/** The last response of a stream whose events are all as the document says, and come to what the last one has. */
function lastOf(events: readonly JsonObject[], model: string): JsonObject {
  // Of parts of thoughts the document says that they may be there, and in the same breath that they may not.
  const documented = events.filter((event) => objectOf(event['part'])['type'] !== 'reasoning_text')
  expect(documented.flatMap((event) => validateSchema('StreamEvents', event).map((problem) => `${String(event['type'])}: ${problem}`))).toEqual([])
  expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at))
  expect(events.slice(0, 2).map((event) => event['type'])).toEqual(['response.created', 'response.in_progress'])
  const last = objectOf(events.at(-1)?.['response'])
  expect(last['model']).toBe(model)
  expect<unknown>(grown(events)).toEqual(listOf(last['output']))
  return last
}

/** Output items put together from the events alone, as a client does that never looks at the last one. */
function grown(events: readonly JsonObject[]): JsonObject[] {
  const output: JsonObject[] = []
  const texts = new Map<string, string>()
  for (const event of events) {
    const at = Number(event['output_index'])
    const part = `${at} ${String(event['content_index'] ?? event['summary_index'] ?? 0)} ${String(event['type']).replace(/\.(delta|done)$/, '')}`
    if (event['type'] === 'response.output_item.added') expect(output.push(objectOf(event['item']))).toBe(at + 1)
    if (event['item_id'] !== undefined) expect<unknown>(event['item_id']).toBe(objectOf(output[at])['id'])
    if (typeof event['delta'] === 'string') texts.set(part, (texts.get(part) ?? '') + event['delta'])
    const whole = event['text'] ?? event['arguments'] ?? event['refusal'] ?? event['input']
    // A call without arguments has none in its deltas, and an object of none in the end.
    if (typeof whole === 'string') expect(texts.get(part)?.trim() || '{}').toBe(whole.trim() || '{}')
    if (event['type'] === 'response.output_item.done') output[at] = objectOf(event['item'])
  }
  return output
}

function compare(said: Meaning, expected: Meaning): void {
  const [one] = said.choices
  const [other] = expected.choices
  const plain = (choice: typeof one): unknown => choice && { ...choice, opaque: undefined, images: choice.images.map((image) => image.slice(image.indexOf(',') + 1)), text: choice.text, finish: statusOf({ choices: [choice], usage: undefined, failed: false }) }
  // A provider may show its reasoning in the details only, which is more than the plainest reading of it has.
  expect(plain(one && other?.reasoning === '' ? { ...one, reasoning: '' } : one)).toEqual(plain(other))
  // What is signed travels sealed; nothing of it is lost.
  const sealed = (one?.opaque ?? []).map((data) => (data.startsWith('swr1.') ? Buffer.from(data.slice(5), 'base64url').toString() : data)).join('\n')
  for (const data of other?.opaque ?? []) expect(sealed).toContain(JSON.stringify(data).slice(1, -1))
  if (expected.usage) expect(said.usage).toEqual(expected.usage)
}
