import { afterAll, beforeAll, expect, test } from 'bun:test'
import { isObject, parseObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { saysGemini } from '../clients/says-gemini.ts'
import { saysOpenai } from '../clients/says-openai.ts'
import { validateSchema } from '../openapi.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { problemsOfGeminiRequest } from '../wire/gemini-request.ts'
import { problemsOfOpenaiRequest } from '../wire/openai-request.ts'
import { chatRequestOf } from './chat-request.ts'
import { dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { factsOfAnthropic } from './facts.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import { listOf, objectOf, textOf, type ChoiceMeaning, type Meaning } from './meaning.ts'
import { foldEvents, meaningOfMessage } from './messages-meaning.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'

/** A client that speaks Messages, before providers that speak something else: what they say reaches it, and what it says them. */

const MS_MAX = 20_000

const FROM = [
  { recordings: 'openai.chat', dialect: 'openai-chat', meaningOf: meaningOfOpenai },
  { recordings: 'google.generateContent', dialect: 'gemini', meaningOf: meaningOfGemini },
] as const

for (const { recordings, dialect, meaningOf } of FROM) {
  const exchanges = exchangesOf(recordings).filter((exchange) => exchange.response.status === 200)
  const models = new Map(exchanges.map((exchange) => [`${exchange.provider} ${recordedModel(exchange)}`, { slug: exchange.provider, upstreamId: recordedModel(exchange) }]))
  const ids = new Map([...models.keys()].map((key, at) => [key, `test/model-${at}`]))

  describeShared(`recordings of ${recordings}, to a client that speaks Messages`, () => {
    let gateway: Gateway
    let provider: ReplayProvider
    beforeAll(async () => {
      provider = await startReplay()
      const slugs = [...new Set(exchanges.map((exchange) => exchange.provider))]
      const modelsOf = (slug: string) => [...models].filter(([, model]) => model.slug === slug).map(([key, model]) => ({ id: ids.get(key) ?? '', upstreamId: model.upstreamId, outputs: ['text', 'image', 'audio'] }))
      gateway = await startGateway({ config: configOf(slugs.map((slug) => ({ slug, dialect, baseUrl: provider.url, models: modelsOf(slug) }))) })
    }, 60_000)
    afterAll(async () => {
      await gateway?.stop()
      await provider?.stop()
    })

    for (const exchange of exchanges) {
      test(exchange.id, async () => {
        provider.play(exchange)
        const expected = meaningOf(exchange)
        const response = await gateway.api('/messages', askingFor(exchange, ids.get(`${exchange.provider} ${recordedModel(exchange)}`) ?? ''))
        const text = await response.text()
        if (response.status >= 400) {
          expect({ failed: expected.failed, problems: validateSchema('AnthropicMessagesErrorResponse', parseObject(text)) }).toEqual({ failed: true, problems: [] })
          return
        }
        compare(isStream(exchange) ? streamed(text) : replied(text), IN_DETAILS.has(exchange.id) ? withReasoning(expected, /\w+ get the weather for Mexico City\./) : expected)
      }, MS_MAX)
    }
  })
}

/** Recordings whose reasoning stands in `reasoning_details` alone, where the meaning of chat completions does not look. */
const IN_DETAILS = new Set(['openai.chat/snowflake--thinking--1'])

function withReasoning(expected: Meaning, says: RegExp): Meaning {
  return { ...expected, choices: expected.choices.map((choice) => ({ ...choice, reasoning: expect.stringMatching(says) as unknown as string })) }
}

/** A request that offers the tools of the recorded one: calls of others would not be handed out. */
function askingFor(exchange: Exchange, model: string): JsonObject {
  const tools = listOf(chatRequestOf(exchange, model)['tools']).map((tool) => objectOf(tool['function'])).filter((fn) => typeof fn['name'] === 'string')
  return {
    model, max_tokens: 64_000, stream: isStream(exchange), messages: [{ role: 'user', content: 'Hello.' }],
    ...(tools.length > 0 ? { tools: tools.map((fn) => ({ name: fn['name'], input_schema: isObject(fn['parameters']) ? fn['parameters'] : { type: 'object' } })) } : {}),
  }
}

function streamed(text: string): Meaning {
  const events = dataOf(text)
  for (const event of events) if (!hasImage(event)) expect(validateSchema('MessagesStreamEvents', listed(event))).toEqual([])
  const { message, error } = foldEvents(events)
  return meaningOfMessage(message, error !== undefined)
}

function replied(text: string): Meaning {
  const body = parseObject(text) ?? {}
  const content = listOf(body['content']).filter((block) => block['type'] !== 'image')
  expect(validateSchema('MessagesResult', { ...body, content, provider: 'Anthropic' })).toEqual([])
  return meaningOfMessage(body, false)
}

/** The document knows no picture in an answer. */
function hasImage(event: JsonObject): boolean {
  return objectOf(event['content_block'])['type'] === 'image'
}

function listed(event: JsonObject): JsonObject {
  return event['type'] === 'message_start' ? { ...event, message: { ...objectOf(event['message']), provider: 'Anthropic' } } : event
}

function compare(told: Meaning, expected: Meaning): void {
  expect(told.failed).toBe(expected.failed)
  const [choice] = told.choices
  // Messages has one answer.
  const [wanted] = expected.choices
  if (!choice || !wanted) throw new Error('no choice')
  const all = [...choice.opaque]
  expect(wanted.opaque.filter((one) => all.includes(one))).toEqual([...wanted.opaque])
  if (!expected.failed) expect(comparable(choice)).toEqual({ ...comparable(wanted), finish: wanted.refusal !== '' && wanted.finish !== 'length' ? 'content_filter' : wanted.finish })
  if (expected.usage && !expected.failed) expect(told.usage).toEqual(expected.usage)
}

function comparable(choice: ChoiceMeaning): object {
  // Arguments that are no object stand in the only field of one.
  const tools = choice.tools.map((tool) => ({ ...tool, arguments: isObject(tool.arguments) ? tool.arguments : { arguments: tool.arguments } }))
  return { text: choice.text, refusal: choice.refusal, reasoning: choice.reasoning, images: choice.images, finish: choice.finish, tools }
}

const TO = [
  { dialect: 'openai-chat', says: saysOpenai, problemsOf: problemsOfOpenaiRequest, answer: { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Well.' } }] } },
  { dialect: 'gemini', says: saysGemini, problemsOf: problemsOfGeminiRequest, answer: { candidates: [{ content: { role: 'model', parts: [{ text: 'Well.' }] }, finishReason: 'STOP' }] } },
] as const

for (const { dialect, says, problemsOf, answer } of TO) {
  const requests = exchangesOf('anthropic.messages').filter((exchange) => exchange.request.body !== null)

  describeShared(`recorded requests of Messages, to a provider that speaks ${dialect}`, () => {
    let gateway: Gateway
    let provider: ReplayProvider
    beforeAll(async () => {
      provider = await startReplay()
      // Links of recordings lead to the internet.
      gateway = await startGateway({ config: configOf([{ slug: 'other', dialect, baseUrl: provider.url, models: [{ id: 'test/other', upstreamId: 'other-1' }] }], ['egress: { enabled: false }']) })
    }, 60_000)
    afterAll(async () => {
      await gateway?.stop()
      await provider?.stop()
    })

    for (const exchange of requests) {
      test(exchange.id, async () => {
        provider.play({ ...exchange, response: { status: 200, headers: { 'content-type': 'application/json' }, body: answer } })
        const response = await gateway.api('/messages', { ...exchange.request.body, model: 'test/other', stream: false })
        if (dialect === 'gemini' && hasUpload(exchange.request.body ?? {})) {
          // A file that was uploaded to Anthropic is nowhere else.
          expect({ status: response.status, asked: provider.seen().length, text: await response.text() }).toMatchObject({ status: 400, asked: 0, text: expect.stringContaining('file_id') as unknown })
          return
        }
        expect({ status: response.status, text: response.status === 200 ? '' : await response.text() }).toEqual({ status: 200, text: '' })
        const [seen] = provider.seen()
        expect(problemsOf(seen?.body)).toEqual([])
        checkSaid(exchange.request.body ?? {}, seen?.body ?? {}, says.hear(seen?.body ?? {}))
      }, MS_MAX)
    }
  })
}

/** The blocks of a request, those within results too. */
function blocksOf(sent: JsonObject): JsonObject[] {
  const inner = (content: Json | undefined): JsonObject[] => (typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content).flatMap((block) => [block, ...inner(block['type'] === 'tool_result' ? block['content'] : undefined)]))
  return listOf(sent['messages']).flatMap((message) => inner(message['content']))
}

function hasUpload(sent: JsonObject): boolean {
  return blocksOf(sent).some((block) => objectOf(block['source'])['type'] === 'file')
}

/** What the client said is in the request: texts, calls with their arguments, results, files and tools. */
function checkSaid(sent: JsonObject, seen: JsonObject, heard: ReturnType<typeof saysOpenai.hear>): void {
  const facts = factsOfAnthropic(sent)
  const whole = JSON.stringify(seen)
  // Gemini takes the JSON object of a result as an object.
  const said = (text: string): boolean => text.trim() === '' || whole.includes(JSON.stringify(text).slice(1, -1)) || whole.includes(JSON.stringify(parseObject(`{"of":${text}}`)?.['of'] ?? text))
  expect(blocksOf(sent).filter((block) => block['type'] === 'text' && !said(textOf(block['text'])))).toEqual([])
  expect(heard.calls).toEqual(facts.calls.map((call) => ({ name: textOf((call as JsonObject)['name']), arguments: (call as JsonObject)['input'] })))
  expect(heard.results).toHaveLength(facts.results.length)
  for (const file of facts.files) expect(whole.includes(file.slice(file.indexOf(':') + 1))).toBe(true)
  const names = facts.tools.map((tool) => textOf((tool as JsonObject)['name']))
  expect(heard.tools.filter((name) => names.includes(name))).toEqual(names)
}
