import type { JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded Anthropic answer says, read by the rules of the design's dialect notes. */
export function meaningOfAnthropic(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const fold = new ChoiceFold()
  const counts: JsonObject = {}
  const stream = sse === undefined ? { failed: false } : addStream(fold, dataOf(sse), counts)
  if (sse === undefined) addMessage(fold, objectOf(body), counts)
  return { choices: [fold.done(stream.failed ? 'error' : finishOf(fold, fold.finish ?? ''))], usage: usageOf(counts), failed: stream.failed }
}

/** A whole message, as a plain answer has it, and as `message_start` may have it. */
function addMessage(fold: ChoiceFold, message: JsonObject, counts: JsonObject): void {
  listOf(message['content']).forEach((block, at) => addBlock(fold, block, `whole-${at}`))
  addEnd(fold, message)
  Object.assign(counts, known(objectOf(message['usage'])))
}

/** Why it stopped; a refusal says so in words. */
function addEnd(fold: ChoiceFold, end: JsonObject): void {
  if (textOf(end['stop_reason']) !== '') fold.finish = textOf(end['stop_reason'])
  if (end['stop_reason'] === 'refusal') fold.refusal = textOf(objectOf(end['stop_details'])['explanation'])
}

function addBlock(fold: ChoiceFold, block: JsonObject, key: string): void {
  if (block['type'] === 'text') fold.text += textOf(block['text'])
  if (block['type'] === 'thinking') {
    fold.reasoning += textOf(block['thinking'])
    if (textOf(block['signature']) !== '') fold.opaque.push(textOf(block['signature']))
  }
  if (block['type'] === 'redacted_thinking') fold.opaque.push(textOf(block['data']))
  if (block['type'] === 'tool_use') {
    const input = objectOf(block['input'])
    if (Object.keys(input).length > 0) fold.wholeTool(key, textOf(block['name']), input)
    else fold.tool(key, textOf(block['name']), '')
  }
}

function addStream(fold: ChoiceFold, events: readonly JsonObject[], counts: JsonObject): { failed: boolean } {
  const kinds = new Map<number, string>()
  let failed = false
  let started: string | undefined
  for (const event of events) {
    const index = numberOf(event['index'])
    if (event['type'] === 'message_start') {
      const id = textOf(objectOf(event['message'])['id'])
      // Another message in the middle of one: two answers are mixed up, and neither can be trusted.
      if (started !== undefined && started !== id && kinds.size > 0) return { failed: true }
      started = id
    }
    if (event['type'] === 'message_start') addMessage(fold, objectOf(event['message']), counts)
    if (event['type'] === 'content_block_start') {
      const block = objectOf(event['content_block'])
      kinds.set(index, textOf(block['type']))
      addBlock(fold, block, `block-${index}`)
    }
    if (event['type'] === 'content_block_delta') addDelta(fold, objectOf(event['delta']), index, kinds.get(index) ?? '')
    if (event['type'] === 'message_delta') {
      addEnd(fold, objectOf(event['delta']))
      Object.assign(counts, known(objectOf(event['usage'])))
    }
    if (event['type'] === 'error') failed = true
  }
  return { failed }
}

function addDelta(fold: ChoiceFold, delta: JsonObject, index: number, kind: string): void {
  if (delta['type'] === 'text_delta') fold.text += textOf(delta['text'])
  if (delta['type'] === 'thinking_delta') fold.reasoning += textOf(delta['thinking'])
  if (delta['type'] === 'signature_delta') fold.opaque.push(textOf(delta['signature']))
  // Server tools get their input in the same way; only the client's tools are the client's.
  if (delta['type'] === 'input_json_delta' && kind === 'tool_use') fold.tool(`block-${index}`, undefined, textOf(delta['partial_json']))
}

/** Counters that say nothing do not replace those that did. */
function known(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null && value !== undefined))
}

const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop', stop_sequence: 'stop', pause_turn: 'stop', tool_use: 'tool_calls', max_tokens: 'length', model_context_window_exceeded: 'length', refusal: 'content_filter',
}

function finishOf(fold: ChoiceFold, native: string): string {
  const reason = REASONS[native] ?? 'stop'
  return fold.hasTools() && reason === 'stop' ? 'tool_calls' : reason
}

/**
 * Cache counters stand outside `input_tokens`; thinking is inside `output_tokens`. An answer of several inner passes is
 * billed for all of them, also for those that the counters at the top leave out.
 */
function usageOf(usage: JsonObject): UsageMeaning | undefined {
  if (usage['input_tokens'] === undefined && usage['output_tokens'] === undefined) return undefined
  const passes = listOf(usage['iterations'])
  const count = (field: string): number => Math.max(numberOf(usage[field]), passes.reduce((sum, pass) => sum + numberOf(pass[field]), 0))
  const cached = count('cache_read_input_tokens')
  const cacheWrite = count('cache_creation_input_tokens')
  return {
    prompt: count('input_tokens') + cached + cacheWrite,
    completion: count('output_tokens'),
    cached,
    cacheWrite,
    reasoning: numberOf(objectOf(usage['output_tokens_details'])['thinking_tokens']),
  }
}
