import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { clean } from './chat-parts.ts'
import { listOf, textOf } from './meaning.ts'

/** A recorded Mistral request as a chat request: OpenAI's, but for documents, `any`, and what only Mistral has. */
export function fromMistral(body: JsonObject): JsonObject {
  const { prompt_mode: _mode, safe_prompt: _safe, ...rest } = body
  return clean({
    ...rest,
    messages: listOf(body['messages']).map((message) => clean({ ...message, prefix: undefined, content: contentOf(message['content']), reasoning_details: thoughtsOf(listOf(message['content'])) })),
    tool_choice: body['tool_choice'] === 'any' ? 'required' : body['tool_choice'],
  })
}

function contentOf(content: Json | undefined): Json | undefined {
  return Array.isArray(content) ? listOf(content).flatMap(part) : content
}

function thoughtsOf(parts: readonly JsonObject[]): JsonObject[] | undefined {
  const text = parts.filter((part) => part['type'] === 'thinking').flatMap((part) => listOf(part['thinking'])).map((thought) => textOf(thought['text'])).join('')
  return text === '' ? undefined : [{ type: 'reasoning.text', text, format: 'unknown', index: 0 }]
}

function part(part: JsonObject): JsonObject[] {
  if (part['type'] === 'document_url') return [{ type: 'file', file: { filename: textOf(part['document_name']) || 'document.pdf', file_data: part['document_url'] ?? '' } }]
  if (part['type'] === 'image_url') return [{ type: 'image_url', image_url: imageOf(part['image_url']) }]
  return part['type'] === 'thinking' ? [] : [part]
}

function imageOf(image: Json | undefined): Json {
  return isObject(image) ? image : { url: textOf(image) }
}
