import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/**
 * What is wrong with a request for Anthropic's `POST /v1/messages`, as the provider would see it; nothing when it is
 * valid. By the Messages reference and its pages on tool use, thinking, caching and system messages in
 * mid-conversation, as of autumn 2026. Stricter than the provider where it is lenient in silence.
 */
export function problemsOfAnthropicRequest(body: unknown): string[] {
  if (!isObject(body)) return ['body: not an object']
  const problems: string[] = []
  const say = (where: string, what: string): void => { problems.push(`${where}: ${what}`) }
  for (const field in body) if (!FIELDS.has(field)) say(field, 'not a field of Anthropic’s')
  if (typeof body['model'] !== 'string' || body['model'] === '') say('model', 'not a name')
  if (!isCount(body['max_tokens'])) say('max_tokens', 'missing or not a whole number above 0')
  if (body['stream'] !== undefined && typeof body['stream'] !== 'boolean') say('stream', 'not a boolean')
  checkNumbers(body, say)
  checkThinking(body, say)
  checkOutput(body['output_config'], say)
  checkTools(body, say)
  checkSystem(body['system'], say)
  checkTurns(body['messages'], isObject(body['thinking']) ? body['thinking']['type'] : undefined, say)
  checkMarks(body, say)
  return problems
}

type Say = (where: string, what: string) => void

const FIELDS = new Set(['model', 'max_tokens', 'messages', 'system', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'tools', 'tool_choice', 'thinking', 'output_config',
  'metadata', 'service_tier', 'cache_control', 'context_management', 'container', 'mcp_servers', 'inference_geo', 'speed'])

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max
}

function checkNumbers(body: JsonObject, say: Say): void {
  const { temperature, top_p: topP, top_k: topK, stop_sequences: stops, metadata, service_tier: tier } = body
  if (temperature !== undefined && !isWithin(temperature, 0, 1)) say('temperature', 'not within 0 and 1')
  if (topP !== undefined && !isWithin(topP, 0, 1)) say('top_p', 'not within 0 and 1')
  if (topK !== undefined && !isWithin(topK, 0, Number.MAX_SAFE_INTEGER)) say('top_k', 'not a count')
  if (stops !== undefined && (!Array.isArray(stops) || stops.some((stop: unknown) => typeof stop !== 'string' || stop.trim() === ''))) say('stop_sequences', 'not an array of texts with something in them')
  if (metadata !== undefined && (!isObject(metadata) || Object.keys(metadata).some((key) => key !== 'user_id'))) say('metadata', 'holds more than user_id')
  if (tier !== undefined && tier !== 'auto' && tier !== 'standard_only') say('service_tier', 'neither auto nor standard_only')
}

function checkThinking(body: JsonObject, say: Say): void {
  const { thinking } = body
  if (thinking === undefined) return
  if (!isObject(thinking)) return say('thinking', 'not an object')
  const { type, budget_tokens: budget } = thinking
  if (type === 'enabled') {
    if (!isCount(budget) || Number(budget) < 1024) say('thinking.budget_tokens', 'below 1024')
    if (Number(budget) >= Number(body['max_tokens'])) say('thinking.budget_tokens', 'not below max_tokens')
    if (isObject(body['tool_choice']) && (body['tool_choice']['type'] === 'any' || body['tool_choice']['type'] === 'tool')) say('tool_choice', 'forced while thinking by a budget')
  } else if (type !== 'adaptive' && type !== 'disabled') say('thinking.type', String(type))
  if (type === 'disabled') return
  if (body['temperature'] !== undefined && body['temperature'] !== 1) say('temperature', 'set while thinking')
  if (body['top_k'] !== undefined) say('top_k', 'set while thinking')
}

function checkOutput(config: Json | undefined, say: Say): void {
  if (config === undefined) return
  if (!isObject(config)) return say('output_config', 'not an object')
  const { effort, format } = config
  if (effort !== undefined && !['low', 'medium', 'high', 'xhigh', 'max'].includes(String(effort))) say('output_config.effort', String(effort))
  if (format !== undefined && !(isObject(format) && format['type'] === 'json_schema' && isObject(format['schema']))) say('output_config.format', 'not a json_schema')
}

