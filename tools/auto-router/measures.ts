import { gainOf, type Example } from './examples.ts'
import { random, shuffled } from './seeded.ts'

/** Shares of the calls that go to the dear model: 0, 5, … 100 %. */
export const SHARES: readonly number[] = Array.from({ length: 21 }, (_, at) => at / 20)

/**
 * PGR(c) at each of SHARES: of what the dear model gains over the cheap one, the part that is had when the prompts with the
 * highest scores go to it. `counts` says how often each example stands in a resample. Equal scores share their gain evenly.
 */
export function pgrCurve(examples: readonly Example[], order: Order, counts?: Uint16Array): number[] {
  const points: { calls: number; gain: number }[] = [{ calls: 0, gain: 0 }]
  let [calls, gain] = [0, 0]
  order.forEach(({ at, lastOfTie }) => {
    const count = counts === undefined ? 1 : counts[at] ?? 0
    const example = examples[at]
    calls += count
    gain += example ? count * gainOf(example) : 0
    if (lastOfTie && count + calls > 0) points.push({ calls, gain })
  })
  let point = 0
  return SHARES.map((share) => {
    const wanted = share * calls
    while (point < points.length - 2 && (points[point + 1]?.calls ?? 0) < wanted) point++
    const [left, right] = [points[point] ?? { calls: 0, gain: 0 }, points[point + 1] ?? { calls, gain }]
    const part = right.calls === left.calls ? 0 : (wanted - left.calls) / (right.calls - left.calls)
    return (left.gain + (right.gain - left.gain) * Math.max(0, Math.min(1, part))) / gain
  })
}

/** Examples from the highest score to the lowest. */
export type Order = readonly { readonly at: number; readonly lastOfTie: boolean }[]

/** Puts examples in the order of their scores. */
export function orderBy(scores: readonly number[]): Order {
  const order = scores.map((_, at) => at).toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  return order.map((at, place) => ({ at, lastOfTie: scores[at] !== scores[order[place + 1] ?? -1] }))
}

/** APGR: the mean of the curve over the shares (trapezoids). Random is 0.5. */
export function apgr(curve: readonly number[]): number {
  return curve.slice(1).reduce((sum, value, at) => sum + (value + (curve[at] ?? 0)) / 2, 0) / (curve.length - 1)
}

/** The least that the curve is above random, and at which share. Negative: it is below. */
export function leastAboveRandom(curve: readonly number[]): { readonly share: number; readonly above: number } {
  const inside = SHARES.map((share, at) => ({ share, above: (curve[at] ?? 0) - share })).slice(1, -1)
  return inside.reduce((least, one) => one.above < least.above ? one : least)
}

/** Curves of resamples: whole subjects are drawn where there are several, else prompts. */
export function bootstrapCurves(examples: readonly Example[], order: Order, times: number, seed = 1): number[][] {
  const groups = groupsOf(examples)
  const units = groups.length > 1 ? groups : examples.map((_, at) => [at])
  const next = random(seed)
  return Array.from({ length: times }, () => {
    const counts = new Uint16Array(examples.length)
    for (let draw = 0; draw < units.length; draw++) for (const at of units[Math.floor(next() * units.length)] ?? []) counts[at] = (counts[at] ?? 0) + 1
    return pgrCurve(examples, order, counts)
  })
}

/** The middle 95 % of some values. */
export function interval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b)
  return [sorted[Math.floor(sorted.length * 0.025)] ?? Number.NaN, sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.975))] ?? Number.NaN]
}

function groupsOf(examples: readonly Example[]): number[][] {
  const bySubject = Map.groupBy(examples.map((_, at) => at), (at) => examples[at]?.subject)
  return [...bySubject.values()]
}

/** Ten folds of whole subjects, so that a subject is scored by a table that never saw it; `gsm8k`, a set of one subject, is a fold of its own. */
export function subjectFolds(examples: readonly Example[], folds = 10, seed = 7): number[][] {
  const largest = new Set([...Map.groupBy(examples, (example) => example.set)].filter(([, of]) => new Set(of.map((one) => one.subject)).size === 1).map(([set]) => set))
  const groups = groupsOf(examples)
  const alone = groups.filter((group) => largest.has(examples[group[0] ?? 0]?.set ?? ''))
  const spread = shuffled(groups.filter((group) => !alone.includes(group)), seed)
  const mixed = Array.from({ length: folds }, (_, fold) => spread.filter((_, at) => at % folds === fold).flat())
  return [...mixed, ...alone].filter((fold) => fold.length > 0)
}

/** Ten folds of prompts at random: each subject is on both sides, which flatters a router. */
export function promptFolds(examples: readonly Example[], folds = 10, seed = 7): number[][] {
  const places = shuffled(examples.map((_, at) => at), seed)
  return Array.from({ length: folds }, (_, fold) => places.filter((_, at) => at % folds === fold))
}

/** Scores every example by what was fitted without its fold. */
export function crossScores(examples: readonly Example[], folds: readonly (readonly number[])[], fit: (train: readonly Example[]) => (example: Example) => number): number[] {
  const scores = examples.map(() => 0)
  for (const fold of folds) {
    const held = new Set(fold)
    const score = fit(examples.filter((_, at) => !held.has(at)))
    for (const at of fold) {
      const example = examples[at]
      if (example) scores[at] = score(example)
    }
  }
  return scores
}
