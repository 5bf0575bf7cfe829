import { type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'
import { problemsOfGeminiRequest } from '../wire/gemini-request.ts'
import { BILLED, piecesOf, type Heard, type Speech, type Turn } from './turn.ts'

const USAGE = {
  promptTokenCount: BILLED.prompt, cachedContentTokenCount: BILLED.cached, candidatesTokenCount: BILLED.completion - BILLED.reasoning,
  thoughtsTokenCount: BILLED.reasoning, totalTokenCount: BILLED.prompt + BILLED.completion,
}
const HEAD = { responseId: 'resp-scripted', modelVersion: 'gemini-2.5-flash' }

/** Gemini `generateContent`: no ids of calls, and the signature on the first call, or on the last piece of text. */
export const saysGemini: Speech = {
  isStream: (url) => url.includes(':streamGenerateContent'),
  reply: (turn) => chunk(partsOf(turn, (text) => [text]), 'STOP'),
  frames: (turn) => {
    const parts = partsOf(turn, piecesOf)
    const last = parts.length - 1
    return parts.map((part, at) => frame(chunk([part], at === last && !turn.ends ? 'STOP' : undefined)))
  },
  faultFrame: (message) => frame({ error: { code: 500, message, status: 'INTERNAL' } }),
  faultBody: (status, message) => ({ error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL' } }),
  hear,
  problems: problemsOfGeminiRequest,
}

function partsOf({ thinking, text, calls }: Turn, pieces: (text: string) => string[]): JsonObject[] {
  const parts: JsonObject[] = [
    ...(thinking ? pieces(thinking.text).map((piece): JsonObject => ({ text: piece, thought: true })) : []),
    ...(text === undefined ? [] : pieces(text).map((piece): JsonObject => ({ text: piece }))),
    ...(calls ?? []).map((call): JsonObject => ({ functionCall: { name: call.name, args: call.arguments } })),
  ]
  const signed = parts.find((part) => part['functionCall']) ?? parts.at(-1)
  if (thinking && signed) signed['thoughtSignature'] = thinking.signature
  return parts
}

function chunk(parts: JsonObject[], finish: string | undefined): JsonObject {
  return { ...HEAD, candidates: [{ index: 0, content: { role: 'model', parts }, ...(finish && { finishReason: finish }) }], usageMetadata: USAGE }
}

function frame(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\r\n\r\n`
}

function hear(body: JsonObject): Heard {
  const parts = listOf(body['contents']).flatMap((content) => listOf(content['parts']))
  const config = objectOf(body['generationConfig'])
  const called = parts.map((part) => objectOf(part['functionCall'])).filter((call) => call['name'] !== undefined)
  const answered = parts.map((part) => objectOf(part['functionResponse'])).filter((result) => result['name'] !== undefined)
  return {
    signatures: parts.map((part) => textOf(part['thoughtSignature'])).filter((signature) => signature !== ''),
    // Gemini wants the signature back, not the summary of its thoughts.
    thoughts: [],
    calls: called.map((call) => ({ name: textOf(call['name']), arguments: call['args'] })),
    results: answered.map((result) => Object.values(objectOf(result['response'])).map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('')),
    files: parts.map((part) => textOf(objectOf(part['inlineData'])['data'])).filter((data) => data !== ''),
    schema: config['responseJsonSchema'],
    tools: listOf(body['tools']).flatMap((tool) => listOf(tool['functionDeclarations'])).map((tool) => textOf(tool['name'])),
    thinks: objectOf(config['thinkingConfig'])['includeThoughts'] === true,
  }
}
