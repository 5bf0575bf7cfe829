import { calibrated, scoreOf, standardised, type DifficultyTable, type SignWeight, type Weights } from '../../src/routing/auto/difficulty.ts'
import { SIGNS, type Sign } from '../../src/routing/auto/signs.ts'
import { gainOf, type Example } from './examples.ts'

/** Pull of every weight towards 0, in prompts. Strong, for the signs must hold for subjects that are not here. */
const RIDGE = 1000
/**
 * Added to what is learned of length: a prompt e times as long gains 4 points more from the dear model, for there is more in
 * it to get wrong. Without it a table trained on examinations alone does little better than random on word problems.
 */
const LENGTH_PRIOR = 0.04

/** Fits the weights of the signs to what was gained, by ridge regression. The same examples give the same weights. */
export function fitWeights(examples: readonly Example[]): Weights {
  const scales = bySign((sign) => ({ ...scaleOf(examples.map((example) => example.signs[sign])), weight: 0 }))
  const rows = examples.map((example) => SIGNS.map((sign) => standardised(example.signs[sign], scales[sign])))
  const means = SIGNS.map((_, column) => mean(rows.map((row) => row[column] ?? 0)))
  const gains = examples.map(gainOf)
  const gainMean = mean(gains)
  const matrix = SIGNS.map((_, i) => SIGNS.map((_, j): number => i === j ? RIDGE : 0))
  const target = SIGNS.map(() => 0)
  rows.forEach((row, at) => {
    const centred = row.map((value, column) => value - (means[column] ?? 0))
    const gain = (gains[at] ?? 0) - gainMean
    centred.forEach((value, i) => {
      target[i] = (target[i] ?? 0) + value * gain
      const line = matrix[i] ?? []
      for (let j = 0; j < centred.length; j++) line[j] = (line[j] ?? 0) + value * (centred[j] ?? 0)
    })
  })
  const learned = solve(matrix, target)
  return bySign((sign, column) => {
    const prior = sign === 'length' ? LENGTH_PRIOR * scales[sign].spread : 0
    return { mean: rounded(scales[sign].mean), spread: rounded(scales[sign].spread), weight: rounded((learned[column] ?? 0) + prior) }
  })
}

/** The logistic curve (by Newton's method) from scores to the share of prompts that the dear model alone got right. */
export function fitCalibration(scores: readonly number[], examples: readonly Example[]): DifficultyTable['calibration'] {
  let curve = { offset: 0, slope: 1 }
  for (let step = 0; step < 25; step++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9]
    scores.forEach((score, at) => {
      const example = examples[at]
      const p = calibrated(score, curve)
      const miss = Number(example?.strong === true && !example.weak) - p
      g0 += miss
      g1 += miss * score
      h00 += p * (1 - p)
      h01 += p * (1 - p) * score
      h11 += p * (1 - p) * score * score
    })
    const determinant = h00 * h11 - h01 * h01
    curve = { offset: curve.offset + (h11 * g0 - h01 * g1) / determinant, slope: curve.slope + (h00 * g1 - h01 * g0) / determinant }
  }
  return { offset: rounded(curve.offset), slope: rounded(curve.slope) }
}

function bySign(make: (sign: Sign, column: number) => SignWeight): Weights {
  // One entry for each of SIGNS, which are the keys of the record.
  return Object.fromEntries(SIGNS.map((sign, column) => [sign, make(sign, column)])) as Weights
}

function scaleOf(values: readonly number[]): { readonly mean: number; readonly spread: number } {
  const known = values.filter((value) => !Number.isNaN(value))
  const centre = mean(known)
  return { mean: centre, spread: Math.sqrt(mean(known.map((value) => (value - centre) ** 2))) || 1 }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Six digits are more than thousands of prompts can tell, and read the same on every machine. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6))
}

/** Solves a symmetric positive definite system by Cholesky's method. */
function solve(matrix: readonly (readonly number[])[], target: readonly number[]): number[] {
  const size = target.length
  const lower = Array.from({ length: size }, () => new Float64Array(size))
  const at = (i: number, j: number): number => lower[i]?.[j] ?? 0
  const half = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    const row = lower[i] ?? new Float64Array(size)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i]?.[j] ?? 0
      for (let k = 0; k < j; k++) rest -= at(i, k) * at(j, k)
      row[j] = i === j ? Math.sqrt(rest) : rest / at(j, j)
    }
    let rest = target[i] ?? 0
    for (let k = 0; k < i; k++) rest -= at(i, k) * (half[k] ?? 0)
    half[i] = rest / at(i, i)
  }
  const solution = target.map(() => 0)
  for (let i = size - 1; i >= 0; i--) {
    let rest = half[i] ?? 0
    for (let k = i + 1; k < size; k++) rest -= at(k, i) * (solution[k] ?? 0)
    solution[i] = rest / at(i, i)
  }
  return solution
}

/** Scores of examples by weights. */
export function scoresOf(examples: readonly Example[], weights: Weights): number[] {
  return examples.map((example) => scoreOf(example.signs, weights))
}
