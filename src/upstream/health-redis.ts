import { RedisClient } from 'bun'
import type { HealthExchange, OpenExchange } from './health-exchange.ts'

const CHANNEL = 'switchyard:health'
const CONNECT_MS_MAX = 5_000
const RETRY_MS_FIRST = 500
const RETRY_MS_MAX = 10_000
/** A server that vanished without a word closes no connection: it is asked now and then. */
const PING_MS = 5_000

export interface HealthRedisOptions {
  /** `redis://` or `rediss://`; Valkey speaks the same. */
  readonly url: string
  /** It was lost, or it is there again. Called once for each change, never with the URL. */
  readonly onChange: (isThere: boolean, why?: string) => void
}

/** The way between nodes: a channel of a Redis or Valkey server. While it is away each process goes on by what it sees itself. */
export function healthRedis(options: HealthRedisOptions): OpenExchange {
  return (hear) => new HealthRedis(options, hear)
}

interface Link { readonly listener: RedisClient; readonly speaker: RedisClient }

class HealthRedis implements HealthExchange {
  private link: Link | undefined
  private isThere: boolean | undefined
  private retryMs = RETRY_MS_FIRST
  private timer: ReturnType<typeof setTimeout> | undefined
  private isClosed = false

  constructor(private readonly options: HealthRedisOptions, private readonly hear: (message: string) => void) {
    void this.connect()
  }

  /** What cannot be told now is not kept: when the server is back it would be old. */
  tell(message: string): void {
    const { link } = this
    link?.speaker.publish(CHANNEL, message).catch((error: unknown) => this.lose(link, error))
  }

  close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    this.drop()
    return Promise.resolve()
  }

  private async connect(): Promise<void> {
    const link: Link = { listener: this.client(), speaker: this.client() }
    try {
      await Promise.all([link.listener.connect(), link.speaker.connect()])
      await link.listener.subscribe(CHANNEL, (message) => this.hear(message))
    } catch (error) {
      closeLink(link)
      this.again(error)
      return
    }
    if (this.isClosed) {
      closeLink(link)
      return
    }
    this.link = link
    this.retryMs = RETRY_MS_FIRST
    for (const client of [link.listener, link.speaker]) client.onclose = (error) => this.lose(link, error)
    this.say(true)
    this.later(() => this.ping(link), PING_MS)
  }

  private client(): RedisClient {
    return new RedisClient(this.options.url, { autoReconnect: false, enableOfflineQueue: false, connectionTimeout: CONNECT_MS_MAX })
  }

  private ping(link: Link): void {
    const asked = Promise.all([link.speaker.ping(), link.listener.ping()])
    this.later(() => this.lose(link, new Error('it does not answer')), CONNECT_MS_MAX)
    asked.then(() => {
      if (this.link === link) this.later(() => this.ping(link), PING_MS)
    }, (error: unknown) => this.lose(link, error))
  }

  private lose(link: Link, error: unknown): void {
    if (this.link !== link || this.isClosed) return
    this.drop()
    this.again(error)
  }

  private again(error: unknown): void {
    if (this.isClosed) return
    this.say(false, error instanceof Error ? error.message : String(error))
    this.later(() => void this.connect(), this.retryMs)
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX)
  }

  private say(isThere: boolean, why?: string): void {
    // That it is there at the start is no news.
    if (isThere !== this.isThere && !(isThere && this.isThere === undefined)) this.options.onChange(isThere, why)
    this.isThere = isThere
  }

  private drop(): void {
    const { link } = this
    this.link = undefined
    if (link) closeLink(link)
  }

  /** One thing at a time is waited for. */
  private later(task: () => void, ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(task, ms)
    this.timer.unref()
  }
}

function closeLink({ listener, speaker }: Link): void {
  for (const client of [listener, speaker]) {
    client.onclose = null
    client.close()
  }
}
