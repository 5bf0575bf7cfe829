import type { ClientDialect } from '../dialect.ts'
import { errorBody, OllamaReplyWriter, OllamaStreamWriter, type OllamaForm } from './answer-write.ts'
import { OllamaEmbedWriter } from './embed-answer.ts'

function client(form: OllamaForm): ClientDialect {
  return {
    streamContentType: 'application/x-ndjson',
    // Clients parse every line: an empty one is an error to them.
    keepAlive: '',
    streamWriter: (call) => new OllamaStreamWriter(call, form),
    replyWriter: (call) => new OllamaReplyWriter(call, form),
    faultBody: errorBody,
  }
}

/** Ollama's `/api/chat`, facing a client. */
export const ollamaChatClient: ClientDialect = client('chat')

/** Ollama's `/api/generate`, facing a client. */
export const ollamaGenerateClient: ClientDialect = client('generate')

/** Ollama's `/api/embed`, facing a client: never streamed. */
export const ollamaEmbedClient: ClientDialect = { ...ollamaChatClient, replyWriter: (call) => new OllamaEmbedWriter(call, 'embed') }

/** Ollama's `/api/embeddings`, likewise. */
export const ollamaEmbeddingsClient: ClientDialect = { ...ollamaChatClient, replyWriter: (call) => new OllamaEmbedWriter(call, 'embeddings') }
