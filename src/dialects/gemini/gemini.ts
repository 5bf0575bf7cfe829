import type { ProviderDialect } from '../dialect.ts'
import { CarryReader } from './carry.ts'
import { readFault } from './fault.ts'
import { AnswerReader, readReply } from './read.ts'
import { writeCall } from './write.ts'

/** Gemini's `generateContent`, as AI Studio serves it. */
export const gemini: ProviderDialect = {
  writeCall,
  streamReader: (call, endpoint, carry) => (carry ? new CarryReader(endpoint) : new AnswerReader(call, endpoint)),
  readReply: (call, endpoint, body, carry) => (carry ? new CarryReader(endpoint).whole(body) : readReply(call, endpoint, body)),
  readFault,
}
