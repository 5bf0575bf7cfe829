import { readCall } from '../../dialects/openai-responses/call-read.ts'
import { openaiResponsesClient } from '../../dialects/openai-responses/openai-responses.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /responses (contract A5). */
export const responses: CallEndpoint = {
  takesDefaultModel: true,
  match: exactly('/api/v1/responses', '/v1/responses'),
  dialect: openaiResponsesClient,
  read: readCall,
}
