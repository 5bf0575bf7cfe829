import type { ProviderDialect } from '../dialect.ts'
import { readFault } from './fault.ts'
import { readReply, streamReader } from './read.ts'
import { writeCall } from './write.ts'

/** Anthropic's Messages API as a provider speaks it. */
export const anthropicMessages: ProviderDialect = { writeCall, streamReader, readReply, readFault }