function checkTools(body: JsonObject, say: Say): void {
  const { tools, tool_choice: choice } = body
  if (tools !== undefined) {
    if (!Array.isArray(tools) || tools.length === 0) return say('tools', 'empty or not an array')
    const names = new Set<unknown>()
    tools.forEach((tool: unknown, at) => {
      if (!isObject(tool)) return say(`tools[${at}]`, 'not an object')
      if (typeof tool['type'] === 'string' && tool['type'] !== 'custom') return
      if (!/^[a-zA-Z0-9_-]{1,128}$/.test(String(tool['name']))) say(`tools[${at}].name`, String(tool['name']))
      if (names.has(tool['name'])) say(`tools[${at}].name`, 'used twice')
      names.add(tool['name'])
      const schema = tool['input_schema']
      if (!isObject(schema) || schema['type'] !== 'object') say(`tools[${at}].input_schema`, 'not the schema of an object')
      if (tool['function'] !== undefined) say(`tools[${at}].function`, 'not a field of Anthropic’s')
    })
  }
  if (choice === undefined) return
  if (tools === undefined) say('tool_choice', 'without tools')
  if (!isObject(choice) || !['auto', 'any', 'tool', 'none'].includes(String(choice['type']))) return say('tool_choice', JSON.stringify(choice))
  if (choice['type'] === 'tool' && typeof choice['name'] !== 'string') say('tool_choice.name', 'missing')
  if (choice['type'] === 'none' && choice['disable_parallel_tool_use'] !== undefined) say('tool_choice.disable_parallel_tool_use', 'beside none')
}

function checkSystem(system: Json | undefined, say: Say): void {
  if (system === undefined || typeof system === 'string') return
  if (!Array.isArray(system)) return say('system', 'neither text nor blocks')
  system.forEach((block: unknown, at) => {
    if (!isObject(block) || block['type'] !== 'text') say(`system[${at}]`, 'not text')
    else if (isBlank(block['text'])) say(`system[${at}]`, 'blank text')
  })
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text.trim() === ''
}

const ROLES = new Set(['user', 'assistant', 'system'])

interface Turn { readonly role: string; readonly blocks: readonly JsonObject[]; readonly where: string }

function checkTurns(messages: Json | undefined, thinking: unknown, say: Say): void {
  if (!Array.isArray(messages) || messages.length === 0) return say('messages', 'empty or not an array')
  const turns = messages.map((message: unknown, at): Turn => readTurn(message, `messages[${at}]`, say))
  const used = new Set<unknown>()
  turns.forEach((turn, at) => {
    const before = turns[at - 1]
    const after = turns[at + 1]
    if (before?.role === turn.role) say(turn.where, `follows another of ${turn.role}`)
    if (turn.role === 'system' && (before?.role !== 'user' || (after && after.role !== 'assistant'))) say(turn.where, 'a system message out of its place')
    for (const block of turn.blocks) checkBlock(block, turn.role, turn.where, say)
    if (turn.role === 'assistant') checkCalls(turn, after, used, say)
    if (turn.role === 'user') checkResults(turn, before, say)
  })
  checkEnd(turns, thinking, say)
}

function readTurn(message: unknown, where: string, say: Say): Turn {
  if (!isObject(message)) {
    say(where, 'not an object')
    return { role: '', blocks: [], where }
  }
  const { role, content } = message
  if (typeof role !== 'string' || !ROLES.has(role)) say(where, `role ${String(role)}`)
  for (const field in message) if (field !== 'role' && field !== 'content') say(`${where}.${field}`, 'not a field of a message')
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  if (!Array.isArray(blocks) || blocks.length === 0) {
    say(where, 'no content')
    return { role: String(role), blocks: [], where }
  }
  return { role: String(role), blocks: blocks.filter(isObject), where }
}

/** Fields that each kind of block must have, and who may say it. */
const BLOCKS: Readonly<Record<string, { readonly fields: readonly string[]; readonly roles: readonly string[] }>> = {
  text: { fields: ['text'], roles: ['user', 'assistant', 'system', 'result'] },
  image: { fields: ['source'], roles: ['user', 'result'] },
  document: { fields: ['source'], roles: ['user', 'result'] },
  search_result: { fields: ['source', 'title', 'content'], roles: ['user', 'assistant', 'result'] },
  tool_reference: { fields: ['tool_name'], roles: ['result'] },
  container_upload: { fields: ['file_id'], roles: ['user', 'result'] },
  tool_use: { fields: ['id', 'name', 'input'], roles: ['assistant'] },
  tool_result: { fields: ['tool_use_id'], roles: ['user'] },
  thinking: { fields: ['thinking', 'signature'], roles: ['assistant'] },
  redacted_thinking: { fields: ['data'], roles: ['assistant'] },
  server_tool_use: { fields: ['id', 'name', 'input'], roles: ['assistant'] },
  mcp_tool_use: { fields: ['id', 'name', 'input', 'server_name'], roles: ['assistant'] },
  compaction: { fields: ['content'], roles: ['assistant'] },
  tool_addition: { fields: ['tool'], roles: ['system'] },
  tool_removal: { fields: ['tool'], roles: ['system'] },
}
const SERVER_RESULT = { fields: ['tool_use_id', 'content'], roles: ['assistant'] }

