/** Percentiles of one endpoint over the last five minutes, undefined without enough calls. */
export interface Percentiles { readonly p50: number; readonly p75: number; readonly p90: number; readonly p99: number }

/** What routing knows about one endpoint now (contract C18, C20–C22). */
export interface EndpointHealth {
  /** A significant outage in the last 30 seconds. */
  readonly outage: boolean
  /** C21: by uptime of the last 5 minutes (≥ 95 %, 80–94 %, < 80 %); `normal` below 100 calls. */
  readonly state: 'normal' | 'degraded' | 'down'
  /** 0–1, undefined without calls. */
  readonly uptime?: number
  /** Milliseconds to the first token. */
  readonly latency?: Percentiles
  /** Tokens a second. */
  readonly throughput?: Percentiles
}

/** The port that routing needs; `upstream/health.ts` keeps it. */
export interface HealthView { of(endpointId: string): EndpointHealth }

export const UNKNOWN_HEALTH: EndpointHealth = Object.freeze({ outage: false, state: 'normal' })
