import type { ProviderName } from './columns.ts'
import type { AnswerName, AskName, ClientName } from './features.ts'

/** Something that a provider or a client is not told, without a warning, and why that loses nothing. This list may only become shorter. */
export interface Explained {
  readonly name: AskName | AnswerName
  /** All of them where there is no list. */
  readonly clients?: readonly ClientName[]
  readonly providers: readonly ProviderName[]
  readonly why: string
}

/** Every such place. A row that explains nothing any more fails the test. */
export const EXPLAINED: readonly Explained[] = [
  { name: 'user', providers: ['gemini', 'vertex', 'bedrock-converse', 'cohere'], why: 'says whose call it is and changes no answer; these providers have no field for it, and the others get a hash' },
  { name: 'metadata', providers: ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'vertex', 'bedrock-converse', 'cohere'], why: 'is said to the gateway, not to the model: the client labels its calls, no provider is told' },
  { name: 'service tier', clients: ['anthropic-messages'], providers: ['gemini', 'vertex', 'cohere'], why: '`standard_only` asks for the ordinary tier, and that is what these serve' },
  { name: 'reasoning off', providers: ['anthropic-messages', 'bedrock-converse'], why: 'Claude does not think unless it is told to' },
  { name: 'cached tokens', providers: ['cohere'], why: 'Cohere counts cached tokens of a longer, raw prompt that it does not bill; they are no part of the counts that it bills' },
]

/** Why a place where something is lost is as it should be, if it is. */
export function explanationOf(client: ClientName, provider: ProviderName, name: AskName | AnswerName): Explained | undefined {
  return EXPLAINED.find((row) => row.name === name && row.providers.includes(provider) && (row.clients === undefined || row.clients.includes(client)))
}
