import type { Call } from '../../src/core/call.ts'
import type { Cost, Event } from '../../src/core/event.ts'
import { Fault } from '../../src/core/fault.ts'
import { isObject, parseObject, type JsonObject } from '../../src/core/json.ts'
import { NO_USAGE } from '../../src/core/usage.ts'
import { FACES, type Told } from '../clients/faces.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'
import { ANSWERS, INVOKED, INVOKED_TWICE, REFUSALS, REFUSED, TWICE } from './answers.ts'
import { CLIENT, PROVIDER, type Provider, type ProviderName } from './columns.ts'
import { ANSWERED, type AnswerName, type ClientName } from './features.ts'
import type { Cell } from './measure-ask.ts'

const COST: Cost = { total: 1000n, prompt: 600n, completion: 400n, byok: false, upstream: 1000n }
const LOST: Cell = { kind: 'lost' }
const UNSAYABLE: Cell = { kind: 'unsayable' }

/** Fields by which a client lets the model think and takes what is sealed. */
export const THINKING: Readonly<Record<ClientName, JsonObject>> = {
  'openai-chat': { reasoning: { max_tokens: 2048 }, max_tokens: 6000 }, 'openai-responses': { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'], max_output_tokens: 6000 },
  'anthropic-messages': { thinking: { type: 'enabled', budget_tokens: 2048 }, max_tokens: 6000 }, 'gemini': { generationConfig: { maxOutputTokens: 6000, thinkingConfig: { thinkingBudget: 2048, includeThoughts: true } } },
  'openai-completions': { reasoning: { max_tokens: 2048 }, max_tokens: 6000 }, 'ollama': { think: true, options: { num_predict: 6000 } }, 'cohere': { thinking: { type: 'enabled', token_budget: 2048 }, max_tokens: 6000 },
}

/** Has a provider answer, and looks at what the client gets of it. */
export function measureAnswer(clientName: ClientName, providerName: ProviderName, name: AnswerName): Cell {
  const sayers: readonly ClientName[] = ANSWERED[name]
  if (!sayers.includes(clientName)) return UNSAYABLE
  const isCarried = clientName === PROVIDER[providerName].endpoint.provider.dialect || isInvoked(clientName, providerName)
  const isThere = name === 'error' ? tellsFault(clientName, providerName) : name === 'stream says what the reply says' ? isSame(clientName, providerName) : tells(clientName, providerName, name)
  if (isThere === undefined) return UNSAYABLE
  return isThere ? { kind: isCarried ? 'carried' : 'mapped' } : LOST
}

/** Whether what the client gets has the mark; undefined where the provider's answers have no such thing. Readers take apart what they are given, so each gets its own. */
function tells(clientName: ClientName, providerName: ProviderName, name: AnswerName): boolean | undefined {
  const answer = (isInvoked(clientName, providerName) ? INVOKED : ANSWERS[providerName])[name]
  if (!answer) return undefined
  const client = CLIENT[clientName]
  const { dialect, endpoint } = PROVIDER[providerName]
  const asked = { ...client.plain, ...THINKING[clientName], ...(name === 'logprobs' ? client.asks['logprobs']?.fields : {}) }
  const call = client.read(asked, false)
  const body = replyOf(clientName, call, dialect.readReply(call, endpoint, structuredClone(answer.reply), call.dialect === endpoint.provider.dialect))
  if (!name.endsWith('sent back')) return answer.mark.test(JSON.stringify(body))
  const next = client.read({ ...asked, ...again(clientName, body) }, false)
  const { body: sent } = dialect.writeCall(next, endpoint)
  return answer.mark.test(sent) || sent.includes(Buffer.from(answer.mark.source).toString('base64'))
}

/** Messages go to Claude on Bedrock by InvokeModel, whose words are Anthropic's. */
export function isInvoked(clientName: ClientName, providerName: ProviderName): boolean {
  return clientName === 'anthropic-messages' && providerName === 'bedrock-converse'
}

function replyOf(clientName: ClientName, call: Call, events: readonly Event[]): JsonObject {
  const writer = CLIENT[clientName].dialect.replyWriter(call)
  writer.add(enclosed(events))
  return parseObject(JSON.stringify(writer.body())) ?? {}
}

/** As `serve` gives them: who answers before, the counts and the charge after. */
function enclosed(events: readonly Event[]): Event[] {
  const usage = events.findLast((event) => event.type === 'usage')?.usage ?? NO_USAGE
  return [{ type: 'served', model: 'acme/model', provider: 'Acme', warnings: [] }, ...events, { type: 'end', usage, cost: COST }]
}

/** The turn after an answer, with the answer as the client got it. */
function again(clientName: ClientName, body: JsonObject): JsonObject {
  const user: JsonObject = { role: 'user', content: 'Go on' }
  switch (clientName) {
    case 'openai-responses': return { input: [user, ...listOf(body['output']), user] }
    case 'gemini': {
      const turn: JsonObject = { role: 'user', parts: [{ text: 'Go on' }] }
      return { contents: [turn, objectOf(listOf(body['candidates'])[0]?.['content']), turn] }
    }
    case 'anthropic-messages': return { messages: [user, { role: 'assistant', content: body['content'] }, user] }
    case 'openai-chat': return { messages: [user, objectOf(listOf(body['choices'])[0]?.['message']), user] }
    default: return { messages: [user, objectOf(body['message']), user] }
  }
}

function tellsFault(clientName: ClientName, providerName: ProviderName): boolean {
  const { dialect, endpoint }: Provider = PROVIDER[providerName]
  const fault = dialect.readFault(429, new Headers({ 'content-type': 'application/json' }), JSON.stringify(REFUSALS[providerName]), endpoint)
  return fault instanceof Fault && fault.status === 429 && REFUSED.test(JSON.stringify(CLIENT[clientName].dialect.faultBody(fault, 'gen-1')))
}

/** The same text, thinking, calls and finish, streamed and whole. */
function isSame(clientName: ClientName, providerName: ProviderName): boolean {
  const client = CLIENT[clientName]
  const { dialect, endpoint } = PROVIDER[providerName]
  const { frames, reply } = isInvoked(clientName, providerName) ? INVOKED_TWICE : TWICE[providerName]
  const asked = { ...client.plain, ...THINKING[clientName] }
  const [streamed, whole] = [client.read(asked, true), client.read(asked, false)]
  const carry = whole.dialect === endpoint.provider.dialect
  const events: Event[] = []
  const reader = dialect.streamReader(streamed, endpoint, carry)
  for (const frame of frames) reader.read(frame, events)
  reader.end(events)
  const writer = client.dialect.streamWriter(streamed)
  const text = enclosed(events).map((event) => writer.write([event])).join('')
  const one = told(clientName, piecesOf(clientName, text), true)
  const other = told(clientName, [replyOf(clientName, whole, dialect.readReply(whole, endpoint, structuredClone(reply), carry))], false)
  return one.text !== '' && one.error === undefined && JSON.stringify(meaning(one)) === JSON.stringify(meaning(other))
}

function meaning({ text, thinking, calls, finish }: Told): JsonObject {
  return { text, thinking, calls: calls.map((call) => ({ name: call.name, arguments: JSON.stringify(call.arguments) })), finish }
}

const FACE: Readonly<Partial<Record<ClientName, string>>> = { 'openai-chat': 'cursor/chat/completions', 'gemini': 'generateContent', 'openai-completions': 'completions', 'ollama': 'Ollama chat', 'cohere': 'Cohere chat' }

function faceOf(clientName: ClientName): (typeof FACES)[number] | undefined {
  return FACES.find((face) => face.name === FACE[clientName])
}

/** The JSON objects of a stream, as a client of the dialect takes it apart. */
export function piecesOf(clientName: ClientName, text: string): JsonObject[] {
  const face = faceOf(clientName)
  return face ? face.pieces(text) : text.split('\n').filter((line) => line.startsWith('data: {')).map((line) => parseObject(line.slice('data: '.length)) ?? {})
}

/** What a stream's pieces, or a reply, say. */
export function told(clientName: ClientName, pieces: readonly JsonObject[], stream: boolean): Told {
  if (clientName === 'openai-responses') return responsesTold(stream ? objectOf(pieces.findLast((piece) => textOf(piece['type']).startsWith('response.'))?.['response']) : (pieces[0] ?? {}))
  if (clientName === 'anthropic-messages') return messagesTold(stream ? folded(pieces) : (pieces[0] ?? {}))
  const face = faceOf(clientName)
  if (!face) throw new Error(`no face of ${clientName}`)
  return face.told(pieces, stream)
}

function responsesTold(body: JsonObject): Told {
  const output = listOf(body['output'])
  const texts = (type: string, field: string): string => output.filter((item) => item['type'] === type).flatMap((item) => listOf(item[field])).map((part) => textOf(part['text'])).join('')
  return {
    text: texts('message', 'content'), thinking: texts('reasoning', 'summary') + texts('reasoning', 'content'), finish: textOf(body['status']), usage: objectOf(body['usage']),
    calls: output.filter((item) => item['type'] === 'function_call').map((item) => ({ name: textOf(item['name']), arguments: item['arguments'] })),
    ...errorOf(body),
  }
}

function messagesTold(body: JsonObject): Told {
  const blocks = listOf(body['content'])
  const texts = (type: string, field: string): string => blocks.filter((block) => block['type'] === type).map((block) => textOf(block[field])).join('')
  return {
    text: texts('text', 'text'), thinking: texts('thinking', 'thinking'), finish: textOf(body['stop_reason']), usage: objectOf(body['usage']),
    calls: blocks.filter((block) => block['type'] === 'tool_use').map((block) => ({ name: textOf(block['name']), arguments: block['input'] })),
    ...errorOf(body),
  }
}

function errorOf({ error }: JsonObject): Pick<Told, 'error'> {
  return isObject(error) ? { error: textOf(error['message']) } : {}
}

/** A stream of Messages as the message that it builds. */
function folded(pieces: readonly JsonObject[]): JsonObject {
  const content: JsonObject[] = []
  let stop: JsonObject = {}
  for (const piece of pieces) {
    const block = (content[Number(piece['index'] ?? 0)] ??= {})
    const delta = objectOf(piece['delta'])
    if (piece['type'] === 'content_block_start') Object.assign(block, objectOf(piece['content_block']), { json: '' })
    if (piece['type'] === 'message_delta') stop = delta
    for (const [field, into] of [['text', 'text'], ['thinking', 'thinking'], ['partial_json', 'json']] as const) if (typeof delta[field] === 'string') block[into] = textOf(block[into]) + delta[field]
    if (piece['type'] === 'content_block_stop' && block['type'] === 'tool_use') block['input'] = parseObject(textOf(block['json']) || '{}')
  }
  // As Anthropic's own clients put it together: what the end says goes before what the beginning foretold.
  const { estimated: _foretold, ...first } = objectOf(objectOf(pieces[0]?.['message'])['usage'])
  const last = Object.entries(objectOf(pieces.findLast((piece) => piece['type'] === 'message_delta')?.['usage'])).filter(([, value]) => value !== null)
  const usage = { ...first, ...Object.fromEntries(last) }
  return { content, stop_reason: stop['stop_reason'], usage, error: pieces.find((piece) => piece['type'] === 'error')?.['error'] }
}
