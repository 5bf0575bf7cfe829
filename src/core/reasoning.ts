import { EFFORTS, type Effort, type ReasoningWish } from './call.ts'

/** Share of max_tokens that an effort comes to, where a model only takes a budget (contract B24). */
export const EFFORT_RATIOS: Readonly<Record<Effort, number>> = { none: 0, minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.95, max: 0.95 }

/** True for a client that wants no reasoning, in whichever words (B21–B25). */
export function wantsNoReasoning({ enabled, effort, maxTokens }: ReasoningWish): boolean {
  return enabled === false || effort === 'none' || maxTokens === 0
}

/** The budget in tokens that an effort comes to within `maxTokens` of answer (B24). */
export function budgetOf(effort: Effort, maxTokens: number): number {
  return Math.floor(maxTokens * EFFORT_RATIOS[effort])
}

/** The effort that a budget comes to: the least whose share of `maxTokens` reaches it (B24 backwards). */
export function effortOf(budget: number, maxTokens: number | undefined): Effort {
  if (budget <= 0) return 'none'
  const share = budget / (maxTokens ?? 32_000)
  return (['minimal', 'low', 'medium', 'high'] as const).find((effort) => share <= EFFORT_RATIOS[effort]) ?? 'xhigh'
}

/** The effort of `known` nearest to the one wanted, the lower of two (B26). `none` stays only where it is known, else undefined. */
export function nearestEffort(wanted: Effort, known: readonly Effort[]): Effort | undefined {
  if (known.includes(wanted)) return wanted
  if (wanted === 'none') return undefined
  const at = EFFORTS.indexOf(wanted)
  const distance = (effort: Effort) => Math.abs(EFFORTS.indexOf(effort) - at)
  return [...known].filter((effort) => effort !== 'none').sort((a, b) => distance(a) - distance(b) || EFFORTS.indexOf(a) - EFFORTS.indexOf(b))[0]
}
