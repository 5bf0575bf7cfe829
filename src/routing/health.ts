/**
 * Percentiles of one endpoint, undefined without calls. `p90` is what nine calls of ten do better than: of latencies the
 * ninth decile, of throughputs the first (so throughput falls from p50 to p99, as in the contract's examples).
 */
export interface Percentiles { readonly p50: number; readonly p75: number; readonly p90: number; readonly p99: number }

/** What routing knows about one endpoint now (contract C18, C20–C22). */
export interface EndpointHealth {
  /** A significant outage in the last 30 seconds. */
  readonly outage: boolean
  /** C21: by uptime of the last 5 minutes (≥ 95 %, 80–94 %, < 80 %); `normal` below 100 calls. */
  readonly state: 'normal' | 'degraded' | 'down'
  /** The provider answered 429 and the time it asked for is not over: it stands last until then. */
  readonly cooling?: boolean
  /** It comes back after an outage or a rate limit: this part (0–1) of its calls is sent there first. undefined: all of them. */
  readonly share?: number
  /** As many calls are under way there as the operator allows. */
  readonly full?: boolean
  /** 0–1, undefined without calls. */
  readonly uptime?: number
  /** Milliseconds to the first token. */
  readonly latency?: Percentiles
  /** Tokens a second. */
  readonly throughput?: Percentiles
  /** Calls of any kind in the last 30 minutes, for Auto Exacto (C36). */
  readonly calls30m?: number
  /** Calls that ended in tool calls: how many in the last 2 hours, and which share of the last day's had a bad one (C38). */
  readonly toolCalls?: { readonly calls2h: number; readonly errorRate: number }
}

/** The port that routing needs; `upstream/health.ts` keeps it. */
export interface HealthView { of(endpointId: string): EndpointHealth }

/** What people are shown of an endpoint (contract J27). Uptimes are 0–1; undefined: nothing was called in that time. */
export interface EndpointStats {
  readonly uptime5m?: number
  readonly uptime30m?: number
  readonly uptime1d?: number
  /** Milliseconds to the first token, last 30 minutes. */
  readonly latency30m?: Percentiles
  /** Tokens a second, last 30 minutes. */
  readonly throughput30m?: Percentiles
}

/** The same keeper, asked for what `/models/{author}/{slug}/endpoints` shows. */
export interface HealthStats extends HealthView { stats(endpointId: string): EndpointStats }

export const UNKNOWN_HEALTH: EndpointHealth = Object.freeze({ outage: false, state: 'normal' })
