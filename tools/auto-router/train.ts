import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scoreOf, calibrated, type DifficultyTable } from '../../src/routing/auto/difficulty.ts'
import { SIGNS } from '../../src/routing/auto/signs.ts'
import { readExamples, type Example } from './examples.ts'
import { fitCalibration, fitWeights, rounded } from './fit.ts'
import { crossScores, SHARES, subjectFolds } from './measures.ts'

const HELP = `npm run auto-router:train -- [--data ../shared/routing/prompts.jsonl] [--out src/routing/auto/difficulty-table.json]

Learns the difficulty table from outcomes of a cheap and a dear model, one JSON object a line:
{"set": "...", "subject": "...", "prompt": "...", "weak": true, "strong": false}. docs/auto-router.md says what to mind.`

/** Where the outcomes are, unless a command is told otherwise. */
export const DATA_DEFAULT = join(import.meta.dir, '..', '..', '..', 'shared', 'routing', 'prompts.jsonl')

/** Weights from all examples; calibration and quantiles from scores by tables that had not seen the subject. */
export function train(examples: readonly Example[]): DifficultyTable {
  const unseen = crossScores(examples, subjectFolds(examples), (part) => {
    const weights = fitWeights(part)
    return (example) => scoreOf(example.signs, weights)
  })
  const calibration = fitCalibration(unseen, examples)
  const sorted = unseen.toSorted((a, b) => a - b)
  const quantiles = SHARES.map((share) => rounded(calibrated(sorted[Math.round(share * (sorted.length - 1))] ?? 0, calibration)))
  return { weights: fitWeights(examples), calibration, quantiles }
}

/** The table as its file holds it. */
export function writtenTable(table: DifficultyTable): string {
  const lines = SIGNS.map((sign) => `    ${JSON.stringify(sign)}: ${JSON.stringify(table.weights[sign])}`)
  return `{\n  "weights": {\n${lines.join(',\n')}\n  },\n  "calibration": ${JSON.stringify(table.calibration)},\n  "quantiles": ${JSON.stringify(table.quantiles)}\n}\n`
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { data: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help) console.log(HELP)
  else {
    const examples = readExamples(values.data ?? DATA_DEFAULT)
    const out = values.out ?? join(import.meta.dir, '..', '..', 'src', 'routing', 'auto', 'difficulty-table.json')
    const table = train(examples)
    writeFileSync(out, writtenTable(table))
    const subjects = new Set(examples.map((example) => example.subject)).size
    console.log(`${examples.length} prompts of ${subjects} subjects → ${out}`)
    for (const sign of SIGNS.toSorted((a, b) => Math.abs(table.weights[b].weight) - Math.abs(table.weights[a].weight))) console.log(`${table.weights[sign].weight.toFixed(4).padStart(8)}  ${sign}`)
  }
}
