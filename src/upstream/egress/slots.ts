/** A number of places; who finds none waits in line, until its signal ends the wait. */
export class Slots {
  private readonly line: (() => void)[] = []

  constructor(private free: number) {}

  /** Does the work once there is a place for it. */
  async use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.enter(signal)
    try {
      return await work()
    } finally {
      const next = this.line.shift()
      if (next) next()
      else this.free++
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.free > 0) {
      this.free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.line.splice(this.line.indexOf(enter), 1)
        reject(signal.reason)
      }
      this.line.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
