import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { directLane, nginxLane, portkeyLane, switchyardLane, type Lane, type MissingLane } from './lanes.ts'
import { holdStreams, jobFor, measure, VoidRun, warmUp, type Bench, type Measured } from './measure.ts'
import { pinned, rssKb, start, type Running } from './processes.ts'
import { hostKind, machine, report, type BenchResult, type LaneResult } from './report.ts'
import { answerBytes, CHUNKS, requestBody, type MockModel } from './traffic.ts'

const HELP = `npm run bench -- [--lanes direct,nginx,switchyard,portkey] [--rounds 3] [--seconds 3] [--streams 1000] [--no-write]

Compares the gateway with nginx and Portkey on one mock provider, in one run, and writes a table and JSON to
bench/results/. docs/bench.md says how, and how to read it. Exit 1: the run is void.`

const PLAIN: MockModel = { stream: false, delayMs: 0 }
const STREAM: MockModel = { stream: true, delayMs: 2 }
const STEADY_STREAM: MockModel = { stream: true, delayMs: 10 }

interface Options { readonly lanes: readonly string[]; readonly rounds: number; readonly seconds: number; readonly streams: number; readonly write: boolean }

/** Starts the mock or the load generator, on the core that gateways do not use. */
export function startOwn(file: 'mock.ts' | 'load.ts'): Running {
  return start(1, process.execPath, [join(import.meta.dir, file)])
}

/** Starts mock and load; give both to `stop` of their own at the end. */
export async function startBench(): Promise<Bench & { readonly mock: Running }> {
  const mock = startOwn('mock.ts')
  const mockPort = Number(/:(\d+)$/.exec(await mock.nextLine())?.[1] ?? 0)
  return { mock, mockPort, load: startOwn('load.ts') }
}

function isThere(lane: Lane | MissingLane): lane is Lane {
  return !('missing' in lane)
}

async function startLanes(wanted: readonly string[], mockPort: number): Promise<readonly (Lane | MissingLane)[]> {
  const lanes: (Lane | MissingLane)[] = []
  const starters: readonly (readonly [string, () => Promise<Lane | MissingLane>])[] = [
    ['direct', async () => directLane(mockPort)],
    ['nginx', () => nginxLane(mockPort)],
    ['switchyard', async () => (await switchyardLane(mockPort)).lane],
    ['portkey', () => portkeyLane(mockPort)],
  ]
  for (const [name, go] of starters) if (wanted.includes(name)) lanes.push(await go())
  return lanes
}

/** A lane's figures grow round by round, so that a slow minute of the machine falls on all lanes alike. */
interface Growing { readonly lane: Lane; readonly idleKb: number | null; plain: Measured[]; stream: Measured[]; paced: Measured[]; firstToken: Measured[]; held: LaneResult['held'] }

async function round(bench: Bench, growing: Growing, seconds: number): Promise<void> {
  const { lane } = growing
  growing.plain.push(await measure(bench, lane, jobFor(lane, PLAIN, { mode: 'closed', connections: 32, seconds })))
  growing.stream.push(await measure(bench, lane, jobFor(lane, STREAM, { mode: 'closed', connections: 100, seconds })))
  growing.paced.push(await measure(bench, lane, jobFor(lane, PLAIN, { mode: 'open', connections: 8, seconds: seconds + 1, ratePerSecond: 200 })))
  // A stream takes half a second: a hundred started a second, evenly, are fifty at once, and no two begin together.
  growing.firstToken.push(await measure(bench, lane, jobFor(lane, STEADY_STREAM, { mode: 'open', connections: 60, seconds: seconds + 1, ratePerSecond: 100 })))
}

async function runAll(bench: Bench, options: Options): Promise<BenchResult> {
  const lanes = await startLanes(options.lanes, bench.mockPort)
  const growing = lanes.filter(isThere).map((lane): Growing => ({ lane, idleKb: lane.process ? rssKb(lane.process.pid) : null, plain: [], stream: [], paced: [], firstToken: [], held: null }))
  for (const one of growing) {
    say(`${one.lane.name}: warming up (${one.lane.what})`)
    await warmUp(bench, one.lane, 4)
  }
  for (let at = 1; at <= options.rounds; at++) {
    for (const one of growing) {
      say(`round ${at} of ${options.rounds}: ${one.lane.name}`)
      await round(bench, one, options.seconds)
    }
  }
  for (const one of growing) {
    if (!one.lane.process) continue
    say(`${one.lane.name}: ${options.streams} open streams`)
    one.held = await holdStreams(bench, one.lane, options.streams)
  }
  for (const one of growing) await one.lane.process?.stop()
  return {
    date: new Date().toISOString(), machine: machine(), versions: versions(),
    setup: {
      pinned, rounds: options.rounds, seconds: options.seconds, chunks: CHUNKS,
      requestBytes: requestBody('bench/mock-plain', false).length, plainBytes: answerBytes(PLAIN), streamBytes: answerBytes(STREAM),
    },
    lanes: growing.map(({ lane, ...measured }) => ({ name: lane.name, what: lane.what, startMs: lane.startMs, ...measured })),
    missing: lanes.filter((lane): lane is MissingLane => !isThere(lane)),
  }
}

/** What was measured: our version, Bun's, and the commit. */
export function versions(): BenchResult['versions'] {
  const { version } = JSON.parse(readFileSync(join(import.meta.dir, '..', 'package.json'), 'utf8')) as { readonly version: string }
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dir }).stdout?.toString().trim()
  return { switchyard: version, bun: Bun.version, commit: commit || 'unknown' }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      'lanes': { type: 'string', default: 'direct,nginx,switchyard,portkey' }, 'rounds': { type: 'string', default: '3' }, 'seconds': { type: 'string', default: '3' },
      'streams': { type: 'string', default: '1000' }, 'no-write': { type: 'boolean', default: false }, 'help': { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return { lanes: values.lanes.split(','), rounds: Number(values.rounds), seconds: Number(values.seconds), streams: Number(values.streams), write: !values['no-write'] }
}

async function main(): Promise<number> {
  const options = readOptions()
  if (!options) {
    console.log(HELP)
    return 0
  }
  const bench = await startBench()
  try {
    const result = await runAll(bench, options)
    const text = report(result)
    console.log(text)
    if (options.write) {
      const folder = join(import.meta.dir, 'results')
      mkdirSync(folder, { recursive: true })
      const name = `${result.date.slice(0, 10)}-${hostKind(result.machine)}`
      writeFileSync(join(folder, `${name}.md`), text)
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`)
      say(`written to bench/results/${name}.md and .json`)
    }
    return 0
  } catch (error) {
    if (!(error instanceof VoidRun)) throw error
    say(`void: ${error.message}`)
    return 1
  } finally {
    await bench.load.stop()
    await bench.mock.stop()
  }
}

if (import.meta.main) process.exit(await main())
