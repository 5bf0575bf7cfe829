import type { Socket } from 'bun'
import { createInterface } from 'node:readline'
import { AnswerReader } from './http-answer.ts'
import { percentile } from './numbers.ts'

/**
 * The load generator, in a process of its own. Reads one job a line from standard input, as JSON, does it, and writes
 * one line of JSON with what it saw. Connections are kept alive within a job and closed at its end.
 */

/** One piece of load on one target. */
export interface Job {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** `closed`: each connection sends its next request when the last was answered. `open`: so many a second, whatever happens. `hold`: open this many streams, then wait for the next line. */
  readonly mode: 'closed' | 'open' | 'hold'
  readonly connections: number
  readonly seconds: number
  readonly ratePerSecond?: number
  /** Share of calls (0–1) that the client leaves right after the first token. */
  readonly abortShare?: number
}

/** What the load generator saw of a job. Times are ms, from the last byte of the request written. */
export interface JobResult {
  /** Requests sent. */
  readonly sent: number
  /** Answers with status 200 that came whole. */
  readonly served: number
  readonly aborted: number
  /** Answers with another status, and connections that broke. */
  readonly failed: number
  /** The first status or error that was a failure, for people. */
  readonly failure: string | null
  readonly seconds: number
  readonly latencyP50Ms: number
  readonly latencyP99Ms: number
  readonly firstTokenP50Ms: number
  readonly firstTokenP99Ms: number
  /** Bytes of an answer's body, at the median. */
  readonly answerBytes: number
}

/** How long a job waits at its end for the calls that are under way: a stream of 5,000 pieces is one of them. */
const LAST_MS_MAX = 60_000

interface Connection {
  readonly reader: AnswerReader
  busy: boolean
  sentMs: number
  firstMs: number
  leaves: boolean
}

/** One job in the doing. */
class Run {
  private readonly request: Buffer
  private readonly idle: Socket<Connection>[] = []
  private readonly all = new Set<Socket<Connection>>()
  private readonly latencies: number[] = []
  private readonly firsts: number[] = []
  private readonly sizes: number[] = []
  private sent = 0
  private served = 0
  private aborted = 0
  private failed = 0
  private failure: string | null = null
  private stopping = false
  private readonly startMs = performance.now()
  private endMs = 0

