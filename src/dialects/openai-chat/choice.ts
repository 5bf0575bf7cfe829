import type { FinishReason } from '../../core/event.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { randomText } from '../../lib/id.ts'
import { finishReason } from './finish.ts'

/** What one choice of a stream has said so far, as far as later pieces hang on it. */
export class ChoiceState {
  /** By index on the wire: what was told of the call. */
  readonly tools: { id: string; name: string; hasArguments: boolean }[] = []
  finish: FinishReason | undefined
  native: string | null = null
}

const THOUGHT_INDEX = 0

/**
 * Brings a `delta` or a `message` of any OpenAI-compatible provider into the contract's shape, in place, and says how
 * many characters the model wrote in it.
 */
export function normaliseSaid(said: JsonObject, state: ChoiceState, whole: boolean): number {
  let chars = 0
  if (typeof said['content'] === 'string') chars += said['content'].length
  else if (Array.isArray(said['content'])) chars += normaliseParts(said, said['content'])
  chars += normaliseReasoning(said)
  if (typeof said['refusal'] === 'string') chars += said['refusal'].length
  if (said['tool_calls'] !== undefined) chars += normaliseTools(said, state, whole)
  if (said['function_call'] !== undefined && !isFilledCall(said['function_call'])) delete said['function_call']
  if (said['audio'] === null || (isObject(said['audio']) && Object.keys(said['audio']).length === 0)) delete said['audio']
  else if (isObject(said['audio'])) chars += (asString(said['audio']['transcript']) ?? '').length + 1
  if (said['annotations'] === null) delete said['annotations']
  if (Array.isArray(said['images']) && said['images'].length > 0) chars += 1
  if (said['role'] !== undefined && said['role'] !== 'assistant') said['role'] = 'assistant'
  return chars
}

function isFilledCall(call: Json | undefined): boolean {
  return isObject(call) && typeof call['name'] === 'string' && call['name'] !== ''
}

/** Reasoning is `reasoning` and `reasoning_details` to the client, whatever the provider calls it (B27). */
function normaliseReasoning(said: JsonObject): number {
  if (said['reasoning_content'] !== undefined) {
    if (typeof said['reasoning_content'] === 'string' && typeof said['reasoning'] !== 'string') said['reasoning'] = said['reasoning_content']
    delete said['reasoning_content']
  }
  const details = said['reasoning_details']
  if (details === null) delete said['reasoning_details']
  const text = said['reasoning']
  if (Array.isArray(details) && details.length > 0) return detailsChars(details)
  if (typeof text !== 'string') {
    if (text !== undefined && text !== null) delete said['reasoning']
    return 0
  }
  if (text !== '') said['reasoning_details'] = [{ type: 'reasoning.text', text, format: 'unknown', index: THOUGHT_INDEX }]
  return text.length
}

function detailsChars(details: readonly Json[]): number {
  let chars = 0
  for (const detail of details) {
    if (isObject(detail)) chars += (asString(detail['text']) ?? asString(detail['summary']) ?? '').length + 1
  }
  return chars
}

/** Content as a list (Mistral's thinking): its text becomes content, its thinking reasoning. */
function normaliseParts(said: JsonObject, parts: readonly Json[]): number {
  const texts: string[] = []
  const thoughts: string[] = []
  for (const part of parts) {
    if (!isObject(part)) continue
    if (part['type'] === 'thinking') thoughts.push(thinkingText(part['thinking']))
    else if (typeof part['text'] === 'string') texts.push(part['text'])
  }
  said['content'] = texts.length > 0 ? texts.join('') : thoughts.length > 0 ? '' : null
  if (thoughts.length > 0) said['reasoning'] = thoughts.join('')
  return typeof said['content'] === 'string' ? said['content'].length : 0
}

function thinkingText(thinking: Json | undefined): string {
  if (typeof thinking === 'string') return thinking
  if (!Array.isArray(thinking)) return ''
  return thinking.map((part: Json) => (isObject(part) ? (asString(part['text']) ?? '') : '')).join('')
}

function normaliseTools(said: JsonObject, state: ChoiceState, whole: boolean): number {
  const calls = said['tool_calls']
  if (!Array.isArray(calls) || calls.length === 0) {
    delete said['tool_calls']
    return 0
  }
  let chars = 0
  for (const call of calls) {
    if (isObject(call)) chars += normaliseTool(call, state, whole)
  }
  return chars
}

function normaliseTool(call: JsonObject, state: ChoiceState, whole: boolean): number {
  const fn = isObject(call['function']) ? call['function'] : undefined
  if (!fn) return 1
  const index = toolIndex(call, fn, state)
  const known = state.tools[index]
  const sent = typeof fn['arguments'] === 'string' ? fn['arguments'] : fn['arguments'] === null || fn['arguments'] === undefined ? '' : JSON.stringify(fn['arguments'])
  fn['arguments'] = whole && sent.trim() === '' ? '{}' : sent
  if (whole) delete call['index']
  else call['index'] = index
  if (known) {
    // Later pieces repeat the id, an empty id or an empty name: the client is told once.
    delete call['id']
    delete call['type']
    delete fn['name']
    known.hasArguments ||= sent !== ''
    return sent.length
  }
  const id = uniqueId(asString(call['id']), state)
  call['id'] = id
  call['type'] = 'function'
  fn['name'] = asString(fn['name']) ?? ''
  state.tools[index] = { id, name: String(fn['name']), hasArguments: sent !== '' }
  return sent.length + 1
}

/** The call's index: the provider's; without one, a new call where it brings a name or a new id, else the last one. */
function toolIndex(call: JsonObject, fn: JsonObject, state: ChoiceState): number {
  if (typeof call['index'] === 'number' && Number.isInteger(call['index']) && call['index'] >= 0 && call['index'] < 1024) return call['index']
  if (typeof fn['index'] === 'number') return fn['index']
  const last = state.tools.length - 1
  const isNew = last < 0 || Boolean(fn['name']) || (Boolean(call['id']) && call['id'] !== state.tools[last]?.id)
  return isNew ? state.tools.length : last
}

function uniqueId(id: string | undefined, state: ChoiceState): string {
  return id && !state.tools.some((tool) => tool?.id === id) ? id : `call_${randomText(24)}`
}

/** The end of a choice in the contract's words, when this piece holds it. A turn that called a tool ends `tool_calls` (lesson 1). */
export function normaliseFinish(choice: JsonObject, state: ChoiceState): FinishReason | undefined {
  const native = choice['finish_reason']
  const reason = finishReason(native)
  if (reason === undefined) {
    choice['finish_reason'] = null
    return undefined
  }
  if (state.finish !== undefined) {
    // Some say the end twice; the client is told once (lesson 2).
    choice['finish_reason'] = null
    delete choice['native_finish_reason']
    return undefined
  }
  const calledTool = state.tools.length > 0 && (reason === 'stop' || reason === 'tool_calls')
  state.finish = calledTool ? 'tool_calls' : reason
  state.native = asString(choice['native_finish_reason']) ?? asString(native) ?? null
  choice['finish_reason'] = state.finish
  choice['native_finish_reason'] = state.native
  return state.finish
}
