import type { Clock } from '../../lib/clock.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { Http1Error } from './error.ts'
import type { Origin } from './target.ts'

/** A server closes when its time is over; a request must not be on its way then. */
const CLOSE_EARLY_MS = 1_000
/** Attempts to connect that were given up and that the system still makes: past this many, the host is gone. */
const FORSAKEN_MAX = 256

/** How long and how many idle connections are kept. */
export interface PoolOptions {
  readonly clock: Clock
  /** The server's `keep-alive: timeout=` may shorten it. */
  readonly idleMsMax: number
  readonly idlePerOriginMax: number
}

/** The idle connections of one origin. The one that was used last goes first: the others get old and close. */
export class Pool implements ConnectionOwner {
  private readonly connections: Connection[] = []
  private forsakenNow = 0
  private closed = false

  constructor(readonly origin: Origin, private readonly options: PoolOptions, private readonly onIdle: () => void) {}

  /** A connection that can carry an exchange at once. */
  take(): Connection | undefined {
    const nowMs = this.options.clock.monotonicMs()
    for (let connection = this.connections.pop(); connection; connection = this.connections.pop()) {
      if (connection.idleUntilMs > nowMs) return connection
      connection.close()
    }
    return undefined
  }

  /** A connection that must still connect. Throws Http1Error when too many attempts hang already. */
  make(): Connection {
    if (this.forsakenNow >= FORSAKEN_MAX) throw new Http1Error('ConnectTimeout', `${this.forsakenNow} attempts to connect hang`)
    return new Connection(this.origin, this)
  }

  /** Closes what has been idle for too long. Returns whether any idle connection is left. */
  sweep(): boolean {
    const nowMs = this.options.clock.monotonicMs()
    for (const connection of this.connections.filter((entry) => entry.idleUntilMs <= nowMs)) connection.close()
    return this.connections.length > 0
  }

  /** Closes every idle connection, now and later. */
  close(): void {
    this.closed = true
    for (let connection = this.connections.pop(); connection; connection = this.connections.pop()) connection.close()
  }

  get idleCount(): number {
    return this.connections.length
  }

  idle(connection: Connection, keepMs: number): void {
    const idleMs = Math.min(this.options.idleMsMax, keepMs - CLOSE_EARLY_MS)
    if (this.closed || idleMs <= 0) return connection.close()
    connection.idleUntilMs = this.options.clock.monotonicMs() + idleMs
    this.connections.push(connection)
    if (this.connections.length > this.options.idlePerOriginMax) this.connections[0]?.close()
    this.onIdle()
  }

  gone(connection: Connection): void {
    const at = this.connections.lastIndexOf(connection)
    if (at !== -1) this.connections.splice(at, 1)
  }

  forsaken(change: 1 | -1): void {
    this.forsakenNow += change
  }
}
