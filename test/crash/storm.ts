import { load, type Seen } from './load.ts'
import { openGround, type Engine, type Ground } from './storm-ground.ts'
import { drain } from './storm-drain.ts'
import { sample } from './storm-samples.ts'
import { trouble, type Trouble, type Troubles } from './storm-trouble.ts'
import { judge } from './storm-verdict.ts'
import { canStepClocks } from './stepped-clock.ts'

/** Very many calls of poor accounts over four processes, and what happens to these meanwhile. */
export interface StormOptions {
  readonly engine: Engine
  readonly calls: number
  readonly atOnce: number
  readonly troubles: readonly Trouble[]
  readonly seed: number
}

/** What a storm came to. Money in nano-dollars. */
export interface StormFigures {
  readonly engine: Engine
  readonly seed: number
  readonly seconds: number
  readonly troubles: Troubles
  readonly calls: number
  /** Answered to the end · left by their client · cut by a death · ended by an error that is said, of a provider on a busy machine · refused for money · refused because the store was away. */
  readonly whole: number
  readonly left: number
  readonly cut: number
  readonly failed: number
  readonly refused: number
  readonly unavailable: number
  readonly samples: number
  readonly lowestNano: number
  readonly chargedNano: number
  readonly writtenOffNano: number
  /** Bills of the provider that nobody pays: a process died before it knew them. */
  readonly unbilled: number
  /** What is left of the caps altogether, when calls come one by one: less than one call for each account. */
  readonly leftNano: number
  /** Everything that should not be. */
  readonly faults: readonly string[]
}

/** So that the calls of a storm are not all refused while it is at its worst. */
const REFUSED_WAIT_MS = 250

/** Raises a storm, waits until it is over, and says what the books say. */
export async function storm({ engine, calls, atOnce, troubles, seed }: StormOptions): Promise<StormFigures> {
  if (troubles.includes('clock') && !canStepClocks()) throw new Error('clocks cannot be stepped here: apt-get install faketime')
  const ground = await openGround(engine, { clocks: troubles.includes('clock') })
  try {
    const startMs = performance.now()
    const samples = sample(ground)
    const making = trouble(ground, troubles, seed)
    const keys = ground.payers.map(({ secret }) => secret)
    const seen = await load(ground.nodes, { keys, calls, atOnce, freshConnections: true, leaveEach: 11, refusedWaitMs: REFUSED_WAIT_MS })
    const made = await making.stop()
    const drained = await drain(ground)
    const looks = await samples.stop()
    const seconds = (performance.now() - startMs) / 1_000
    const verdict = await judge(ground, { seen, drained: drained.seen, isCalm: troubles.length === 0, isKilled: made.kill > 0, isStepped: made.clock > 0 })
    return {
      engine, seed, seconds: Math.round(seconds * 10) / 10, troubles: made, ...tallied(seen), samples: looks.count, lowestNano: looks.lowest, ...verdict,
      faults: [...statusFaults(seen, troubles), ...looks.faults, ...drained.faults, ...verdict.faults, ...processFaults(ground)],
    }
  } finally {
    await ground.close()
  }
}

/** What this storm may cut or refuse. */
function statusFaults(seen: readonly Seen[], troubles: readonly Trouble[]): string[] {
  const faults: string[] = []
  const known = new Set([200, 402, 403, 502, 504, ...(troubles.includes('outage') || troubles.includes('pause') ? [503] : []), ...(troubles.includes('kill') ? [undefined] : [])])
  for (const status of new Set(seen.map((call) => call.status))) {
    if (!known.has(status)) faults.push(`${seen.filter((call) => call.status === status).length} calls with status ${status ?? 'none'}: ${seen.find((call) => call.status === status)?.refusal ?? ''}`)
  }
  for (const { refusal } of seen.filter((call) => call.status === 503)) if (!/cannot be reached/.test(refusal ?? '')) faults.push(`a 503 without the reason: ${refusal}`)
  const cut = seen.filter((call) => isCut(call))
  if (cut.length > 0 && !troubles.includes('kill')) faults.push(`${cut.length} answers were cut, and nobody died: ${cut[0]?.refusal ?? ''}`)
  return faults.slice(0, 10)
}

/** A bug is said in the log, and nowhere else. */
function processFaults({ nodes }: Ground): string[] {
  return nodes.flatMap((node) => node.logs().split('\n').filter((line) => /assert|TypeError|RangeError|is not a function/.test(line)).slice(0, 3))
}

function isCut(call: Seen): boolean {
  return call.status === undefined || (call.status === 200 && !call.complete && !call.left && !isFailed(call))
}

function isFailed({ status, complete, left, refusal }: Seen): boolean {
  return (status === 200 && !complete && !left && /"error":\s*\{/.test(refusal ?? '')) || status === 502 || status === 504
}

function tallied(seen: readonly Seen[]): Pick<StormFigures, 'calls' | 'whole' | 'left' | 'cut' | 'failed' | 'refused' | 'unavailable'> {
  const count = (holds: (call: Seen) => boolean): number => seen.filter(holds).length
  return {
    calls: seen.length, whole: count((call) => call.complete), left: count((call) => call.left), cut: count(isCut), failed: count(isFailed),
    refused: count(({ status }) => status === 402 || status === 403), unavailable: count(({ status }) => status === 503),
  }
}
