import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, Warning } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { WireRequest } from '../dialect.ts'
import { wireBody } from '../wire-body.ts'
import { isCarried, nativeBody } from './carry.ts'
import { generationConfig } from './config.ts'
import { writeContents } from './contents.ts'
import { writeTools } from './tools.ts'

/** Says a call to AI Studio: the model and whether it streams are in the path. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  const isNative = isCarried(call)
  const body = isNative ? nativeBody(call.native, endpoint, warnings) : writeBody(call, endpoint, warnings)
  const { upstreamId } = endpoint
  const model = upstreamId.includes('/') ? upstreamId : `models/${upstreamId}`
  const method = call.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return { path: `/v1beta/${model}:${method}`, headers: {}, ...wireBody(body, call), warnings, ...(isNative ? { isNative } : {}) }
}

/** The body, which is the same under every path that Gemini is served at. */
export function writeBody(call: Call, endpoint: Endpoint, warnings: Warning[]): JsonObject {
  const { system, contents } = writeContents(call.body.messages, endpoint, warnings)
  const body: JsonObject = {}
  if (system.length > 0) body['systemInstruction'] = { parts: system }
  body['contents'] = contents
  writeTools(body, call, endpoint, warnings)
  const config = generationConfig(call, endpoint, warnings)
  if (Object.keys(config).length > 0) body['generationConfig'] = config
  carry(body, call)
  warnOfTheRest(call, warnings)
  return body
}

/** Fields of Gemini's own request that are carried as they came, by both their spellings. */
const CARRIED: Readonly<Record<string, string>> = {
  safetySettings: 'safetySettings', safety_settings: 'safetySettings', cachedContent: 'cachedContent', cached_content: 'cachedContent', labels: 'labels',
  modelArmorConfig: 'modelArmorConfig', model_armor_config: 'modelArmorConfig',
}

function carry(body: JsonObject, call: Call): void {
  for (const field in CARRIED) {
    const value = call.body[field]
    if (value !== undefined && value !== null) body[CARRIED[field] ?? field] = value
  }
}

/** Fields that are said elsewhere in the request, or to us and to no provider. */
const SAID = new Set([
  'model', 'messages', 'stream', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'seed', 'n', 'tools', 'tool_choice', 'parallel_tool_calls',
  'response_format', 'structured_outputs', 'logprobs', 'top_logprobs', 'presence_penalty', 'frequency_penalty', 'modalities', 'audio', 'image_config',
  'reasoning', 'reasoning_effort', 'include_reasoning', 'generationConfig', 'generation_config', 'toolConfig', 'tool_config', ...Object.keys(CARRIED),
  'models', 'route', 'provider', 'plugins', 'transforms', 'preset', 'usage', 'stream_options', 'user', 'session_id', 'trace', 'debug', 'metadata', 'max_tool_calls',
  'stop_server_tools_when', 'cache_control',
])

/** Values that ask for nothing, so that nothing is lost when they are not said. */
const NEUTRAL = new Map<string, readonly unknown[]>([['repetition_penalty', [1]], ['min_p', [0]], ['top_a', [0]], ['verbosity', ['medium']], ['service_tier', ['auto', 'default']], ['store', [false]]])

function warnOfTheRest(call: Call, warnings: Warning[]): void {
  for (const field in call.body) {
    const value = call.body[field]
    if (SAID.has(field) || value === undefined || value === null || NEUTRAL.get(field)?.includes(value)) continue
    warnings.push({ field, why: 'Gemini has no such parameter' })
  }
  if (hasCacheMarks(call)) warnings.push({ field: 'cache_control', why: 'Gemini caches by itself and takes no marks' })
  if (call.body.messages.some((message) => message['is_error'] === true)) warnings.push({ field: 'is_error', why: 'Gemini cannot be told that a result is an error; it has to say so itself' })
  if (call.body.messages.some((message) => Array.isArray(message.content) && message.content.some(hasDetail))) warnings.push({ field: 'image_url.detail', why: 'is not said to Gemini for each image' })
}

function hasDetail(part: unknown): boolean {
  const image = isObject(part) ? part['image_url'] : undefined
  return isObject(image) && (image['detail'] ?? 'auto') !== 'auto'
}

function hasCacheMarks(call: Call): boolean {
  if (call.body['cache_control']) return true
  for (const message of call.body.messages) {
    if (message['cache_control']) return true
    if (Array.isArray(message.content) && message.content.some((part) => isObject(part) && part['cache_control'])) return true
  }
  return (call.body.tools ?? []).some((tool) => tool['cache_control'] || (isObject(tool['function']) && tool['function']['cache_control']))
}
