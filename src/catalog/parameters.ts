import type { DialectName } from '../core/call.ts'

/** What every provider of a dialect takes, in the contract's words, beside what hangs on the model. */
const BASE: Readonly<Record<DialectName, readonly string[]>> = {
  'openai-chat': ['max_tokens', 'seed', 'response_format'],
  'anthropic-messages': ['max_tokens', 'stop'],
  gemini: ['max_tokens', 'stop', 'seed', 'frequency_penalty', 'presence_penalty', 'response_format'],
  'openai-responses': ['max_tokens', 'response_format'],
  vertex: ['max_tokens', 'stop'],
  'bedrock-converse': ['max_tokens', 'stop'],
  cohere: ['max_tokens', 'stop', 'seed', 'frequency_penalty', 'presence_penalty', 'response_format'],
  mistral: ['max_tokens', 'stop', 'seed', 'frequency_penalty', 'presence_penalty', 'response_format'],
}

/** Sampling that a model must allow (`temperature` in the data): models that only reason often do not. OpenAI's refuse `stop` and penalties too. */
const SAMPLING: Readonly<Partial<Record<DialectName, readonly string[]>>> = {
  'openai-chat': ['temperature', 'top_p', 'stop', 'frequency_penalty', 'presence_penalty'],
  'anthropic-messages': ['temperature', 'top_p', 'top_k'],
  gemini: ['temperature', 'top_p', 'top_k'],
  cohere: ['temperature', 'top_p', 'top_k', 'logprobs'],
}

/** Whose words a model on a cloud takes: each family its maker's. */
export function dialectOnCloud(dialect: DialectName, upstreamId: string): DialectName {
  if (dialect !== 'vertex') return dialect
  return upstreamId.startsWith('claude') ? 'anthropic-messages' : upstreamId.includes('/') ? 'openai-chat' : 'gemini'
}

/** Dialects whose tool calls can be told to come one at a time. Gemini has no such switch. */
const PARALLEL_SWITCH: ReadonlySet<DialectName> = new Set(['openai-chat', 'anthropic-messages', 'openai-responses', 'mistral'])

const NONE: readonly string[] = []
const made = new Map<string, ReadonlySet<string>>()

/**
 * The request parameters of an endpoint: those of its dialect, its provider's own (`top_k`; `-seed` takes one away) and
 * those of what the model `can` do. The same answer is the same set.
 */
export function parametersOf(dialect: DialectName, own: readonly string[] = NONE, can: ReadonlySet<string>, hasEfforts: boolean): ReadonlySet<string> {
  const key = `${dialect} ${own.join()} ${[...can].join()} ${hasEfforts}`
  const known = made.get(key)
  if (known) return known
  const names = new Set(BASE[dialect])
  const add = (...more: readonly string[]) => { for (const name of more) names.add(name) }
  if (can.has('temperature')) add(...(SAMPLING[dialect] ?? ['temperature', 'top_p']))
  if (can.has('tools')) add('tools', 'tool_choice', ...(PARALLEL_SWITCH.has(dialect) ? ['parallel_tool_calls'] : []))
  if (can.has('structured')) add('structured_outputs', 'response_format')
  if (can.has('reasoning')) add('reasoning', 'include_reasoning', ...(hasEfforts ? ['reasoning_effort'] : []))
  if (can.has('verbosity')) add('verbosity')
  for (const name of own) if (!name.startsWith('-') && (can.has('temperature') || !NEEDS_SAMPLING.has(name))) names.add(name)
  for (const name of own) if (name.startsWith('-')) names.delete(name.slice(1))
  made.set(key, names)
  return names
}

/** Parameters that mean nothing, or are refused, where the model does not let itself be sampled. */
const NEEDS_SAMPLING: ReadonlySet<string> = new Set(['top_k', 'min_p', 'top_a', 'repetition_penalty', 'logit_bias', 'logprobs', 'top_logprobs'])
