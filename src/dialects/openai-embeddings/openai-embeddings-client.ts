import type { ClientDialect } from '../dialect.ts'
import { openaiChatClient } from '../openai-chat/openai-chat.ts'
import { EmbeddingsReplyWriter } from './answer-write.ts'

/** OpenAI's `/embeddings`, facing a client. Its calls are never streamed: the rest is as in chat, errors above all. */
export const openaiEmbeddingsClient: ClientDialect = { ...openaiChatClient, replyWriter: (call) => new EmbeddingsReplyWriter(call) }
