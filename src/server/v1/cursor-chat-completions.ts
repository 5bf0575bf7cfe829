import type { Call } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../../dialects/dialect.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { nestTools } from '../../dialects/openai-chat/flat-tools.ts'
import { openaiChatClient } from '../../dialects/openai-chat/openai-chat.ts'
import { chatBodyOf } from '../../dialects/openai-responses/call-read.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /cursor/chat/completions: chat with tools in Cursor's flat form (contract A29). */
export const cursorChatCompletions: CallEndpoint = {
  match: exactly('/api/v1/cursor/chat/completions'),
  dialect: openaiChatClient,
  read: (body, origin) => (body['messages'] === undefined && body['input'] !== undefined ? readInput(body, origin) : readCall(nestTools(body), origin)),
}

/** Of some models Cursor sends a request of the Responses API here all the same, and reads the answer as one of chat. */
function readInput({ tools, tool_choice: choice, ...sent }: JsonObject, origin: CallOrigin): Call {
  const { body, unsaid } = chatBodyOf(sent)
  const call = readCall(nestTools({ ...body, ...(tools === undefined ? {} : { tools }), ...(choice === undefined ? {} : { tool_choice: choice }) }), origin)
  return unsaid.length > 0 ? { ...call, unsaid: [...(call.unsaid ?? []), ...unsaid] } : call
}
