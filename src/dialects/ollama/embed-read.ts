import type { Warning } from '../../core/call.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { refuse } from '../openai-chat/check.ts'
import { readEmbeddings } from '../openai-embeddings/call-read.ts'
import { modelName } from './call-read.ts'

/** Fields of either request, and those of ours that embeddings know. Nothing runs here, so how long it is kept means nothing. */
const READ = new Set(['model', 'input', 'prompt', 'dimensions', 'options', 'truncate', 'keep_alive'])
const OURS = new Set(['provider', 'session_id', 'trace', 'user', 'input_type'])

/** Reads `/api/embed`: texts, a vector for each. Throws Fault naming the field. */
export function readOllamaEmbed(sent: JsonObject, origin: CallOrigin): EmbeddingsCall {
  const { input } = sent
  const texts = typeof input === 'string' ? [input] : input
  if (!Array.isArray(texts)) refuse('input', 'a string or an array of strings', input)
  texts.forEach((text: unknown, at) => { if (typeof text !== 'string') refuse(`input[${at}]`, 'a string', text) })
  return readAny(sent, texts, origin)
}

/** Reads `/api/embeddings`, the older of the two: one text as `prompt`. Throws Fault naming the field. */
export function readOllamaEmbeddings(sent: JsonObject, origin: CallOrigin): EmbeddingsCall {
  const { prompt } = sent
  return readAny(sent, [typeof prompt === 'string' ? prompt : refuse('prompt', 'a string', prompt)], origin)
}

function readAny(sent: JsonObject, input: Json[], origin: CallOrigin): EmbeddingsCall {
  const { model, dimensions, options, truncate } = sent
  const ours = Object.fromEntries(Object.entries(sent).filter(([field]) => OURS.has(field)))
  const call = readEmbeddings({ ...ours, model: modelName(model), input, ...(dimensions === undefined || dimensions === null ? {} : { dimensions }) }, origin)
  const unsaid: Warning[] = [...(call.unsaid ?? [])]
  if (options !== undefined && options !== null && !isObject(options)) refuse('options', 'an object', options)
  for (const name in options) unsaid.push({ field: `options.${name}`, why: 'has no effect on embeddings' })
  if (truncate === true) unsaid.push({ field: 'truncate', why: 'nothing is cut here: a text that is too long for the model is refused' })
  for (const field in sent) if (!READ.has(field) && !OURS.has(field)) unsaid.push({ field, why: "is none of the fields of Ollama's API" })
  return { ...call, dialect: 'ollama', ...(unsaid.length > 0 && { unsaid }) }
}
