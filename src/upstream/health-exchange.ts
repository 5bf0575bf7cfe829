import { readNews, type NewsMessage } from './health-news.ts'
import type { Health } from './health.ts'

/** A way by which processes tell each other what they see. Nothing hangs on it: a call goes on without. */
export interface HealthExchange {
  /** Tells all others, some time. Never throws and never waits. */
  tell(message: string): void
  close(): Promise<void>
}

/** Opens a way; `hear` is called with what comes by it, our own messages among them. */
export type OpenExchange = (hear: (message: string) => void) => HealthExchange

/** What one process sees, the others know after this and the time of the way. */
const TELL_MS = 250
/** Processes that were heard, of which we remember the last message. */
const PROCESSES_MAX = 1_000

export interface SharedHealthOptions {
  readonly health: Health
  /** Unlike that of any other process, and of this one before. */
  readonly processId: string
  readonly ways: readonly OpenExchange[]
}

/** Tells the other processes what happened here, four times a second and only when something did, and takes in what they tell. */
export class SharedHealth {
  private readonly exchanges: readonly HealthExchange[]
  private readonly heard = new Map<string, number>()
  private readonly timer: ReturnType<typeof setInterval>
  private told = 0

  constructor(private readonly options: SharedHealthOptions) {
    this.exchanges = options.ways.map((open) => open((message) => this.hear(message)))
    this.timer = setInterval(() => this.tell(), TELL_MS)
    this.timer.unref()
  }

  /** Tells what there is to tell. */
  tell(): void {
    const endpoints = this.options.health.takeNews()
    if (!endpoints) return
    const message: NewsMessage = { version: 1, from: this.options.processId, number: this.told++, endpoints }
    const text = JSON.stringify(message)
    for (const exchange of this.exchanges) exchange.tell(text)
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.tell()
    await Promise.all(this.exchanges.map((exchange) => exchange.close()))
  }

  /** One message may come by several ways: it counts once. What cannot be read is another version's. */
  private hear(text: string): void {
    const message = readNews(text)
    if (!message || message.from === this.options.processId) return
    const last = this.heard.get(message.from)
    if (last !== undefined && message.number <= last) return
    this.heard.delete(message.from)
    this.heard.set(message.from, message.number)
    if (this.heard.size > PROCESSES_MAX) this.forgetOldest()
    this.options.health.learn(message.endpoints)
  }

  private forgetOldest(): void {
    for (const id of this.heard.keys()) {
      this.heard.delete(id)
      return
    }
  }
}
