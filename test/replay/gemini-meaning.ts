import { isObject, type JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { PieceFold } from './gemini-pieces.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded Gemini answer says, read by the rules of the design's dialect notes. */
export function meaningOfGemini(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const chunks = sse === undefined ? [objectOf(body)] : dataOf(sse)
  const fold = new ChoiceFold()
  let usage: JsonObject | undefined
  let calls = 0
  for (const chunk of chunks) {
    const candidate = listOf(chunk['candidates'])[0] ?? {}
    // A call of what was never declared is none.
    const isCall = candidate['finishReason'] !== 'UNEXPECTED_TOOL_CALL'
    for (const part of listOf(objectOf(candidate['content'])['parts'])) if (isCall || part['functionCall'] === undefined) calls = addPart(fold, part, calls)
    if (textOf(candidate['finishReason']) !== '') fold.finish = textOf(candidate['finishReason'])
    if (textOf(objectOf(chunk['promptFeedback'])['blockReason']) !== '') fold.finish = 'SAFETY'
    fold.refusal += textOf(objectOf(chunk['promptFeedback'])['blockReasonMessage'])
    // Each chunk has the counts so far; the last one that has them holds.
    if (isObject(chunk['usageMetadata']) && chunk['usageMetadata']['promptTokenCount'] !== undefined) usage = chunk['usageMetadata']
  }
  return { choices: [fold.done(finishOf(fold))], usage: usage && usageOf(usage), failed: false }
}

function addPart(fold: ChoiceFold, part: JsonObject, calls: number): number {
  const call = part['functionCall']
  if (part['thought'] === true) fold.reasoning += textOf(part['text'])
  else fold.text += textOf(part['text'])
  // Built-in tools sign too, but their parts are not the client's to send back.
  const isOurs = isObject(call) || part['text'] !== undefined
  if (isOurs && textOf(part['thoughtSignature']) !== '') fold.opaque.push(textOf(part['thoughtSignature']))
  if (isObject(part['inlineData'])) fold.images.push(`data:${textOf(part['inlineData']['mimeType'])};base64,${textOf(part['inlineData']['data'])}`)
  if (!isObject(call)) return calls
  if (call['name'] === undefined || call['partialArgs'] !== undefined || call['willContinue'] === true) return addPieces(fold, call, calls)
  fold.wholeTool(calls, textOf(call['name']), objectOf(call['args']))
  return calls + 1
}

/** A call that comes over several chunks: the first has its name, the others only pieces of its arguments. */
function addPieces(fold: ChoiceFold, call: JsonObject, calls: number): number {
  const name = textOf(call['name'])
  const index = name === '' ? calls - 1 : calls
  const pieces = (open.get(fold) ?? new Map<number, PieceFold>())
  open.set(fold, pieces)
  const piece = pieces.get(index) ?? new PieceFold()
  pieces.set(index, piece)
  piece.add(call)
  if (name !== '') fold.wholeTool(index, name, piece.args)
  return index + 1
}

const open = new WeakMap<ChoiceFold, Map<number, PieceFold>>()

/** A turn with calls ends with STOP like any other: the calls decide. */
function finishOf(fold: ChoiceFold): string {
  const native = fold.finish ?? ''
  if (native === 'MAX_TOKENS') return 'length'
  if (native === 'STOP' || native === '') return fold.hasTools() ? 'tool_calls' : 'stop'
  return native === 'UNEXPECTED_TOOL_CALL' ? 'error' : 'content_filter'
}

/** Thinking is counted beside the candidates, tool use beside the prompt. */
function usageOf(usage: JsonObject): UsageMeaning {
  const reasoning = numberOf(usage['thoughtsTokenCount'])
  const prompt = numberOf(usage['promptTokenCount']) + numberOf(usage['toolUsePromptTokenCount'])
  return {
    prompt,
    // Where the candidates are not counted, the total says what they are.
    completion: usage['candidatesTokenCount'] === undefined ? numberOf(usage['totalTokenCount']) - prompt : numberOf(usage['candidatesTokenCount']) + reasoning,
    cached: numberOf(usage['cachedContentTokenCount']),
    cacheWrite: 0,
    reasoning,
  }
}
