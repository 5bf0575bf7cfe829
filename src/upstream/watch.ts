import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'

/**
 * The deadline of one provider call, phase by phase, and its abort: when the phase takes too long, when the client
 * leaves, or when we are done. One timer: being alive only moves a number.
 */
export class Watch {
  private readonly controller = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private deadlineMs = 0
  private phaseMsMax = 0
  private phase = ''
  private fault: Fault | undefined
  private readonly onClientGone = () => this.abort(new Fault('client_gone', 'The client closed the connection'))

  constructor(private readonly clock: Clock, private readonly client: AbortSignal, private readonly providerName: string) {
    if (client.aborted) this.onClientGone()
    else client.addEventListener('abort', this.onClientGone, { once: true })
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Starts a phase that may take this long. */
  start(phase: string, msMax: number): void {
    this.phase = phase
    this.phaseMsMax = msMax
    this.deadlineMs = this.clock.monotonicMs() + msMax
    if (this.timer !== undefined) clearTimeout(this.timer)
    this.timer = setTimeout(() => this.check(), msMax)
  }

  /** The provider shows that it is alive: the phase begins anew. */
  touch(): void {
    this.deadlineMs = this.clock.monotonicMs() + this.phaseMsMax
  }

  /** What this promise gives, unless the call ends before it: whoever else waits for it goes on waiting. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let stop: (() => void) | undefined
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(this.fault ?? new Error('the call was closed'))
      this.signal.addEventListener('abort', stop, { once: true })
    })
    try {
      if (this.fault) stop?.()
      return await Promise.race([promise, ended])
    } finally {
      if (stop) this.signal.removeEventListener('abort', stop)
    }
  }

  /** Ends the call for this reason, if it has not ended. */
  abort(fault: Fault): void {
    if (this.fault) return
    this.fault = fault
    this.controller.abort(fault)
  }

  /** What an error of this call means: ours when we ended it, else undefined. */
  reason(): Fault | undefined {
    return this.fault
  }

  /** Lets go of timer and client. The provider call is aborted unless it was read to its end. */
  close(complete: boolean): void {
    if (this.timer !== undefined) clearTimeout(this.timer)
    this.timer = undefined
    this.client.removeEventListener('abort', this.onClientGone)
    if (!complete && !this.fault) this.controller.abort()
  }

  private check(): void {
    const left = this.deadlineMs - this.clock.monotonicMs()
    if (left <= 0) {
      this.abort(new Fault('provider_timeout', `${this.providerName} took more than ${seconds(this.phaseMsMax)} ${this.phase}`, { provider: this.providerName }))
    } else {
      this.timer = setTimeout(() => this.check(), left)
    }
  }
}

function seconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`
}
