import type { Call } from '../../core/call.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ClientDialect, ProviderDialect } from '../dialect.ts'
import { MessagesReplyWriter, MessagesStreamWriter } from './answer-write.ts'
import { errorBody } from './fault-write.ts'
import { readFault } from './fault.ts'
import { readReply, streamReader } from './read.ts'
import { writeCall } from './write.ts'

/** Anthropic's Messages API as a provider speaks it. */
export const anthropicMessages: ProviderDialect = { writeCall, streamReader, readReply, readFault }

/** Anthropic's Messages API, facing a client. */
export const anthropicMessagesClient: ClientDialect = {
  streamContentType: 'text/event-stream',
  keepAlive: 'event: ping\ndata: {"type":"ping"}\n\n',
  idHeader: 'request-id',
  streamWriter: (call: Call) => new MessagesStreamWriter(call),
  replyWriter: (call: Call) => new MessagesReplyWriter(call),
  faultBody: (fault: Fault, callId: string | undefined): JsonObject => ({ ...errorBody(fault), request_id: callId ?? null }),
}
