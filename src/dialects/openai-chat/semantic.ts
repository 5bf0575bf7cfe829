import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asString, isObject, type JsonObject } from '../../core/json.ts'
import type { ChoiceState } from './choice.ts'

/** Fields of a delta or message that Events of their own say. */
const SAID = new Set(['role', 'content', 'refusal', 'reasoning', 'reasoning_details', 'tool_calls', 'annotations', 'images'])

/** A normalised choice (of a chunk or a reply) as Events, for a client that speaks another dialect. */
export function eventsOfChoice(choice: JsonObject, said: JsonObject, state: ChoiceState, out: Event[]): void {
  // `normaliseSaid` and its callers made the index a number.
  const index = choice['index'] as number
  if (Array.isArray(said['reasoning_details'])) {
    // What providers send here has the shape of the contract; what has not, is carried all the same.
    for (const detail of said['reasoning_details']) out.push({ type: 'reasoning', choice: index, detail: detail as ReasoningDetail })
  }
  if (typeof said['content'] === 'string' && said['content'] !== '') out.push({ type: 'text', choice: index, text: said['content'] })
  if (typeof said['refusal'] === 'string' && said['refusal'] !== '') out.push({ type: 'refusal', choice: index, text: said['refusal'] })
  if (Array.isArray(said['tool_calls'])) said['tool_calls'].forEach((call: unknown, at) => toolEvent(call, at, index, out))
  if (Array.isArray(said['annotations'])) {
    for (const annotation of said['annotations']) if (isObject(annotation)) out.push({ type: 'annotation', choice: index, annotation })
  }
  if (Array.isArray(said['images'])) {
    for (const image of said['images']) {
      const url = isObject(image) && isObject(image['image_url']) ? asString(image['image_url']['url']) : undefined
      if (url) out.push({ type: 'image', choice: index, url })
    }
  }
  for (const field in said) {
    const value = said[field]
    if (!SAID.has(field) && value !== undefined && value !== null) out.push({ type: 'extra', choice: index, field, value })
  }
  if (isObject(choice['logprobs'])) out.push({ type: 'logprobs', choice: index, logprobs: choice['logprobs'] })
  if (choice['finish_reason'] !== null && state.finish) out.push({ type: 'finish', choice: index, reason: state.finish, native: state.native })
}

function toolEvent(call: unknown, at: number, choice: number, out: Event[]): void {
  if (!isObject(call) || !isObject(call['function'])) return
  const index = typeof call['index'] === 'number' ? call['index'] : at
  out.push({ type: 'tool', choice, index, id: asString(call['id']), name: asString(call['function']['name']), arguments: asString(call['function']['arguments']) ?? '' })
}
