import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { clientPath, streamModelId, streamRequest, type BenchDialect, type StreamKind, type StreamModel } from './dialect-traffic.ts'
import { switchyardLane, type Lane } from './lanes.ts'
import { measure, VoidRun, warmUp, type Bench, type Measured } from './measure.ts'
import { median } from './numbers.ts'
import { pinned } from './processes.ts'
import { hostKind, machine } from './report.ts'
import { startBench, versions } from './run.ts'

const HELP = `node bin/bun.mjs bench/streams.ts [--rounds 3] [--seconds 2] [--only 'responses→gemini'] [--no-long] [--no-write] [--note 'what else ran']

What a streamed answer costs when client and provider speak different dialects, against one that is carried. Writes
bench/results/<date>-streams-<kind of host>.{md,json}. docs/bench.md says how to read it. Exit 1: the run is void.`

/** A client's dialect and a provider's. */
export interface Pair { readonly client: BenchDialect; readonly provider: BenchDialect }

/** The same both sides: what the others are measured against. */
const CARRIED: Pair = { client: 'openai-chat', provider: 'openai-chat' }

const PAIRS: readonly Pair[] = [
  CARRIED,
  { client: 'openai-chat', provider: 'anthropic-messages' },
  { client: 'anthropic-messages', provider: 'openai-chat' },
  { client: 'openai-responses', provider: 'gemini' },
  { client: 'openai-chat', provider: 'gemini' },
  { client: 'openai-chat', provider: 'openai-responses' },
  { client: 'openai-responses', provider: 'anthropic-messages' },
  { client: 'gemini', provider: 'openai-chat' },
  { client: 'anthropic-messages', provider: 'anthropic-messages' },
  { client: 'openai-responses', provider: 'openai-responses' },
  { client: 'gemini', provider: 'gemini' },
]

const SHORT: Readonly<Record<StreamKind, StreamModel>> = { text: { kind: 'text', pieces: 20, delayMs: 4 }, tool: { kind: 'tool', pieces: 20, delayMs: 4 } }
const MIDDLE: Readonly<Record<StreamKind, StreamModel>> = { text: { kind: 'text', pieces: 500, delayMs: 4 }, tool: { kind: 'tool', pieces: 500, delayMs: 4 } }
const LONG: StreamModel = { kind: 'text', pieces: 5000, delayMs: 4 }
const MODELS = [SHORT.text, SHORT.tool, MIDDLE.text, MIDDLE.tool, LONG]

/** The pairs that the long stream is measured on: every reader and every writer is in one of them. */
const LONG_PAIRS = 4

/** One stream at a time on each connection; few enough that the gateway is idle half the time and each piece is a read of its own. */
const CONNECTIONS = 32

/** `responses→gemini`, in the words that people use. */
export function nameOf({ client, provider }: Pair): string {
  const short: Readonly<Record<BenchDialect, string>> = { 'openai-chat': 'openai', 'anthropic-messages': 'anthropic', 'openai-responses': 'responses', 'gemini': 'gemini' }
  return `${client === 'anthropic-messages' ? 'messages' : short[client]}→${short[provider]}`
}

/** CPU µs a stream of one pair, round by round. */
interface PairResult { readonly name: string; readonly pair: Pair; readonly short: Record<StreamKind, number[]>; readonly middle: Record<StreamKind, number[]>; readonly long: number[] }

async function cpuOf(bench: Bench, lane: Lane, pair: Pair, model: StreamModel, seconds: number): Promise<number> {
  const id = `bench-${pair.provider}/${streamModelId(model)}`
  const measured: Measured = await measure(bench, { ...lane, name: nameOf(pair) }, {
    host: '127.0.0.1', port: lane.port, path: clientPath(pair.client, id), headers: lane.headers, body: streamRequest(pair.client, id, model.kind), mode: 'closed', connections: CONNECTIONS, seconds,
  })
  return measured.cpuUsPerCall
}

/** What one piece more costs: the difference of two streams, over the pieces between them. The cost of a call falls out. */
export function perPiece(more: readonly number[], less: readonly number[], morePieces: number, lessPieces: number): number {
  return (median(more) - median(less)) / (morePieces - lessPieces)
}

interface Options { readonly rounds: number; readonly seconds: number; readonly only: string | undefined; readonly long: boolean; readonly write: boolean; readonly note: string | undefined }

