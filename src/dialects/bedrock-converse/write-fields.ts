import type { Call } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { generationOf, type Generation } from '../anthropic-messages/generations.ts'
import { writeThinking, thinks } from '../anthropic-messages/write-thinking.ts'
import type { Notes } from '../anthropic-messages/wire.ts'
import { nearestEffort } from '../../core/reasoning.ts'
import type { Family } from './families.ts'

/** What goes to the model past Converse, and what it decides about the rest of the request. */
export interface ModelFields {
  readonly fields: JsonObject
  /** The model thinks in a way that binds sampling and the choice of tools. */
  readonly thinks: boolean
  /** It is told to think by a budget: then a last message of the assistant is not continued. */
  readonly byBudget: boolean
  readonly generation?: Generation
}

/** `additionalModelRequestFields`: reasoning and what else only one family knows, in its words. */
export function writeFields(call: Call, endpoint: Endpoint, family: Family, notes: Notes): ModelFields {
  if (family.name === 'claude') return claudeFields(call, endpoint, notes)
  const fields: JsonObject = {}
  const topK = call.body.top_k
  if (topK !== undefined && topK !== null && topK !== 0) {
    if (family.name === 'nova') fields['inferenceConfig'] = { topK }
    else notes.warn('top_k', 'this model takes no top_k here')
  }
  if (call.body.verbosity && call.body.verbosity !== 'medium') notes.warn('verbosity', 'this model has no such setting')
  writeEffort(call, family, fields, notes)
  return { fields, thinks: false, byBudget: false }
}

/** Claude takes Anthropic's own fields. */
function claudeFields(call: Call, endpoint: Endpoint, notes: Notes): ModelFields {
  const generation = generationOf(endpoint)
  const maxTokens = call.needs.maxTokens ?? endpoint.outputMax ?? generation.outputMax ?? endpoint.contextMax
  const { thinking, effort } = writeThinking(call, generation, maxTokens, notes)
  const fields: JsonObject = {}
  if (thinking) fields['thinking'] = thinking
  if (effort !== undefined) fields['output_config'] = { effort }
  const isThinking = thinks(thinking, generation)
  const topK = call.body.top_k
  if (topK !== undefined && topK !== null && topK !== 0) {
    if (isThinking || generation.sampling === 'none') notes.warn('top_k', isThinking ? 'cannot be set while this model thinks' : 'this model takes no sampling parameters')
    else fields['top_k'] = topK
  }
  for (const beta of (call.headers.anthropicBeta ?? '').split(',')) if (/^[a-z0-9][a-z0-9-]{2,63}$/.test(beta.trim())) notes.betas.add(beta.trim())
  if (notes.betas.size > 0) fields['anthropic_beta'] = [...notes.betas]
  return { fields, thinks: isThinking, byBudget: thinking?.['type'] === 'enabled', generation }
}

/** The wish to reason (B21–B26) of models that take an effort. */
function writeEffort(call: Call, family: Family, fields: JsonObject, notes: Notes): void {
  const { enabled, effort, maxTokens } = call.reasoning
  if (enabled === undefined && effort === undefined && maxTokens === undefined) return
  const wanted = enabled === false ? 'none' : (effort ?? 'medium')
  const level = wanted === 'none' ? undefined : nearestEffort(wanted, ['low', 'medium', 'high'])
  switch (family.name) {
    case 'gpt-oss':
      if (level !== undefined) fields['reasoning_effort'] = level
      else notes.warn('reasoning', 'this model always reasons')
      break
    case 'qwen':
      fields['reasoning_config'] = level ?? 'none'
      break
    case 'nova':
      fields['reasoningConfig'] = level === undefined ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: level }
      break
    default:
      if (level !== undefined) notes.warn('reasoning', 'this provider has no setting of it for this model')
  }
  if (maxTokens !== undefined && effort === undefined) notes.warn('reasoning.max_tokens', 'this model takes an effort and no budget')
}
