import type { Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import type { ContextBucket } from './spread.ts'

/** Whose calls a data set is made of: one account's, or those of all that there are (`null`), where the operator shares them. */
export type DataScope = { readonly accountId: string | null }

/** Whole days since the epoch: [fromDay, untilDay). */
export interface DataDays { readonly fromDay: number; readonly untilDay: number }

/** What a model wrote and read in a day. */
export interface ModelDay { readonly day: number; readonly model: string; readonly tokens: bigint; readonly requests: bigint; readonly toolCalls: bigint }

/** What an app's calls came to, in the days that are asked for and in those before. */
export interface AppUse {
  readonly appId: number
  readonly title: string
  readonly site: string
  readonly categories: readonly string[]
  readonly requests: bigint
  readonly tokens: bigint
  readonly tokensBefore: bigint
}

export const TURN_RANGES = ['1-turn', '2-9-turns', '10-49-turns', '50-plus-turns'] as const
export type TurnRange = (typeof TURN_RANGES)[number]

/** What sessions of an app with a model cost, of those with so many turns. */
export interface SessionCell { readonly appId: number; readonly title: string; readonly site: string; readonly model: string; readonly turnRange: TurnRange; readonly sessions: number; readonly median: Nano }

/** Where data sets are made: as `ReportStore`. */
export interface DataStore {
  modelDays(ask: DataScope & DataDays & { readonly context: ContextBucket | null }): Promise<readonly ModelDay[]>
  /** Apps on somebody's own machine are in none. `beforeDay`: where the days before begin. */
  appUses(ask: DataScope & DataDays & { readonly beforeDay: number }): Promise<readonly AppUse[]>
  sessionCells(ask: DataScope & DataDays): Promise<readonly SessionCell[]>
}

const REMEMBERED_MS = 60_000
const REMEMBERED_MAX = 200

/** Who asks for a data set again within a minute gets the same one: the store is asked for each once. */
export class DataSets implements DataStore {
  private readonly remembered = new Map<string, { readonly untilMs: number; readonly rows: Promise<readonly unknown[]> }>()

  constructor(private readonly options: { readonly store: DataStore; readonly clock: Clock }) {}

  modelDays(ask: Parameters<DataStore['modelDays']>[0]): Promise<readonly ModelDay[]> {
    return this.once(`models ${JSON.stringify(ask)}`, () => this.options.store.modelDays(ask))
  }

  appUses(ask: Parameters<DataStore['appUses']>[0]): Promise<readonly AppUse[]> {
    return this.once(`apps ${JSON.stringify(ask)}`, () => this.options.store.appUses(ask))
  }

  sessionCells(ask: Parameters<DataStore['sessionCells']>[0]): Promise<readonly SessionCell[]> {
    return this.once(`sessions ${JSON.stringify(ask)}`, () => this.options.store.sessionCells(ask))
  }

  private once<T>(key: string, read: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const nowMs = this.options.clock.monotonicMs()
    const known = this.remembered.get(key)
    // Its key says what is in it.
    if (known && known.untilMs > nowMs) return known.rows as Promise<readonly T[]>
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear()
    const rows = read()
    this.remembered.set(key, { untilMs: nowMs + REMEMBERED_MS, rows })
    // A failure is not remembered; who asked hears of it.
    rows.catch(() => this.remembered.delete(key))
    return rows
  }
}
