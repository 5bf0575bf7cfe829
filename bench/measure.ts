import type { Job, JobResult } from './load.ts'
import type { Lane } from './lanes.ts'
import type { MockCounts } from './mock.ts'
import { cpuMs, rssKb, until, type Running } from './processes.ts'
import { requestBody, type MockModel } from './traffic.ts'

/** One lane under one kind of load. */
export interface Measured extends JobResult {
  readonly callsPerSecond: number
  /** CPU of the gateway's process tree, per call that it was sent. NaN for the direct lane. */
  readonly cpuUsPerCall: number
  /** Requests that the mock counted. */
  readonly mockRequests: number
}

/** Thrown when the two ends disagree: the figures of such a run mean nothing. */
export class VoidRun extends Error {}

/** The mock and the load generator, at work. */
export interface Bench { readonly mockPort: number; readonly load: Running }

/** What the mock has counted so far. */
export async function mockCounts(bench: Bench): Promise<MockCounts> {
  const response = await fetch(`http://127.0.0.1:${bench.mockPort}/counts`)
  // The mock writes its counters in this shape.
  return await response.json() as MockCounts
}

/** The request that a lane's client sends for a model. */
export function jobFor(lane: Lane, model: MockModel, shape: Pick<Job, 'mode' | 'connections' | 'seconds' | 'ratePerSecond' | 'abortShare'>): Job {
  return { host: '127.0.0.1', port: lane.port, path: lane.path, headers: lane.headers, body: requestBody(lane.modelOf(model), model.stream), ...shape }
}

/** Runs one job on a lane. Throws VoidRun when the mock counted other than the client sent, or a call failed. */
export async function measure(bench: Bench, lane: Lane, job: Job): Promise<Measured> {
  const before = await mockCounts(bench)
  const cpuBefore = lane.process ? cpuMs(lane.process.pid) : Number.NaN
  bench.load.write(JSON.stringify(job))
  // The load generator answers each job with one line of this shape.
  const result = JSON.parse(await bench.load.nextLine()) as JobResult
  const cpu = lane.process ? cpuMs(lane.process.pid) - cpuBefore : Number.NaN
  const mockRequests = (await mockCounts(bench)).requests - before.requests
  if (result.failed > 0) throw new VoidRun(`${lane.name}: ${result.failed} of ${result.sent} calls failed (${result.failure ?? ''})`)
  if (mockRequests !== result.sent) throw new VoidRun(`${lane.name}: the client sent ${result.sent} calls, the mock counted ${mockRequests}`)
  return { ...result, callsPerSecond: result.served / result.seconds, cpuUsPerCall: cpu * 1000 / result.sent, mockRequests }
}

/** Memory of a lane with many open streams, and what the mock sees when their readers leave. */
export interface Held {
  readonly streams: number
  readonly beforeKb: number
  readonly openKb: number
  readonly afterKb: number
  /** Streams that the mock saw end within two seconds of the clients leaving. */
  readonly abortedIn2s: number
}

const SLOW: MockModel = { stream: true, delayMs: 500 }

/** Opens many slow streams, looks at the memory, leaves them all at once. */
export async function holdStreams(bench: Bench, lane: Lane, streams: number): Promise<Held> {
  const pid = lane.process?.pid ?? 0
  const beforeKb = rssKb(pid)
  bench.load.write(JSON.stringify(jobFor(lane, SLOW, { mode: 'hold', connections: streams, seconds: 0 })))
  await bench.load.nextLine()
  // The streams are counted at the mock, for a gateway may answer its client before it has asked the provider.
  await until(`${streams} open streams at the mock`, 20_000, async () => (await mockCounts(bench)).open >= streams)
  await Bun.sleep(2_000)
  const openKb = rssKb(pid)
  const { open } = await mockCounts(bench)
  bench.load.write('')
  await bench.load.nextLine()
  await Bun.sleep(2_000)
  const left = (await mockCounts(bench)).open
  await until('the end of the streams', 60_000, async () => (await mockCounts(bench)).open === 0)
  await Bun.sleep(3_000)
  return { streams: open, beforeKb, openKb, afterKb: rssKb(pid), abortedIn2s: open - left }
}

/** A few seconds of both kinds of load, thrown away: compilers and pools are warm afterwards. */
export async function warmUp(bench: Bench, lane: Lane, seconds: number): Promise<void> {
  await measure(bench, lane, jobFor(lane, { stream: false, delayMs: 0 }, { mode: 'closed', connections: 32, seconds }))
  await measure(bench, lane, jobFor(lane, { stream: true, delayMs: 2 }, { mode: 'closed', connections: 32, seconds }))
}

