import type { ClientDialect } from '../dialect.ts'
import { openaiChatClient } from '../openai-chat/openai-chat.ts'
import { CompletionReplyWriter, CompletionStreamWriter } from './answer-write.ts'

/** OpenAI's legacy text completions, facing a client. Errors are those of chat. */
export const openaiCompletionsClient: ClientDialect = {
  ...openaiChatClient,
  streamWriter: (call) => new CompletionStreamWriter(call),
  replyWriter: (call) => new CompletionReplyWriter(call),
}
