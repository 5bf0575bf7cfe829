import { isObject, type JsonObject } from '../../src/core/json.ts'
import { dataOf, type Exchange } from './exchange.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning, type UsageMeaning } from './meaning.ts'

/** What a recorded response says: of a stream, its items as each was done, with the text as its deltas had it. */
export function meaningOfResponses(exchange: Exchange): Meaning {
  const { sse, body } = exchange.response
  const response = sse === undefined ? objectOf(body) : lastResponse(dataOf(sse))
  const failed = response['status'] === 'failed' || (sse === undefined && !Array.isArray(response['output'])) || isPending(response)
  return meaningOfResponse(response, failed)
}

/** Answers that are yet to be written (background mode): the gateway asks for none. */
function isPending(response: JsonObject): boolean {
  return response['status'] === 'queued' || response['status'] === 'in_progress'
}

/** What is encrypted is encrypted anew in each event: what counts is what was said first, as the item was done. */
function lastResponse(events: readonly JsonObject[]): JsonObject {
  const response = objectOf(events.findLast((event) => isObject(event['response']))?.['response'])
  const output = [...listOf(response['output'])]
  for (const event of events) {
    if (event['type'] === 'response.output_item.done' && isObject(event['item'])) output[numberOf(event['output_index'])] = event['item']
  }
  return { ...response, output: output.map((item, at) => withDeltas(item, at, events)) }
}

/** One recording was edited by hand, so that its deltas and its whole text differ: clients had the deltas first. */
function withDeltas(item: JsonObject, at: number, events: readonly JsonObject[]): JsonObject {
  if (item['type'] !== 'message') return item
  const deltas = events.filter((event) => event['type'] === 'response.output_text.delta' && event['output_index'] === at)
  const text = deltas.map((event) => textOf(event['delta'])).join('')
  return text === '' || listOf(item['content']).length !== 1 ? item : { ...item, content: [{ type: 'output_text', text }] }
}

/** What the output items of a response say. */
export function meaningOfResponse(response: JsonObject, failed: boolean): Meaning {
  const fold = new ChoiceFold()
  listOf(response['output']).forEach((item, at) => addItem(fold, item, at))
  const choice = fold.done(finishOf(response, fold, failed))
  return { choices: failed ? [] : [choice], usage: isObject(response['usage']) ? usageOf(response['usage']) : undefined, failed }
}

function addItem(fold: ChoiceFold, item: JsonObject, at: number): void {
  switch (item['type']) {
    case 'message':
      for (const part of listOf(item['content'])) {
        fold.text += textOf(part['text'])
        fold.refusal += textOf(part['refusal'])
      }
      return
    case 'reasoning':
      fold.reasoning += listOf(item['summary']).map((part) => textOf(part['text'])).join('\n\n')
      fold.reasoning += listOf(item['content']).map((part) => textOf(part['text'])).join('')
      if (textOf(item['encrypted_content']) !== '') fold.opaque.push(textOf(item['encrypted_content']))
      return
    case 'function_call': return fold.tool(at, textOf(item['name']), textOf(item['arguments']))
    case 'custom_tool_call': return fold.wholeTool(at, textOf(item['name']), { input: textOf(item['input']) })
    case 'image_generation_call':
      if (textOf(item['result']) !== '') fold.images.push(`data:image/${textOf(item['output_format']) || 'png'};base64,${textOf(item['result'])}`)
      return
    default:
      // What the provider's own tools did is no part of what the model said.
  }
}

function finishOf(response: JsonObject, fold: ChoiceFold, failed: boolean): string {
  if (failed) return 'error'
  const reason = objectOf(response['incomplete_details'])['reason']
  if (reason === 'content_filter') return 'content_filter'
  if (reason !== undefined || response['status'] === 'incomplete') return 'length'
  return fold.hasTools() ? 'tool_calls' : 'stop'
}

/** The counts of a response. */
export function usageOf(usage: JsonObject): UsageMeaning {
  const input = objectOf(usage['input_tokens_details'])
  const prompt = numberOf(usage['input_tokens'])
  const reasoning = numberOf(objectOf(usage['output_tokens_details'])['reasoning_tokens'])
  return { prompt, completion: numberOf(usage['output_tokens']), cached: numberOf(input['cached_tokens']), cacheWrite: numberOf(input['cache_write_tokens']), reasoning }
}
