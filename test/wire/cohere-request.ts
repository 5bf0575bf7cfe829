import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/** Judges the body of a `/v2/chat` request as Cohere would: known fields, roles, results of calls, values in range. One sentence for each problem. */
export function problemsOfCohereRequest(body: unknown): string[] {
  const problems: string[] = []
  if (!isObject(body)) return ['the body is no object']
  unknownKeys(body, BODY, '', problems)
  if (typeof body['model'] !== 'string' || typeof body['stream'] !== 'boolean') problems.push('model and stream: needed')
  judgeMessages(objects(body['messages']), problems)
  for (const tool of objects(body['tools'])) judgeTool(tool, problems)
  if (body['tools'] !== undefined && objects(body['tools']).length === 0) problems.push('tools: none')
  if (body['tool_choice'] !== undefined && !(['REQUIRED', 'NONE'] as Json[]).includes(body['tool_choice'])) problems.push(`tool_choice: ${JSON.stringify(body['tool_choice'])}`)
  if (body['tool_choice'] !== undefined && body['tools'] === undefined) problems.push('tool_choice: without tools')
  if (body['response_format'] !== undefined && body['tools'] !== undefined) problems.push('response_format: beside tools')
  for (const [field, min, max] of RANGES) {
    const value = body[field]
    if (value !== undefined && !(typeof value === 'number' && value >= min && value <= max)) problems.push(`${field}: ${JSON.stringify(value)} is not from ${min} to ${max}`)
  }
  return problems
}

const BODY = ['model', 'messages', 'stream', 'tools', 'strict_tools', 'tool_choice', 'documents', 'citation_options', 'response_format', 'safety_mode', 'max_tokens', 'stop_sequences', 'temperature', 'seed', 'frequency_penalty', 'presence_penalty', 'k', 'p', 'logprobs', 'thinking', 'priority']
const RANGES = [['p', 0.01, 0.99], ['k', 0, 500], ['frequency_penalty', 0, 1], ['presence_penalty', 0, 1], ['temperature', 0, 2], ['max_tokens', 1, Number.MAX_SAFE_INTEGER]] as const
const KEYS: Readonly<Record<string, readonly string[]>> = { system: ['role', 'content'], user: ['role', 'content'], assistant: ['role', 'content', 'tool_calls', 'tool_plan', 'citations'], tool: ['role', 'content', 'tool_call_id'] }

function unknownKeys(object: JsonObject, known: readonly string[], where: string, problems: string[]): void {
  for (const [key, value] of Object.entries(object)) {
    if (!known.includes(key)) problems.push(`${where}${where && '.'}${key}: unknown field`)
    else if (value === null || value === undefined) problems.push(`${where}${where && '.'}${key}: is ${value}`)
  }
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function judgeMessages(messages: readonly JsonObject[], problems: string[]): void {
  if (!messages.some((message) => message['role'] !== 'system')) problems.push('messages: nobody says anything')
  const asked = new Set<Json>()
  for (const [at, message] of messages.entries()) {
    const where = `messages[${at}]`
    const known = KEYS[String(message['role'])]
    if (!known) problems.push(`${where}.role: ${JSON.stringify(message['role'])}`)
    else unknownKeys(message, known, where, problems)
    for (const call of objects(message['tool_calls'])) {
      asked.add(call['id'] ?? '')
      if (!isObject(call['function']) || typeof call['function']['name'] !== 'string' || !isJsonObject(call['function']['arguments'])) problems.push(`${where}.tool_calls: a name and JSON arguments`)
    }
    if (message['role'] === 'tool' && !asked.has(message['tool_call_id'] ?? '')) problems.push(`${where}.tool_call_id: ${JSON.stringify(message['tool_call_id'])} was not asked for`)
    if (message['role'] === 'assistant' && message['content'] === undefined && message['tool_calls'] === undefined) problems.push(`${where}: says nothing`)
    for (const part of objects(message['content'])) if (!['text', 'image_url', 'thinking', 'document'].includes(String(part['type']))) problems.push(`${where}.content: ${JSON.stringify(part['type'])}`)
  }
}

function isJsonObject(text: Json | undefined): boolean {
  try {
    return typeof text === 'string' && isObject(JSON.parse(text))
  } catch {
    return false
  }
}

function judgeTool(tool: JsonObject, problems: string[]): void {
  unknownKeys(tool, ['type', 'function'], 'tools', problems)
  const fn = tool['function']
  if (tool['type'] !== 'function' || !isObject(fn) || typeof fn['name'] !== 'string' || !isObject(fn['parameters'])) problems.push('tools: a function with name and parameters')
  else unknownKeys(fn, ['name', 'description', 'parameters'], 'tools.function', problems)
}
