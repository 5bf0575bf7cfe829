import { parseArgs } from 'node:util'
import { calibrated, scoreOf } from '../../src/routing/auto/difficulty.ts'
import { gainOf, readExamples, withPrompts, type Example } from './examples.ts'
import { fitCalibration, fitWeights } from './fit.ts'
import { apgr, bootstrapCurves, crossScores, interval, leastAboveRandom, orderBy, pgrCurve, promptFolds, SHARES, subjectFolds } from './measures.ts'
import { fitNeighbours } from './neighbours.ts'
import { random } from './seeded.ts'
import { DATA_DEFAULT } from './train.ts'

const HELP = `npm run auto-router:score -- [--data ../shared/routing/prompts.jsonl] [--resamples 1000]

Prints what docs/auto-router.md states: APGR and PGR curves on subjects that the table had not seen (and, to show the
difference, on a random split), beside random, length, nearest neighbours and the oracle.`

type Fit = (train: readonly Example[]) => (example: Example) => number

const fitOurs: Fit = (train) => {
  const weights = fitWeights(train)
  return (example) => scoreOf(example.signs, weights)
}

/** Scores of our table for each example, by folds that had not seen its subject; `asked` has the prompts as they are asked. */
export function unseenScores(examples: readonly Example[], asked: readonly Example[] = examples): number[] {
  const places = new Map(examples.map((example, at) => [example, at]))
  return crossScores(examples, subjectFolds(examples), (train) => {
    const score = fitOurs(train)
    return (example) => score(asked[places.get(example) ?? -1] ?? example)
  })
}

/** The prompts of one set (or `all`) with their scores. */
export function ofSet(examples: readonly Example[], scores: readonly number[], set: string): { readonly examples: Example[]; readonly scores: number[] } {
  const places = examples.map((_, at) => at).filter((at) => set === 'all' || examples[at]?.set === set)
  return { examples: places.flatMap((at) => examples[at] ?? []), scores: places.map((at) => scores[at] ?? 0) }
}

/** The same questions in other clothes. What a table learned of a form, it loses here. */
export const FORMS: Readonly<Record<string, (prompt: string) => string>> = {
  'no tail "Answer:"': (prompt) => prompt.replace(/\nAnswer:\s*$/, ''),
  'alternatives as 1) 2) 3)': (prompt) => prompt.replace(/\nAnswer:\s*$/, '').replace(/^([A-D])\. /gm, (_, letter: string) => `${'ABCD'.indexOf(letter) + 1}) `),
  'alternatives in the line': (prompt) => prompt.replace(/\nAnswer:\s*$/, '').replace(/\n([A-D])\. /g, (_, letter: string) => ` (${letter.toLowerCase()}) `),
  'within a polite message': (prompt) => `Hi! I have a question for you, please help.\n\n${prompt.replace(/\nAnswer:\s*$/, '')}\n\nThink carefully and give me the answer with a short explanation. Thanks!`,
  'alternatives left out': (prompt) => prompt.replace(/\n[A-D]\. .*$/gm, '').replace(/\n?Answer:\s*$/, ''),
}

const SETS = ['mmlu', 'gsm8k', 'all'] as const

