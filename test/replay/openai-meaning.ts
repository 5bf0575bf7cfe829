import { isObject, type JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded OpenAI-style answer says, read by the rules of the design's dialect notes. */
export function meaningOfOpenai(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const chunks = sse === undefined ? [objectOf(body)] : dataOf(sse)
  const folds: ChoiceFold[] = []
  let usage: UsageMeaning | undefined
  let charged: number | undefined
  let failed = false
  for (const chunk of chunks) {
    if (chunk['error'] !== undefined) failed = true
    for (const choice of listOf(chunk['choices'])) {
      const fold = folds[numberOf(choice['index'])] ??= new ChoiceFold()
      addMessage(fold, objectOf(choice[sse === undefined ? 'message' : 'delta']))
      if (textOf(choice['finish_reason']) !== '') fold.finish = textOf(choice['finish_reason'])
    }
    const counts = isObject(chunk['usage']) ? chunk['usage'] : objectOf(chunk['x_groq'])['usage']
    if (!isObject(counts)) continue
    usage = usageOf(counts)
    charged = chargeOf(counts)
  }
  return { choices: folds.map((fold) => fold.done(finishOf(fold, failed))), usage, failed, ...(charged === undefined ? {} : { charged }) }
}

function addMessage(fold: ChoiceFold, message: JsonObject): void {
  const { content } = message
  fold.text += Array.isArray(content) ? listOf(content).map((part) => textOf(part['text'])).join('') : textOf(content)
  fold.refusal += textOf(message['refusal'])
  fold.reasoning += textOf(message['reasoning']) || textOf(message['reasoning_content'])
  for (const detail of listOf(message['reasoning_details'])) {
    for (const field of ['signature', 'data']) if (textOf(detail[field]) !== '') fold.opaque.push(textOf(detail[field]))
  }
  for (const image of listOf(message['images'])) fold.images.push(textOf(objectOf(image['image_url'])['url']))
  listOf(message['tool_calls']).forEach((call, at) => {
    const { name, arguments: text } = objectOf(call['function'])
    fold.tool(typeof call['index'] === 'number' ? call['index'] : at, textOf(name), textOf(text))
  })
}

/** A turn with calls ends with `tool_calls`, whatever its provider says; one without a reason has stopped. */
function finishOf(fold: ChoiceFold, failed: boolean): string {
  if (failed) return 'error'
  const said = fold.finish ?? ''
  if (fold.hasTools() && ['', 'stop', 'function_call'].includes(said)) return 'tool_calls'
  return said === '' ? 'stop' : said
}

/** OpenRouter and Perplexity say what a call cost; it counts where tools of theirs are part of it. */
function chargeOf(usage: JsonObject): number | undefined {
  const tools = objectOf(usage['server_tool_use_details'])
  const used = numberOf(tools['web_search_requests']) + numberOf(tools['tool_calls_executed']) > 0
  return used ? Math.ceil(numberOf(usage['cost']) * 1e9 - 1e-3) : undefined
}

/** What the total has beyond prompt and completion is reasoning that the provider counts apart (xAI) or hides (Gemini). */
function usageOf(usage: JsonObject): UsageMeaning {
  const prompt = numberOf(usage['prompt_tokens'])
  const promptDetails = objectOf(usage['prompt_tokens_details'])
  const total = numberOf(usage['total_tokens'])
  return {
    prompt,
    completion: Math.max(numberOf(usage['completion_tokens']), total - prompt),
    // DeepSeek and Moonshot have names of their own for it.
    cached: numberOf(promptDetails['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens']),
    cacheWrite: numberOf(promptDetails['cache_write_tokens']),
    reasoning: numberOf(objectOf(usage['completion_tokens_details'])['reasoning_tokens']),
  }
}
