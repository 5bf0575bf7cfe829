import type { ChatBody, Warning } from '../../core/call.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { CHECKS, refuse } from '../openai-chat/check.ts'
import { jsonSchemaOf } from './call-read-schema.ts'
import { repeated } from './wire.ts'

/** What `generationConfig`, `tools` and `toolConfig` say, as fields of the chat shape. */
export type ChatFields = Omit<ChatBody, 'messages'>

/** Fields that the chat shape has by another name. */
const SAME: Readonly<Record<string, string>> = {
  temperature: 'temperature', topP: 'top_p', topK: 'top_k', maxOutputTokens: 'max_tokens', candidateCount: 'n', seed: 'seed',
  presencePenalty: 'presence_penalty', frequencyPenalty: 'frequency_penalty', responseLogprobs: 'logprobs', logprobs: 'top_logprobs',
}

const STOP_SEQUENCES_MAX = 5
const LEVELS = ['minimal', 'low', 'medium', 'high']

/** `a_b` as `aB`: Google's wire takes both. */
export function camel(key: string): string {
  return key.includes('_') ? key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : key
}

/** Reads `generationConfig`. What only Gemini can be told is added to `unsaid`. Throws Fault naming the field. */
export function readConfig(value: Json | undefined, fields: ChatFields, unsaid: Warning[]): void {
  if (value === undefined || value === null) return
  if (!isObject(value)) refuse('generationConfig', 'an object', value)
  const config: JsonObject = {}
  for (const [key, setting] of Object.entries(value)) if (setting !== null && setting !== undefined) config[camel(key)] = setting
  for (const [name, setting] of Object.entries(config)) {
    const field = SAME[name]
    if (field !== undefined && setting !== undefined) {
      CHECKS.get(field)?.(setting, `generationConfig.${name}`)
      fields[field] = setting
    } else if (!READ.has(name)) unsaid.push({ field: `generationConfig.${name}`, why: 'only Gemini can be told this' })
  }
  // Alternatives are asked for beside the logprobs, or not at all.
  if (fields.logprobs !== true) delete fields.top_logprobs
  readStop(config['stopSequences'], fields)
  readFormat(config, fields, unsaid)
  readThinking(config['thinkingConfig'], fields)
  const modalities = readModalities(config['responseModalities'])
  if (modalities.some((modality) => modality !== 'text')) fields['modalities'] = modalities
  const voice = asString(asObject(asObject(asObject(config['speechConfig'])?.['voiceConfig'])?.['prebuiltVoiceConfig'])?.['voiceName'])
  if (voice !== undefined) fields['audio'] = { voice, format: 'pcm16' }
}

/** Settings that have a reader below. */
const READ = new Set(['stopSequences', 'responseMimeType', 'responseSchema', 'responseJsonSchema', 'thinkingConfig', 'responseModalities', 'speechConfig'])

function readStop(stop: Json | undefined, fields: ChatFields): void {
  if (stop === undefined) return
  const field = 'generationConfig.stopSequences'
  if (!Array.isArray(stop) || stop.length > STOP_SEQUENCES_MAX) refuse(field, `an array of at most ${STOP_SEQUENCES_MAX} strings`, stop)
  const sequences = stop.map((one: unknown, at) => asString(one) ?? refuse(`${field}[${at}]`, 'a string', one))
  if (sequences.length > 0) fields.stop = sequences
}

function readFormat(config: JsonObject, fields: ChatFields, unsaid: Warning[]): void {
  const { responseMimeType: type, responseSchema: own, responseJsonSchema: standard } = config
  const given = standard ?? own
  if (given !== undefined && !isObject(given)) refuse(`generationConfig.${standard === undefined ? 'responseSchema' : 'responseJsonSchema'}`, 'an object', given)
  if (type !== undefined && typeof type !== 'string') refuse('generationConfig.responseMimeType', 'a string', type)
  if (type !== undefined && type !== 'application/json' && type !== 'text/plain') {
    unsaid.push({ field: 'generationConfig.responseMimeType', why: `only Gemini has the format ${JSON.stringify(type.slice(0, 100))}` })
    return
  }
  if (given) fields.response_format = { type: 'json_schema', json_schema: { name: 'response', schema: standard === undefined ? jsonSchemaOf(given) : given } }
  else if (type === 'application/json') fields.response_format = { type: 'json_object' }
}

