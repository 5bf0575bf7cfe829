import type { Call, ChatBody, Message, Part, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { readCall } from '../openai-chat/call-read.ts'
import { CHECKS, refuse } from '../openai-chat/check.ts'

type ChatFields = Partial<Record<string, Json>>

/** Parameters that the chat shape has, by its name for them. */
const SAME: Readonly<Record<string, string>> = {
  max_tokens: 'max_tokens', temperature: 'temperature', seed: 'seed', frequency_penalty: 'frequency_penalty', presence_penalty: 'presence_penalty', k: 'top_k', p: 'top_p', logprobs: 'logprobs',
}
/** Fields that have a reader. */
const READ = new Set(['model', 'messages', 'stream', 'tools', 'strict_tools', 'tool_choice', 'response_format', 'stop_sequences', 'thinking', 'documents'])
/** Fields of ours, which may stand beside Cohere's own. */
const OURS = new Set(['models', 'provider', 'route', 'plugins', 'transforms', 'session_id', 'trace', 'user', 'usage'])

/** Reads Cohere's `/v2/chat` as a Call; the request is kept for Cohere's own endpoints. Throws Fault naming the field. */
export function readCohereChat(sent: JsonObject, origin: CallOrigin): Call {
  const unsaid: Warning[] = []
  const messages = readMessages(sent['messages'], unsaid)
  const fields: ChatFields = {}
  for (const [name, value] of Object.entries(sent)) {
    if (value === undefined || value === null || READ.has(name)) continue
    const field = SAME[name]
    if (field !== undefined) {
      // Cohere's 0 is "all of them" as well.
      CHECKS.get(field)?.(value, name)
      fields[field] = value
    } else if (OURS.has(name)) fields[name] = value
    else unsaid.push({ field: name, why: 'only Cohere can be told this' })
  }
  readTools(sent, fields)
  readFormat(sent['response_format'], fields)
  readThinking(sent['thinking'], fields)
  const stop = readStop(sent['stop_sequences'])
  const documents = readDocuments(sent['documents'], unsaid)
  const body = { ...fields, ...(stop ? { stop: stop.slice(0, 4) } : {}), model: sent['model'], messages: documents ? [documents, ...messages] : messages, stream: sent['stream'] ?? false }
  const call = readCall(body, origin)
  return { ...call, api: 'cohere', dialect: 'cohere', native: sent, unsaid, body: stop ? { ...call.body, stop } : call.body }
}

function readTools(sent: JsonObject, fields: ChatFields): void {
  const { tools, tool_choice: choice } = sent
  if (tools !== undefined && tools !== null) {
    if (!Array.isArray(tools)) refuse('tools', 'an array of tools', tools)
    if (tools.length > 0) fields['tools'] = sent['strict_tools'] === true ? tools.map(strict) : tools
  }
  if (choice === undefined || choice === null) return
  if (choice !== 'REQUIRED' && choice !== 'NONE') refuse('tool_choice', 'one of "REQUIRED", "NONE"', choice)
  fields['tool_choice'] = choice === 'REQUIRED' ? 'required' : 'none'
}

function strict(tool: Json): Json {
  return isObject(tool) && isObject(tool['function']) ? { ...tool, function: { ...tool['function'], strict: true } } : tool
}

function readFormat(format: Json | undefined, fields: ChatFields): void {
  if (format === undefined || format === null) return
  if (!isObject(format)) refuse('response_format', 'an object with a type', format)
  const schema = format['json_schema'] ?? format['schema']
  if (format['type'] === 'text') return
  if (format['type'] !== 'json_object') refuse('response_format.type', 'one of "text", "json_object"', format['type'])
  if (schema !== undefined && schema !== null && !isObject(schema)) refuse('response_format.json_schema', 'an object', schema)
  fields['response_format'] = isObject(schema) ? { type: 'json_schema', json_schema: { name: 'response', schema } } : { type: 'json_object' }
}

function readThinking(thinking: Json | undefined, fields: ChatFields): void {
  if (thinking === undefined || thinking === null) return
  if (!isObject(thinking)) refuse('thinking', 'an object with a type', thinking)
  const budget = thinking['token_budget']
  if (thinking['type'] === 'disabled') fields['reasoning'] = { effort: 'none' }
  else if (thinking['type'] !== 'enabled') refuse('thinking.type', 'one of "enabled", "disabled"', thinking['type'])
  else if (budget === undefined || budget === null) fields['reasoning'] = { enabled: true }
  else if (typeof budget !== 'number' || !Number.isSafeInteger(budget) || budget < 1) refuse('thinking.token_budget', 'an integer of at least 1', budget)
  else fields['reasoning'] = { max_tokens: budget }
}

function readStop(stop: Json | undefined): string[] | undefined {
  if (stop === undefined || stop === null) return undefined
  if (!Array.isArray(stop) || stop.length > 5) refuse('stop_sequences', 'an array of at most 5 strings', stop)
  return stop.length === 0 ? undefined : stop.map((one: unknown, at) => asString(one) ?? refuse(`stop_sequences[${at}]`, 'a string', one))
}

/** Documents to answer from: Cohere cites them, others read them as instructions. */
function readDocuments(documents: Json | undefined, unsaid: Warning[]): Message | undefined {
  if (documents === undefined || documents === null) return undefined
  if (!Array.isArray(documents)) refuse('documents', 'an array', documents)
  if (documents.length === 0) return undefined
  unsaid.push({ field: 'documents', why: 'are read to the model as text, and are not cited' })
  return { role: 'system', content: `Answer from these documents where they help:\n\n${documents.map((document, at) => documentText(document, `doc:${at}`)).join('\n\n')}` }
}

function documentText(document: Json, fallbackId: string): string {
  if (typeof document === 'string') return `<document id="${fallbackId}">\n${document}\n</document>`
  const object = asObject(document) ?? {}
  const data = object['data']
  return `<document id="${asString(object['id']) ?? fallbackId}">\n${typeof data === 'string' ? data : JSON.stringify(data ?? object)}\n</document>`
}

function readMessages(messages: Json | undefined, unsaid: Warning[]): Message[] {
  if (!Array.isArray(messages)) refuse('messages', 'an array of messages', messages)
  return messages.map((message: unknown, at) => {
    const field = `messages[${at}]`
    if (!isObject(message)) refuse(field, 'an object with role and content', message)
    switch (message['role']) {
      case 'system': return { role: 'system', content: textOf(message['content'], `${field}.content`) }
      case 'user': return { role: 'user', content: userContent(message['content'], `${field}.content`) }
      case 'assistant': return assistant(message, field, unsaid)
      case 'tool': return { role: 'tool', tool_call_id: asString(message['tool_call_id']) ?? refuse(`${field}.tool_call_id`, 'the id of the tool call that this answers', message['tool_call_id']), content: textOf(message['content'], `${field}.content`) }
      default: return refuse(`${field}.role`, 'one of "system", "user", "assistant", "tool"', message['role'])
    }
  })
}

/** What is said, as one text: of texts side by side, and of documents in the results of tools. */
function textOf(content: Json | undefined, field: string): string {
  if (typeof content === 'string') return content
  if (content === undefined || content === null) return ''
  if (!Array.isArray(content)) refuse(field, 'a string or an array of parts', content)
  return content.map((part: unknown, at) => {
    if (!isObject(part)) return refuse(`${field}[${at}]`, 'an object with a type', part)
    if (part['type'] === 'document') return documentText(part['document'] ?? null, `doc:${at}`)
    return asString(part['text']) ?? refuse(`${field}[${at}].text`, 'a string', part['text'])
  }).join('\n')
}

function userContent(content: Json | undefined, field: string): string | readonly Part[] {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) refuse(field, 'a string or an array of parts', content)
  return content.map((part: unknown, at): Part => {
    if (!isObject(part) || typeof part['type'] !== 'string') refuse(`${field}[${at}]`, 'an object with a type', part)
    if (part['type'] === 'document') return { type: 'text', text: documentText(part['document'] ?? null, `doc:${at}`) }
    // Text and images have the shape of chat; its reader looks at them.
    return part as Part
  })
}

