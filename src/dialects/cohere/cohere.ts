import type { ProviderDialect } from '../dialect.ts'
import { CarriedReader, readCarried } from './carry.ts'
import { cohereEmbeddings } from './embed.ts'
import { readFault } from './fault.ts'
import { AnswerReader } from './read.ts'
import { writeCall } from './write.ts'

/** Cohere's `/v2/chat`, as Cohere serves it. */
export const cohere: ProviderDialect = {
  writeCall,
  streamReader: (_call, endpoint, carry) => (carry ? new CarriedReader(endpoint) : new AnswerReader(endpoint)),
  readReply: (_call, endpoint, body, carry) => (carry ? readCarried(endpoint, body) : new AnswerReader(endpoint).whole(body)),
  readFault,
  embeddings: cohereEmbeddings,
}
