// `npm run sim:routing [-- --calls 1000000 --rate 40 --seed 1]`: our router against simpler ones, in a world of a seed.
import { parseArgs } from 'node:util'
import { simulate, type Result } from './run.ts'
import { STRATEGIES } from './strategies.ts'

const HEAD = '| strategy | answered | USD per 1,000 answers | attempts per call | failed over | first word p50 | p99 |\n|---|---|---|---|---|---|---|'

function row({ name, calls, answered, usd, attempts, failedOver, firstMsP50, firstMsP99 }: Result): string {
  const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`
  return `| ${name} | ${percent(answered / calls, 3)} | ${((1_000 * usd) / answered).toFixed(3)} | ${(attempts / calls).toFixed(4)} | ${percent(failedOver / calls, 2)} | ${firstMsP50.toFixed(0)} ms | ${firstMsP99.toFixed(0)} ms |`
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { calls: { type: 'string', default: '1000000' }, rate: { type: 'string', default: '40' }, seed: { type: 'string', default: '1' } } })
  const settings = { calls: Number(values.calls), callsPerSecond: Number(values.rate), seed: Number(values.seed) }
  console.log(HEAD)
  for (const make of STRATEGIES) console.log(row(simulate(make, settings)))
}