/** A budget, a level, or the wish to see thoughts. -1 leaves the amount to the model. */
function readThinking(value: Json | undefined, fields: ChatFields): void {
  if (value === undefined) return
  if (!isObject(value)) refuse('generationConfig.thinkingConfig', 'an object', value)
  const config = Object.fromEntries(Object.entries(value).map(([key, setting]) => [camel(key), setting]))
  const { thinkingBudget: budget, thinkingLevel: level } = config
  if (budget !== undefined && budget !== null) {
    if (typeof budget !== 'number' || !Number.isSafeInteger(budget) || budget < -1) refuse('generationConfig.thinkingConfig.thinkingBudget', 'an integer of at least -1', budget)
    fields['reasoning'] = budget === 0 ? { effort: 'none' } : budget === -1 ? { enabled: true } : { max_tokens: budget }
  } else if (level !== undefined && level !== null) {
    const effort = asString(level)?.toLowerCase()
    if (effort === undefined || (effort !== 'thinking_level_unspecified' && !LEVELS.includes(effort))) refuse('generationConfig.thinkingConfig.thinkingLevel', `one of ${LEVELS.map((one) => `"${one}"`).join(', ')}`, level)
    if (LEVELS.includes(effort)) fields['reasoning'] = { effort }
  } else if (config['includeThoughts'] === true) fields['reasoning'] = { enabled: true }
}

function readModalities(value: Json | undefined): string[] {
  if (value === undefined) return []
  const field = 'generationConfig.responseModalities'
  if (!Array.isArray(value)) refuse(field, 'an array of strings', value)
  return value.map((one: unknown, at) => asString(one)?.toLowerCase() ?? refuse(`${field}[${at}]`, 'a string', one))
}

/** Reads `tools`: functions become functions, in their order; tools that Google runs are its own. */
export function readTools(value: Json | undefined, fields: ChatFields, unsaid: Warning[]): void {
  if (value === undefined || value === null) return
  const tools: JsonObject[] = []
  for (const [at, tool] of repeated(value).entries()) {
    if (!isObject(tool)) refuse(`tools[${at}]`, 'an object', tool)
    for (const [key, content] of Object.entries(tool)) {
      const name = camel(key)
      if (content === undefined || content === null) continue
      if (name === 'functionDeclarations') tools.push(...readFunctions(content, `tools[${at}].functionDeclarations`))
      else unsaid.push({ field: `tools[${at}].${name}`, why: 'only Google runs this tool' })
    }
  }
  if (tools.length > 0) fields.tools = tools
}

function readFunctions(value: Json, field: string): JsonObject[] {
  return repeated(value).map((one, at) => {
    if (!isObject(one)) refuse(`${field}[${at}]`, 'an object with a name', one)
    const name = asString(one['name']) || refuse(`${field}[${at}].name`, 'a string', one['name'])
    const { description } = one
    if (description !== undefined && description !== null && typeof description !== 'string') refuse(`${field}[${at}].description`, 'a string', description)
    const standard = one['parametersJsonSchema'] ?? one['parameters_json_schema']
    const own = one['parameters'] ?? undefined
    if (own !== undefined && !isObject(own)) refuse(`${field}[${at}].parameters`, 'an object', own)
    const parameters = isObject(standard) ? standard : own && jsonSchemaOf(own)
    return { type: 'function', function: { name, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) } }
  })
}

/** Reads `toolConfig`: which functions the model may or must call. */
export function readToolConfig(value: Json | undefined, fields: ChatFields, unsaid: Warning[]): void {
  if (value === undefined || value === null) return
  if (!isObject(value)) refuse('toolConfig', 'an object', value)
  for (const [key, setting] of Object.entries(value)) {
    const name = camel(key)
    if (setting === undefined || setting === null) continue
    if (name === 'functionCallingConfig') readChoice(setting, fields)
    else unsaid.push({ field: `toolConfig.${name}`, why: 'only Gemini can be told this' })
  }
}

function readChoice(value: Json, fields: ChatFields): void {
  const field = 'toolConfig.functionCallingConfig'
  if (!isObject(value)) refuse(field, 'an object', value)
  const mode = asString(value['mode'])?.toUpperCase() ?? 'AUTO'
  const names = repeated(value['allowedFunctionNames'] ?? value['allowed_function_names'] ?? []).map((name, at) => asString(name) ?? refuse(`${field}.allowedFunctionNames[${at}]`, 'a string', name))
  // A choice without functions to choose from is refused by most, and asks for nothing.
  if (!fields.tools) return
  if (mode === 'NONE') fields.tool_choice = 'none'
  else if (mode === 'ANY' || mode === 'VALIDATED') fields.tool_choice = choiceOf(mode, names)
  else if (mode === 'AUTO' || mode === 'MODE_UNSPECIFIED') fields.tool_choice = 'auto'
  else refuse(`${field}.mode`, 'one of "AUTO", "ANY", "NONE", "VALIDATED"', value['mode'])
}

function choiceOf(mode: 'ANY' | 'VALIDATED', names: readonly string[]): Json {
  if (names.length === 0) return mode === 'ANY' ? 'required' : 'auto'
  const [only] = names
  if (mode === 'ANY' && names.length === 1) return { type: 'function', function: { name: only } }
  return { type: 'allowed_tools', allowed_tools: { mode: mode === 'ANY' ? 'required' : 'auto', tools: names.map((name) => ({ type: 'function', function: { name } })) } }
}
