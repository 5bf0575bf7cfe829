import { readCompletion } from '../../dialects/openai-completions/call-read.ts'
import { openaiCompletionsClient } from '../../dialects/openai-completions/openai-completions.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /completions: a prompt in, text out (contract A4). */
export const completions: CallEndpoint = {
  takesDefaultModel: true,
  match: exactly('/api/v1/completions', '/v1/completions'),
  dialect: openaiCompletionsClient,
  read: readCompletion,
}
