import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/**
 * Judges the body of a `generateContent` request as Google would, and stricter where Google is lenient by accident:
 * unknown fields, roles, one kind of data a part, results that answer the calls before them, known settings in range.
 * Returns one sentence for each problem, none for a good request.
 */
export function problemsOfGeminiRequest(body: unknown): string[] {
  const problems: string[] = []
  if (!isObject(body)) return ['the body is no object']
  unknownKeys(body, BODY, '', problems)
  judgeContents(body['contents'], problems)
  judgeSystem(body['systemInstruction'], problems)
  const declared = judgeTools(body['tools'], problems)
  judgeToolConfig(body['toolConfig'], declared, problems)
  judgeConfig(body['generationConfig'], problems)
  if (body['safetySettings'] !== undefined && !Array.isArray(body['safetySettings'])) problems.push('safetySettings: no list')
  return problems
}

const BODY = ['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings', 'cachedContent', 'labels', 'modelArmorConfig', 'serviceTier']
const DATA = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse']
const PART = [...DATA, 'thought', 'thoughtSignature', 'videoMetadata', 'mediaResolution']
const MODEL_ONLY = ['functionCall', 'executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse', 'thoughtSignature', 'thought']
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

function unknownKeys(object: JsonObject, known: readonly string[], where: string, problems: string[]): void {
  for (const [key, value] of Object.entries(object)) {
    if (!known.includes(key)) problems.push(`${where}${where && '.'}${key}: unknown field`)
    else if (value === null || value === undefined) problems.push(`${where}${where && '.'}${key}: is ${value}`)
  }
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function judgeContents(contents: Json | undefined, problems: string[]): void {
  if (!Array.isArray(contents) || contents.length === 0) return void problems.push('contents: none')
  for (const [at, content] of contents.entries()) judgeContent(content, `contents[${at}]`, problems)
  judgeResults(objects(contents), problems)
}

function judgeContent(content: Json | undefined, where: string, problems: string[]): void {
  if (!isObject(content)) return void problems.push(`${where}: no object`)
  unknownKeys(content, ['role', 'parts'], where, problems)
  const { role, parts } = content
  if (role !== 'user' && role !== 'model') problems.push(`${where}.role: ${JSON.stringify(role)}`)
  if (!Array.isArray(parts) || parts.length === 0) return void problems.push(`${where}.parts: none`)
  for (const [at, part] of parts.entries()) judgePart(part, role, `${where}.parts[${at}]`, problems)
}

function judgePart(part: Json | undefined, role: Json | undefined, where: string, problems: string[]): void {
  if (!isObject(part)) return void problems.push(`${where}: no object`)
  unknownKeys(part, PART, where, problems)
  const data = DATA.filter((key) => key in part)
  if (data.length !== 1) problems.push(`${where}: ${data.length} kinds of data (${data.join(', ')})`)
  if (role === 'user') for (const key of MODEL_ONLY) if (key in part) problems.push(`${where}.${key}: in a turn of the user`)
  if (role === 'model' && 'functionResponse' in part) problems.push(`${where}.functionResponse: in a turn of the model`)
  if ('text' in part && typeof part['text'] !== 'string') problems.push(`${where}.text: no text`)
  const signature = part['thoughtSignature']
  if (signature !== undefined && (typeof signature !== 'string' || !BASE64.test(signature))) problems.push(`${where}.thoughtSignature: no base64`)
  judgeData(part, where, problems)
}

function judgeData(part: JsonObject, where: string, problems: string[]): void {
  const { inlineData, fileData, functionCall, functionResponse } = part
  if (inlineData !== undefined && !(isObject(inlineData) && isMimeType(inlineData['mimeType']) && typeof inlineData['data'] === 'string' && BASE64.test(inlineData['data']))) {
    problems.push(`${where}.inlineData: needs mimeType and base64 data`)
  }
  if (fileData !== undefined && !(isObject(fileData) && typeof fileData['fileUri'] === 'string' && /^(https?|gs):\/\//.test(fileData['fileUri']) && (fileData['mimeType'] === undefined || isMimeType(fileData['mimeType'])))) {
    problems.push(`${where}.fileData: needs a fileUri`)
  }
  if (functionCall !== undefined) judgeFunction(functionCall, 'args', ['id', 'name', 'args'], `${where}.functionCall`, problems)
  if (functionResponse !== undefined) {
    judgeFunction(functionResponse, 'response', ['id', 'name', 'response', 'parts'], `${where}.functionResponse`, problems)
    for (const inner of objects(isObject(functionResponse) ? functionResponse['parts'] : undefined)) {
      if (!('inlineData' in inner) && !('fileData' in inner)) problems.push(`${where}.functionResponse.parts: neither inlineData nor fileData`)
      judgeData(inner, `${where}.functionResponse.parts`, problems)
    }
  }
}

function isMimeType(value: Json | undefined): boolean {
  return typeof value === 'string' && /^[a-z]+\/[a-z0-9.+-]+(;.*)?$/i.test(value)
}

function judgeFunction(value: Json, object: string, known: readonly string[], where: string, problems: string[]): void {
  if (!isObject(value)) return void problems.push(`${where}: no object`)
  unknownKeys(value, known, where, problems)
  if (typeof value['name'] !== 'string' || value['name'] === '') problems.push(`${where}.name: none`)
  if (value['id'] !== undefined && (typeof value['id'] !== 'string' || value['id'] === '')) problems.push(`${where}.id: no text`)
  if (!isObject(value[object])) problems.push(`${where}.${object}: no object`)
}

interface Spoken { readonly name: Json | undefined; readonly id: Json | undefined }

/** Results come in one turn right after the calls that they answer: as many, by the same names, in the same order or by id. */
function judgeResults(contents: readonly JsonObject[], problems: string[]): void {
  let waiting: Spoken[] = []
  for (const [at, content] of contents.entries()) {
    const calls = spoken(content, 'functionCall')
    const results = spoken(content, 'functionResponse')
    if (results.length > 0) {
      if (objects(content['parts']).length !== results.length) problems.push(`contents[${at}]: results and something else in one turn`)
      pair(waiting, results, `contents[${at}]`, problems)
      waiting = []
    } else if (waiting.length > 0 && content['role'] === 'user') {
      problems.push(`contents[${at}]: ${waiting.length} calls before it have no result`)
      waiting = []
    }
    waiting.push(...calls)
  }
}

function spoken(content: JsonObject, key: string): Spoken[] {
  return objects(content['parts']).flatMap((part) => (isObject(part[key]) ? [{ name: part[key]['name'], id: part[key]['id'] }] : []))
}

function pair(calls: readonly Spoken[], results: readonly Spoken[], where: string, problems: string[]): void {
  if (calls.length !== results.length) return void problems.push(`${where}: ${results.length} results for ${calls.length} calls`)
  for (const [at, call] of calls.entries()) {
    const result = call.id === undefined ? results[at] : results.find((one) => one.id === call.id)
    if (!result) problems.push(`${where}: the call ${JSON.stringify(call.id)} has no result with its id`)
    else if (result.name !== call.name) problems.push(`${where}: a result of ${JSON.stringify(result.name)} where ${JSON.stringify(call.name)} was called`)
    else if (call.id === undefined && result.id !== undefined) problems.push(`${where}: the result has an id and its call has none`)
  }
}

function judgeSystem(system: Json | undefined, problems: string[]): void {
  if (system === undefined) return
  if (!isObject(system)) return void problems.push('systemInstruction: no object')
  unknownKeys(system, ['parts', 'role'], 'systemInstruction', problems)
  const parts = objects(system['parts'])
  if (parts.length === 0 || parts.some((part) => typeof part['text'] !== 'string' || Object.keys(part).length !== 1)) problems.push('systemInstruction.parts: text only, and some')
}

const BUILT_IN = ['googleSearch', 'googleSearchRetrieval', 'codeExecution', 'urlContext', 'fileSearch', 'googleMaps', 'computerUse', 'enterpriseWebSearch', 'retrieval']

/** The names that are declared; undefined when there are no functions. */
function judgeTools(tools: Json | undefined, problems: string[]): Set<string> | undefined {
  if (tools === undefined) return undefined
  if (!Array.isArray(tools) || tools.length === 0) return void problems.push('tools: no list with something in it')
  const names = new Set<string>()
  for (const [at, tool] of objects(tools).entries()) {
    const where = `tools[${at}]`
    unknownKeys(tool, ['functionDeclarations', ...BUILT_IN], where, problems)
    if (Object.keys(tool).length !== 1) problems.push(`${where}: one kind of tool an entry`)
    for (const declaration of objects(tool['functionDeclarations'])) judgeDeclaration(declaration, names, where, problems)
  }
  return names.size > 0 ? names : undefined
}

function judgeDeclaration(declaration: JsonObject, names: Set<string>, where: string, problems: string[]): void {
  const { name } = declaration
  unknownKeys(declaration, ['name', 'description', 'parameters', 'parametersJsonSchema', 'response', 'responseJsonSchema', 'behavior'], where, problems)
  if (typeof name !== 'string' || !/^[A-Za-z_][\w.:-]{0,127}$/.test(name)) return void problems.push(`${where}: ${JSON.stringify(name)} is no function name`)
  if (names.has(name)) problems.push(`${where}: ${name} is declared twice`)
  names.add(name)
  if (declaration['parameters'] !== undefined && declaration['parametersJsonSchema'] !== undefined) problems.push(`${where}: ${name} has two kinds of parameters`)
}

function judgeToolConfig(config: Json | undefined, declared: Set<string> | undefined, problems: string[]): void {
  if (config === undefined) return
  if (!isObject(config)) return void problems.push('toolConfig: no object')
  unknownKeys(config, ['functionCallingConfig', 'retrievalConfig', 'includeServerSideToolInvocations'], 'toolConfig', problems)
  const calling = config['functionCallingConfig']
  if (calling === undefined) return
  if (!isObject(calling)) return void problems.push('functionCallingConfig: no object')
  unknownKeys(calling, ['mode', 'allowedFunctionNames', 'streamFunctionCallArguments'], 'functionCallingConfig', problems)
  const { mode, allowedFunctionNames } = calling
  // Google lets a mode without functions pass; names, below, it does not.
  if (!['AUTO', 'ANY', 'NONE', 'VALIDATED'].includes(String(mode))) problems.push(`functionCallingConfig.mode: ${JSON.stringify(mode)}`)
  if (!Array.isArray(allowedFunctionNames)) return
  if (mode !== 'ANY' && mode !== 'VALIDATED') problems.push('allowedFunctionNames: only with ANY or VALIDATED')
  for (const name of allowedFunctionNames) if (!declared?.has(String(name))) problems.push(`allowedFunctionNames: ${JSON.stringify(name)} is not declared`)
}

const isInt = (min: number, max: number) => (value: Json): boolean => Number.isInteger(value) && Number(value) >= min && Number(value) <= max
const isIn = (min: number, max: number) => (value: Json): boolean => typeof value === 'number' && value >= min && value <= max

const CONFIG: Readonly<Record<string, (value: Json) => boolean>> = {
  temperature: isIn(0, 2), topP: isIn(0, 1), topK: isInt(1, 1_000_000), maxOutputTokens: isInt(1, 10_000_000), candidateCount: isInt(1, 8),
  seed: isInt(-(2 ** 31), 2 ** 31 - 1), presencePenalty: isIn(-2, 2), frequencyPenalty: isIn(-2, 2), responseLogprobs: (value) => typeof value === 'boolean', logprobs: isInt(0, 20),
  stopSequences: (value) => Array.isArray(value) && value.length > 0 && value.length <= 5 && value.every((one) => typeof one === 'string' && one !== ''),
  responseMimeType: (value) => value === 'application/json' || value === 'text/plain' || value === 'text/x.enum',
  responseJsonSchema: isObject, responseSchema: isObject, thinkingConfig: isObject, speechConfig: isObject, imageConfig: isObject,
  responseModalities: (value) => Array.isArray(value) && value.every((one) => ['TEXT', 'IMAGE', 'AUDIO'].includes(String(one))),
  mediaResolution: (value) => typeof value === 'string', enableEnhancedCivicAnswers: (value) => typeof value === 'boolean',
}

function judgeConfig(config: Json | undefined, problems: string[]): void {
  if (config === undefined) return
  if (!isObject(config)) return void problems.push('generationConfig: no object')
  for (const [key, value] of Object.entries(config)) {
    const isGood = CONFIG[key]
    if (!isGood) problems.push(`generationConfig.${key}: unknown field`)
    else if (value === undefined || !isGood(value)) problems.push(`generationConfig.${key}: ${JSON.stringify(value)}`)
  }
  if (config['logprobs'] !== undefined && config['responseLogprobs'] !== true) problems.push('generationConfig.logprobs: without responseLogprobs')
  if (config['responseJsonSchema'] !== undefined && config['responseMimeType'] !== 'application/json') problems.push('generationConfig.responseJsonSchema: without application/json')
  const thinking = config['thinkingConfig']
  if (!isObject(thinking)) return
  unknownKeys(thinking, ['includeThoughts', 'thinkingBudget', 'thinkingLevel'], 'thinkingConfig', problems)
  const { thinkingBudget, thinkingLevel } = thinking
  if (thinkingBudget !== undefined && thinkingLevel !== undefined) problems.push('thinkingConfig: a budget and a level')
  if (thinkingBudget !== undefined && !isInt(-1, 10_000_000)(thinkingBudget)) problems.push(`thinkingConfig.thinkingBudget: ${JSON.stringify(thinkingBudget)}`)
  if (thinkingLevel !== undefined && !['minimal', 'low', 'medium', 'high'].includes(String(thinkingLevel).toLowerCase())) problems.push(`thinkingConfig.thinkingLevel: ${JSON.stringify(thinkingLevel)}`)
}
