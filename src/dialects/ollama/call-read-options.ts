import type { ChatBody, Warning } from '../../core/call.ts'
import { asString, isObject, type Json } from '../../core/json.ts'
import { CHECKS, refuse } from '../openai-chat/check.ts'

/** Fields of the chat shape that Ollama's request says. */
export type ChatFields = Partial<Omit<ChatBody, 'messages'>>

/** `options` that the chat shape has, by its name for them. */
const SAME: Readonly<Record<string, string>> = {
  temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p', seed: 'seed', presence_penalty: 'presence_penalty', frequency_penalty: 'frequency_penalty', repeat_penalty: 'repetition_penalty',
}

/** `options` about the machine that a model runs on: they change no answer, and there is nothing to say elsewhere. */
const MACHINE = new Set(['numa', 'num_ctx', 'num_batch', 'num_gpu', 'main_gpu', 'low_vram', 'f16_kv', 'logits_all', 'vocab_only', 'use_mmap', 'use_mlock', 'embedding_only', 'num_thread', 'num_keep'])

/** Reads `options`. What no provider can be told is added to `unsaid`. Throws Fault naming the field. */
export function readOptions(options: Json | undefined, fields: ChatFields, unsaid: Warning[]): void {
  if (options === undefined || options === null) return
  if (!isObject(options)) refuse('options', 'an object', options)
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue
    const field = SAME[name]
    if (field !== undefined) {
      // -1 is Ollama's word for "by chance".
      if (name === 'seed' && value === -1) continue
      CHECKS.get(field)?.(value, `options.${name}`)
      fields[field] = value
    } else if (name === 'num_predict') readLimit(value, fields)
    else if (name === 'stop') fields.stop = readStop(value)
    else unsaid.push({ field: `options.${name}`, why: MACHINE.has(name) ? 'is about the machine that Ollama runs on' : "only Ollama's own server knows it" })
  }
}

/** How much to write: -1 without end, -2 until the context is full; both leave it to the model. */
function readLimit(value: Json, fields: ChatFields): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < -2 || value === 0) refuse('options.num_predict', 'an integer of at least 1, or -1', value)
  if (value > 0) fields.max_tokens = value
}

function readStop(value: Json): string[] {
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list)) refuse('options.stop', 'an array of strings', value)
  return list.map((one: unknown, at) => asString(one) ?? refuse(`options.stop[${at}]`, 'a string', one))
}