function assistant(message: JsonObject, field: string, unsaid: Warning[]): Message {
  const parts = asArray(message['content']) ?? []
  const thoughts = parts.flatMap((part) => (isObject(part) && part['type'] === 'thinking' ? [asString(part['thinking']) ?? ''] : [])).join('')
  const text = typeof message['content'] === 'string' ? message['content'] : parts.flatMap((part) => (isObject(part) && part['type'] === 'text' ? [asString(part['text']) ?? ''] : [])).join('')
  // What Cohere's models plan aloud before they call tools.
  const plan = asString(message['tool_plan']) ?? ''
  const calls = asArray(message['tool_calls']) ?? []
  const details = message['reasoning_details']
  if (message['citations'] !== undefined && !unsaid.some((warning) => warning.field === 'citations')) unsaid.push({ field: 'citations', why: 'of earlier answers are told to Cohere only' })
  if (text === '' && plan === '' && calls.length === 0 && thoughts === '') throw new Fault('invalid_request', `${field}: says nothing; send content or tool_calls`, { metadata: { field } })
  return {
    role: 'assistant', content: [plan, text].filter((said) => said !== '').join('\n') || (calls.length > 0 ? null : ''),
    // The shape is that of chat; its reader looks at them.
    ...(calls.length > 0 ? { tool_calls: calls as unknown as ChatBody['messages'][number]['tool_calls'] } : {}),
    ...(Array.isArray(details) ? { reasoning_details: details as Message['reasoning_details'] } : thoughts === '' ? {} : { reasoning: thoughts }),
  }
}
