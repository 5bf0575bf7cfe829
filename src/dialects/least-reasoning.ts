import type { Endpoint } from '../catalog/endpoint.ts'
import { EFFORTS, type Call, type Effort } from '../core/call.ts'
import { asObject, type JsonObject } from '../core/json.ts'

/**
 * The call of a client that wants no reasoning, for a model that cannot answer without (contract C57): the least effort that the endpoint has, in the chat
 * shape and in the client's own words, where a provider is told those. A budget of nothing is dropped.
 */
export function withLeastReasoning(call: Call, endpoint: Endpoint): Call {
  const effort = leastEffort(endpoint)
  const { reasoning, reasoning_effort: _effort, ...body } = call.body
  const { enabled: _enabled, max_tokens: _budget, ...rest } = asObject(reasoning) ?? {}
  return {
    ...call,
    reasoning: { enabled: true, effort, exclude: call.reasoning.exclude, ...(call.reasoning.summary === undefined ? {} : { summary: call.reasoning.summary }) },
    body: { ...body, reasoning: { ...rest, effort } },
    ...(call.native ? { native: nativeOf(call, call.native, effort, endpoint) } : {}),
    unsaid: [...call.unsaid ?? [], { field: 'reasoning', why: `${endpoint.modelId} always reasons; it is told to reason as little as it can` }],
  }
}

function leastEffort({ reasoning }: Endpoint): Effort {
  return EFFORTS.find((effort) => effort !== 'none' && reasoning?.efforts?.includes(effort)) ?? 'minimal'
}

function nativeOf({ dialect }: Call, native: JsonObject, effort: Effort, endpoint: Endpoint): JsonObject {
  switch (dialect) {
    case 'openai-responses': {
      const { enabled: _enabled, max_tokens: _budget, ...rest } = asObject(native['reasoning']) ?? {}
      return { ...native, reasoning: { ...rest, effort } }
    }
    // What they do unasked is to reason; they have no word for little.
    case 'anthropic-messages': case 'cohere': return without(native, ['thinking'])
    case 'gemini': return geminiNative(native, effort, endpoint)
    default: return native
  }
}

/** By both of Google's spellings. */
const CONFIGS = ['generationConfig', 'generation_config']
const THINKING = { thinkingConfig: 'thinkingLevel', thinking_config: 'thinking_level' } as const
const AMOUNTS = ['thinkingBudget', 'thinking_budget', 'thinkingLevel', 'thinking_level']

function geminiNative(native: JsonObject, effort: Effort, { reasoning }: Endpoint): JsonObject {
  const body = { ...native }
  for (const name of CONFIGS) {
    const config = asObject(native[name])
    if (!config) continue
    const said = { ...config }
    for (const [field, level] of Object.entries(THINKING)) {
      const thinking = asObject(config[field])
      if (thinking) said[field] = { ...without(thinking, AMOUNTS), ...(reasoning?.efforts ? { [level]: effort } : {}) }
    }
    body[name] = said
  }
  return body
}

function without(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)))
}
