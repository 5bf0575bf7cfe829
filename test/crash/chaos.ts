// `npm run chaos`: storms of many seeds over both engines, and a table of what they came to. Ends with 1 where anything was wrong.
//   npm run chaos -- <storms of each kind, 3> <calls of each, 6000> <first seed, 1>
import { postgresPrograms } from '../postgres-server.ts'
import { storm, type StormFigures, type StormOptions } from './storm.ts'
import { type Engine } from './storm-ground.ts'
import type { Trouble } from './storm-trouble.ts'
import { canStepClocks } from './stepped-clock.ts'

const [rounds = 3, calls = 6_000, firstSeed = 1] = process.argv.slice(2).map(Number)
const clock: readonly Trouble[] = canStepClocks() ? ['clock'] : []
const engines: readonly Engine[] = ['SQLite', ...(postgresPrograms() === undefined ? [] : ['Postgres'] as const)]
const KINDS: Readonly<Record<Engine, readonly (readonly Trouble[])[]>> = {
  SQLite: [[], ['kill'], ['pause'], clock, ['kill', 'pause', ...clock]],
  Postgres: [[], ['kill'], ['outage'], clock, ['kill', 'outage', 'pause', ...clock]],
}

const COLUMNS = ['engine', 'troubles', 'seed', 'calls', 'whole', 'left', 'cut', 'failed', '402', '503', 'looks', 'lowest', 'charged $', 'written off', 'unbilled', 'left $', 's', 'faults'] as const

function row(figures: StormFigures): string {
  const { engine, seed, troubles, calls: made, whole, left, cut, failed, refused, unavailable, samples, lowestNano, chargedNano, writtenOffNano, unbilled, leftNano, seconds, faults } = figures
  const happened = Object.entries(troubles).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : [])).join(', ') || 'none'
  return `| ${[engine, happened, seed, made, whole, left, cut, failed, refused, unavailable, samples, lowestNano, chargedNano / 1e9, writtenOffNano, unbilled, leftNano / 1e9, seconds, faults.length].join(' | ')} |`
}

console.log(`| ${COLUMNS.join(' | ')} |\n|${COLUMNS.map(() => '---').join('|')}|`)
let isWrong = false
for (const engine of engines) {
  for (const troubles of KINDS[engine]) {
    for (let round = 0; round < rounds; round++) {
      const options: StormOptions = { engine, calls, atOnce: troubles.length === 0 ? calls : 150, troubles, seed: firstSeed + round }
      const figures = await storm(options)
      console.log(row(figures))
      for (const fault of figures.faults) console.log(`  wrong: ${fault}`)
      isWrong ||= figures.faults.length > 0
    }
  }
}
process.exit(isWrong ? 1 : 0)
