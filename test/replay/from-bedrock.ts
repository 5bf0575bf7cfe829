import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { clean, schemaFormat } from './chat-parts.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

/** A recorded Converse request as a chat request; what chat completions cannot say is left out. */
export function fromBedrock(body: JsonObject): JsonObject {
  const config = objectOf(body['inferenceConfig'])
  const extra = objectOf(body['additionalModelRequestFields'])
  const { toolChoice, tools } = objectOf(body['toolConfig'])
  const functions = toolsOf(listOf(tools))
  const system = marked(listOf(body['system']))
  return clean({
    messages: [...(system.length > 0 ? [{ role: 'system', content: system }] : []), ...listOf(body['messages']).flatMap(message)],
    max_tokens: config['maxTokens'], temperature: config['temperature'], top_p: config['topP'], stop: config['stopSequences'],
    top_k: extra['top_k'] ?? objectOf(extra['inferenceConfig'])['topK'],
    tools: functions.length > 0 ? functions : undefined,
    tool_choice: functions.length > 0 ? choiceOf(objectOf(toolChoice)) : undefined,
    reasoning: reasoningOf(extra),
    response_format: schemaOf(objectOf(objectOf(objectOf(body['outputConfig'])['textFormat'])['structure'])),
    guardrailConfig: body['guardrailConfig'], performanceConfig: body['performanceConfig'],
  })
}

/** Tools, with a cache point as the mark of the one before it. Nova's own are in Converse's words. */
function toolsOf(tools: readonly JsonObject[]): JsonObject[] {
  const written: JsonObject[] = []
  for (const tool of tools) {
    const spec = tool['toolSpec']
    if (isObject(tool['cachePoint'])) Object.assign(written.at(-1) ?? {}, { cache_control: { type: 'ephemeral' } })
    else if (isObject(spec)) written.push({ type: 'function', function: clean({ name: spec['name'], description: spec['description'], parameters: objectOf(spec['inputSchema'])['json'], strict: spec['strict'] }) })
    else written.push(tool)
  }
  return written
}

function choiceOf(choice: JsonObject): Json | undefined {
  if (choice['any'] !== undefined) return 'required'
  if (isObject(choice['tool'])) return { type: 'function', function: { name: choice['tool']['name'] } }
  return choice['auto'] === undefined ? undefined : 'auto'
}

function reasoningOf(extra: JsonObject): JsonObject | undefined {
  const thinking = objectOf(extra['thinking'])
  const effort = textOf(objectOf(extra['output_config'])['effort']) || textOf(extra['reasoning_effort']) || textOf(extra['reasoning_config'])
  if (thinking['type'] === 'enabled') return { max_tokens: thinking['budget_tokens'] }
  if (effort !== '') return { effort }
  return thinking['type'] === 'adaptive' ? { enabled: true } : undefined
}

function schemaOf(structure: JsonObject): JsonObject | undefined {
  const { schema } = objectOf(structure['jsonSchema'])
  return typeof schema === 'string' ? schemaFormat(JSON.parse(schema) as Json) : undefined
}

function message(turn: JsonObject): JsonObject[] {
  const blocks = listOf(turn['content'])
  if (turn['role'] === 'assistant') return [assistant(blocks)]
  const results = blocks.filter((block) => isObject(block['toolResult'])).map((block) => result(objectOf(block['toolResult'])))
  const said = marked(blocks.filter((block) => !isObject(block['toolResult'])))
  return [...results, ...(said.length > 0 ? [{ role: 'user', content: said }] : [])]
}

function assistant(blocks: readonly JsonObject[]): JsonObject {
  const text = blocks.map((block) => textOf(block['text'])).join('')
  const calls = blocks.map((block) => block['toolUse']).filter(isObject).map((use) => ({ id: use['toolUseId'], type: 'function', function: { name: use['name'], arguments: JSON.stringify(use['input'] ?? {}) } }))
  const details = blocks.flatMap((block, index) => {
    const said = objectOf(objectOf(block['reasoningContent'])['reasoningText'])
    return said['text'] === undefined ? [] : [{ type: 'reasoning.text', text: said['text'], signature: said['signature'], format: 'anthropic-claude-v1', index }]
  })
  return clean({ role: 'assistant', content: text === '' && calls.length > 0 ? null : text, tool_calls: calls.length > 0 ? calls : undefined, reasoning_details: details.length > 0 ? details : undefined })
}

function result(block: JsonObject): JsonObject {
  const parts = marked(listOf(block['content']))
  const only = parts.length === 1 && parts[0]?.['type'] === 'text' ? textOf(parts[0]['text']) : parts
  return clean({ role: 'tool', tool_call_id: block['toolUseId'], content: only, is_error: block['status'] === 'error' ? true : undefined })
}

/** Blocks as parts, with a cache point as the mark of the one before it. */
function marked(blocks: readonly JsonObject[]): JsonObject[] {
  const parts: JsonObject[] = []
  for (const block of blocks) {
    if (isObject(block['cachePoint'])) Object.assign(parts.at(-1) ?? {}, { cache_control: { type: 'ephemeral' } })
    else parts.push(...part(block))
  }
  return parts
}

const TYPES: Readonly<Record<string, string>> = { pdf: 'application/pdf', txt: 'text/plain', md: 'text/markdown', csv: 'text/csv', html: 'text/html' }

function part(block: JsonObject): JsonObject[] {
  if (block['text'] !== undefined) return [{ type: 'text', text: block['text'] }]
  const { image, video, document } = block
  // The contract's images have no addresses in S3; its files do.
  if (isObject(image) && isInS3(image)) return [{ type: 'file', file: { filename: `image.${textOf(image['format'])}`, file_data: urlOf(image, '') } }]
  if (isObject(image)) return [{ type: 'image_url', image_url: { url: urlOf(image, `image/${textOf(image['format'])}`) } }]
  if (isObject(video)) return [{ type: 'video_url', video_url: { url: urlOf(video, `video/${textOf(video['format']).replace('video/', '')}`) } }]
  return isObject(document) ? [{ type: 'file', file: { filename: `${textOf(document['name'])}.${textOf(document['format'])}`, file_data: urlOf(document, TYPES[textOf(document['format'])] ?? '') } }] : []
}

function isInS3(file: JsonObject): boolean {
  return objectOf(file['source'])['s3Location'] !== undefined
}

function urlOf(file: JsonObject, type: string): string {
  const source = objectOf(file['source'])
  return textOf(objectOf(source['s3Location'])['uri']) || `data:${type};base64,${textOf(source['bytes'])}`
}
