import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import { asObject, asString, parseObject } from '../../core/json.ts'
import { anthropicMessages } from '../anthropic-messages/anthropic-messages.ts'
import type { ProviderDialect } from '../dialect.ts'
import { gemini } from '../gemini/gemini.ts'
import { isMessages } from '../hosted-claude.ts'
import { openaiChat } from '../openai-chat/openai-chat.ts'
import { vertexEmbeddings } from './embed.ts'
import { familyOf, type Family } from './family.ts'
import { writeCall } from './write.ts'

/** Each family of models on Vertex speaks the dialect of its maker. */
const SPOKEN: Readonly<Record<Family, ProviderDialect>> = { gemini, claude: anthropicMessages, open: openaiChat }

/** Google's Vertex: Gemini, Claude and open models, each in its own words, under paths that name project and location. */
export const vertex: ProviderDialect = {
  writeCall,
  streamReader: (call, endpoint) => SPOKEN[familyOf(endpoint)].streamReader(call, endpoint, call.stream && carries(call, endpoint)),
  readReply: (call, endpoint, body) => SPOKEN[familyOf(endpoint)].readReply(call, endpoint, body, !call.stream && carries(call, endpoint)),
  readFault: (status, headers, text, endpoint) => {
    // Google itself answers for any model, in its own shape: for quotas, rights, and models that are not there.
    const isMakers = familyOf(endpoint) !== 'gemini' && asString(asObject(parseObject(text)?.['error'])?.['type']) !== undefined
    return (isMakers ? SPOKEN[familyOf(endpoint)] : gemini).readFault(status, headers, text, endpoint)
  },
  embeddings: vertexEmbeddings,
  // Unlike AI Studio, Vertex fetches for Gemini; for Claude nobody does.
  fetchesNot: (_url, endpoint) => familyOf(endpoint) === 'claude',
}

/** True when the client speaks what the model does, so that the answer goes through as it is. */
function carries(call: Call, endpoint: Endpoint): boolean {
  switch (familyOf(endpoint)) {
    case 'claude': return isMessages(call)
    case 'gemini': return call.dialect === 'gemini' && call.native !== undefined
    case 'open': return call.dialect === 'openai-chat'
  }
}
