import { parseArgs } from 'node:util'
import { switchyardLane } from './lanes.ts'
import type { JobResult } from './load.ts'
import { jobFor, mockCounts, warmUp } from './measure.ts'
import { rssKb, until } from './processes.ts'
import { startBench } from './run.ts'

const HELP = `node bin/bun.mjs bench/soak.ts [--minutes 10] [--rate 500] [--aborts 0.2]

Calls the gateway at a fixed rate, half of it streamed, and leaves a share of the calls after their first token. Passes
when every other call was served, the mock has no stream left open, and memory is back within 20% of the start.`

const WINDOW_SECONDS = 30
const GROWTH_MAX = 1.2
const SETTLE_MS = 15_000

interface Options { readonly minutes: number; readonly rate: number; readonly aborts: number }

/** What a soak saw: memory over time, and what did not hold (nothing when it passed). */
export interface SoakResult { readonly startKb: number; readonly endKb: number; readonly samplesKb: readonly number[]; readonly sent: number; readonly aborted: number; readonly problems: readonly string[] }

/** Runs the soak. Every figure is of the gateway's process tree. */
export async function soak(options: Options, say: (line: string) => void): Promise<SoakResult> {
  const bench = await startBench()
  const { lane } = await switchyardLane(bench.mockPort)
  const pid = lane.process?.pid ?? 0
  try {
    // The start is a server that has worked: compilers have run, pools are filled.
    await warmUp(bench, lane, 10)
    await Bun.sleep(SETTLE_MS)
    const startKb = rssKb(pid)
    const before = await mockCounts(bench)
    const samplesKb: number[] = []
    const problems: string[] = []
    let sent = 0
    let aborted = 0
    const windows = Math.max(1, Math.round(options.minutes * 60 / WINDOW_SECONDS))
    const seconds = Math.min(WINDOW_SECONDS, options.minutes * 60)
    for (let at = 0; at < windows; at++) {
      const job = jobFor(lane, { stream: at % 2 === 1, delayMs: 2 }, { mode: 'open', connections: 64, seconds, ratePerSecond: options.rate, abortShare: options.aborts })
      bench.load.write(JSON.stringify(job))
      // The load generator answers each job with one line of this shape.
      const result = JSON.parse(await bench.load.nextLine()) as JobResult
      sent += result.sent
      aborted += result.aborted
      samplesKb.push(rssKb(pid))
      if (result.failed > 0) problems.push(`window ${at + 1}: ${result.failed} calls failed (${result.failure ?? ''})`)
      say(`${((at + 1) * seconds / 60).toFixed(1)} min: ${result.sent} sent, ${result.aborted} left, ${mb(samplesKb.at(-1) ?? 0)} MB`)
    }
    await until('the end of all streams', SETTLE_MS, async () => (await mockCounts(bench)).open === 0)
    await Bun.sleep(SETTLE_MS)
    const endKb = rssKb(pid)
    const counted = (await mockCounts(bench)).requests - before.requests
    if (counted !== sent) problems.push(`the client sent ${sent} calls, the mock counted ${counted}`)
    if (endKb > startKb * GROWTH_MAX) problems.push(`memory went from ${mb(startKb)} MB to ${mb(endKb)} MB`)
    return { startKb, endKb, samplesKb, sent, aborted, problems }
  } finally {
    await lane.process?.stop()
    await bench.load.stop()
    await bench.mock.stop()
  }
}

function mb(kb: number): string {
  return (kb / 1024).toFixed(1)
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '500' }, aborts: { type: 'string', default: '0.2' }, help: { type: 'boolean', default: false } } })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const result = await soak({ minutes: Number(values.minutes), rate: Number(values.rate), aborts: Number(values.aborts) }, (line) => console.log(line))
  console.log(`${result.sent} calls, ${result.aborted} left by their clients; memory ${mb(result.startKb)} MB → ${mb(result.endKb)} MB (highest ${mb(Math.max(...result.samplesKb))})`)
  for (const problem of result.problems) console.log(`failed: ${problem}`)
  return result.problems.length === 0 ? 0 : 1
}

if (import.meta.main) process.exit(await main())
