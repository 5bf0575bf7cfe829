import type { JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded Mistral answer says, read by the rules of the design's dialect notes: content may be a list, with thinking in it. */
export function meaningOfMistral(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const chunks = sse === undefined ? [objectOf(body)] : dataOf(sse)
  const fold = new ChoiceFold()
  let usage: JsonObject | undefined
  for (const chunk of chunks) {
    for (const choice of listOf(chunk['choices'])) {
      add(fold, objectOf(choice['message'] ?? choice['delta']))
      if (textOf(choice['finish_reason']) !== '') fold.finish = textOf(choice['finish_reason'])
    }
    if (chunk['usage'] !== undefined && chunk['usage'] !== null) usage = objectOf(chunk['usage'])
  }
  return { choices: [fold.done(fold.finish ?? 'stop')], usage: usage && usageOf(usage), failed: false }
}

function add(fold: ChoiceFold, message: JsonObject): void {
  const { content } = message
  fold.text += textOf(content)
  for (const part of listOf(content)) {
    fold.text += textOf(part['text'])
    fold.reasoning += listOf(part['thinking']).map((thought) => textOf(thought['text'])).join('')
  }
  listOf(message['tool_calls']).forEach((call, at) => {
    const { name, arguments: text } = objectOf(call['function'])
    fold.tool(typeof call['index'] === 'number' ? call['index'] : at, textOf(name), textOf(text))
  })
}

function usageOf(usage: JsonObject): UsageMeaning {
  return {
    prompt: numberOf(usage['prompt_tokens']), completion: numberOf(usage['completion_tokens']),
    cached: numberOf(objectOf(usage['prompt_tokens_details'])['cached_tokens'] ?? usage['num_cached_tokens']), cacheWrite: 0, reasoning: 0,
  }
}
