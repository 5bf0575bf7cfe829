import { openaiChatClient } from '../../dialects/openai-chat/openai-chat.ts'
import { entryNamed } from '../api/models.ts'
import type { SideEndpoint } from './call-endpoint.ts'

const PATH = /^(?:\/api)?\/v1\/models\/([^/]+?)(?:\/|%2[Ff])([^/]+)$/

/** GET /models/{id}: one model as the clients of OpenAI and of Mistral ask for it, its slash encoded or not; the row of the list, and OpenAI's fields. */
export const retrieveModel: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: openaiChatClient,
  match: (path, request) => {
    const [, author, slug] = (request.method === 'GET' || request.method === 'HEAD' ? PATH.exec(path) : null) ?? []
    return author === undefined || slug === undefined ? undefined : { author: decoded(author), slug: decoded(slug) }
  },
  handle: ({ services, params }) => ({ ...entryNamed(services.snapshot(), params).row, object: 'model', owned_by: params['author'] }),
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: then it is no id of ours, whatever it is.
    return text
  }
}
