import { asArray, asCount, asObject, asString, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { readControls, withoutControls, type Controls } from './controls.ts'
import { promptTokens } from './prose.ts'

/** The demo's models, by the ids that the catalogue calls them upstream. */
export const DEMO_MODELS = ['echo', 'writer', 'reasoner', 'priced'] as const
export type DemoModel = (typeof DEMO_MODELS)[number]

export interface DemoTool { readonly name: string; readonly parameters: Json }

/** Which tool must be called: `auto` leaves it to the prompt, `{ name }` is the one that the client names. */
export type DemoToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

/** `schema` undefined: any JSON object will do. */
export interface DemoFormat { readonly schema: Json | undefined }

export interface DemoToolResult { readonly name: string; readonly text: string }

/** A chat request as far as the demo reads it. */
export interface DemoRequest {
  readonly model: DemoModel
  readonly controls: Controls
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Text of the last user message, without controls. */
  readonly prompt: string
  /** How many images, files and sounds the last user message has. */
  readonly attachments: number
  /** What tools said since the last user message. */
  readonly toolResults: readonly DemoToolResult[]
  readonly tools: readonly DemoTool[]
  readonly toolChoice: DemoToolChoice
  readonly parallelTools: boolean
  readonly format: DemoFormat | undefined
  readonly choices: number
  readonly tokensMax: number
  readonly stop: readonly string[]
  /** Alternatives to list for each token; undefined: no logprobs asked for. */
  readonly logprobs: number | undefined
  /** Steps of thinking to show, 0: none. */
  readonly reasoningSteps: number
  readonly promptTokens: number
  /** A number that is the same for the same body. */
  readonly fingerprint: string
}

export type DemoRequestResult = { readonly ok: true; readonly request: DemoRequest } | { readonly ok: false; readonly status: 400 | 404; readonly code: string; readonly message: string }

const CHOICES_MAX = 16
const STEPS: Readonly<Record<string, number>> = { none: 0, minimal: 1, low: 2, medium: 3, high: 5, xhigh: 8, max: 8 }

/** Reads a request body of the dialect openai-chat. */
export function readRequest(text: string): DemoRequestResult {
  const body = parseObject(text)
  if (!body) return refuse('invalid_json', 'the body is not a JSON object')
  const messages = asArray(body['messages'])?.map((message) => asObject(message) ?? {})
  if (!messages || messages.length === 0) return refuse('invalid_request', '`messages` must be an array with at least one message')
  const slug = asString(body['model']) ?? ''
  const model = DEMO_MODELS.find((name) => name === slug.split('?', 1)[0]?.replace(/^demo\//, ''))
  if (!model) return { ok: false, status: 404, code: 'model_not_found', message: `the demo has no model \`${slug}\`; it has ${DEMO_MODELS.join(', ')}` }
  const lastUser = messages.findLastIndex((message) => message['role'] === 'user')
  const said = contentText(messages[lastUser]?.['content'])
  const controls = readControls(slug, said)
  if (!controls.ok) return refuse('invalid_request', controls.why)
  return {
    ok: true,
    request: {
      model, controls: controls.controls, prompt: withoutControls(said), fingerprint: Bun.hash(text).toString(36),
      attachments: attachments(messages[lastUser]?.['content']), toolResults: toolResults(messages, lastUser),
      promptTokens: countPrompt(messages, body), ...readOptions(body), ...readTools(body),
    },
  }
}

function refuse(code: string, message: string): DemoRequestResult {
  return { ok: false, status: 400, code, message }
}

function readOptions(body: JsonObject): Pick<DemoRequest, 'stream' | 'includeUsage' | 'format' | 'choices' | 'tokensMax' | 'stop' | 'logprobs' | 'reasoningSteps'> {
  const stop = body['stop']
  return {
    stream: body['stream'] === true,
    includeUsage: asObject(body['stream_options'])?.['include_usage'] === true,
    format: readFormat(asObject(body['response_format'])),
    choices: Math.min(Math.max(Math.trunc(asCount(body['n']) ?? 1), 1), CHOICES_MAX),
    tokensMax: asCount(body['max_completion_tokens']) ?? asCount(body['max_tokens']) ?? Number.POSITIVE_INFINITY,
    stop: (typeof stop === 'string' ? [stop] : (asArray(stop) ?? [])).filter((text): text is string => typeof text === 'string' && text !== ''),
    logprobs: body['logprobs'] === true ? Math.min(asCount(body['top_logprobs']) ?? 0, 20) : undefined,
    reasoningSteps: readSteps(body),
  }
}

function readTools(body: JsonObject): Pick<DemoRequest, 'tools' | 'toolChoice' | 'parallelTools'> {
  const tools: DemoTool[] = []
  for (const tool of asArray(body['tools']) ?? []) {
    const called = asObject(asObject(tool)?.['function'])
    const name = asString(called?.['name'])
    if (name !== undefined) tools.push({ name, parameters: called?.['parameters'] ?? {} })
  }
  const choice = body['tool_choice']
  const named = asString(asObject(asObject(choice)?.['function'])?.['name'])
  const toolChoice = named !== undefined ? { name: named } : choice === 'none' || choice === 'required' ? choice : 'auto'
  return { tools, toolChoice, parallelTools: body['parallel_tool_calls'] !== false }
}

function readFormat(format: JsonObject | undefined): DemoFormat | undefined {
  if (format?.['type'] === 'json_object') return { schema: undefined }
  if (format?.['type'] === 'json_schema') return { schema: asObject(format['json_schema'])?.['schema'] ?? {} }
  return undefined
}

function readSteps(body: JsonObject): number {
  const wish = asObject(body['reasoning'])
  if (wish?.['enabled'] === false) return 0
  const effort = asString(body['reasoning_effort']) ?? asString(wish?.['effort']) ?? 'medium'
  return STEPS[effort] ?? 3
}

function toolResults(messages: readonly JsonObject[], lastUser: number): DemoToolResult[] {
  const names = new Map<string, string>()
  const results: DemoToolResult[] = []
  for (const message of messages.slice(lastUser + 1)) {
    for (const call of asArray(message['tool_calls']) ?? []) {
      const id = asString(asObject(call)?.['id'])
      const name = asString(asObject(asObject(call)?.['function'])?.['name'])
      if (id !== undefined && name !== undefined) names.set(id, name)
    }
    if (message['role'] !== 'tool' && message['role'] !== 'function') continue
    const id = asString(message['tool_call_id']) ?? ''
    results.push({ name: names.get(id) ?? asString(message['name']) ?? 'the tool', text: contentText(message['content']) })
  }
  return results
}

function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return (asArray(content) ?? []).map((part) => asString(asObject(part)?.['text']) ?? '').filter((text) => text !== '').join('\n')
}

function attachments(content: Json | undefined): number {
  return (asArray(content) ?? []).filter((part) => asObject(part)?.['type'] !== 'text').length
}

/** Plausible counts: a token for four characters, four for a message's frame, 85 for an image or a file. */
function countPrompt(messages: readonly JsonObject[], body: JsonObject): number {
  let tokens = body['tools'] ? promptTokens(JSON.stringify(body['tools'])) : 0
  for (const message of messages) {
    tokens += 4 + promptTokens(contentText(message['content'])) + 85 * attachments(message['content'])
    if (message['tool_calls']) tokens += promptTokens(JSON.stringify(message['tool_calls']))
  }
  return tokens
}
