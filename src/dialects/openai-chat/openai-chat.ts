import type { Call } from '../../core/call.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ClientDialect, ProviderDialect } from '../dialect.ts'
import { openaiEmbeddings } from '../openai-embeddings/openai-embeddings.ts'
import { ChatStreamReader, readReply } from './answer-read.ts'
import { ChatReplyWriter, ChatStreamWriter } from './answer-write.ts'
import { writeCall } from './call-write.ts'
import { errorObject } from './fault-write.ts'
import { readFault } from './fault.ts'

/** OpenAI chat completions, facing a provider. */
export const openaiChat: ProviderDialect = {
  writeCall,
  streamReader: (_call, endpoint, carry) => new ChatStreamReader(endpoint, carry),
  readReply,
  readFault,
  embeddings: openaiEmbeddings,
}

/** OpenAI chat completions, facing a client. */
export const openaiChatClient: ClientDialect = {
  streamContentType: 'text/event-stream',
  keepAlive: ': OPENROUTER PROCESSING\n\n',
  streamWriter: (call: Call) => new ChatStreamWriter(call),
  replyWriter: (call: Call) => new ChatReplyWriter(call),
  faultBody: (fault: Fault, callId: string | undefined): JsonObject => ({
    error: errorObject(fault),
    ...(fault.options.router && fault.code !== 'internal' ? { openrouter_metadata: fault.options.router } : {}),
    ...(callId === undefined ? {} : { request_id: callId }),
  }),
}