  constructor(private readonly job: Job) {
    const headers = Object.entries({ host: `${job.host}:${job.port}`, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(job.body)), ...job.headers })
    this.request = Buffer.from(`POST ${job.path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${job.body}`)
  }

  async go(): Promise<JobResult> {
    await Promise.all(Array.from({ length: this.job.connections }, () => this.connect()))
    if (this.job.mode === 'open') {
      await this.paced()
    } else {
      for (const socket of this.idle.splice(0)) this.send(socket)
      await Bun.sleep(this.job.seconds * 1000)
    }
    return this.finish()
  }

  /** Opens streams and keeps them open until `release`. */
  async hold(): Promise<void> {
    await Promise.all(Array.from({ length: this.job.connections }, () => this.connect()))
    for (const socket of this.idle.splice(0)) this.send(socket)
    const deadlineMs = performance.now() + 20_000
    while (this.firsts.length < this.job.connections && performance.now() < deadlineMs) await Bun.sleep(10)
  }

  /** Leaves all open streams at once. */
  release(): JobResult {
    this.stopping = true
    for (const socket of this.all) socket.terminate()
    return this.result(this.firsts.length)
  }

  private async paced(): Promise<void> {
    const gapMs = 1000 / (this.job.ratePerSecond ?? 1)
    const count = Math.round(this.job.seconds * (this.job.ratePerSecond ?? 1))
    for (let at = 0; at < count; at++) {
      const waitMs = this.startMs + at * gapMs - performance.now()
      if (waitMs > 0.5) await Bun.sleep(waitMs)
      const socket = this.idle.pop() ?? await this.connect().then(() => this.idle.pop())
      if (socket) this.send(socket)
    }
  }

  /** Lets what is under way end, but sends nothing more. */
  private async finish(): Promise<JobResult> {
    this.stopping = true
    this.endMs = performance.now()
    const deadlineMs = this.endMs + LAST_MS_MAX
    while (this.busy() > 0 && performance.now() < deadlineMs) await Bun.sleep(5)
    const stuck = this.busy()
    this.failed += stuck
    if (stuck > 0) this.failure ??= `${stuck} calls had no end within ${LAST_MS_MAX / 1000} s`
    for (const socket of this.all) socket.end()
    return this.result(this.served)
  }

  private busy(): number {
    let busy = 0
    for (const socket of this.all) if (socket.data.busy) busy++
    return busy
  }

  private result(served: number): JobResult {
    return {
      sent: this.sent, served, aborted: this.aborted, failed: this.failed, failure: this.failure, seconds: (this.endMs - this.startMs) / 1000,
      latencyP50Ms: percentile(this.latencies, 50), latencyP99Ms: percentile(this.latencies, 99),
      firstTokenP50Ms: percentile(this.firsts, 50), firstTokenP99Ms: percentile(this.firsts, 99), answerBytes: percentile(this.sizes, 50),
    }
  }

  /** Sends on a connection that was taken off the idle ones. */
  private send(socket: Socket<Connection>): void {
    const { data } = socket
    data.reader.reset()
    data.busy = true
    data.firstMs = 0
    data.leaves = this.job.abortShare !== undefined && Math.random() < this.job.abortShare
    this.sent++
    data.sentMs = performance.now()
    socket.write(this.request)
  }

  private async connect(): Promise<void> {
    const socket = await Bun.connect<Connection>({
      hostname: this.job.host,
      port: this.job.port,
      socket: {
        data: (from, bytes) => this.read(from, bytes),
        close: (from) => this.closed(from),
        error: (from, error) => this.broke(from, error.message),
      },
      data: { reader: new AnswerReader(), busy: false, sentMs: 0, firstMs: 0, leaves: false },
    })
    socket.setNoDelay(true)
    this.all.add(socket)
    this.idle.push(socket)
  }

  private read(socket: Socket<Connection>, bytes: Buffer): void {
    const { data } = socket
    data.reader.push(bytes)
    if (data.firstMs === 0 && saysSomething(bytes)) {
      data.firstMs = performance.now()
      this.firsts.push(data.firstMs - data.sentMs)
      if (data.leaves) return this.leave(socket)
    }
    if (data.reader.state === 'done') this.answered(socket)
  }

  private leave(socket: Socket<Connection>): void {
    this.aborted++
    socket.data.busy = false
    this.all.delete(socket)
    socket.terminate()
    this.replace()
  }

  private answered(socket: Socket<Connection>): void {
    const { data } = socket
    data.busy = false
    this.latencies.push(performance.now() - data.sentMs)
    this.sizes.push(data.reader.bodyBytes)
    if (data.reader.status === 200) this.served++
    else this.fail(`status ${data.reader.status}`)
    if (data.reader.closes) return
    if (!this.stopping && this.job.mode === 'closed') this.send(socket)
    else this.idle.push(socket)
  }

  private closed(socket: Socket<Connection>): void {
    this.all.delete(socket)
    const at = this.idle.indexOf(socket)
    if (at !== -1) this.idle.splice(at, 1)
    if (socket.data.busy && !this.stopping) {
      socket.data.busy = false
      this.fail('the connection was closed before the answer was whole')
    }
    this.replace()
  }

  /** A closed loop keeps its number of connections. */
  private replace(): void {
    if (this.stopping || this.job.mode !== 'closed' || this.all.size >= this.job.connections) return
    this.connect().then(() => {
      const socket = this.stopping ? undefined : this.idle.pop()
      if (socket) this.send(socket)
    }, (error: unknown) => this.fail(String(error)))
  }

  private broke(socket: Socket<Connection>, why: string): void {
    if (socket.data.busy && !this.stopping) this.fail(why)
    socket.data.busy = false
  }

  private fail(why: string): void {
    this.failed++
    this.failure ??= why
  }
}

const CONTENT = Buffer.from('"content":"')
const QUOTE = 34

/** True for bytes that hold text of the model: a first chunk with nothing but the role is no token. */
function saysSomething(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(CONTENT); at !== -1; at = bytes.indexOf(CONTENT, at + 1)) {
    if (bytes[at + CONTENT.length] !== QUOTE) return true
  }
  return false
}

/** Does one job in this process. */
export function doJob(job: Job): Promise<JobResult> {
  return new Run(job).go()
}

async function main(): Promise<void> {
  let held: Run | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    // The parent writes Jobs; an empty line ends one that holds.
    const job = line === '' ? undefined : JSON.parse(line) as Job
    if (job?.mode === 'hold') {
      held = new Run(job)
      await held.hold()
      console.log('"held"')
    } else if (job) {
      console.log(JSON.stringify(await doJob(job)))
    } else if (held) {
      console.log(JSON.stringify(held.release()))
      held = undefined
    }
  }
}

if (import.meta.main) await main()
