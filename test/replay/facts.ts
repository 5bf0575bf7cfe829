import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

/** What a request says, kind by kind, so that a recorded request and the one that our gateway writes can be compared. */
export interface Facts {
  readonly system: string
  readonly user: string
  readonly assistant: string
  /** Reasoning that is sent back, byte for byte: text and signature, or opaque data. */
  readonly thoughts: readonly string[]
  readonly calls: readonly unknown[]
  readonly results: readonly unknown[]
  /** Images and documents: kind of file, and its URL or data. */
  readonly files: readonly string[]
  readonly tools: readonly unknown[]
}

interface Growing { system: string; user: string; assistant: string; thoughts: string[]; calls: unknown[]; results: unknown[]; files: string[]; tools: unknown[] }

function noFacts(): Growing {
  return { system: '', user: '', assistant: '', thoughts: [], calls: [], results: [], files: [], tools: [] }
}

/** The facts of an Anthropic request, less what chat completions cannot say: server tools, uploads, context editing. */
export function factsOfAnthropic(body: JsonObject): Facts {
  const facts = noFacts()
  const { system } = body
  facts.system = typeof system === 'string' ? system : listOf(system).map((block) => textOf(block['text'])).join('')
  for (const tool of listOf(body['tools'])) if (isObject(tool['input_schema'])) facts.tools.push({ name: tool['name'], description: tool['description'] ?? '' })
  for (const message of listOf(body['messages'])) {
    const blocks = typeof message['content'] === 'string' ? [{ type: 'text', text: message['content'] }] : listOf(message['content'])
    for (const block of blocks) addBlock(facts, textOf(message['role']), block)
  }
  return facts
}

function addBlock(facts: Growing, role: string, block: JsonObject): void {
  const { type } = block
  if (type === 'text' && role === 'system') facts.system += textOf(block['text'])
  else if (type === 'text') facts[role === 'assistant' ? 'assistant' : 'user'] += textOf(block['text'])
  else if (type === 'thinking') facts.thoughts.push(`${textOf(block['thinking'])}|${textOf(block['signature'])}`)
  else if (type === 'redacted_thinking') facts.thoughts.push(textOf(block['data']))
  else if (type === 'tool_use') facts.calls.push({ id: block['id'], name: block['name'], input: block['input'] ?? {} })
  else if (type === 'image' || type === 'document') facts.files.push(...anthropicFile(block))
  else if (type === 'tool_result') {
    const parts = typeof block['content'] === 'string' ? [{ type: 'text', text: block['content'] }] : listOf(block['content'])
    facts.results.push({ id: block['tool_use_id'], text: parts.map((part) => textOf(part['text'])).join('') })
    for (const part of parts) if (part['type'] === 'image' || part['type'] === 'document') facts.files.push(...anthropicFile(part))
  }
}

function anthropicFile(block: JsonObject): string[] {
  const source = objectOf(block['source'])
  if (source['type'] === 'url') return [textOf(source['url'])]
  return source['type'] === 'base64' ? [`${textOf(source['media_type'])}:${textOf(source['data'])}`] : []
}

/** The facts of a Gemini request, less what chat completions cannot say: built-in tools and their parts. */
export function factsOfGemini(body: JsonObject): Facts {
  const facts = noFacts()
  facts.system = listOf(objectOf(body['systemInstruction'])['parts']).map((part) => textOf(part['text'])).join('\n')
  const tools = isObject(body['tools']) ? [body['tools']] : listOf(body['tools'])
  for (const tool of tools.flatMap((one) => listOf(one['functionDeclarations'] ?? one['function_declarations']))) facts.tools.push({ name: tool['name'], description: tool['description'] ?? '' })
  for (const content of listOf(body['contents'])) {
    for (const part of listOf(content['parts'])) addPart(facts, content['role'] === 'model', part)
  }
  return facts
}

function addPart(facts: Growing, isModel: boolean, part: JsonObject): void {
  const { functionCall: call, functionResponse: result } = part
  const said = textOf(part['text'])
  const signature = textOf(part['thoughtSignature'])
  if (isObject(call)) facts.calls.push({ name: call['name'], args: call['args'] ?? {}, signature })
  else if (isObject(result)) addResult(facts, result)
  else if (part['thought'] !== true && part['text'] !== undefined) {
    facts[isModel ? 'assistant' : 'user'] += said
    if (signature !== '') facts.thoughts.push(signature)
  }
  facts.files.push(...geminiFile(part))
}

function addResult(facts: Growing, result: JsonObject): void {
  facts.results.push({ name: result['name'], response: result['response'] })
  facts.files.push(...listOf(result['parts']).flatMap(geminiFile))
}

function geminiFile(part: JsonObject): string[] {
  const inline = objectOf(part['inlineData'])
  const file = objectOf(part['fileData'])
  if (textOf(inline['data']) !== '') return [plainBase64(textOf(inline['data']))]
  // Chat completions take audio as data only, so a recorded link to some is left out.
  return textOf(file['fileUri']) === '' || textOf(file['mimeType']).startsWith('audio/') ? [] : [textOf(file['fileUri'])]
}

function plainBase64(data: Json): string {
  return textOf(data).replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
}
