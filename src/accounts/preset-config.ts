import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** What a preset keeps of a request, in the chat API's fields; all others are the request's own (contract A28). */
const KEPT: ReadonlySet<string> = new Set([
  'model', 'models', 'provider', 'route', 'service_tier', 'temperature', 'top_p', 'top_k', 'min_p', 'top_a', 'frequency_penalty', 'presence_penalty', 'repetition_penalty',
  'max_tokens', 'max_completion_tokens', 'seed', 'stop', 'logit_bias', 'logprobs', 'top_logprobs', 'response_format', 'structured_outputs', 'reasoning', 'reasoning_effort',
  'include_reasoning', 'verbosity', 'modalities', 'image_config', 'tools', 'tool_choice', 'parallel_tool_calls', 'plugins', 'transforms', 'web_search_options', 'max_tool_calls',
  'stop_server_tools_when',
])

const SYSTEM_ROLES: ReadonlySet<unknown> = new Set(['system', 'developer'])

/** The configuration in a request's chat body, and its system prompt: the system messages that it begins with. */
export function presetOf(body: JsonObject): { readonly config: JsonObject; readonly systemPrompt: string | null } {
  const config = Object.fromEntries(Object.entries(body).filter(([field, value]) => KEPT.has(field) && value !== null && value !== undefined))
  const messages: readonly Json[] = Array.isArray(body['messages']) ? body['messages'] : []
  const end = messages.findIndex((message) => !isObject(message) || !SYSTEM_ROLES.has(message['role']))
  const texts = messages.slice(0, end === -1 ? messages.length : end).map((message) => (isObject(message) ? textOf(message['content']) : ''))
  const systemPrompt = texts.filter((text) => text !== '').join('\n\n')
  return { config, systemPrompt: systemPrompt === '' ? null : systemPrompt }
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((part: Json) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('') : ''
}

/** Fields that say one thing in several ways: a request that says one of them leaves none of the preset's (B43). */
const SAME: readonly (readonly string[])[] = [['max_tokens', 'max_completion_tokens'], ['reasoning', 'reasoning_effort', 'include_reasoning']]

/**
 * A request's chat body on top of a preset (contract B43, B44): what the request says holds, field by field; what only the
 * preset says is kept. A null says nothing. The preset's system prompt comes before the request's messages.
 */
export function mergePreset({ config, systemPrompt }: { readonly config: JsonObject; readonly systemPrompt: string | null }, request: JsonObject): JsonObject {
  const said = Object.fromEntries(Object.entries(request).filter(([field, value]) => field !== 'preset' && value !== null && value !== undefined))
  const overridden = new Set(SAME.filter((fields) => fields.some((field) => field in said)).flat())
  const kept = Object.fromEntries(Object.entries(config).filter(([field]) => !overridden.has(field)))
  const merged: JsonObject = { ...kept, ...said }
  if (Array.isArray(kept['tools']) && Array.isArray(said['tools'])) merged['tools'] = mergeTools(kept['tools'], said['tools'])
  if (systemPrompt !== null) merged['messages'] = [{ role: 'system', content: systemPrompt }, ...Array.isArray(said['messages']) ? said['messages'] : []]
  return merged
}

/** The preset's order stays; a tool of the request's takes the place of the preset's that it is the same as, and is added where there is none. */
function mergeTools(preset: readonly Json[], request: readonly Json[]): Json[] {
  const own = new Map(request.map((tool) => [identityOf(tool), tool] as const))
  const known = new Set(preset.map(identityOf))
  return [...preset.map((tool) => own.get(identityOf(tool)) ?? tool), ...request.filter((tool) => !known.has(identityOf(tool)))]
}

/** Server tools of which there can be several, told apart by their names. */
const NAMED: ReadonlySet<unknown> = new Set(['openrouter:advisor', 'openrouter:subagent', 'advisor', 'subagent'])

/** What makes two tools the same one (B44): a function's name, an advisor's type and name, else the type. */
function identityOf(tool: Json): string {
  if (!isObject(tool)) return JSON.stringify(tool)
  const { type, name } = tool
  const parameters = isObject(tool['parameters']) ? tool['parameters'] : {}
  const fn = tool['function']
  if (isObject(fn)) return `function ${String(fn['name'])}`
  return NAMED.has(type) ? `${String(type)} ${String(name ?? parameters['name'] ?? '')}` : String(type)
}
