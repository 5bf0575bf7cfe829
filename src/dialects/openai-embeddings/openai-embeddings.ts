import type { EmbeddingsDialect } from '../dialect.ts'
import { readReply } from './read.ts'
import { writeCall } from './write.ts'

/** OpenAI's `/embeddings`, facing a provider: the part of openai-chat that makes vectors. */
export const openaiEmbeddings: EmbeddingsDialect = { writeCall, readReply }
