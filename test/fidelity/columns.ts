import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Call, DialectName } from '../../src/core/call.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { anthropicMessages, anthropicMessagesClient } from '../../src/dialects/anthropic-messages/anthropic-messages.ts'
import { readCall as readMessages } from '../../src/dialects/anthropic-messages/call-read.ts'
import { bedrockConverse } from '../../src/dialects/bedrock-converse/bedrock-converse.ts'
import { readCohereChat } from '../../src/dialects/cohere-client/call-read.ts'
import { cohereClient } from '../../src/dialects/cohere-client/cohere-client.ts'
import { cohere } from '../../src/dialects/cohere/cohere.ts'
import type { CallOrigin, ClientDialect, ProviderDialect } from '../../src/dialects/dialect.ts'
import { readGenerate } from '../../src/dialects/gemini/call-read.ts'
import { geminiClient } from '../../src/dialects/gemini/gemini-client.ts'
import { gemini } from '../../src/dialects/gemini/gemini.ts'
import { readOllamaChat } from '../../src/dialects/ollama/call-read.ts'
import { ollamaChatClient } from '../../src/dialects/ollama/ollama.ts'
import { readCall as readChat } from '../../src/dialects/openai-chat/call-read.ts'
import { openaiChat, openaiChatClient } from '../../src/dialects/openai-chat/openai-chat.ts'
import { readCompletion } from '../../src/dialects/openai-completions/call-read.ts'
import { openaiCompletionsClient } from '../../src/dialects/openai-completions/openai-completions.ts'
import { readCall as readResponses } from '../../src/dialects/openai-responses/call-read.ts'
import { openaiResponses, openaiResponsesClient } from '../../src/dialects/openai-responses/openai-responses.ts'
import { vertex } from '../../src/dialects/vertex/vertex.ts'
import { CHAT_ASKS, COMPLETIONS_ASKS, RESPONSES_ASKS } from './asks-openai.ts'
import { COHERE_ASKS, GEMINI_ASKS, MESSAGES_ASKS, OLLAMA_ASKS } from './asks-others.ts'
import type { Asks, ClientName } from './features.ts'

/** A client dialect: how it asks, and how it is answered. */
export interface Client {
  readonly dialect: ClientDialect
  readonly read: (body: JsonObject, stream: boolean) => Call
  readonly plain: JsonObject
  readonly asks: Asks
}

const ORIGIN: CallOrigin = { id: 'gen-1790000000-fidelity', createdMs: 1_790_000_000_000, headers: {}, bodyBytes: 400 }
const MODEL = 'acme/model'
const reader = (read: (body: JsonObject, origin: CallOrigin) => Call) => (body: JsonObject, stream: boolean): Call => read({ model: MODEL, ...body, stream }, ORIGIN)
const CHAT: JsonObject = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 500 }

/** The clients of the matrix. */
export const CLIENT: Readonly<Record<ClientName, Client>> = {
  'openai-chat': { dialect: openaiChatClient, read: reader(readChat), plain: CHAT, asks: CHAT_ASKS },
  'openai-responses': { dialect: openaiResponsesClient, read: reader(readResponses), plain: { input: 'Hi', max_output_tokens: 500 }, asks: RESPONSES_ASKS },
  'anthropic-messages': { dialect: anthropicMessagesClient, read: reader(readMessages), plain: CHAT, asks: MESSAGES_ASKS },
  'gemini': {
    dialect: geminiClient, read: (body, stream) => readGenerate(body, ORIGIN, { model: MODEL, stream }), asks: GEMINI_ASKS,
    plain: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], generationConfig: { maxOutputTokens: 500 } },
  },
  'openai-completions': { dialect: openaiCompletionsClient, read: reader(readCompletion), plain: { prompt: 'Hi', max_tokens: 500 }, asks: COMPLETIONS_ASKS },
  'ollama': { dialect: ollamaChatClient, read: reader(readOllamaChat), plain: { messages: [{ role: 'user', content: 'Hi' }], options: { num_predict: 500 } }, asks: OLLAMA_ASKS },
  'cohere': { dialect: cohereClient, read: reader(readCohereChat), plain: CHAT, asks: COHERE_ASKS },
}

export const PROVIDERS = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'vertex', 'bedrock-converse', 'cohere'] as const
export type ProviderName = (typeof PROVIDERS)[number]

/** A provider dialect, and a model that stands for those behind it. */
export interface Provider { readonly dialect: ProviderDialect; readonly endpoint: Endpoint }

function endpointOf(dialect: DialectName, upstreamId: string, quirks: readonly string[] = [], reasoning: Endpoint['reasoning'] = { budget: true, mandatory: false }): Endpoint {
  return {
    id: `${MODEL}@acme`, modelId: MODEL, tag: 'acme', upstreamId, contextMax: 200_000, outputMax: 64_000, price: { state: 'free', prompt: 0n, completion: 0n },
    parameters: null, inputs: null, outputs: new Set(['text']), reasoning, quantization: 'unknown', deprecated: false,
    provider: {
      slug: 'acme', name: 'Acme', baseUrl: 'http://127.0.0.1:1', dialect, auth: 'bearer', env: [], quirks: new Set(quirks), headers: {},
      credential: 'sk-test', project: 'project', region: 'us-east1', retainsPrompts: true, mayTrain: true,
    },
  }
}

/** The providers of the matrix. */
export const PROVIDER: Readonly<Record<ProviderName, Provider>> = {
  'openai-chat': { dialect: openaiChat, endpoint: endpointOf('openai-chat', 'gpt-4.1', ['max_completion_tokens', 'reasoning_effort'], { budget: false, mandatory: false, efforts: ['low', 'medium', 'high'] }) },
  'openai-responses': { dialect: openaiResponses, endpoint: endpointOf('openai-responses', 'gpt-5', [], { budget: false, mandatory: false, efforts: ['low', 'medium', 'high'] }) },
  'anthropic-messages': { dialect: anthropicMessages, endpoint: endpointOf('anthropic-messages', 'claude-sonnet-4-5') },
  'gemini': { dialect: gemini, endpoint: endpointOf('gemini', 'gemini-2.5-flash') },
  'vertex': { dialect: vertex, endpoint: endpointOf('vertex', 'gemini-2.5-flash') },
  'bedrock-converse': { dialect: bedrockConverse, endpoint: endpointOf('bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0') },
  'cohere': { dialect: cohere, endpoint: endpointOf('cohere', 'command-a-reasoning-08-2025') },
}
