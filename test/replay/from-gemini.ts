import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { clean, schemaFormat } from './chat-parts.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

/** A recorded Gemini request as a chat request; what chat completions cannot say is left out. */
export function fromGemini(body: JsonObject): JsonObject {
  const system = listOf(objectOf(body['systemInstruction'])['parts']).map((part) => textOf(part['text'])).join('\n')
  const toolList = isObject(body['tools']) ? [body['tools']] : listOf(body['tools'])
  const tools = toolList.flatMap((tool) => listOf(tool['functionDeclarations'] ?? tool['function_declarations'])).map(geminiTool)
  const config = objectOf(body['generationConfig'])
  return clean({
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...fromContents(listOf(body['contents']))],
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: tools.length > 0 ? geminiChoice(objectOf(objectOf(body['toolConfig'])['functionCallingConfig'])) : undefined,
    max_tokens: config['maxOutputTokens'],
    top_k: config['topK'],
    stop: config['stopSequences'],
    modalities: Array.isArray(config['responseModalities']) && config['responseModalities'].includes('IMAGE') ? ['text', 'image'] : undefined,
    reasoning: objectOf(config['thinkingConfig'])['thinking_budget'] === 0 ? { effort: 'none' } : isObject(config['thinkingConfig']) ? { enabled: true } : undefined,
    response_format: schemaFormat(config['responseJsonSchema']) ?? (config['responseMimeType'] === 'application/json' ? { type: 'json_object' } : undefined),
  })
}

function geminiTool(tool: JsonObject): JsonObject {
  const parameters = tool['parametersJsonSchema'] ?? tool['parameters_json_schema'] ?? { type: 'object', properties: {} }
  return { type: 'function', function: clean({ name: tool['name'], description: tool['description'], parameters }) }
}

function geminiChoice(config: JsonObject): Json | undefined {
  const allowed = config['allowedFunctionNames']
  if (config['mode'] === 'NONE') return 'none'
  if (config['mode'] !== 'ANY') return config['mode'] === undefined ? undefined : 'auto'
  return Array.isArray(allowed) && allowed.length === 1 ? { type: 'function', function: { name: textOf(allowed[0]) } } : 'required'
}

/** Turns with calls and results: where the recording has no ids, calls get some, and results take them by name and order. */
function fromContents(contents: readonly JsonObject[]): JsonObject[] {
  const open: { name: string; id: string }[] = []
  let made = 0
  return contents.flatMap((content): JsonObject[] => {
    const parts = listOf(content['parts'])
    if (content['role'] === 'model') {
      const message = fromModelTurn(parts, (name, id) => {
        const call = { name, id: id === '' ? `call_made_${made++}` : id }
        open.push(call)
        return call.id
      })
      return message ? [message] : []
    }
    const results = parts.filter((part) => isObject(part['functionResponse'])).map((part) => geminiResult(objectOf(part['functionResponse']), open))
    const said = parts.flatMap(geminiPart)
    const only = said.length === 1 && said[0]?.['type'] === 'text' ? textOf(said[0]['text']) : said
    return [...results, ...(said.length > 0 ? [{ role: 'user', content: only }] : [])]
  })
}

function fromModelTurn(parts: readonly JsonObject[], idFor: (name: string, id: string) => string): JsonObject | undefined {
  const format = 'google-gemini-v1'
  const details: JsonObject[] = []
  const calls: JsonObject[] = []
  let text = ''
  parts.forEach((part, index) => {
    const call = part['functionCall']
    const signature = textOf(part['thoughtSignature'] ?? part['thought_signature'])
    if (part['thought'] === true) details.push({ type: 'reasoning.text', text: part['text'], format, index })
    else text += textOf(part['text'])
    if (isObject(call)) {
      const id = idFor(textOf(call['name']), textOf(call['id']))
      calls.push({ id, type: 'function', function: { name: call['name'], arguments: JSON.stringify(call['args'] ?? {}) } })
      if (signature !== '') details.push({ type: 'reasoning.encrypted', data: signature, id, format, index })
    } else if (signature !== '' && part['text'] !== undefined) {
      details.push({ type: 'reasoning.encrypted', data: signature, format, index })
    }
  })
  if (text === '' && calls.length === 0 && details.length === 0) return undefined
  return clean({ role: 'assistant', content: text === '' && calls.length > 0 ? null : text, tool_calls: calls.length > 0 ? calls : undefined, reasoning_details: details.length > 0 ? details : undefined })
}

function geminiResult(result: JsonObject, open: { name: string; id: string }[]): JsonObject {
  const at = open.findIndex((call) => (textOf(result['id']) === '' || call.id === result['id'] ? call.name === result['name'] : false))
  const [call] = at === -1 ? [] : open.splice(at, 1)
  const files = listOf(result['parts']).flatMap(geminiPart)
  const said = JSON.stringify(result['response'] ?? {})
  return { role: 'tool', tool_call_id: call?.id ?? textOf(result['id']), content: files.length === 0 ? said : [{ type: 'text', text: said }, ...files] }
}

function geminiPart(part: JsonObject): JsonObject[] {
  if (part['text'] !== undefined) return [{ type: 'text', text: part['text'] }]
  const inline = objectOf(part['inlineData'])
  const file = objectOf(part['fileData'])
  const kind = textOf(inline['mimeType']) || textOf(file['mimeType'])
  // The recordings have URL-safe base64 too; a data URL has the plain alphabet.
  const data = textOf(inline['data']).replaceAll('-', '+').replaceAll('_', '/')
  const url = data === '' ? textOf(file['fileUri']) : `data:${kind};base64,${data}`
  if (url === '') return []
  if (kind.startsWith('image/')) return [{ type: 'image_url', image_url: { url } }]
  if (kind.startsWith('video/') || (kind === '' && url.includes('youtu'))) return [{ type: 'video_url', video_url: { url } }]
  if (kind.startsWith('audio/')) return data === '' ? [] : [{ type: 'input_audio', input_audio: { data, format: kind.slice(6).replace('mpeg', 'mp3').replace('x-wav', 'wav') } }]
  return [{ type: 'file', file: { filename: 'document', file_data: url } }]
}
