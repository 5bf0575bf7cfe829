import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { nestTools } from '../../dialects/openai-chat/flat-tools.ts'
import { openaiChatClient } from '../../dialects/openai-chat/openai-chat.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /cursor/chat/completions: chat with tools in Cursor's flat form (contract A29). */
export const cursorChatCompletions: CallEndpoint = {
  match: exactly('/api/v1/cursor/chat/completions'),
  dialect: openaiChatClient,
  read: (body, origin) => readCall(nestTools(body), origin),
}
