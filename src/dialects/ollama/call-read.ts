import type { Call, ChatBody, Message, Part, ToolCall, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { readCall } from '../openai-chat/call-read.ts'
import { describe, refuse } from '../openai-chat/check.ts'
import { readOptions, type ChatFields } from './call-read-options.ts'

/** Fields that have a reader, or that mean nothing where models run elsewhere and are always there. */
const READ = new Set(['model', 'messages', 'prompt', 'system', 'images', 'stream', 'format', 'options', 'tools', 'think', 'logprobs', 'top_logprobs', 'keep_alive', 'suffix'])
/** Fields of ours, which may stand beside Ollama's own. */
const OURS = new Set(['models', 'provider', 'route', 'plugins', 'transforms', 'session_id', 'trace', 'user', 'tool_choice', 'usage'])
/** What only Ollama's own server can do with a prompt. */
const ITS_OWN = new Set(['template', 'context', 'raw', 'width', 'height', 'steps'])

/** Reads `/api/chat`. Throws Fault naming the field. */
export function readOllamaChat(sent: JsonObject, origin: CallOrigin): Call {
  const { messages } = sent
  if (!Array.isArray(messages)) refuse('messages', 'an array of messages', messages)
  return readAny(sent, new MessagesReader().read(messages), origin)
}

/** Reads `/api/generate`: a prompt, with its instructions and images. */
export function readOllamaGenerate(sent: JsonObject, origin: CallOrigin): Call {
  const { prompt, system, images, suffix } = sent
  if (typeof prompt !== 'string' || prompt === '') refuse('prompt', 'a text that is not empty', prompt)
  if (suffix !== undefined && suffix !== null && suffix !== '') throw new Fault('invalid_request', 'suffix: models that chat cannot fill in before a suffix; leave it out', { metadata: { field: 'suffix' } })
  if (system !== undefined && system !== null && typeof system !== 'string') refuse('system', 'a string', system)
  const messages: Message[] = system ? [{ role: 'system', content: system }] : []
  messages.push({ role: 'user', content: withImages(prompt, images, 'images') })
  return readAny(sent, messages, origin)
}

function readAny(sent: JsonObject, messages: readonly Message[], origin: CallOrigin): Call {
  const unsaid: Warning[] = []
  const fields: ChatFields = {}
  readOptions(sent['options'], fields, unsaid)
  readFormat(sent['format'], fields)
  readThink(sent['think'], fields)
  for (const [field, value] of Object.entries(sent)) {
    if (value === undefined || value === null) continue
    if (OURS.has(field)) fields[field] = value
    else if (!READ.has(field)) unsaid.push({ field, why: ITS_OWN.has(field) ? "only Ollama's own server can do this" : "is none of the fields of Ollama's API" })
  }
  // Ollama counts an empty list of tools as none.
  if (!Array.isArray(sent['tools']) || sent['tools'].length > 0) fields.tools = sent['tools'] as ChatBody['tools']
  if (sent['logprobs'] === true) Object.assign(fields, { logprobs: true, top_logprobs: sent['top_logprobs'] })
  const stream = sent['stream'] ?? true
  if (typeof stream !== 'boolean') refuse('stream', 'true or false', stream)
  // `readOptions` alone sets it. Ollama takes more sequences than chat does.
  const stop = fields.stop as readonly string[] | undefined
  const call = readCall({ ...fields, ...(stop ? { stop: stop.slice(0, 4) } : {}), model: modelName(sent['model']), messages, stream }, origin)
  return { ...call, api: 'ollama', dialect: 'ollama', unsaid, body: stop === undefined ? call.body : { ...call.body, stop } }
}

/** The name of a model without the `:latest` that Ollama's clients put behind names that have no tag. Throws Fault. */
export function modelName(model: Json | undefined): string {
  if (typeof model !== 'string' || model === '') throw new Fault('invalid_request', `model: must be the name of a model, not ${describe(model)}`, { metadata: { field: 'model' } })
  return model.replace(/:latest$/, '')
}

function readFormat(format: Json | undefined, fields: ChatFields): void {
  if (format === undefined || format === null || format === '') return
  if (format === 'json') fields.response_format = { type: 'json_object' }
  else if (isObject(format)) fields.response_format = { type: 'json_schema', json_schema: { name: 'response', schema: format } }
  else refuse('format', '"json" or a JSON schema', format)
}

function readThink(think: Json | undefined, fields: ChatFields): void {
  if (think === undefined || think === null) return
  if (typeof think === 'boolean') fields['reasoning'] = think ? { enabled: true } : { effort: 'none' }
  else if (think === 'low' || think === 'medium' || think === 'high') fields['reasoning'] = { effort: think }
  else refuse('think', 'true, false, "low", "medium" or "high"', think)
}

/** Text, with pictures behind it where there are some. Ollama sends them as bare base64. */
function withImages(text: string, images: Json | undefined, field: string): string | readonly Part[] {
  if (images === undefined || images === null) return text
  if (!Array.isArray(images)) refuse(field, 'an array of base64 strings', images)
  if (images.length === 0) return text
  const parts = images.map((image: unknown, at): Part => {
    if (typeof image !== 'string' || image === '') refuse(`${field}[${at}]`, 'a base64 string', image)
    return { type: 'image_url', image_url: { url: image.startsWith('data:') ? image : `data:${imageType(image)};base64,${image}` } }
  })
  return text === '' ? parts : [{ type: 'text', text }, ...parts]
}

/** By the first bytes, as base64 says them. */
function imageType(base64: string): string {
  if (base64.startsWith('/9j/')) return 'image/jpeg'
  if (base64.startsWith('R0lGOD')) return 'image/gif'
  return base64.startsWith('UklGR') ? 'image/webp' : 'image/png'
}

/** Messages of Ollama's as those of chat: arguments are objects there, and results may name only their function. */
class MessagesReader {
  private readonly asked: { readonly id: string; readonly name: string; answered: boolean }[] = []

  read(messages: readonly Json[]): Message[] {
    return messages.map((message, at) => this.message(message, `messages[${at}]`, at))
  }

  private message(message: Json, field: string, at: number): Message {
    if (!isObject(message)) refuse(field, 'an object with role and content', message)
    const { role } = message
    const content = message['content'] ?? ''
    if (typeof content !== 'string') refuse(`${field}.content`, 'a string', content)
    switch (role) {
      case 'system': return { role, content }
      case 'user': return { role, content: withImages(content, message['images'], `${field}.images`) }
      case 'assistant': return this.assistant(message, content, field, at)
      case 'tool': return this.result(message, content, field)
      default: return refuse(`${field}.role`, 'one of "system", "user", "assistant", "tool"', role)
    }
  }

  private assistant(message: JsonObject, content: string, field: string, at: number): Message {
    const calls = message['tool_calls'] ?? []
    if (!Array.isArray(calls)) refuse(`${field}.tool_calls`, 'an array of tool calls', calls)
    const thinking = asString(message['thinking'])
    const details = message['reasoning_details']
    return {
      role: 'assistant', content,
      ...(calls.length > 0 ? { tool_calls: calls.map((call: unknown, index) => this.call(call, `${field}.tool_calls[${index}]`, `call_${at}_${index}`)) } : {}),
      // Our own answers have them; clients that send a message back as it was send them too.
      ...(Array.isArray(details) ? { reasoning_details: details as Message['reasoning_details'] } : thinking ? { reasoning: thinking } : {}),
    }
  }

  private call(call: unknown, field: string, fallbackId: string): ToolCall {
    const fn = isObject(call) ? call['function'] : undefined
    if (!isObject(call) || !isObject(fn) || typeof fn['name'] !== 'string') refuse(`${field}.function`, 'an object with name and arguments', fn ?? call)
    const id = asString(call['id']) || fallbackId
    const args = fn['arguments'] ?? {}
    if (!isObject(args) && typeof args !== 'string') refuse(`${field}.function.arguments`, 'an object', args)
    this.asked.push({ id, name: fn['name'], answered: false })
    return { id, type: 'function', function: { name: fn['name'], arguments: typeof args === 'string' ? args : JSON.stringify(args) } }
  }

  /** A result names its call, or its function, or nothing: then it answers the first call that has no answer. */
  private result(message: JsonObject, content: string, field: string): Message {
    const id = asString(message['tool_call_id'])
    const name = asString(message['tool_name']) ?? asString(message['name'])
    const open = this.asked.filter((call) => !call.answered)
    const call = this.asked.findLast((one) => one.id === id) ?? open.find((one) => name === undefined || one.name === name) ?? (name === undefined ? undefined : open[0])
    if (!call) throw new Fault('invalid_request', `${field}: no tool call before it waits for a result`, { metadata: { field } })
    call.answered = true
    return { role: 'tool', tool_call_id: call.id, name: call.name, content: withImages(content, message['images'], `${field}.images`) }
  }
}
