import { readEmbeddings } from '../../dialects/openai-embeddings/call-read.ts'
import { openaiEmbeddingsClient } from '../../dialects/openai-embeddings/openai-embeddings-client.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /embeddings (contract A7). */
export const embeddings: CallEndpoint = { match: exactly('/api/v1/embeddings', '/v1/embeddings'), dialect: openaiEmbeddingsClient, read: readEmbeddings }
