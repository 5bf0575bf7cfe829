import { cpus, totalmem } from 'node:os'
import { CHUNKS } from './traffic.ts'
import type { Held, Measured } from './measure.ts'
import { median } from './numbers.ts'

/** All that was measured on one lane, round by round. */
export interface LaneResult {
  readonly name: string
  readonly what: string
  readonly startMs: number | null
  readonly idleKb: number | null
  readonly plain: readonly Measured[]
  readonly stream: readonly Measured[]
  readonly paced: readonly Measured[]
  readonly firstToken: readonly Measured[]
  readonly held: Held | null
}

/** One run of the bench. */
export interface BenchResult {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryMb: number; readonly os: string }
  readonly versions: { readonly switchyard: string; readonly bun: string; readonly commit: string }
  readonly setup: { readonly pinned: boolean; readonly rounds: number; readonly requestBytes: number; readonly plainBytes: number; readonly streamBytes: number; readonly chunks: number; readonly seconds: number }
  readonly lanes: readonly LaneResult[]
  readonly missing: readonly { readonly name: string; readonly missing: string }[]
}

/** What this machine is, for the head of a result. */
export function machine(): BenchResult['machine'] {
  return { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryMb: Math.round(totalmem() / 2 ** 20), os: `${process.platform} ${process.arch}` }
}

/** A word for the kind of host, for file names: `2x-amd-epyc`. */
export function hostKind({ cpu, cores }: BenchResult['machine']): string {
  const name = cpu.toLowerCase().replace(/\((?:r|tm)\)|processor|cpu|@.*$/g, ' ').match(/[a-z\d]+/g)?.slice(0, 3).join('-')
  return `${cores}x-${name ?? 'unknown'}`
}

type Pick = (measured: Measured) => number

interface Row { readonly what: string; readonly value: (lane: LaneResult, direct: LaneResult | undefined) => number; readonly digits: number; readonly target: string; readonly timesNginx?: boolean }

const of = (list: keyof LaneResult & ('plain' | 'stream' | 'paced' | 'firstToken'), pick: Pick) => (lane: LaneResult): number => median(lane[list].map(pick))

/** A lane's median less the direct lane's. */
const added = (list: 'paced' | 'firstToken', pick: Pick) => (lane: LaneResult, direct: LaneResult | undefined): number =>
  (direct === undefined || direct === lane ? Number.NaN : median(lane[list].map(pick)) - median(direct[list].map(pick)))

const heldKb = (pick: (held: Held) => number) => (lane: LaneResult): number => (lane.held ? pick(lane.held) : Number.NaN)

const ROWS: readonly Row[] = [
  { what: 'calls/s, plain, 32 connections', value: of('plain', (one) => one.callsPerSecond), digits: 0, target: '' },
  { what: 'CPU µs a plain call', value: of('plain', (one) => one.cpuUsPerCall), digits: 1, target: '≤ 4 × nginx', timesNginx: true },
  { what: `CPU µs a stream of ${CHUNKS} chunks`, value: of('stream', (one) => one.cpuUsPerCall), digits: 0, target: '≤ 2 × nginx', timesNginx: true },
  { what: 'CPU µs a chunk', value: (lane) => (median(lane.stream.map((one) => one.cpuUsPerCall)) - median(lane.plain.map((one) => one.cpuUsPerCall))) / CHUNKS, digits: 2, target: '', timesNginx: true },
  { what: 'added at 200/s, p50 ms', value: added('paced', (one) => one.latencyP50Ms), digits: 2, target: '≤ 2 × nginx', timesNginx: true },
  { what: 'added at 200/s, p99 ms', value: added('paced', (one) => one.latencyP99Ms), digits: 2, target: '≤ 2 ms' },
  { what: 'added to the first token, 50 streams, p50 ms', value: added('firstToken', (one) => one.firstTokenP50Ms), digits: 2, target: '≤ 3 × nginx', timesNginx: true },
  { what: 'added to the first token, 50 streams, p99 ms', value: added('firstToken', (one) => one.firstTokenP99Ms), digits: 2, target: '≤ 1 ms' },
  { what: 'memory idle, MB', value: (lane) => (lane.idleKb ?? Number.NaN) / 1024, digits: 0, target: '≤ 120 MB' },
  { what: 'memory an open stream (1,000), KB', value: heldKb((held) => (held.openKb - held.beforeKb) / held.streams), digits: 0, target: '≤ 50 KB' },
  { what: 'memory before / with / after them, MB', value: heldKb((held) => held.afterKb / 1024), digits: 0, target: '' },
  { what: 'streams aborted within 2 s of the clients leaving, %', value: heldKb((held) => 100 * held.abortedIn2s / held.streams), digits: 0, target: '100' },
  { what: 'start to first served call, ms', value: (lane) => lane.startMs ?? Number.NaN, digits: 0, target: '≤ 1000' },
]

/** The run as a Markdown page. */
export function report(result: BenchResult): string {
  const { lanes, machine: host, versions, setup } = result
  const direct = lanes.find((lane) => lane.name === 'direct')
  const nginx = lanes.find((lane) => lane.name === 'nginx')
  const own = lanes.find((lane) => lane.name === 'switchyard')
  const lines = ROWS.map((row) => {
    const cells = lanes.map((lane) => cell(row, lane, direct))
    const ratio = row.timesNginx && nginx && own ? row.value(own, direct) / row.value(nginx, direct) : Number.NaN
    return `| ${[row.what, ...cells, say(ratio, 1), row.target].join(' | ')} |`
  })
  return `${[
    `# Bench, ${result.date.slice(0, 10)}`,
    '',
    `${host.cpu}, ${host.cores} cores, ${host.memoryMb} MB, ${host.os}; Bun ${versions.bun}; commit ${versions.commit}.`,
    `Medians of ${setup.rounds} rounds of ${setup.seconds} s a figure. ${setup.pinned ? 'Gateway on core 0, mock and load on core 1.' : 'Not pinned: compare with care.'}`,
    `Request ${setup.requestBytes} bytes, plain answer ${setup.plainBytes}, stream ${setup.streamBytes} in ${setup.chunks} chunks; the mock answers at once, streams pause 2 ms between chunks (10 ms for the first-token figures). No errors: a run with one is void.`,
    '',
    `| what | ${lanes.map((lane) => lane.name).join(' | ')} | ÷ nginx | target |`,
    `|---|${lanes.map(() => '---:').join('|')}|---:|---|`,
    ...lines,
    '',
    ...lanes.map((lane) => `- ${lane.name}: ${lane.what}`),
    ...result.missing.map((lane) => `- ${lane.name}: not measured, ${lane.missing}`),
    '',
    '"Added" is the lane less the direct one, on the same mock in the same run. CPU is user and system time of the whole process tree, by call. Memory is the resident memory of the tree, its starter included.',
    'The mock counted as many requests as the client sent, in every step.',
  ].join('\n')}\n`
}

function cell(row: Row, lane: LaneResult, direct: LaneResult | undefined): string {
  if (row.what.startsWith('memory before') && lane.held) return [lane.held.beforeKb, lane.held.openKb, lane.held.afterKb].map((kb) => say(kb / 1024, 0)).join(' / ')
  return say(row.value(lane, direct), row.digits)
}

function say(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–'
  return digits === 0 ? Math.round(value).toLocaleString('en-US') : value.toFixed(digits)
}
