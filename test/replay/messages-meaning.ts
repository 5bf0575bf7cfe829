import { isObject, parseObject, type JsonObject } from '../../src/core/json.ts'
import { ChoiceFold, listOf, numberOf, objectOf, textOf, type Meaning } from './meaning.ts'

/** A message folded from the events of a stream, as Anthropic's clients fold it. A second, plainer reader than the gateway's own. Throws where the events break its rules. */
export function foldEvents(events: readonly JsonObject[]): { readonly message: JsonObject; readonly error: JsonObject | undefined } {
  let message: JsonObject = {}
  const content: JsonObject[] = []
  const json: string[] = []
  let open: number | undefined
  let error: JsonObject | undefined
  const rule = (holds: boolean, why: string): void => { if (!holds) throw new Error(`broken stream: ${why}`) }
  events.forEach((event, at) => {
    const index = numberOf(event['index'])
    rule((at === 0) === (event['type'] === 'message_start') || event['type'] === 'ping' || event['type'] === 'error', `${String(event['type'])} at ${at}`)
    switch (event['type']) {
      case 'message_start':
        message = { ...objectOf(event['message']) }
        content.push(...listOf(message['content']))
        break
      case 'content_block_start':
        rule(open === undefined && index === content.length, `block ${index} begins while ${open ?? 'none'} is open`)
        open = index
        content.push({ ...objectOf(event['content_block']) })
        json.push('')
        break
      case 'content_block_delta': {
        rule(open === index, `a delta of ${index} while ${open ?? 'none'} is open`)
        addDelta(content[index] ?? {}, objectOf(event['delta']), (piece) => { json[index] = (json[index] ?? '') + piece })
        break
      }
      case 'content_block_stop':
        rule(open === index, `block ${index} ends while ${open ?? 'none'} is open`)
        open = undefined
        if ((json[index] ?? '') !== '') objectOf(content[index])['input'] = parseObject(json[index] ?? '') ?? { arguments: json[index] }
        break
      case 'message_delta':
        rule(open === undefined, 'ends within a block')
        message = { ...message, ...objectOf(event['delta']), ...(event['context_management'] === undefined ? {} : { context_management: event['context_management'] }), usage: { ...objectOf(message['usage']), ...objectOf(event['usage']) } }
        break
      case 'error': error = objectOf(event['error']); break
      default:
    }
  })
  rule(error !== undefined || events.at(-1)?.['type'] === 'message_stop', 'no end')
  return { message: { ...message, content }, error }
}

function addDelta(block: JsonObject, delta: JsonObject, addJson: (piece: string) => void): void {
  switch (delta['type']) {
    case 'text_delta': block['text'] = textOf(block['text']) + textOf(delta['text']); break
    case 'thinking_delta': block['thinking'] = textOf(block['thinking']) + textOf(delta['thinking']); break
    case 'signature_delta': block['signature'] = textOf(delta['signature']); break
    case 'citations_delta': block['citations'] = [...listOf(block['citations']), objectOf(delta['citation'])]; break
    case 'compaction_delta': block['content'] = textOf(block['content']) + textOf(delta['content']); break
    case 'input_json_delta': addJson(textOf(delta['partial_json'])); break
    default: throw new Error(`an unknown delta ${String(delta['type'])}`)
  }
}

const FINISH: Readonly<Record<string, string>> = {
  end_turn: 'stop', stop_sequence: 'stop', pause_turn: 'stop', compaction: 'stop', tool_use: 'tool_calls', max_tokens: 'length', model_context_window_exceeded: 'length', refusal: 'content_filter',
}

/** What a message says. Reasoning of other makers is unsealed: its signature or data counts, as the client will send it back. */
export function meaningOfMessage(message: JsonObject, failed: boolean): Meaning {
  const fold = new ChoiceFold()
  listOf(message['content']).forEach((block, at) => {
    const { type } = block
    if (type === 'text') fold.text += textOf(block['text'])
    else if (type === 'thinking') {
      fold.reasoning += textOf(block['thinking'])
      opaqueOf(textOf(block['signature']), fold)
    } else if (type === 'redacted_thinking') opaqueOf(textOf(block['data']), fold)
    else if (type === 'tool_use') fold.wholeTool(at, textOf(block['name']), block['input'])
    else if (type === 'image') fold.images.push(imageOf(objectOf(block['source'])))
  })
  fold.refusal = textOf(objectOf(message['stop_details'])['explanation'])
  const usage = objectOf(message['usage'])
  const cached = numberOf(usage['cache_read_input_tokens'])
  const cacheWrite = numberOf(usage['cache_creation_input_tokens'])
  return {
    choices: [fold.done(failed ? 'error' : (FINISH[textOf(message['stop_reason'])] ?? '(none)'))], failed,
    usage: { prompt: numberOf(usage['input_tokens']) + cached + cacheWrite, completion: numberOf(usage['output_tokens']), cached, cacheWrite, reasoning: numberOf(objectOf(usage['output_tokens_details'])['thinking_tokens']) },
  }
}

function opaqueOf(text: string, fold: ChoiceFold): void {
  if (text === '') return
  if (!text.startsWith('sw1:')) return void fold.opaque.push(text)
  const detail: unknown = JSON.parse(Buffer.from(text.slice(4), 'base64url').toString())
  if (!isObject(detail)) return
  // Reasoning that is not opaque comes sealed too, so that its kind is not lost; its text counts as such.
  for (const field of ['signature', 'data']) if (textOf(detail[field]) !== '') fold.opaque.push(textOf(detail[field]))
}

function imageOf(source: JsonObject): string {
  return source['type'] === 'base64' ? `data:${textOf(source['media_type'])};base64,${textOf(source['data'])}` : textOf(source['url'])
}
