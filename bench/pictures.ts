import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dialectOfPath, type BenchDialect } from './dialect-traffic.ts'
import { switchyardLane, type Lane } from './lanes.ts'
import { pictureRequest, replyPath, shortReply } from './picture-traffic.ts'
import { treeOf } from './processes.ts'
import { hostKind, machine } from './report.ts'
import { versions } from './run.ts'
import { nameOf } from './streams.ts'

const HELP = `node bin/bun.mjs bench/pictures.ts [--megabytes 20] [--rounds 3] [--no-write] [--note 'what else ran']

How much memory a request with one large picture takes, alone and four at once, in a gateway that has just started.
Writes bench/results/<date>-pictures-<kind of host>.{md,json}.`

/** A client's dialect and a provider's. Claude on Bedrock is told a Messages body, signed. */
interface PicturePair { readonly client: BenchDialect; readonly provider: BenchDialect | 'bedrock-converse' }

const PAIRS: readonly PicturePair[] = [
  { client: 'openai-chat', provider: 'openai-chat' }, { client: 'anthropic-messages', provider: 'anthropic-messages' }, { client: 'openai-responses', provider: 'openai-responses' }, { client: 'gemini', provider: 'gemini' },
  { client: 'openai-chat', provider: 'anthropic-messages' }, { client: 'anthropic-messages', provider: 'openai-chat' }, { client: 'openai-responses', provider: 'gemini' }, { client: 'gemini', provider: 'openai-chat' },
  { client: 'anthropic-messages', provider: 'bedrock-converse' },
]
/** By its name a Claude, so that Bedrock is told a Messages body. */
const MODEL = 'mock-claude'

/** What one gateway took: peak resident memory over that of its idling, by the bytes of all bodies. */
interface Taken { readonly name: string; readonly atOnce: number; readonly timesBody: number[]; readonly ms: number[] }

interface Provider { readonly port: number; readonly bytes: () => number; stop(): void }

/** Counts the bytes of bodies, and keeps none. */
function startProvider(): Provider {
  let bytes = 0
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1', maxRequestBodySize: 1 << 30,
    async fetch(request) {
      for await (const piece of request.body ?? []) bytes += piece.length
      return Response.json(shortReply(dialectOfPath(new URL(request.url).pathname)))
    },
  })
  return { port: server.port ?? 0, bytes: () => bytes, stop: () => void server.stop(true) }
}

/** The server itself: the last of the tree that the starter began. */
function serverPid(lane: Lane): number {
  return treeOf(lane.process?.pid ?? 0).at(-1) ?? 0
}

function statusKb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN)
}

async function post(lane: Lane, client: BenchDialect, model: string, body: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${lane.port}${replyPath(client, model)}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...lane.headers } })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`the gateway answered ${response.status}: ${text.slice(0, 300)}`)
}

async function take(provider: Provider, pair: PicturePair, atOnce: number, base64: string, into: Taken): Promise<void> {
  const { lane } = await switchyardLane(provider.port, [MODEL])
  try {
    const model = `bench-${pair.provider}/${MODEL}`
    await post(lane, pair.client, model, pictureRequest(pair.client, model, base64.slice(0, 1000)))
    await Bun.sleep(500)
    const pid = serverPid(lane)
    const idleKb = statusKb(pid, 'VmRSS')
    // proc(5): 5 makes the peak what is resident now.
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    const body = pictureRequest(pair.client, model, base64)
    const before = provider.bytes()
    const startedMs = performance.now()
    await Promise.all(Array.from({ length: atOnce }, () => post(lane, pair.client, model, body)))
    into.ms.push(performance.now() - startedMs)
    if (provider.bytes() - before < atOnce * base64.length) throw new Error('the provider did not get the pictures')
    into.timesBody.push((statusKb(pid, 'VmHWM') - idleKb) * 1024 / (body.length * atOnce))
  } finally {
    await lane.process?.stop()
  }
}

function titleOf({ client, provider }: PicturePair): string {
  return provider === 'bedrock-converse' ? 'messages→bedrock' : nameOf({ client, provider })
}

function row({ name, atOnce, timesBody, ms }: Taken): string {
  return `| ${name} | ${atOnce} | ${Math.max(...timesBody).toFixed(2)} | ${Math.round(Math.min(...ms))} |`
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'megabytes': { type: 'string', default: '20' }, 'rounds': { type: 'string', default: '3' }, 'note': { type: 'string' }, 'no-write': { type: 'boolean', default: false }, 'help': { type: 'boolean', default: false } } })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const base64 = 'iVBORw0KGgoAAAANSUhEUgAA'.repeat(Math.ceil(Number(values.megabytes) * 2 ** 20 / 24))
  const provider = startProvider()
  const taken: Taken[] = []
  for (const pair of PAIRS) {
    for (const atOnce of [1, 4]) {
      const one: Taken = { name: titleOf(pair), atOnce, timesBody: [], ms: [] }
      for (let round = 0; round < Number(values.rounds); round++) await take(provider, pair, atOnce, base64, one)
      process.stderr.write(`${row(one)}\n`)
      taken.push(one)
    }
  }
  provider.stop()
  const host = machine()
  const about = versions()
  const date = new Date().toISOString()
  const text = `${[
    `# Requests with a picture of ${values.megabytes} MB, ${date.slice(0, 10)}`, '',
    `${host.cpu}, ${host.cores} cores, ${host.memoryMb} MB, ${host.os}; Bun ${about.bun}; commit ${about.commit}.`,
    `Peak resident memory over that of the idle gateway, by the bytes of all bodies under way: the most of ${values.rounds} gateways, each fresh. Target: at most 3.`, ...(values.note === undefined ? [] : [values.note]), '',
    '| client→provider | at once | memory ÷ bodies | ms, fastest |', '|---|---:|---:|---:|', ...taken.map(row),
  ].join('\n')}\n`
  console.log(text)
  if (!values['no-write']) {
    const folder = join(import.meta.dir, 'results')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, `${date.slice(0, 10)}-pictures-${hostKind(host)}`)
    writeFileSync(`${file}.md`, text)
    writeFileSync(`${file}.json`, `${JSON.stringify({ date, machine: host, versions: about, megabytes: Number(values.megabytes), taken }, null, 1)}\n`)
  }
  return 0
}

if (import.meta.main) process.exit(await main())
