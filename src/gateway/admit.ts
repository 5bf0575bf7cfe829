import type { Caller } from '../accounts/caller.ts'
import { Fault } from '../core/fault.ts'

/** How many calls this process has open, and whether it takes more. */
export class Admission {
  private open = 0
  private draining = false
  /** Told when the last call has left, once no more are taken. */
  private onEmpty: () => void = () => undefined

  constructor(private readonly callsMax: number) {}

  get calls(): number {
    return this.open
  }

  /** Takes no new calls from now on. Ends when the last of those that are open has left. */
  drain(): Promise<void> {
    this.draining = true
    return new Promise((resolve) => {
      if (this.open === 0) resolve()
      else this.onEmpty = resolve
    })
  }

  get isDraining(): boolean {
    return this.draining
  }

  /** Throws Fault when there is no room: before anything was read or held. */
  check(): void {
    if (this.draining) throw new Fault('shutting_down', 'This server is shutting down; try again', { retryAfterMs: 1000 })
    if (this.open >= this.callsMax) throw new Fault('overloaded', `This server is at its limit of ${this.callsMax} calls at once`, { retryAfterMs: 1000 })
  }

  enter(): void {
    this.open++
  }

  leave(): void {
    this.open--
    if (this.draining && this.open === 0) this.onEmpty()
  }
}

/** Lets a caller in, or throws Fault. */
export function admit(caller: Caller, admission: Admission): void {
  if (caller.key.kind === 'management') {
    throw new Fault('permission_denied', 'This is a management key: it administers keys and cannot call models. Use an API key (`switchyard keys create`).')
  }
  admission.check()
}
