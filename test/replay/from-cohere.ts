import type { Json, JsonObject } from '../../src/core/json.ts'
import { clean } from './chat-parts.ts'
import { listOf, textOf } from './meaning.ts'

const CHOICES: Readonly<Record<string, Json>> = { REQUIRED: 'required', NONE: 'none' }

/** A recorded Cohere request as a chat request: roles, tools and their results are the same. */
export function fromCohere(body: JsonObject): JsonObject {
  return clean({
    messages: listOf(body['messages']).map((message) => clean({ ...message, content: message['content'] ?? message['tool_plan'] ?? null, tool_plan: undefined })),
    tools: body['tools'], tool_choice: CHOICES[textOf(body['tool_choice'])], stop: body['stop_sequences'], max_tokens: body['max_tokens'],
  })
}
