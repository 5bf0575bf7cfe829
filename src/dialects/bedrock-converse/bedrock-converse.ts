import type { Call } from '../../core/call.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { ProviderDialect } from '../dialect.ts'
import { isMessages } from '../hosted-claude.ts'
import { isClaude } from '../signer.ts'
import { readFault } from './fault.ts'
import { InvokeReader, readInvoked, writeInvoke } from './invoke.ts'
import { ConverseReader } from './read.ts'
import { writeConverse } from './write.ts'

/**
 * Amazon Bedrock: Converse for all models. A client that speaks Messages has its request to Claude passed on as it is, by
 * InvokeModel, for Converse knows less than Anthropic's own words.
 */
export const bedrockConverse: ProviderDialect = {
  writeCall: (call, endpoint) => (isInvoked(call, endpoint) ? writeInvoke(call, endpoint) : writeConverse(call, endpoint)),
  streamReader: (call, endpoint) => (isInvoked(call, endpoint) ? new InvokeReader(call, endpoint) : new ConverseReader(endpoint)),
  readReply: (call, endpoint, body) => (isInvoked(call, endpoint) ? readInvoked(call, endpoint, body) : new ConverseReader(endpoint).whole(body)),
  readFault,
  fetchesNot: () => true,
}

function isInvoked(call: Call, endpoint: Endpoint): boolean {
  return isMessages(call) && isClaude(endpoint)
}
