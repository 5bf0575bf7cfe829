import { isObject, type JsonObject } from '../../src/core/json.ts'
import { answerBytes, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded answer of Converse says, read by the rules of the design's dialect notes. */
export function meaningOfBedrock(exchange: Exchange): Meaning {
  const fold = new ChoiceFold()
  const isStream = exchange.response.eventstream_base64 !== undefined
  const said = isStream ? streamed(fold, framesOf(answerBytes(exchange))) : whole(fold, objectOf(exchange.response.body))
  return { choices: [fold.done(finishOf(fold, fold.finish ?? ''))], usage: said && usageOf(said), failed: false }
}

/** Names and payloads of the frames. A second, plainer reader than the gateway's own: all headers are texts, checksums are not looked at. */
export function framesOf(bytes: Buffer): { readonly event: string; readonly payload: JsonObject }[] {
  const frames: { event: string; payload: JsonObject }[] = []
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const headersEnd = at + 12 + bytes.readUInt32BE(at + 4)
    let event = ''
    for (let header = at + 12; header < headersEnd;) {
      const nameEnd = header + 1 + bytes.readUInt8(header)
      const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1)
      if (bytes.toString('utf8', header + 1, nameEnd) === ':event-type') event = bytes.toString('utf8', nameEnd + 3, valueEnd)
      header = valueEnd
    }
    const payload: unknown = JSON.parse(bytes.toString('utf8', headersEnd, at + bytes.readUInt32BE(at) - 4))
    frames.push({ event, payload: isObject(payload) ? payload : {} })
  }
  return frames
}

function streamed(fold: ChoiceFold, frames: readonly { readonly event: string; readonly payload: JsonObject }[]): JsonObject | undefined {
  let usage: JsonObject | undefined
  const servers = new Set<number>()
  for (const { event, payload } of frames) {
    const index = numberOf(payload['contentBlockIndex'])
    const use = objectOf(objectOf(payload['start'])['toolUse'])
    if (event === 'contentBlockStart' && use['type'] === 'server_tool_use') servers.add(index)
    else if (event === 'contentBlockStart' && use['toolUseId'] !== undefined) fold.tool(index, textOf(use['name']), '')
    if (event === 'contentBlockDelta') addDelta(fold, objectOf(payload['delta']), index, servers.has(index))
    if (event === 'messageStop') fold.finish = textOf(payload['stopReason'])
    if (event === 'metadata') usage = objectOf(payload['usage'])
  }
  return usage
}

function addDelta(fold: ChoiceFold, delta: JsonObject, index: number, isServer: boolean): void {
  fold.text += textOf(delta['text'])
  const reasoning = objectOf(delta['reasoningContent'])
  fold.reasoning += textOf(reasoning['text'])
  addOpaque(fold, reasoning['signature'], reasoning['redactedContent'])
  const { input } = objectOf(delta['toolUse'])
  if (input !== undefined && !isServer) fold.tool(index, undefined, textOf(input))
}

/** What is hidden is a text of Anthropic's in base64; the client sees the text. */
function addOpaque(fold: ChoiceFold, signature: unknown, redacted: unknown): void {
  if (typeof signature === 'string' && signature !== '') fold.opaque.push(signature)
  if (typeof redacted === 'string') fold.opaque.push(Buffer.from(redacted, 'base64').toString('utf8'))
}

function whole(fold: ChoiceFold, body: JsonObject): JsonObject {
  listOf(objectOf(objectOf(body['output'])['message'])['content']).forEach((block, index) => {
    fold.text += textOf(block['text'])
    const reasoning = objectOf(block['reasoningContent'])
    const said = objectOf(reasoning['reasoningText'])
    fold.reasoning += textOf(said['text'])
    addOpaque(fold, said['signature'], reasoning['redactedContent'])
    const use = block['toolUse']
    if (isObject(use) && use['type'] !== 'server_tool_use') fold.wholeTool(index, textOf(use['name']), use['input'] ?? {})
  })
  fold.finish = textOf(body['stopReason'])
  return objectOf(body['usage'])
}

function finishOf(fold: ChoiceFold, native: string): string {
  if (native === 'max_tokens') return 'length'
  if (native === 'guardrail_intervened' || native === 'content_filtered') return 'content_filter'
  return fold.hasTools() ? 'tool_calls' : 'stop'
}

/** Cache counters stand outside `inputTokens`. */
function usageOf(usage: JsonObject): UsageMeaning {
  const cached = numberOf(usage['cacheReadInputTokens'])
  const cacheWrite = numberOf(usage['cacheWriteInputTokens'])
  return { prompt: numberOf(usage['inputTokens']) + cached + cacheWrite, completion: numberOf(usage['outputTokens']), cached, cacheWrite, reasoning: 0 }
}
