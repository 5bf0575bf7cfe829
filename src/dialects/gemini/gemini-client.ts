import type { ClientDialect } from '../dialect.ts'
import { GeminiReplyWriter, GeminiStreamWriter } from './answer-write.ts'
import { errorBody } from './fault-write.ts'

/** Gemini's `generateContent`, facing a client. A blank line is nothing in a stream of events, and nothing in JSON. */
export const geminiClient: ClientDialect = {
  streamContentType: 'text/event-stream',
  keepAlive: '\n',
  streamWriter: (call) => new GeminiStreamWriter(call, 'events'),
  replyWriter: (call) => new GeminiReplyWriter(call),
  faultBody: errorBody,
}

/** The same where the client did not say `alt=sse`: its stream is one JSON array. */
export const geminiArrayClient: ClientDialect = {
  ...geminiClient,
  streamContentType: 'application/json',
  streamWriter: (call) => new GeminiStreamWriter(call, 'array'),
}
