import type { Cost } from '../core/event.ts'

export const NO_COST: Cost = Object.freeze({ total: 0n, prompt: 0n, completion: 0n, byok: false, upstream: 0n })

/** What two calls cost together. */
export function addCost(a: Cost, b: Cost): Cost {
  return { total: a.total + b.total, prompt: a.prompt + b.prompt, completion: a.completion + b.completion, byok: a.byok || b.byok, upstream: a.upstream + b.upstream }
}
