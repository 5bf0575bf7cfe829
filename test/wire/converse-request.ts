import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/**
 * Judges the body of a Converse request as Bedrock would: known fields, turns that alternate and begin with the user where the
 * model wants it, one kind of content a block, calls answered in the turn after them. One sentence for each problem.
 */
export function problemsOfConverseRequest(body: unknown, model: string): string[] {
  const problems: string[] = []
  if (!isObject(body)) return ['the body is no object']
  unknownKeys(body, BODY, '', problems)
  judgeSystem(body['system'], problems)
  judgeTurns(objects(body['messages']), model, body['toolConfig'] !== undefined, problems)
  judgeConfig(body['inferenceConfig'], problems)
  judgeTools(body['toolConfig'], problems)
  const points = JSON.stringify(body).split('"cachePoint":').length - 1
  if (points > 4) problems.push(`${points} cache points, at most 4`)
  return problems
}

const BODY = ['messages', 'system', 'inferenceConfig', 'toolConfig', 'additionalModelRequestFields', 'additionalModelResponseFieldPaths', 'outputConfig', 'guardrailConfig', 'performanceConfig', 'requestMetadata', 'promptVariables', 'serviceTier']
const BLOCKS = ['text', 'image', 'document', 'video', 'audio', 'toolUse', 'toolResult', 'reasoningContent', 'cachePoint', 'guardContent', 'citationsContent']
const USER_ONLY = ['image', 'document', 'video', 'audio']
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

