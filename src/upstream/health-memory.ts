import { z } from 'zod'
import { areCells, type Cells } from './health-window.ts'
import type { RecoveryState } from './health-recovery.ts'

/** What is kept of one endpoint through a restart: its windows by the name of each, and how far it has recovered. */
export interface EndpointMemory {
  readonly counts: Readonly<Record<string, readonly number[]>>
  readonly measures: Readonly<Record<string, readonly (readonly [slot: number, cells: Cells])[]>>
  readonly row: number
  readonly failedMs?: number | undefined
  readonly coolUntilMs?: number | undefined
  readonly recovery?: RecoveryState | undefined
}

/** All of it. Windows are counted from the epoch: how old they are is seen when they are read. */
export interface HealthMemory {
  readonly version: 1
  readonly savedMs: number
  readonly endpoints: Readonly<Record<string, EndpointMemory>>
}

const whole = z.number().int().min(0)
const cells = z.array(z.number()).max(1_024).refine(areCells)
const memorySchema = z.object({
  version: z.literal(1),
  savedMs: z.number(),
  endpoints: z.record(z.string(), z.object({
    counts: z.record(z.string(), z.array(whole).max(1_024)),
    measures: z.record(z.string(), z.array(z.tuple([whole, cells])).max(128)),
    row: whole,
    failedMs: z.number().optional(),
    coolUntilMs: z.number().optional(),
    recovery: z.object({ openUntilMs: z.number(), provenMs: z.number().nullable(), rampMs: z.number().min(0), trips: whole.max(64) }).optional(),
  })),
})

/** Reads what was kept; undefined when it was torn, or is another version's. */
export function readMemory(text: string): HealthMemory | undefined {
  try {
    return memorySchema.safeParse(JSON.parse(text)).data
  } catch {
    // No JSON: the caller says that the file is no good.
    return undefined
  }
}
