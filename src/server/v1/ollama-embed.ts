import type { Json } from '../../core/json.ts'
import { readOllamaEmbed, readOllamaEmbeddings } from '../../dialects/ollama/embed-read.ts'
import { ollamaEmbedClient, ollamaEmbeddingsClient } from '../../dialects/ollama/ollama.ts'
import { ollamaKey } from '../authenticate.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'
import { foundModel } from './ollama-chat.ts'

/** POST /api/embed, for tools that know only Ollama. */
export const ollamaEmbed: CallEndpoint = {
  match: exactly('/api/embed'), key: ollamaKey, dialect: ollamaEmbedClient, read: readOllamaEmbed,
  // Ollama loads the model and says that there are no vectors.
  withoutCall: ({ model, input }, services) => (isNothing(input) && foundModel(model, services) ? { model, embeddings: [] } : undefined),
}

/** POST /api/embeddings, which it was before. */
export const ollamaEmbeddings: CallEndpoint = {
  match: exactly('/api/embeddings'), key: ollamaKey, dialect: ollamaEmbeddingsClient, read: readOllamaEmbeddings,
  withoutCall: ({ model, prompt }, services) => (isNothing(prompt) && foundModel(model, services) ? { embedding: [] } : undefined),
}

function isNothing(said: Json | undefined): boolean {
  return said === undefined || said === null || said === '' || (Array.isArray(said) && said.length === 0)
}
