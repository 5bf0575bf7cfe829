import type { CallOrigin } from '../dialect.ts'
import type { Call, ChatBody, Effort, Modality, Needs, PdfNeeds, ReasoningWish, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { CHECKS, refuse } from './check.ts'
import { readMessages, type MessageFacts } from './messages.ts'
import { FILE_PARSER, readFileParser } from './file-parser.ts'
import { readPreferences, strangePreferences } from './preferences.ts'

/** Parameters whose name in the catalogue is not their name in the body. All others are named as they are sent. */
const CATALOGUE_NAMES: Readonly<Record<string, string>> = { max_completion_tokens: 'max_tokens', reasoning_effort: 'reasoning' }

/** Fields that are no parameters of a model: who calls, where to, and what comes back. */
const NOT_PARAMETERS = new Set(['messages', 'model', 'models', 'provider', 'stream', 'stream_options', 'user', 'session_id', 'trace', 'metadata', 'plugins',
  'transforms', 'debug', 'usage', 'route', 'preset', 'service_tier', 'cache_control', 'prompt_cache_key', 'prompt_cache_options', 'modalities', 'n', 'prompt', 'max_tool_calls'])

/** Reads a chat completion request (contract B3–B34, B50–B57). Checks, and copies nothing. Throws Fault naming the field. */
export function readCall(sent: JsonObject, origin: CallOrigin): Call {
  const body = withMessages(sent)
  const parameters: string[] = []
  for (const field in body) {
    const value = body[field]
    if (value === null || value === undefined) continue
    CHECKS.get(field)?.(value, field)
    if (!NOT_PARAMETERS.has(field) && CHECKS.has(field)) parameters.push(CATALOGUE_NAMES[field] ?? field)
  }
  const facts = readMessages(body.messages)
  checkTogether(body)
  return {
    id: origin.id,
    api: 'chat',
    dialect: 'openai-chat',
    createdMs: origin.createdMs,
    stream: body.stream === true,
    models: readModels(body),
    body,
    preferences: readPreferences(body['provider']),
    reasoning: readReasoning(body),
    needs: readNeeds(body, parameters, facts, origin.bodyBytes),
    ...unsaidOf(body),
    headers: typeof body['session_id'] === 'string' ? { ...origin.headers, sessionId: body['session_id'] } : origin.headers,
  }
}

/** Variants of the contract that change nothing here yet (C28–C30). */
const UNSERVED_SUFFIX = /:(?:online|extended)(?=:|@|$)/

/** Plugins that there are: who reads files, and the settings of routers, each read where it is used. */
const PLUGINS = new Set([FILE_PARSER, 'auto-router', 'auto-beta-router', 'pareto-router', 'fusion'])

/** A field's name is the client's text. */
const STRANGE_CHARS_MAX = 80

/** Features of the contract that this server has not: whoever asks for one is told, not left to wonder. */
function unsaidOf(body: ChatBody): { readonly unsaid?: readonly Warning[] } {
  const unsaid: Warning[] = []
  const plugins: readonly unknown[] = Array.isArray(body['plugins']) ? body['plugins'] : []
  plugins.forEach((plugin, index) => {
    if (isObject(plugin) && PLUGINS.has(String(plugin['id']))) return
    if (!isObject(plugin) || plugin['enabled'] !== false) unsaid.push({ field: `plugins[${index}]`, why: `this server has no plugin ${isObject(plugin) ? String(plugin['id']).slice(0, 40) : ''}` })
  })
  if (Array.isArray(body['transforms']) && body['transforms'].length > 0) unsaid.push({ field: 'transforms', why: 'this server does not shorten prompts' })
  const provider = body['provider']
  for (const name of [body.model, ...(Array.isArray(body['models']) ? body['models'] : [])]) {
    const suffix = typeof name === 'string' ? UNSERVED_SUFFIX.exec(name)?.[0] : undefined
    if (suffix !== undefined) unsaid.push({ field: 'model', why: `${suffix} has no effect on this server` })
  }
  if (isObject(provider)) for (const field of strangePreferences(provider)) unsaid.push({ field: `provider.${field.slice(0, STRANGE_CHARS_MAX)}`, why: 'is no routing preference' })
  return unsaid.length > 0 ? { unsaid } : {}
}

/** The body as ChatBody: its messages are checked right after. `prompt`, the older form, becomes one user message. */
function withMessages(sent: JsonObject): ChatBody {
  if (sent['messages'] === undefined && typeof sent['prompt'] === 'string') {
    const { prompt, ...rest } = sent
    return { ...rest, messages: [{ role: 'user', content: prompt }] }
  }
  // Its fields are checked by `readCall`, its messages by `readMessages`.
  return sent as ChatBody
}

function checkTogether(body: ChatBody): void {
  checkToolChoice(body)
  if (body.top_logprobs !== undefined && body.top_logprobs !== null && body.logprobs !== true) {
    throw new Fault('invalid_request', 'top_logprobs: needs logprobs: true beside it', { metadata: { field: 'top_logprobs' } })
  }
  const effort = isObject(body['reasoning']) ? body['reasoning']['effort'] : undefined
  const short = body['reasoning_effort']
  if (effort !== undefined && effort !== null && short !== undefined && short !== null && effort !== short) {
    throw new Fault('invalid_request', `reasoning_effort: says "${String(short)}" and reasoning.effort says "${String(effort)}"; send one of them`, { metadata: { field: 'reasoning_effort' } })
  }
}

/** A choice among tools needs the tools, and names one of them. */
function checkToolChoice({ tools, tool_choice: choice }: ChatBody): void {
  const named = isObject(choice) && isObject(choice['function']) ? choice['function']['name'] : undefined
  if (choice !== 'required' && named === undefined) return
  const names = (tools ?? []).map((tool) => (isObject(tool['function']) ? tool['function']['name'] : undefined))
  if (names.length === 0) throw new Fault('invalid_request', `tool_choice: asks for a tool, and tools has none`, { metadata: { field: 'tool_choice' } })
  if (named !== undefined && !names.includes(named)) throw new Fault('invalid_request', `tool_choice: names ${JSON.stringify(named)}, which is none of the tools`, { metadata: { field: 'tool_choice' } })
}

const MODELS_MAX = 32

function readModels(body: ChatBody): readonly string[] {
  const { model } = body
  const models = body['models']
  if (model !== undefined && model !== null && (typeof model !== 'string' || model === '')) refuse('model', 'the id of a model, such as "openai/gpt-4o-mini"', model)
  if (models !== undefined && models !== null && !Array.isArray(models)) refuse('models', 'an array of model ids', models)
  if (Array.isArray(models) && models.length > MODELS_MAX) throw new Fault('invalid_request', `models: has ${models.length} model ids; at most ${MODELS_MAX} are taken`, { metadata: { field: 'models' } })
  const others: readonly unknown[] = Array.isArray(models) ? models : []
  others.forEach((name, index) => {
    if (typeof name !== 'string' || name === '') refuse(`models[${index}]`, 'the id of a model', name)
  })
  // Each of them was looked at above.
  const names = [...(model ? [model] : []), ...others] as string[]
  if (names.length === 0) {
    throw new Fault('invalid_request', 'model: is missing; name a model such as "demo/echo" (GET /api/v1/models lists them)', { metadata: { field: 'model' } })
  }
  return names.length === 1 ? names : [...new Set(names)]
}

/** `reasoning`, `reasoning_effort` and `include_reasoning` as one wish (B21–B25). */
function readReasoning(body: ChatBody): ReasoningWish {
  const reasoning = isObject(body['reasoning']) ? body['reasoning'] : undefined
  const include = body['include_reasoning']
  // `CHECKS` let nothing but these types pass.
  const effort = (reasoning?.['effort'] ?? body['reasoning_effort'] ?? undefined) as Effort | undefined
  const maxTokens = (reasoning?.['max_tokens'] ?? undefined) as number | undefined
  const exclude = reasoning?.['exclude'] === true || include === false
  const summary = typeof reasoning?.['summary'] === 'string' ? reasoning['summary'] : undefined
  return { enabled: readEnabled(reasoning, effort, maxTokens, include) ?? (isThinking(body) ? true : undefined), effort, maxTokens, exclude, summary }
}

/** `:thinking` behind the model's name: it reasons unless the request says otherwise (C29). */
function isThinking(body: ChatBody): boolean {
  const first = body.model ?? (Array.isArray(body['models']) ? body['models'][0] : undefined)
  return typeof first === 'string' && /:thinking(?=:|@|$)/i.test(first)
}

function readEnabled(reasoning: JsonObject | undefined, effort: Effort | undefined, maxTokens: number | undefined, include: unknown): boolean | undefined {
  if (typeof reasoning?.['enabled'] === 'boolean') return reasoning['enabled']
  if (effort !== undefined) return effort !== 'none'
  if (maxTokens !== undefined) return maxTokens > 0
  return include === true ? true : undefined
}

function readNeeds(body: ChatBody, parameters: readonly string[], facts: MessageFacts, bodyBytes: number): Needs {
  const format = isObject(body.response_format) ? body.response_format['type'] : undefined
  // Two bytes a token is above what any tokenizer makes of prose, code or digits; JSON's own signs are the margin.
  const promptTokensMax = Math.ceil((bodyBytes - facts.mediaBytes) / 2) + facts.mediaTokensMax
  return {
    parameters: format === 'json_schema' ? [...parameters, 'structured_outputs'] : format === 'text' ? parameters.filter((name) => name !== 'response_format') : parameters,
    inputs: facts.inputs,
    outputs: Array.isArray(body['modalities']) ? (body['modalities'] as Modality[]) : TEXT_ONLY,
    promptTokensMax,
    media: facts.mediaItems === 0 ? undefined : { items: facts.mediaItems, audio: facts.audioItems },
    ...pdfNeeds(body, facts, promptTokensMax),
    promptTokensGuess: Math.ceil(facts.textChars / CHARS_PER_TOKEN) + facts.images * IMAGE_TOKENS_GUESS,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    choices: body.n ?? 1,
  }
}

/** Files that are all PDFs, and that the client lets this server read. */
function pdfNeeds(body: ChatBody, facts: MessageFacts, promptTokensMax: number): { readonly pdfs?: PdfNeeds } {
  const engine = readFileParser(body['plugins'])
  if (!facts.isPdfOnly || engine === 'native') return {}
  return { pdfs: { ...(engine === undefined ? {} : { engine }), promptTokensMax: promptTokensMax - facts.fileTokensMax } }
}

/** A stated estimate, for answers whose provider counts nothing: four characters a token, and an image of usual size. */
const CHARS_PER_TOKEN = 4
const IMAGE_TOKENS_GUESS = 800

const TEXT_ONLY: readonly Modality[] = ['text']
