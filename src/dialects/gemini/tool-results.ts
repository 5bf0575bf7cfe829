import type { Message, Part as ChatPart } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { parseObject, type JsonObject } from '../../core/json.ts'
import type { Asked, AskedCalls } from './asked-calls.ts'
import { mediaPart } from './media.ts'
import { isForeignId, type Part } from './wire.ts'

/** Results of a turn's calls; `media` is what the results cannot hold and the user shows beside them. */
export interface Results { readonly results: Part[]; readonly media: Part[] }

/** What a `functionResponse` of Gemini 3 can hold beside its object. */
const INLINE = /^(image\/|application\/pdf$|text\/plain$)/

/**
 * A run of tool messages as one turn. Calls without an id of their own are matched by name and order, so results stand
 * in the order of the calls, whatever order the client ran them in.
 */
export function writeResults(run: readonly Message[], from: number, asked: AskedCalls, isThird: boolean): Results {
  const media: Part[] = []
  const ordered = run.map((message, at) => {
    const field = `messages[${from + at}]`
    const call = callOf(message, asked, field)
    return { order: call.order, part: resultPart(message, call.name, field, isThird, media) }
  })
  return { results: ordered.toSorted((a, b) => a.order - b.order).map((result) => result.part), media }
}

function callOf(message: Message, asked: AskedCalls, field: string): Asked {
  const call = asked.of(message)
  if (call) return call
  throw new Fault('invalid_prompt', `${field}.tool_call_id: no assistant message before it has a tool call ${JSON.stringify(message.tool_call_id ?? null)}`)
}

function resultPart(message: Message, name: string, field: string, isThird: boolean, media: Part[]): Part {
  const texts: string[] = []
  const inside: Part[] = []
  for (const [at, part] of partsOf(message).entries()) {
    const text = part['text']
    if (typeof text === 'string') texts.push(text)
    else {
      const said = mediaPart(part, `${field}.content[${at}]`)
      if (!said) throw new Fault('invalid_request', `${field}.content[${at}].type: Gemini has no content of type ${JSON.stringify(part.type)}`)
      if (isThird && INLINE.test(said.inlineData?.mimeType ?? said.fileData?.mimeType ?? '')) inside.push(said)
      else media.push(said)
    }
  }
  const id = message.tool_call_id
  const response = texts.length === 0 ? {} : responseOf(texts.join('\n'))
  const result: Part['functionResponse'] = isForeignId(id) ? { id, name, response } : { name, response }
  if (inside.length > 0) result.parts = inside
  return { functionResponse: result }
}

function partsOf(message: Message): readonly ChatPart[] {
  const { content } = message
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
}

/** A number that a float cannot hold, outside of a string or at least looking so. */
const LONG_NUMBER = /[:[,\s]-?\d{16,}/

/** `response` must be an object. JSON objects stay themselves, all else is the `output` of one. */
function responseOf(text: string): JsonObject {
  const object = text.trimStart().startsWith('{') && !LONG_NUMBER.test(text) ? parseObject(text) : undefined
  if (object) return object
  const list = text.trimStart().startsWith('[') && !LONG_NUMBER.test(text) ? parseObject(`{"output":${text}}`) : undefined
  return list && Object.keys(list).length === 1 ? list : { output: text }
}