function figures(examples: readonly Example[], scores: readonly number[], resamples: number): string {
  return SETS.map((set) => {
    const part = ofSet(examples, scores, set)
    if (part.examples.length === 0) return '–'
    const order = orderBy(part.scores)
    const curve = pgrCurve(part.examples, order)
    const least = leastAboveRandom(curve)
    const spread = resamples > 0 ? ` [${interval(bootstrapCurves(part.examples, order, resamples).map(apgr)).map((value) => value.toFixed(3)).join(', ')}]` : ''
    return `${apgr(curve).toFixed(3)}${spread} (${signed(least.above)} at ${percent(least.share)})`
  }).join(' | ')
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

function printCurves(examples: readonly Example[], scores: readonly number[], resamples: number): void {
  console.log(`\n### PGR curve on unseen subjects, with the middle 95 % of ${resamples} resamples\n\n| share to the dear model | ${SETS.join(' | ')} |\n|---|---|---|---|`)
  const columns = SETS.map((set) => {
    const part = ofSet(examples, scores, set)
    const order = orderBy(part.scores)
    const resampled = bootstrapCurves(part.examples, order, resamples)
    return pgrCurve(part.examples, order).map((value, at) => `${value.toFixed(3)} [${interval(resampled.map((curve) => curve[at] ?? 0)).map((limit) => limit.toFixed(2)).join(', ')}]`)
  })
  SHARES.forEach((share, at) => console.log(`| ${percent(share)} | ${columns.map((column) => column[at]).join(' | ')} |`))
}

function printSubjects(examples: readonly Example[], scores: readonly number[]): void {
  console.log('\n### By subject, each unseen\n\n| subject | prompts | cheap right | dear right | mean difficulty | APGR within |\n|---|---|---|---|---|---|')
  const calibration = fitCalibration(scores, examples)
  for (const [subject, places] of [...Map.groupBy(examples.map((_, at) => at), (at) => examples[at]?.subject ?? '')].toSorted(([a], [b]) => a.localeCompare(b))) {
    const part = places.flatMap((at) => examples[at] ?? [])
    const share = (is: (example: Example) => boolean): string => percent(part.filter(is).length / part.length)
    const gain = part.reduce((sum, example) => sum + gainOf(example), 0)
    const difficulty = places.reduce((sum, at) => sum + calibrated(scores[at] ?? 0, calibration), 0) / places.length
    // Of a gain of a few prompts no curve can be drawn.
    const within = gain < 8 ? '–' : apgr(pgrCurve(part, orderBy(places.map((at) => scores[at] ?? 0)))).toFixed(2)
    console.log(`| ${subject} | ${part.length} | ${share((one) => one.weak)} | ${share((one) => one.strong)} | ${difficulty.toFixed(3)} | ${within} |`)
  }
}

function printCalibration(examples: readonly Example[], scores: readonly number[]): void {
  console.log('\n### Calibration on unseen subjects, by fifths\n\n| difficulty said | dear model alone was right | gain |\n|---|---|---|')
  const calibration = fitCalibration(scores, examples)
  const order = orderBy(scores).map(({ at }) => at).toReversed()
  for (let fifth = 0; fifth < 5; fifth++) {
    const places = order.slice(Math.floor(fifth * order.length / 5), Math.floor((fifth + 1) * order.length / 5))
    const average = (of: (at: number) => number): string => (places.reduce((sum, at) => sum + of(at), 0) / places.length).toFixed(3)
    const of = (at: number): Example | undefined => examples[at]
    console.log(`| ${average((at) => calibrated(scores[at] ?? 0, calibration))} | ${average((at) => Number(of(at)?.strong === true && of(at)?.weak === false))} | ${average((at) => Number(of(at)?.strong) - Number(of(at)?.weak))} |`)
  }
}

function printScores(examples: readonly Example[], resamples: number): void {
  const next = random(5)
  const ours = unseenScores(examples)
  const heading = `| router | ${SETS.map((set) => `${set}: APGR [95 %] (least above random)`).join(' | ')} |\n|---|---|---|---|`
  console.log(`### Unseen subjects\n\n${heading}`)
  console.log(`| **Switchyard** | ${figures(examples, ours, resamples)} |`)
  console.log(`| length | ${figures(examples, examples.map((example) => example.prompt.length), resamples)} |`)
  console.log(`| nearest neighbours | ${figures(examples, crossScores(examples, subjectFolds(examples), fitNeighbours), resamples)} |`)
  console.log(`| random (one draw) | ${figures(examples, examples.map(() => next()), resamples)} |`)
  console.log(`| oracle | ${figures(examples, examples.map(gainOf), resamples)} |`)
  console.log(`\n### Random split, which flatters\n\n${heading}`)
  console.log(`| Switchyard | ${figures(examples, crossScores(examples, promptFolds(examples), fitOurs), resamples)} |`)
  console.log(`| nearest neighbours | ${figures(examples, crossScores(examples, promptFolds(examples), fitNeighbours), resamples)} |`)
  console.log(`\n### Unseen subjects, fewer of them learned from\n\n${heading}`)
  for (const folds of [5, 2]) console.log(`| ${folds} folds | ${figures(examples, crossScores(examples, subjectFolds(examples, folds), fitOurs), 0)} |`)
  console.log(`\n### Unseen subjects, asked in another form than it learned from\n\n${heading}`)
  for (const [form, change] of Object.entries(FORMS)) console.log(`| ${form} | ${figures(examples, unseenScores(examples, withPrompts(examples, change)), 0)} |`)
  printCurves(examples, ours, resamples)
  printCalibration(examples, ours)
  printSubjects(examples, ours)
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { data: { type: 'string' }, resamples: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help) console.log(HELP)
  else printScores(readExamples(values.data ?? DATA_DEFAULT), Number(values.resamples ?? 1000))
}
