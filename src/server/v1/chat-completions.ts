import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { openaiChatClient } from '../../dialects/openai-chat/openai-chat.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /chat/completions (contract A3). */
export const chatCompletions: CallEndpoint = {
  takesDefaultModel: true,
  match: exactly('/api/v1/chat/completions', '/v1/chat/completions'),
  dialect: openaiChatClient,
  read: readCall,
}
