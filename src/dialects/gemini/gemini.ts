import type { ProviderDialect } from '../dialect.ts'
import { CarryReader, isCarried } from './carry.ts'
import { geminiEmbeddings } from './embed.ts'
import { readFault } from './fault.ts'
import { isForeign } from './media.ts'
import { AnswerReader, readReply } from './read.ts'
import { writeCall } from './write.ts'

/** Gemini's `generateContent`, as AI Studio serves it. */
export const gemini: ProviderDialect = {
  writeCall,
  streamReader: (call, endpoint, carry) => (carry ? new CarryReader(endpoint) : new AnswerReader(call, endpoint)),
  readReply: (call, endpoint, body, carry) => (carry ? new CarryReader(endpoint).whole(body) : readReply(call, endpoint, body)),
  readFault,
  embeddings: geminiEmbeddings,
  // A client that speaks Gemini itself is passed on as it is: what its addresses mean is between it and Google.
  fetchesNot: (url, _endpoint, call) => !isCarried(call) && isForeign(url),
}