async function runAll(bench: Bench, options: Options): Promise<readonly PairResult[]> {
  const { lane } = await switchyardLane(bench.mockPort, MODELS.map(streamModelId))
  try {
    await warmUp(bench, lane, 2)
    const pairs = PAIRS.filter((pair) => options.only === undefined || pair === CARRIED || nameOf(pair) === options.only)
    const results = pairs.map((pair): PairResult => ({ name: nameOf(pair), pair, short: { text: [], tool: [] }, middle: { text: [], tool: [] }, long: [] }))
    // Once for the compilers: what is thrown away.
    for (const { pair } of results) for (const model of [MIDDLE.text, MIDDLE.tool]) await cpuOf(bench, lane, pair, model, 1)
    for (let at = 1; at <= options.rounds; at++) {
      for (const [place, { name, pair, short, middle, long }] of results.entries()) {
        process.stderr.write(`round ${at} of ${options.rounds}: ${name}\n`)
        for (const kind of ['text', 'tool'] as const) {
          short[kind].push(await cpuOf(bench, lane, pair, SHORT[kind], options.seconds))
          middle[kind].push(await cpuOf(bench, lane, pair, MIDDLE[kind], options.seconds))
        }
        // Each connection does one: the job ends when they have ended.
        if (options.long && at === 1 && place < LONG_PAIRS) long.push(await cpuOf(bench, lane, pair, LONG, 0.1))
      }
    }
    return results
  } finally {
    await lane.process?.stop()
  }
}

/** The run as a Markdown page. */
export function streamsReport(results: readonly PairResult[], head: readonly string[]): string {
  const [carried] = results
  const row = (result: PairResult): string => {
    const text = perPiece(result.middle.text, result.short.text, MIDDLE.text.pieces, SHORT.text.pieces)
    const tool = perPiece(result.middle.tool, result.short.tool, MIDDLE.tool.pieces, SHORT.tool.pieces)
    const carriedText = carried ? perPiece(carried.middle.text, carried.short.text, MIDDLE.text.pieces, SHORT.text.pieces) : Number.NaN
    const carriedTool = carried ? perPiece(carried.middle.tool, carried.short.tool, MIDDLE.tool.pieces, SHORT.tool.pieces) : Number.NaN
    const long = perPiece(result.long, result.short.text, LONG.pieces, SHORT.text.pieces)
    return `| ${[result.name, say(text, 1), say(text / carriedText, 2), say(tool, 1), say(tool / carriedTool, 2), say(long, 1), say(long / text, 2)].join(' | ')} |`
  }
  return `${[
    ...head, '',
    '| client→provider | CPU µs a piece of text | ÷ openai→openai | CPU µs a piece of arguments | ÷ openai→openai | µs a piece of 5,000 | ÷ its 500 |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...results.map(row), '',
    'Targets: ÷ openai→openai at most 2; ÷ its 500 about 1 (more would say that cost grows with the length of the answer).',
  ].join('\n')}\n`
}

function say(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      'rounds': { type: 'string', default: '3' }, 'seconds': { type: 'string', default: '2' }, 'only': { type: 'string' }, 'note': { type: 'string' },
      'no-long': { type: 'boolean', default: false }, 'no-write': { type: 'boolean', default: false }, 'help': { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return { rounds: Number(values.rounds), seconds: Number(values.seconds), only: values.only, long: !values['no-long'], write: !values['no-write'], note: values.note }
}

async function main(): Promise<number> {
  const options = readOptions()
  if (!options) {
    console.log(HELP)
    return 0
  }
  const bench = await startBench()
  try {
    const results = await runAll(bench, options)
    const host = machine()
    const date = new Date().toISOString()
    const about = versions()
    const text = streamsReport(results, [
      `# Streams between dialects, ${date.slice(0, 10)}`, '',
      `${host.cpu}, ${host.cores} cores, ${host.memoryMb} MB, ${host.os}; Bun ${about.bun}; commit ${about.commit}.`,
      `Medians of ${options.rounds} rounds of ${options.seconds} s a figure. ${pinned ? 'Gateway on core 0, mock and load on core 1.' : 'Not pinned: compare with care.'}`,
      `${CONNECTIONS} streams at once, a piece every ${MIDDLE.text.delayMs} ms; a piece's cost is a stream of ${MIDDLE.text.pieces} less one of ${SHORT.text.pieces}. Everything on. The mock counted as many requests as the client sent, in every step.`,
      ...(options.note === undefined ? [] : [options.note]),
    ])
    console.log(text)
    if (options.write) {
      const folder = join(import.meta.dir, 'results')
      mkdirSync(folder, { recursive: true })
      const name = `${date.slice(0, 10)}-streams-${hostKind(host)}`
      writeFileSync(join(folder, `${name}.md`), text)
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ date, machine: host, versions: about, options, results }, null, 1)}\n`)
    }
    return 0
  } catch (error) {
    if (!(error instanceof VoidRun)) throw error
    process.stderr.write(`void: ${error.message}\n`)
    return 1
  } finally {
    await bench.load.stop()
    await bench.mock.stop()
  }
}

if (import.meta.main) process.exit(await main())
