import type { Percentiles } from '../routing/health.ts'

/** Successes and failures of the last `slots × slotMs`, in slots that are used again: memory is set once and stays. */
export class CountWindow {
  private readonly slot: Float64Array
  private readonly ok: Uint32Array
  private readonly failed: Uint32Array

  constructor(private readonly slotMs: number, private readonly slots: number) {
    this.slot = new Float64Array(slots).fill(-1)
    this.ok = new Uint32Array(slots)
    this.failed = new Uint32Array(slots)
  }

  add(nowMs: number, ok: number, failed: number): void {
    this.addTo(Math.floor(nowMs / this.slotMs), ok, failed)
  }

  private addTo(slot: number, ok: number, failed: number): void {
    const at = slot % this.slots
    if (this.slot[at] !== slot) {
      this.slot[at] = slot
      this.ok[at] = 0
      this.failed[at] = 0
    }
    // `at` is below `slots`, the length of all three.
    this.ok[at]! += ok
    this.failed[at]! += failed
  }

  /** What it holds, to keep: slot, successes, failures, slot, … */
  rows(nowMs: number): number[] {
    const rows: number[] = []
    const oldest = Math.floor(nowMs / this.slotMs) - this.slots + 1
    for (let at = 0; at < this.slots; at++) {
      // As above.
      if (this.slot[at]! >= oldest) rows.push(this.slot[at]!, this.ok[at]!, this.failed[at]!)
    }
    return rows
  }

  /** Takes in what was kept; what has passed since, or is not yet, is left out. */
  load(nowMs: number, rows: readonly number[]): void {
    const newest = Math.floor(nowMs / this.slotMs)
    for (let at = 0; at + 2 < rows.length; at += 3) {
      // `at + 2` is below the length.
      const slot = rows[at]!
      if (slot > newest - this.slots && slot <= newest) this.addTo(slot, rows[at + 1]!, rows[at + 2]!)
    }
  }

  sum(nowMs: number): { readonly ok: number; readonly failed: number } {
    const oldest = Math.floor(nowMs / this.slotMs) - this.slots + 1
    let ok = 0
    let failed = 0
    for (let at = 0; at < this.slots; at++) {
      // As above.
      if (this.slot[at]! < oldest) continue
      ok += this.ok[at]!
      failed += this.failed[at]!
    }
    return { ok, failed }
  }
}

/** Eight buckets to each doubling: a bucket is 9 % wide, and a percentile is off by half of that at most. */
const BUCKETS_PER_OCTAVE = 8
const OCTAVES = 18
const BUCKETS = BUCKETS_PER_OCTAVE * OCTAVES
const CELL_MAX = 0xffff

/** How many calls fell into which buckets: bucket, count, bucket, count, … */
export type Cells = readonly number[]

/** The bucket of a value, where `lowest` begins the first. */
export function bucketOf(value: number, lowest: number): number {
  const bucket = Math.floor(Math.log2(value / lowest) * BUCKETS_PER_OCTAVE)
  return bucket >= BUCKETS ? BUCKETS - 1 : bucket > 0 ? bucket : 0
}

/** True for what can be counted: pairs of a bucket and a count. */
export function areCells(cells: readonly number[]): boolean {
  return cells.length % 2 === 0 && cells.every((value, at) => Number.isInteger(value) && value >= 0 && (at % 2 === 1 || value < BUCKETS))
}

/**
 * Percentiles of a measure over the last `slots × slotMs`, from logarithmic histograms. Values from `lowest` to
 * `lowest × 2¹⁸` are told apart (1 ms to 4 minutes; 1/8 to 32,768 tokens a second), what lies outside counts as the end.
 */
export class MeasureWindow {
  private readonly slot: Float64Array
  private readonly cells: Uint16Array

  constructor(private readonly slotMs: number, private readonly slots: number, private readonly lowest: number) {
    this.slot = new Float64Array(slots).fill(-1)
    this.cells = new Uint16Array(slots * BUCKETS)
  }

  add(nowMs: number, cells: Cells): void {
    this.addTo(Math.floor(nowMs / this.slotMs), cells)
  }

  private addTo(slot: number, cells: Cells): void {
    const at = slot % this.slots
    const start = at * BUCKETS
    if (this.slot[at] !== slot) {
      this.slot[at] = slot
      this.cells.fill(0, start, start + BUCKETS)
    }
    for (let pair = 0; pair + 1 < cells.length; pair += 2) {
      // `pair + 1` is below the length, and buckets below BUCKETS.
      const cell = start + cells[pair]!
      // A full cell stays full: past 65,535 calls of one kind in one slot the shape is known well enough.
      this.cells[cell] = Math.min(CELL_MAX, this.cells[cell]! + cells[pair + 1]!)
    }
  }

  /** What it holds, to keep: for each slot its number and its cells. */
  rows(nowMs: number): (readonly [slot: number, cells: Cells])[] {
    const oldest = Math.floor(nowMs / this.slotMs) - this.slots + 1
    const rows: (readonly [number, Cells])[] = []
    for (let at = 0; at < this.slots; at++) {
      // `at` is below `slots`, the length of `slot`.
      const slot = this.slot[at]!
      if (slot < oldest) continue
      const cells: number[] = []
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const count = this.cells[at * BUCKETS + bucket] ?? 0
        if (count > 0) cells.push(bucket, count)
      }
      rows.push([slot, cells])
    }
    return rows
  }

  /** Takes in what was kept; what has passed since, or is not yet, is left out. */
  load(nowMs: number, rows: readonly (readonly [slot: number, cells: Cells])[]): void {
    const newest = Math.floor(nowMs / this.slotMs)
    for (const [slot, cells] of rows) if (slot > newest - this.slots && slot <= newest) this.addTo(slot, cells)
  }

  /** `better` says which way is good: latencies are `low`, throughputs `high`. */
  percentiles(nowMs: number, better: 'low' | 'high'): Percentiles | undefined {
    const totals = this.totals(nowMs)
    let count = 0
    for (const cell of totals) count += cell
    if (count === 0) return undefined
    const at = (share: number): number => this.valueAt(totals, count * (better === 'low' ? share : 1 - share))
    return { p50: at(0.5), p75: at(0.75), p90: at(0.9), p99: at(0.99) }
  }

  private totals(nowMs: number): Float64Array {
    const oldest = Math.floor(nowMs / this.slotMs) - this.slots + 1
    const totals = new Float64Array(BUCKETS)
    for (let at = 0; at < this.slots; at++) {
      // `at` is below `slots`, the length of `slot`; `cells` has BUCKETS for each.
      if (this.slot[at]! < oldest) continue
      for (let bucket = 0, cell = at * BUCKETS; bucket < BUCKETS; bucket++, cell++) totals[bucket]! += this.cells[cell]!
    }
    return totals
  }

  /** The value below which `rank` calls lie: their share of the bucket they end in, on its logarithmic scale. */
  private valueAt(totals: Float64Array, rank: number): number {
    let before = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      // `bucket` is below BUCKETS, the length of `totals`.
      const here = totals[bucket]!
      // The margin is for ranks that rounding puts a hair above a whole number.
      if (here > 0 && before + here >= rank - 1e-6) {
        const value = this.lowest * 2 ** ((bucket + (rank - before) / here) / BUCKETS_PER_OCTAVE)
        return Math.round(value * 10) / 10
      }
      before += here
    }
    return this.lowest * 2 ** OCTAVES
  }
}
