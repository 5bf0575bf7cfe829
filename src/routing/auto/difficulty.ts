import { CHOICE_SIGNS, SIGNS, type Sign, type Signs } from './signs.ts'
import table from './difficulty-table.json'

/** What one sign weighs: standardised by `mean` and `spread`, times `weight`. */
export interface SignWeight { readonly mean: number; readonly spread: number; readonly weight: number }

/** A linear score of signs. Higher: more is won by asking the dear model. */
export type Weights = Readonly<Record<Sign, SignWeight>>

/** What training leaves behind, in difficulty-table.json. */
export interface DifficultyTable {
  readonly weights: Weights
  /** Logistic curve from the score to the share of prompts that the dear model alone got right. */
  readonly calibration: { readonly offset: number; readonly slope: number }
  /** Difficulties that 0, 5, … 100 % of the training prompts stay below, on subjects that the table had not seen. */
  readonly quantiles: readonly number[]
}

// JSON keeps the names of the signs but not their type; the test reads each of SIGNS.
const TABLE = table as DifficultyTable

/** A sign farther from the mean than any in training is taken to be as far as this, in spreads. */
const SPREADS_MAX = 3

/** How far a sign is from its mean, in spreads. What a prompt cannot have (NaN) is taken as the mean. */
export function standardised(value: number, scale: Pick<SignWeight, 'mean' | 'spread'>): number {
  if (Number.isNaN(value)) return 0
  return Math.max(-SPREADS_MAX, Math.min(SPREADS_MAX, (value - scale.mean) / scale.spread))
}

/** What the signs of a prompt come to under some weights. */
export function scoreOf(signs: Signs, weights: Weights): number {
  let score = 0
  for (const sign of SIGNS) score += weights[sign].weight * standardised(signs[sign], weights[sign])
  return score
}

/** The probability that the dear model is right and the cheap one wrong, by a calibration. Grows with the score. */
export function calibrated(score: number, calibration: DifficultyTable['calibration']): number {
  return 1 / (1 + Math.exp(-(calibration.offset + calibration.slope * score)))
}

/** Difficulty by the table that ships: the estimated probability that a dear model answers right where a cheap one fails. */
export function difficultyOf(signs: Signs): number {
  return calibrated(scoreOf(signs, TABLE.weights), TABLE.calibration)
}

/** A difficulty that `share` (0 to 1) of the training prompts are above: to send about that share to dear models, send what is harder. */
export function difficultyAbove(share: number): number {
  const at = (1 - Math.max(0, Math.min(1, share))) * (TABLE.quantiles.length - 1)
  const below = TABLE.quantiles[Math.floor(at)] ?? 0
  return below + ((TABLE.quantiles[Math.ceil(at)] ?? 1) - below) * (at - Math.floor(at))
}

const SAID: Readonly<Record<Sign, readonly [more: string, less: string]>> = {
  length: ['long', 'short'], sentences: ['many sentences', 'few sentences'], wordsPerSentence: ['long sentences', 'short sentences'],
  vocabulary: ['rich vocabulary', 'plain vocabulary'], numbers: ['many numbers', 'few numbers'], numberDensity: ['dense with numbers', 'numbers are sparse'],
  longNumbers: ['long numbers', 'no long numbers'], decimals: ['decimals', 'no decimals'], percents: ['percentages', 'no percentages'],
  currency: ['amounts of money', 'no amounts of money'], fractions: ['fractions', 'no fractions'], formula: ['formulas', 'no formulas'],
  superlatives: ['asks for the best or most', 'no superlatives'], quantities: ['relates quantities', 'relates no quantities'],
  comparisons: ['compares', 'does not compare'], romanNumerals: ['numbered statements', 'no numbered statements'], persons: ['speaks of persons', 'speaks of no person'],
  negations: ['negations', 'no negations'], what: ['asks what', 'does not ask what'], quotes: ['quotes', 'no quotes'], conditions: ['conditions', 'no conditions'],
  durations: ['durations', 'no durations'], choicesNumeric: ['numbers to choose from', 'words to choose from'], choiceLength: ['long alternatives', 'short alternatives'],
}

/** What moved the difficulty most from the average, in words, strongest first. */
export function difficultyReasons(signs: Signs, reasonsMax = 3): string[] {
  return SIGNS.map((sign) => ({ sign, from: standardised(signs[sign], TABLE.weights[sign]), push: TABLE.weights[sign].weight * standardised(signs[sign], TABLE.weights[sign]) }))
    .filter(({ sign, push }) => Math.abs(push) > 0.005 && !(CHOICE_SIGNS.has(sign) && Number.isNaN(signs[sign])))
    .toSorted((a, b) => Math.abs(b.push) - Math.abs(a.push)).slice(0, reasonsMax)
    .map(({ sign, from, push }) => `${push > 0 ? 'harder' : 'easier'}: ${SAID[sign][from > 0 ? 0 : 1]}`)
}
