import type { Call } from '../../core/call.ts'
import { readFault } from '../openai-chat/fault.ts'
import type { ClientDialect, ProviderDialect } from '../dialect.ts'
import { readReply, ResponseStreamReader } from './answer-read.ts'
import { ResponseReplyWriter, ResponseStreamWriter } from './answer-write.ts'
import { writeCall } from './call-write.ts'
import { endsEarly, faultBody } from './fault-write.ts'

/** OpenAI Responses, facing a provider. */
export const openaiResponses: ProviderDialect = {
  writeCall,
  streamReader: (_call, endpoint, carry) => new ResponseStreamReader(endpoint, carry),
  readReply,
  readFault,
}

/** OpenAI Responses, facing a client (contract A5). */
export const openaiResponsesClient: ClientDialect = {
  streamContentType: 'text/event-stream',
  keepAlive: ': OPENROUTER PROCESSING\n\n',
  streamWriter: (call: Call) => new ResponseStreamWriter(call),
  replyWriter: (call: Call) => new ResponseReplyWriter(call),
  faultBody,
  endsEarly,
}
