import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, Warning } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { thinkingConfig } from './thinking.ts'
import { either } from './wire.ts'

/** Of the stop sequences that a client names, Gemini takes so many. */
const STOP_SEQUENCES_MAX = 5

/** Numbers that Gemini knows by another name. */
const NUMBERS: Readonly<Record<string, string>> = {
  temperature: 'temperature', top_p: 'topP', top_k: 'topK', seed: 'seed', presence_penalty: 'presencePenalty', frequency_penalty: 'frequencyPenalty',
}

/** The sampling, the form and the length of the answer as `generationConfig`, on top of what the client says in Gemini's own words. */
export function generationConfig(call: Call, endpoint: Endpoint, warnings: Warning[]): JsonObject {
  const { body } = call
  const config: JsonObject = { ...asObject(either(body, 'generationConfig', 'generation_config')) }
  for (const field in NUMBERS) {
    const value = body[field]
    // The chat shape says "off" by 0, Gemini by silence.
    if (typeof value !== 'number' || (field === 'top_k' && value === 0) || !takes(field, endpoint, warnings)) continue
    config[NUMBERS[field] ?? field] = field === 'seed' ? value | 0 : value
  }
  if (call.needs.maxTokens !== undefined) config['maxOutputTokens'] = call.needs.maxTokens
  if (call.needs.choices > 1) config['candidateCount'] = call.needs.choices
  writeStop(config, body['stop'], endpoint, warnings)
  writeLogprobs(config, body, endpoint, warnings)
  writeResponseFormat(config, body['response_format'], warnings)
  writeModalities(config, body)
  const thinking = thinkingConfig(call, endpoint, warnings)
  if (thinking) config['thinkingConfig'] = { ...asObject(config['thinkingConfig']), ...thinking }
  return config
}

/** False, with a warning, for a parameter that the endpoint is known not to take (B4). */
function takes(field: string, endpoint: Endpoint, warnings: Warning[]): boolean {
  if (endpoint.parameters === null || endpoint.parameters.has(field)) return true
  warnings.push({ field, why: `${endpoint.provider.name} does not take it for this model` })
  return false
}

function writeStop(config: JsonObject, stop: Json | undefined, endpoint: Endpoint, warnings: Warning[]): void {
  const sequences = (typeof stop === 'string' ? [stop] : (asArray(stop) ?? [])).filter((sequence) => typeof sequence === 'string' && sequence !== '')
  if (sequences.length === 0 || !takes('stop', endpoint, warnings)) return
  if (sequences.length > STOP_SEQUENCES_MAX) warnings.push({ field: 'stop', why: `Gemini takes ${STOP_SEQUENCES_MAX} stop sequences: only the first ${STOP_SEQUENCES_MAX} are sent` })
  config['stopSequences'] = sequences.slice(0, STOP_SEQUENCES_MAX)
}

function writeLogprobs(config: JsonObject, body: JsonObject, endpoint: Endpoint, warnings: Warning[]): void {
  if (body['logprobs'] !== true || !takes('logprobs', endpoint, warnings)) return
  config['responseLogprobs'] = true
  const top = body['top_logprobs']
  if (typeof top === 'number' && top > 0) config['logprobs'] = top
}

function writeResponseFormat(config: JsonObject, format: Json | undefined, warnings: Warning[]): void {
  if (!isObject(format)) return
  if (format['type'] === 'json_object' || format['type'] === 'json_schema') config['responseMimeType'] = 'application/json'
  else if (format['type'] !== 'text') warnings.push({ field: 'response_format', why: `Gemini knows no format ${JSON.stringify(format['type'] ?? null)}` })
  const schema = format['type'] === 'json_schema' ? asObject(format['json_schema'])?.['schema'] : undefined
  // JSON Schema as it came: `responseSchema` would take a narrower form of it.
  if (isObject(schema)) config['responseJsonSchema'] = schema
}

function writeModalities(config: JsonObject, body: JsonObject): void {
  const modalities = (asArray(body['modalities']) ?? []).filter((modality) => typeof modality === 'string')
  if (modalities.some((modality) => modality !== 'text')) config['responseModalities'] = modalities.map((modality) => modality.toUpperCase())
  const voice = asString(asObject(body['audio'])?.['voice'])
  if (voice !== undefined) config['speechConfig'] = { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } }
  const image = asObject(body['image_config'])
  if (!image) return
  const imageConfig: JsonObject = {}
  for (const [key, value] of Object.entries(image)) imageConfig[key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = value
  config['imageConfig'] = imageConfig
}
