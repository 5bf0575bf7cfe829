import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { mistralChatClient } from '../../dialects/openai-chat/mistral-client.ts'
import { fromMistral } from '../../dialects/openai-chat/mistral-words.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

const isChat = exactly('/v1/chat/completions', '/api/v1/chat/completions')

/** POST /chat/completions of Mistral's own packages, told by the name that they give themselves: the same path, in Mistral's words. */
export const mistralChatCompletions: CallEndpoint = {
  match: (path, request) => {
    const params = isChat(path)
    return params && request.headers.get('user-agent')?.startsWith('mistral-client') ? params : undefined
  },
  dialect: mistralChatClient,
  read: (body, origin) => readCall(fromMistral(body), origin),
}
