import type { JsonObject } from '../../src/core/json.ts'
import { isStream, type Exchange } from './exchange.ts'
import { fromAnthropic } from './from-anthropic.ts'
import { fromBedrock } from './from-bedrock.ts'
import { fromCohere } from './from-cohere.ts'
import { fromGemini } from './from-gemini.ts'
import { fromMistral } from './from-mistral.ts'
import { fromResponses } from './from-responses.ts'
import { camelled } from './vertex-spelling.ts'

/** What a client of ours would send to get a recorded exchange, in the contract's chat shape. */
export function chatRequestOf(exchange: Exchange, model: string): JsonObject {
  const { body } = exchange.request
  const said = body === null ? { messages: [{ role: 'user', content: 'Hello.' }] } : CONVERTERS[exchange.dialect](body, exchange.provider)
  return { ...said, model, stream: isStream(exchange) }
}

const CONVERTERS: Readonly<Record<Exchange['dialect'], (body: JsonObject, provider: string) => JsonObject>> = {
  'openai.chat': fromOpenai, 'anthropic.messages': fromAnthropic, 'google.generateContent': fromGemini, 'openai.responses': fromResponses,
  'google.vertex': (body) => fromGemini(camelled(body)), 'bedrock.converse': fromBedrock, 'cohere.chat': fromCohere, 'mistral.chat': fromMistral,
}

/** Fields of recorded OpenRouter requests that choose providers: they would exclude the one that replays. */
const ROUTING = new Set(['provider', 'models', 'preset'])

function fromOpenai(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([field, value]) => value !== undefined && !ROUTING.has(field)))
}
