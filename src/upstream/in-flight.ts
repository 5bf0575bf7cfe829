import type { Endpoint } from '../catalog/endpoint.ts'

/** Calls that are under way at one provider or one endpoint, and how many may be. */
export interface Gauge { count: number; max: number }

const NONE: readonly Gauge[] = []

/** Counts calls under way, and keeps them below what the operator allows (`concurrency`). */
export class InFlight {
  private readonly gauges = new Map<string, Gauge>()

  /** `share`: which part of a limit is this process's: worker 1 of 4 has every fourth place, so that all have exactly the limit. */
  constructor(private readonly share: { readonly worker: number; readonly workers: number } = { worker: 0, workers: 1 }) {}

  /** Takes a place at the endpoint and its provider; undefined when either has none left. */
  enter({ id, concurrencyMax, provider, ownKey }: Endpoint): readonly Gauge[] | undefined {
    if (this.gauges.size === 0 && concurrencyMax === undefined && provider.concurrencyMax === undefined) return NONE
    // What the operator's account takes at once is no limit of the caller's own, where the two are not at the same address.
    const owner = ownKey && provider.concurrencyMax === undefined ? ownKey.id : provider.slug
    const gauges = [this.gauge(id, concurrencyMax), this.gauge(`provider:${owner}`, provider.concurrencyMax)].filter((gauge) => gauge !== undefined)
    if (gauges.some(isFull)) return undefined
    for (const gauge of gauges) gauge.count++
    return gauges
  }

  leave(gauges: readonly Gauge[]): void {
    for (const gauge of gauges) gauge.count--
  }

  /** Nothing is counted where nothing is limited. Names are the operator's: there are as many as the file has. */
  private gauge(name: string, max: number | undefined): Gauge | undefined {
    const known = this.gauges.get(name)
    if (max === undefined) {
      // The limit was taken away while calls are under way: they still give their places back.
      if (known) known.max = Infinity
      return known
    }
    const gauge = known ?? { count: 0, max: 0 }
    gauge.max = this.partOf(max)
    this.gauges.set(name, gauge)
    return gauge
  }

  private partOf(max: number): number {
    const { worker, workers } = this.share
    return Math.floor(max / workers) + (worker < max % workers ? 1 : 0)
  }
}

/** True when there is no place left. */
export function isFull({ count, max }: Gauge): boolean {
  return count >= max
}