function checkBlock(block: JsonObject, role: string, where: string, say: Say): void {
  const type = String(block['type'])
  const known = type !== 'tool_result' && type.endsWith('_tool_result') ? SERVER_RESULT : Object.hasOwn(BLOCKS, type) ? BLOCKS[type] : undefined
  if (!known) return say(where, `a block of type ${type}`)
  if (!known.roles.includes(role)) say(where, `${type} said by ${role}`)
  for (const field of known.fields) if (block[field] === undefined || block[field] === null) say(where, `${type} without ${field}`)
  if (type === 'text' && isBlank(block['text'])) say(where, 'blank text')
  if ((type === 'tool_use' || type === 'server_tool_use') && !isObject(block['input'])) say(where, `${type} whose input is no object`)
  if (type === 'thinking' && (typeof block['thinking'] !== 'string' || isBlank(block['signature']))) say(where, 'thinking without its text or signature')
  if ((type === 'image' || type === 'document') && isObject(block['source'])) checkSource(block['source'], where, say)
  if (type === 'tool_result' && Array.isArray(block['content'])) {
    for (const inner of block['content']) if (isObject(inner)) checkBlock(inner, 'result', where, say)
  }
}

function checkSource(source: JsonObject, where: string, say: Say): void {
  const { type, media_type: mediaType, data, url, file_id: id } = source
  if (type === 'base64') {
    if (!/^(?:image\/(?:png|jpeg|gif|webp)|application\/pdf)$/.test(String(mediaType))) say(where, `base64 of ${String(mediaType)}`)
    if (typeof data !== 'string' || data === '' || data.startsWith('data:')) say(where, 'base64 without data')
  } else if (type === 'url') {
    if (!/^https?:\/\//.test(String(url))) say(where, 'a source whose url is none')
  } else if (type === 'text') {
    if (mediaType !== 'text/plain' || typeof data !== 'string') say(where, 'a text source that is not text/plain')
  } else if (type === 'file') {
    if (typeof id !== 'string') say(where, 'a file source without file_id')
  } else if (type !== 'content') say(where, `a source of type ${String(type)}`)
}

function checkCalls(turn: Turn, after: Turn | undefined, used: Set<unknown>, say: Say): void {
  const answers = new Set(after?.role === 'user' ? after.blocks.filter((block) => block['type'] === 'tool_result').map((block) => block['tool_use_id']) : [])
  for (const block of turn.blocks) {
    if (block['type'] !== 'tool_use') continue
    const id = block['id']
    if (!/^[a-zA-Z0-9_-]+$/.test(String(id))) say(turn.where, `tool_use id ${String(id)}`)
    if (used.has(id)) say(turn.where, `tool_use id ${String(id)} used twice`)
    used.add(id)
    if (!answers.has(id)) say(turn.where, `tool_use ${String(id)} has no tool_result in the message after it`)
  }
  const last = turn.blocks.at(-1)?.['type']
  if (last === 'thinking' || last === 'redacted_thinking') say(turn.where, 'ends in thinking')
}

function checkResults(turn: Turn, before: Turn | undefined, say: Say): void {
  const calls = new Set(before?.role === 'assistant' ? before.blocks.filter((block) => block['type'] === 'tool_use').map((block) => block['id']) : [])
  let others = false
  for (const block of turn.blocks) {
    if (block['type'] !== 'tool_result') { others = true; continue }
    if (others) say(turn.where, 'tool_result after other content')
    if (!calls.delete(block['tool_use_id'])) say(turn.where, `tool_result ${String(block['tool_use_id'])} answers no tool_use of the message before it`)
  }
}

/** The last message of the assistant is continued: not when thinking by a budget, and not with blanks at its end. */
function checkEnd(turns: readonly Turn[], thinking: unknown, say: Say): void {
  const last = turns.at(-1)
  const before = turns.at(-2)
  const end = last?.blocks.at(-1)
  if (last?.role === 'assistant' && end?.['type'] === 'text') {
    if (thinking === 'enabled') say(last.where, 'a prefill while thinking')
    if (/\s$/.test(String(end['text']))) say(last.where, 'a prefill that ends in blanks')
  }
  const answersCalls = last?.role === 'user' && last.blocks.some((block) => block['type'] === 'tool_result')
  const first = before?.blocks[0]?.['type']
  if (thinking === 'enabled' && answersCalls && first !== 'thinking' && first !== 'redacted_thinking') say(before?.where ?? 'messages', 'does not begin with thinking, while thinking by a budget')
}

function checkMarks(body: JsonObject, say: Say): void {
  const marks: unknown[] = []
  const collect = (list: Json | undefined): void => {
    if (!Array.isArray(list)) return
    for (const one of list) if (isObject(one) && one['cache_control'] !== undefined) marks.push(one['cache_control'])
  }
  collect(body['tools'])
  collect(body['system'])
  if (Array.isArray(body['messages'])) for (const message of body['messages']) if (isObject(message)) collect(message['content'])
  if (body['cache_control'] !== undefined) marks.push(body['cache_control'])
  if (marks.length > 4) say('cache_control', `${marks.length} marks, at most 4 are taken`)
  for (const mark of marks) if (!isObject(mark) || mark['type'] !== 'ephemeral' || (mark['ttl'] !== undefined && mark['ttl'] !== '5m' && mark['ttl'] !== '1h')) say('cache_control', JSON.stringify(mark))
}
