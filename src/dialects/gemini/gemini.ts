import type { ProviderDialect } from '../dialect.ts'
import { readFault } from './fault.ts'
import { AnswerReader, readReply } from './read.ts'
import { writeCall } from './write.ts'

/** Gemini's `generateContent`, as AI Studio serves it. No client speaks it to us, so there is nothing to carry. */
export const gemini: ProviderDialect = {
  writeCall,
  streamReader: (call, endpoint) => new AnswerReader(call, endpoint),
  readReply,
  readFault,
}
