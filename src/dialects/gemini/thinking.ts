import type { Endpoint } from '../../catalog/endpoint.ts'
import { EFFORTS, type Call, type Effort, type Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { budgetOf, nearestEffort } from '../../core/reasoning.ts'
import { modelName } from './wire.ts'

/** How a model is told to think: a budget in tokens, a level, or not at all (`fixed`: it thinks as it likes). */
type Thinking =
  | { readonly by: 'budget'; readonly min: number; readonly max: number; readonly mandatory: boolean }
  | { readonly by: 'level'; readonly levels: readonly Effort[]; readonly mandatory: boolean }
  | { readonly by: 'fixed'; readonly mandatory: true }

/** By the beginning of the model's name; the first that fits. From Google's page on thinking, November 2025 to 2026. */
const MODELS: readonly { readonly name: RegExp; readonly thinking: Thinking | undefined }[] = [
  { name: /-tts|embedding|-live|native-audio|robotics/, thinking: undefined },
  { name: /^gemini-(1\.|2\.0)|^gemini-2\.5-flash-image|^gemma-[123]/, thinking: undefined },
  { name: /^gemini-2\.5-pro|^gemini-pro-latest/, thinking: { by: 'budget', min: 128, max: 32_768, mandatory: true } },
  { name: /^gemini-2\.5-flash-lite|^gemini-flash-lite-latest/, thinking: { by: 'budget', min: 512, max: 24_576, mandatory: false } },
  { name: /^gemini-2\.5|^gemini-flash-latest/, thinking: { by: 'budget', min: 1, max: 24_576, mandatory: false } },
  { name: /^gemini-3\S*-pro-image/, thinking: { by: 'fixed', mandatory: true } },
  { name: /^gemini-3\S*-flash-image/, thinking: { by: 'level', levels: ['minimal', 'high'], mandatory: false } },
  { name: /^gemini-3-pro/, thinking: { by: 'level', levels: ['low', 'high'], mandatory: true } },
  { name: /^gemini-[3-9]\S*-pro/, thinking: { by: 'level', levels: ['low', 'medium', 'high'], mandatory: true } },
  // Their least is next to nothing, which is what "none" comes to unless the catalogue knows better.
  { name: /^gemini-[3-9]/, thinking: { by: 'level', levels: ['minimal', 'low', 'medium', 'high'], mandatory: false } },
  { name: /^gemma-/, thinking: { by: 'level', levels: ['high'], mandatory: false } },
]

/** The levels that there are (`thinkingLevel`): more than `high` is `high`, `none` is none of them. */
const LEVELS: readonly Effort[] = ['minimal', 'low', 'medium', 'high']

/** How this endpoint thinks: by its model's name, with what the catalogue knows; a model of no name that we know, by the catalogue alone. */
function thinkingOf(endpoint: Endpoint): Thinking | undefined {
  const { reasoning } = endpoint
  const levels = LEVELS.filter((level) => reasoning?.efforts?.includes(level))
  const known = MODELS.find((row) => row.name.test(modelName(endpoint)))
  if (known?.thinking?.by === 'level' && reasoning) {
    const both = known.thinking.levels.filter((level) => levels.includes(level))
    return { by: 'level', levels: both.length > 0 ? both : known.thinking.levels, mandatory: reasoning.mandatory || known.thinking.mandatory }
  }
  if (known) return known.thinking
  if (levels.length > 0) return { by: 'level', levels, mandatory: reasoning?.mandatory === true }
  if (reasoning?.budget) return { by: 'budget', min: 1, max: 24_576, mandatory: reasoning.mandatory }
  // An operator's model that says nothing takes everything.
  return endpoint.parameters === null ? { by: 'level', levels: LEVELS, mandatory: false } : undefined
}

/** The wish to reason (B21–B26, B30) as `thinkingConfig`; undefined where there is nothing to say. */
export function thinkingConfig(call: Call, endpoint: Endpoint, warnings: Warning[]): JsonObject | undefined {
  const wish = call.reasoning
  const thinking = thinkingOf(endpoint)
  const off = wish.enabled === false || wish.effort === 'none' || wish.maxTokens === 0
  if (!thinking) {
    if (wish.enabled && !off) warnings.push({ field: 'reasoning', why: `${endpoint.upstreamId} does not reason` })
    return undefined
  }
  if (off) return turnedOff(call, endpoint, thinking)
  const config = amount(call, endpoint, thinking)
  // Thoughts are shown unless the client wants none (B27); Gemini shows them only when asked. A model that is only
  // taken to take everything, and that nobody asked to think, may not know the field.
  const isAsked = wish.enabled === true || Object.keys(config).length > 0
  if (wish.exclude) return isAsked ? { includeThoughts: false, ...config } : undefined
  return isAsked || thinks(endpoint) ? { includeThoughts: true, ...config } : undefined
}

/** True when we know that the model thinks without being asked to, and can be asked to show it. */
function thinks(endpoint: Endpoint): boolean {
  const name = modelName(endpoint)
  const known = MODELS.find((row) => row.name.test(name))
  return known ? known.thinking !== undefined && name.startsWith('gemini-') : endpoint.reasoning !== undefined && endpoint.parameters !== null
}

function turnedOff(call: Call, endpoint: Endpoint, thinking: Thinking): JsonObject | undefined {
  if (!thinking.mandatory) {
    if (thinking.by === 'budget') return { thinkingBudget: 0 }
    return thinking.levels.includes('minimal') ? { thinkingLevel: 'minimal' } : undefined
  }
  // The newest of a family gets the least that it has; a model named by its own name cannot do what was asked (B26).
  if (!call.models.some((model) => model.startsWith('~'))) {
    throw new Fault('invalid_request', `reasoning: ${endpoint.modelId} cannot answer without reasoning; leave out reasoning.effort "none" (or enabled: false), or name another model`)
  }
  if (thinking.by === 'fixed') return undefined
  return thinking.by === 'budget' ? { thinkingBudget: thinking.min } : { thinkingLevel: least(thinking.levels) }
}

function least(levels: readonly Effort[]): Effort {
  return EFFORTS.find((effort) => levels.includes(effort)) ?? 'low'
}

/** How much to think. A budget wins, for it is exact (B30: also where there are levels). */
function amount(call: Call, endpoint: Endpoint, thinking: Thinking): JsonObject {
  const { enabled, effort, maxTokens } = call.reasoning
  if (thinking.by === 'fixed') return {}
  if (maxTokens !== undefined) return { thinkingBudget: thinking.by === 'budget' ? clamp(maxTokens, thinking) : maxTokens }
  const wanted = effort ?? (enabled ? 'medium' : undefined)
  if (wanted === undefined) return {}
  if (thinking.by === 'level') return { thinkingLevel: nearestEffort(wanted, thinking.levels) ?? least(thinking.levels) }
  return { thinkingBudget: clamp(budgetOf(wanted, call.needs.maxTokens ?? endpoint.outputMax ?? 65_536), thinking) }
}

function clamp(budget: number, thinking: { readonly min: number; readonly max: number }): number {
  return Math.min(Math.max(budget, thinking.min), thinking.max)
}