function unknownKeys(object: JsonObject, known: readonly string[], where: string, problems: string[]): void {
  for (const [key, value] of Object.entries(object)) {
    if (!known.includes(key)) problems.push(`${where}${where && '.'}${key}: unknown field`)
    else if (value === null || value === undefined) problems.push(`${where}${where && '.'}${key}: is ${value}`)
  }
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function judgeSystem(system: Json | undefined, problems: string[]): void {
  for (const [at, block] of objects(system).entries()) {
    unknownKeys(block, ['text', 'cachePoint', 'guardContent'], `system[${at}]`, problems)
    if ('text' in block) judgeText(block['text'], `system[${at}]`, problems)
  }
}

function judgeText(text: Json | undefined, where: string, problems: string[]): void {
  if (typeof text !== 'string' || text.trim() === '') problems.push(`${where}.text: blank`)
}

function judgeTurns(turns: readonly JsonObject[], model: string, hasTools: boolean, problems: string[]): void {
  if (turns.length === 0) return void problems.push('messages: none')
  if (turns[0]?.['role'] !== 'user' && !model.includes('claude')) problems.push('messages[0]: a conversation must start with a user message')
  let waiting: Json[] = []
  for (const [at, turn] of turns.entries()) {
    const where = `messages[${at}]`
    unknownKeys(turn, ['role', 'content'], where, problems)
    if (turn['role'] !== 'user' && turn['role'] !== 'assistant') problems.push(`${where}.role: ${JSON.stringify(turn['role'])}`)
    if (at > 0 && turns[at - 1]?.['role'] === turn['role']) problems.push(`${where}: roles must alternate`)
    const blocks = objects(turn['content'])
    if (blocks.length === 0) problems.push(`${where}.content: none`)
    for (const [index, block] of blocks.entries()) judgeBlock(block, turn['role'] ?? '', `${where}.content[${index}]`, problems)
    const results = blocks.flatMap((block) => (isObject(block['toolResult']) ? [block['toolResult']['toolUseId'] ?? ''] : []))
    if (results.length > 0 && results.toSorted().join() !== waiting.toSorted().join()) problems.push(`${where}: results ${results.join()} for the calls ${waiting.join()}`)
    if (results.length === 0 && waiting.length > 0) problems.push(`${where}: calls before it have no result`)
    if (results.length > 0 && model.includes('mistral') && blocks.length > results.length) problems.push(`${where}: conversation blocks and tool result blocks cannot be provided in the same turn`)
    waiting = blocks.flatMap((block) => (isObject(block['toolUse']) && block['toolUse']['type'] !== 'server_tool_use' ? [block['toolUse']['toolUseId'] ?? ''] : []))
    if (!hasTools && (waiting.length > 0 || results.length > 0)) problems.push(`${where}: the toolConfig field must be defined when using toolUse and toolResult content blocks`)
  }
}

function judgeBlock(block: JsonObject, role: Json, where: string, problems: string[]): void {
  unknownKeys(block, BLOCKS, where, problems)
  if (Object.keys(block).length !== 1) problems.push(`${where}: ${Object.keys(block).length} kinds of content`)
  if ('text' in block) judgeText(block['text'], where, problems)
  if (role === 'assistant') for (const kind of USER_ONLY) if (kind in block) problems.push(`${where}.${kind}: in a turn of the assistant`)
  if (role === 'user') for (const kind of ['toolUse', 'reasoningContent']) if (kind in block) problems.push(`${where}.${kind}: in a turn of the user`)
  judgeMedia(block, where, problems)
  judgeToolBlocks(block, role, where, problems)
}

function judgeMedia(block: JsonObject, where: string, problems: string[]): void {
  for (const kind of USER_ONLY) {
    const media = block[kind]
    if (media === undefined) continue
    if (!isObject(media) || typeof media['format'] !== 'string' || !isObject(media['source'])) return void problems.push(`${where}.${kind}: needs format and source`)
    const { bytes, s3Location } = media['source']
    if (bytes === undefined ? !isObject(s3Location) : typeof bytes !== 'string' || !BASE64.test(bytes)) problems.push(`${where}.${kind}.source: neither base64 bytes nor s3Location`)
    if (kind === 'document' && (typeof media['name'] !== 'string' || !/^[A-Za-z0-9()[\]-]+(?: [A-Za-z0-9()[\]-]+)*$/.test(media['name']))) problems.push(`${where}.document.name: ${JSON.stringify(media['name'])}`)
  }
}

function judgeToolBlocks(block: JsonObject, role: Json, where: string, problems: string[]): void {
  const { toolUse, toolResult } = block
  if (isObject(toolUse)) {
    if (typeof toolUse['toolUseId'] !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(toolUse['toolUseId'])) problems.push(`${where}.toolUse.toolUseId: ${JSON.stringify(toolUse['toolUseId'])}`)
    if (typeof toolUse['name'] !== 'string' || !isObject(toolUse['input'])) problems.push(`${where}.toolUse: needs a name and an object as input`)
  }
  if (!isObject(toolResult)) return
  if (role !== 'user' && toolResult['type'] === undefined) problems.push(`${where}.toolResult: in a turn of the assistant`)
  if (!objects(toolResult['content']).length) problems.push(`${where}.toolResult.content: none`)
  for (const inner of objects(toolResult['content'])) {
    unknownKeys(inner, ['text', 'json', 'image', 'document', 'video'], `${where}.toolResult.content`, problems)
    judgeMedia(inner, `${where}.toolResult.content`, problems)
  }
}

function judgeConfig(config: Json | undefined, problems: string[]): void {
  if (config === undefined) return
  if (!isObject(config)) return void problems.push('inferenceConfig: no object')
  unknownKeys(config, ['maxTokens', 'temperature', 'topP', 'stopSequences'], 'inferenceConfig', problems)
  for (const name of ['temperature', 'topP']) if (config[name] !== undefined && !(typeof config[name] === 'number' && config[name] >= 0 && config[name] <= 1)) problems.push(`inferenceConfig.${name}: ${JSON.stringify(config[name])}`)
}

function judgeTools(config: Json | undefined, problems: string[]): void {
  if (config === undefined) return
  if (!isObject(config)) return void problems.push('toolConfig: no object')
  unknownKeys(config, ['tools', 'toolChoice'], 'toolConfig', problems)
  if (objects(config['tools']).length === 0) problems.push('toolConfig.tools: none')
  for (const tool of objects(config['tools'])) {
    const spec = tool['toolSpec']
    if (spec === undefined) continue
    if (!isObject(spec) || typeof spec['name'] !== 'string' || !isObject(spec['inputSchema']) || !isObject(spec['inputSchema']['json'])) problems.push('toolConfig.tools: a toolSpec needs a name and inputSchema.json')
    else unknownKeys(spec, ['name', 'description', 'inputSchema', 'strict'], `toolConfig.tools.${spec['name']}`, problems)
  }
  const choice = config['toolChoice']
  if (choice !== undefined && !(isObject(choice) && Object.keys(choice).length === 1 && ['auto', 'any', 'tool'].some((kind) => kind in choice))) problems.push('toolConfig.toolChoice: one of auto, any, tool')
}
