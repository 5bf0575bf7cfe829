import { anthropicMessagesClient } from '../../dialects/anthropic-messages/anthropic-messages.ts'
import { readCall } from '../../dialects/anthropic-messages/call-read.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /messages (contract A6). Anthropic's clients have `http://…/api` as their base URL and add `/v1/messages`. */
export const messages: CallEndpoint = {
  takesDefaultModel: true,
  match: exactly('/api/v1/messages', '/v1/messages'),
  dialect: anthropicMessagesClient,
  read: readCall,
}
