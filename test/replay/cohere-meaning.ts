import type { JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded Cohere answer says, read by the rules of the design's dialect notes: the plan is text, what is billed counts. */
export function meaningOfCohere(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const fold = new ChoiceFold()
  const usage = sse === undefined ? whole(fold, objectOf(body)) : streamed(fold, dataOf(sse))
  return { choices: [fold.done(FINISH[fold.finish ?? ''] ?? 'stop')], usage: usageOf(usage), failed: false }
}

const FINISH: Readonly<Record<string, string>> = { COMPLETE: 'stop', STOP_SEQUENCE: 'stop', TOOL_CALL: 'tool_calls', MAX_TOKENS: 'length' }

function whole(fold: ChoiceFold, body: JsonObject): JsonObject {
  const message = objectOf(body['message'])
  fold.text += textOf(message['tool_plan'])
  for (const content of listOf(message['content'])) {
    fold.text += textOf(content['text'])
    fold.reasoning += textOf(content['thinking'])
  }
  listOf(message['tool_calls']).forEach((call, at) => addCall(fold, at, call))
  fold.finish = textOf(body['finish_reason'])
  return objectOf(body['usage'])
}

function streamed(fold: ChoiceFold, events: readonly JsonObject[]): JsonObject {
  let usage: JsonObject = {}
  for (const event of events) {
    const delta = objectOf(event['delta'])
    const message = objectOf(delta['message'])
    const content = objectOf(message['content'])
    fold.text += textOf(message['tool_plan']) + textOf(content['text'])
    fold.reasoning += textOf(content['thinking'])
    if (textOf(event['type']).startsWith('tool-call-') && event['type'] !== 'tool-call-end') addCall(fold, numberOf(event['index']), objectOf(message['tool_calls']))
    if (event['type'] === 'message-end') {
      fold.finish = textOf(delta['finish_reason'])
      usage = objectOf(delta['usage'])
    }
  }
  return usage
}

function addCall(fold: ChoiceFold, at: number, call: JsonObject): void {
  const { name, arguments: text } = objectOf(call['function'])
  fold.tool(at, textOf(name), textOf(text))
}

function usageOf(usage: JsonObject): UsageMeaning {
  const billed = objectOf(usage['billed_units'])
  return { prompt: numberOf(billed['input_tokens']), completion: numberOf(billed['output_tokens']), cached: 0, cacheWrite: 0, reasoning: 0 }
}
