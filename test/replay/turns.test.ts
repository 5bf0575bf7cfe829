import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { problemsOfAnthropicRequest } from '../wire/anthropic-request.ts'
import { problemsOfConverseRequest } from '../wire/converse-request.ts'
import { problemsOfGeminiRequest } from '../wire/gemini-request.ts'
import { problemsOfOpenaiRequest } from '../wire/openai-request.ts'
import { problemsOfResponsesRequest } from '../wire/responses-request.ts'
import { meaningOfAnthropic } from './anthropic-meaning.ts'
import { meaningOfBedrock } from './bedrock-meaning.ts'
import { chatRequestOf } from './chat-request.ts'
import { answerText, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import { listOf, objectOf, textOf, type Meaning } from './meaning.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import { startReplay, type ReplayProvider } from './provider.ts'
import { meaningOfResponses } from './responses-meaning.ts'
import { KEEPS_OPAQUE, TURN_CLIENTS, type TurnClient } from './turn-clients.ts'

/** Each recorded answer as the first turn of a conversation of each client: what the client keeps of it and sends back is what its provider is told, and no other provider. */

const MS_MAX = 120_000

/** A provider's dialect: its recordings, what is wrong with a request to it, and what is opaque in one, in order. */
interface Side {
  readonly recordings: Exchange['dialect']
  readonly dialect: string
  readonly path: string
  readonly meaningOf: (exchange: Exchange) => Meaning
  readonly problemsOf: (body: JsonObject, model: string) => readonly string[]
  readonly opaqueIn: (body: JsonObject) => string[]
  readonly reply: JsonObject
}

const notEmpty = (list: readonly (Json | undefined)[]): string[] => list.map((one) => textOf(one)).filter((text) => text !== '')
const SIDES: readonly Side[] = [
  {
    recordings: 'openai.chat', dialect: 'openai-chat', path: '', meaningOf: meaningOfOpenai, problemsOf: problemsOfOpenaiRequest,
    opaqueIn: (body) => listOf(body['messages']).flatMap((turn) => listOf(turn['reasoning_details'])).flatMap((detail) => notEmpty([detail['signature'], detail['data']])),
    reply: { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Well.' } }] },
  },
  {
    recordings: 'anthropic.messages', dialect: 'anthropic-messages', path: '', meaningOf: meaningOfAnthropic, problemsOf: problemsOfAnthropicRequest,
    opaqueIn: (body) => listOf(body['messages']).flatMap((turn) => listOf(turn['content'])).flatMap((block) => notEmpty(block['type'] === 'thinking' ? [block['signature']] : block['type'] === 'redacted_thinking' ? [block['data']] : [])),
    reply: { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Well.' }], stop_reason: 'end_turn', usage: { input_tokens: 1, output_tokens: 1 } },
  },
  {
    recordings: 'openai.responses', dialect: 'openai-responses', path: '/v1', meaningOf: meaningOfResponses, problemsOf: problemsOfResponsesRequest,
    opaqueIn: (body) => notEmpty(listOf(body['input']).map((item) => (item['type'] === 'reasoning' ? item['encrypted_content'] : undefined))),
    reply: { object: 'response', status: 'completed', output: [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Well.', annotations: [] }] }] },
  },
  {
    recordings: 'google.generateContent', dialect: 'gemini', path: '', meaningOf: meaningOfGemini, problemsOf: problemsOfGeminiRequest,
    opaqueIn: (body) => notEmpty(listOf(body['contents']).flatMap((turn) => listOf(turn['parts'])).map((part) => (part['thoughtSignature'] === NO_SIGNATURE ? undefined : part['thoughtSignature']))),
    reply: { candidates: [{ content: { role: 'model', parts: [{ text: 'Well.' }] }, finishReason: 'STOP' }] },
  },
  {
    recordings: 'bedrock.converse', dialect: 'bedrock-converse', path: '', meaningOf: meaningOfBedrock, problemsOf: problemsOfConverseRequest,
    opaqueIn: (body) => notEmpty(listOf(body['messages']).flatMap((turn) => listOf(turn['content'])).map((block) => objectOf(block['reasoningContent'])).map((thought) => objectOf(thought['reasoningText'])['signature'] ?? Buffer.from(textOf(thought['redactedContent']), 'base64').toString())),
    reply: { output: { message: { role: 'assistant', content: [{ text: 'Well.' }] } }, stopReason: 'end_turn' },
  },
]
/** Google's own word for a call whose signature is another's. */
const NO_SIGNATURE = 'c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I='

/** Anthropic joins turns of one role by itself; and a recorded picture was cut short. */
const isMeant = (problem: string): boolean => !/follows another of user|a block of type fallback|needs mimeType and base64 data/.test(problem)

let gateway: Gateway
let provider: ReplayProvider
/** Providers of Responses go by their own names, by which it is known who can read what. */
const slugOf = (side: Side, name: string): string => (side.dialect === 'openai-responses' ? name : `${side.dialect}-${name}`)
/** Providers of chat completions that take back what they signed. */
const QUIRKS: Readonly<Record<string, string>> = { openrouter: 'reasoning_object', snowflake: 'reasoning_details' }
/** Answers that only a client of the same dialect can go on from, or that wait for more than results of functions. */
const UNLIKE = ['shell', 'apply_patch', 'mcp_approval', 'requires_action', 'tool_search', 'computer_use']
const modelOf = (side: Side, exchange: Exchange): string => `test/${side.dialect}-${exchange.provider}-${recordedModel(exchange).replaceAll(/[^\w.-]/g, '-')}`
const OTHER_MODELS: Readonly<Record<string, string>> = { 'openai-chat': 'gpt-4.1', 'anthropic-messages': 'claude-sonnet-4-5', 'openai-responses': 'gpt-5', 'gemini': 'gemini-3-pro-preview', 'bedrock-converse': 'anthropic.claude-sonnet-4-5-20250929-v1:0' }

/** The functions that the recorded request declared, by names that every dialect takes. */
function toolsOf(exchange: Exchange): JsonObject[] {
  const tools = listOf(chatRequestOf(exchange, '')['tools']).map((tool) => objectOf(tool['function'])).filter((fn) => /^[a-zA-Z_][\w-]{0,63}$/.test(textOf(fn['name'])))
  return tools.map((fn) => ({ name: fn['name'], parameters: { type: 'object', properties: {} } }))
}

async function send(client: TurnClient, model: string, stream: boolean, body: JsonObject): Promise<{ readonly status: number; readonly text: string; readonly warnings: string }> {
  const response = await fetch(gateway.url + client.path(model, stream), { method: 'POST', headers: { 'authorization': `Bearer ${gateway.key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { status: response.status, text: await response.text(), warnings: response.headers.get('x-switchyard-warnings') ?? '' }
}

/** Answers that a conversation can go on from: whole, of a function that was declared, with arguments that are an object. */
function goesOn(side: Side, exchange: Exchange): boolean {
  if (exchange.response.status !== 200 || UNLIKE.some((feature) => exchange.features.includes(feature))) return false
  if (side.dialect === 'bedrock-converse' && exchange.features.includes('code_execution')) return false
  const meaning = side.meaningOf(exchange)
  const [choice] = meaning.choices
  if (meaning.failed || !choice || meaning.choices.length > 1) return false
  const names = new Set(toolsOf(exchange).map((tool) => tool['name']))
  return choice.tools.every((tool) => isObject(tool.arguments) && names.has(tool.name))
}

describeShared('a second turn', () => {
  beforeAll(async () => {
    provider = await startReplay()
    const recorded = SIDES.flatMap((side) => [...new Set(exchangesOf(side.recordings).map((one) => one.provider))].map((name) => {
      const models = new Map(exchangesOf(side.recordings).filter((one) => one.provider === name).map((one) => [modelOf(side, one), recordedModel(one)]))
      return { slug: slugOf(side, name), dialect: side.dialect, baseUrl: provider.url + side.path, more: side.dialect === 'openai-chat' && Object.hasOwn(QUIRKS, name) ? [`quirks: [${QUIRKS[name]}]`] : [], models: [...models].map(([id, upstreamId]) => ({ id, upstreamId, outputs: ['text', 'image', 'audio'] })) }
    }))
    const others = SIDES.map((side) => ({ slug: `other-${side.dialect}`, dialect: side.dialect, baseUrl: provider.url + side.path, models: [{ id: `other-${side.dialect}/model`, upstreamId: OTHER_MODELS[side.dialect] ?? '' }] }))
    gateway = await startGateway({ config: configOf([...recorded, ...others], ['egress: { enabled: false }']) })
  }, MS_MAX)
  afterAll(async () => {
    await gateway?.stop()
    await provider?.stop()
  })

  for (const client of TURN_CLIENTS) {
    describe(client.name, () => {
      // A client of Messages has Claude on Bedrock told in its own words (InvokeModel).
      for (const side of SIDES.filter((one) => !(client.name === 'messages' && one.dialect === 'bedrock-converse'))) {
        test(`${side.recordings}: its provider gets its own back, valid and in order; others do not`, async () => {
          let opaque = 0
          for (const exchange of exchangesOf(side.recordings).filter((one) => goesOn(side, one))) opaque += await converse(client, side, exchange)
          if (KEEPS_OPAQUE.has(client.name) && side.dialect !== 'openai-chat') expect(opaque).toBeGreaterThan(5)
        }, MS_MAX)
      }
    })
  }

  test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
})

/** Both turns, then the second to every other dialect. Gives how many opaque pieces came back. */
async function converse(client: TurnClient, side: Side, exchange: Exchange): Promise<number> {
  const model = modelOf(side, exchange)
  const stream = isStream(exchange)
  const first = client.first(model, stream, toolsOf(exchange))
  provider.play(exchange)
  const answer = await send(client, model, stream, first)
  const at = { id: exchange.id }
  expect({ ...at, status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({ ...at, status: 200, text: '' })
  const kept = client.kept(answer.text, stream)
  const written = side.meaningOf(exchange).choices[0]?.opaque ?? []
  // Cohere has no message that says nothing.
  const turn = isObject(kept.turn) ? kept.turn : {}
  if (client.name === 'cohere' && listOf(turn['content']).length === 0 && kept.calls.length === 0) return 0
  const second = client.second(first, kept)
  provider.play(exchange)
  const again = await send(client, model, stream, second)
  expect({ ...at, status: again.status, text: again.status === 200 ? '' : again.text }).toEqual({ ...at, status: 200, text: '' })
  const body = provider.seen()[0]?.body ?? {}
  expect({ ...at, problems: side.problemsOf(body, recordedModel(exchange)).filter(isMeant) }).toEqual({ ...at, problems: [] })
  const back = side.opaqueIn(body)
  // A client with no place for it sends nothing of it, and nobody makes it up.
  const [choice] = side.meaningOf(exchange).choices
  // Thoughts that led to nothing that could be said are left out, and that is said.
  const isIdle = back.length === 0 && choice?.text.trim() === '' && choice.refusal === '' && choice.tools.length === 0 && again.warnings !== ''
  const keeps = KEEPS_OPAQUE.has(client.name)
  const wanted = keeps && !isIdle ? written : []
  // Of what a provider's own tools did more is signed than the plainest reading of it has.
  const others = back.filter((piece) => !written.includes(piece))
  expect({ ...at, back: keeps ? back.filter((piece) => written.includes(piece)) : [], unwritten: others.filter((piece) => !answerText(exchange).includes(piece)) }).toEqual({ ...at, back: [...wanted], unwritten: [] })
  // OpenRouter passes on what others encrypted, by its format: who wrote it can read it.
  if (side.dialect !== 'openai-chat' || written.length === 0) await toOthers(client, side, exchange, second, written)
  return back.length
}

async function toOthers(client: TurnClient, side: Side, exchange: Exchange, second: JsonObject, written: readonly string[]): Promise<void> {
  for (const other of SIDES.filter((one) => one !== side && !(client.name === 'messages' && one.dialect === 'bedrock-converse') && !(one.dialect === 'bedrock-converse' && side.dialect === 'anthropic-messages') && !(one.dialect === 'anthropic-messages' && side.dialect === 'bedrock-converse'))) {
    const model = `other-${other.dialect}/model`
    provider.play({ ...exchange, response: { status: 200, headers: { 'content-type': 'application/json' }, body: other.reply } })
    const told = await send(client, model, false, { ...second, ...(client.name === 'gemini' ? {} : { model, stream: false }) })
    const at = { id: exchange.id, to: other.dialect }
    expect({ ...at, status: told.status, text: told.status === 200 ? '' : told.text }).toEqual({ ...at, status: 200, text: '' })
    const { text = '', body = {} } = provider.seen()[0] ?? {}
    expect({ ...at, problems: other.problemsOf(body, OTHER_MODELS[other.dialect] ?? '').filter(isMeant) }).toEqual({ ...at, problems: [] })
    expect({ ...at, opaque: other.opaqueIn(body), leaked: written.filter((piece) => piece.length > 20 && text.includes(piece)) }).toEqual({ ...at, opaque: [], leaked: [] })
    if (written.length > 0 && KEEPS_OPAQUE.has(client.name) && other.dialect !== 'openai-chat') expect({ ...at, warnings: told.warnings }).toEqual({ ...at, warnings: expect.stringMatching(/reasoning|another provider|messages|input/) as unknown as string })
  }
}
