import type { ClientDialect } from '../dialect.ts'
import { CohereReplyWriter, CohereStreamWriter } from './answer-write.ts'
import { errorBody } from './fault-write.ts'

/** Cohere's `/v2/chat`, facing a client. */
export const cohereClient: ClientDialect = {
  streamContentType: 'text/event-stream',
  // A comment of server-sent events: readers skip it.
  keepAlive: ': keep-alive\n\n',
  streamWriter: (call) => new CohereStreamWriter(call),
  replyWriter: (call) => new CohereReplyWriter(call),
  faultBody: errorBody,
}
