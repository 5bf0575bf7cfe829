import type { Call, ChatBody, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { readCall } from '../openai-chat/call-read.ts'
import { camel, readConfig, readToolConfig, readTools, type ChatFields } from './call-read-config.ts'
import { ContentsReader } from './call-read-contents.ts'
import { either } from './wire.ts'

/** What the path of a request says: the model, and whether its answer is streamed. */
export interface GeminiPath { readonly model: string; readonly stream: boolean }

/** Fields of the request that have a reader. */
const READ = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'model'])

/** Fields that only Google can be told, and that ask nothing of anybody else. */
const GOOGLES = new Set(['safetySettings', 'cachedContent', 'labels', 'serviceTier', 'store'])

/** Fields of ours, which stand beside Google's own: how to route, and whose call it is. No provider is told them. */
export const ROUTER_FIELDS: ReadonlySet<string> = new Set(['models', 'provider', 'route', 'plugins', 'transforms', 'preset', 'session_id', 'trace', 'user', 'usage', 'debug', 'metadata', 'stream'])

/**
 * Reads a `generateContent` request as a Call, in camelCase or snake_case. The request itself is kept for Gemini's own
 * endpoints; what the chat shape has no words for is a warning at all others. Throws Fault naming the field.
 */
export function readGenerate(sent: JsonObject, origin: CallOrigin, path: GeminiPath): Call {
  const unsaid: Warning[] = []
  const contents = new ContentsReader(unsaid)
  contents.instruct(either(sent, 'systemInstruction', 'system_instruction'), 'systemInstruction')
  const messages = contents.read(sent['contents'])
  if (messages.length === 0) throw new Fault('invalid_request', 'contents: no turn says anything; send at least one part with text', { metadata: { field: 'contents' } })
  const fields: ChatFields = {}
  readConfig(either(sent, 'generationConfig', 'generation_config'), fields, unsaid)
  readTools(sent['tools'], fields, unsaid)
  readToolConfig(either(sent, 'toolConfig', 'tool_config'), fields, unsaid)
  readRest(sent, fields, unsaid)
  return callOf({ ...fields, messages, model: path.model, stream: path.stream }, sent, origin, unsaid)
}

function readRest(sent: JsonObject, fields: ChatFields, unsaid: Warning[]): void {
  for (const [key, value] of Object.entries(sent)) {
    if (value === undefined || value === null) continue
    if (ROUTER_FIELDS.has(key)) {
      if (key !== 'stream') fields[key] = value
    } else if (!READ.has(camel(key))) {
      unsaid.push({ field: camel(key), why: GOOGLES.has(camel(key)) ? 'only Gemini can be told this' : 'Gemini has no such field; it is carried to Google, and to nobody else' })
    }
  }
}

/** The Call of the chat body. Its checks of stop sequences, names of functions and the choice of them are narrower than Google's; `call-read-config` has made its own. */
function callOf(body: ChatBody, sent: JsonObject, origin: CallOrigin, unsaid: readonly Warning[]): Call {
  const checked = {
    ...body,
    ...(Array.isArray(body.stop) ? { stop: body.stop.slice(0, 4) } : {}),
    ...(body.tools ? { tools: body.tools.map((tool) => ({ ...tool, function: { name: 'checked' } })) } : {}),
    ...(isObject(body.tool_choice) ? { tool_choice: 'required' } : {}),
  }
  const call = readCall(checked, origin)
  return {
    ...call, api: 'gemini', dialect: 'gemini', native: sent, unsaid,
    body: { ...call.body, ...(body.stop ? { stop: body.stop } : {}), ...(body.tools ? { tools: body.tools } : {}), ...(body.tool_choice ? { tool_choice: body.tool_choice } : {}) },
    // Google shows thoughts only to those who ask for them.
    reasoning: { ...call.reasoning, exclude: !wantsThoughts(sent) },
  }
}

function wantsThoughts(sent: JsonObject): boolean {
  const config = either(sent, 'generationConfig', 'generation_config')
  const thinking = isObject(config) ? either(config, 'thinkingConfig', 'thinking_config') : undefined
  return isObject(thinking) && either(thinking, 'includeThoughts', 'include_thoughts') === true
}
