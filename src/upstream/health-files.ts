import { appendFile, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { HealthExchange, OpenExchange } from './health-exchange.ts'

const POLL_MS = 250
const MINUTE_MS = 60_000
/** Files of minutes that are over, by so many, are nobody's any more. */
const MINUTES_KEPT = 2
/** More than this in one look is a file that something else writes to. */
const READ_BYTES_MAX = 4 << 20
const FILE_NAME = /^news-(\d+)\.log$/
const LF = 0x0a

export interface HealthFilesOptions {
  readonly directory: string
  readonly clock: Clock
  /** Called once when the files cannot be written or read. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * The way between processes that share a data directory: each appends its lines to the file of the current minute, and
 * reads on in it where it stopped. A write that appends is one piece on a local file system, and a file that is never
 * cut needs no lock. (docs/decisions/0006-shared-health.md)
 */
export function healthFiles(options: HealthFilesOptions): OpenExchange {
  return (hear) => new HealthFiles(options, hear)
}

class HealthFiles implements HealthExchange {
  /** How far each file was read, by its minute. */
  private readonly read = new Map<number, number>()
  private work: Promise<void>
  private timer: ReturnType<typeof setTimeout> | undefined
  private isTroubled = false
  private isClosed = false
  private sweptMinute = 0

  constructor(private readonly options: HealthFilesOptions, private readonly hear: (message: string) => void) {
    this.work = this.guarded(async () => {
      await mkdir(options.directory, { recursive: true })
      // What was told before we came is in the snapshot that we started from.
      for (const minute of this.minutes()) await this.readOn(minute, () => undefined)
    })
    this.schedule()
  }

  tell(message: string): void {
    const path = this.pathOf(this.minute())
    this.work = this.work.then(() => this.guarded(async () => await appendFile(path, `${message}\n`)))
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    await this.work
  }

  private schedule(): void {
    if (this.isClosed) return
    this.timer = setTimeout(() => {
      this.work = this.work.then(() => this.guarded(() => this.look()))
      void this.work.then(() => this.schedule())
    }, POLL_MS)
    this.timer.unref()
  }

  private async look(): Promise<void> {
    for (const minute of this.minutes()) await this.readOn(minute, this.hear)
    await this.sweep()
  }

  private async readOn(minute: number, hear: (message: string) => void): Promise<void> {
    const file = await open(this.pathOf(minute), 'r').catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    if (!file) return
    try {
      const from = this.read.get(minute) ?? 0
      const { size } = await file.stat()
      if (size <= from) return
      const bytes = new Uint8Array(Math.min(size - from, READ_BYTES_MAX))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
      const end = bytes.subarray(0, bytesRead).lastIndexOf(LF) + 1
      // A line that is not whole yet is read the next time; one that never ends is left behind.
      this.read.set(minute, from + (end === 0 && bytesRead === READ_BYTES_MAX ? bytesRead : end))
      for (const line of new TextDecoder().decode(bytes.subarray(0, end)).split('\n')) if (line !== '') hear(line)
    } finally {
      await file.close()
    }
  }

  /** Once a minute; two that sweep at the same time do no harm. */
  private async sweep(): Promise<void> {
    const minute = this.minute()
    if (this.sweptMinute === minute) return
    this.sweptMinute = minute
    for (const known of this.read.keys()) if (known < minute - MINUTES_KEPT) this.read.delete(known)
    for (const name of await readdir(this.options.directory)) {
      const of = Number(FILE_NAME.exec(name)?.[1] ?? Number.NaN)
      if (Math.abs(of - minute) > MINUTES_KEPT) await rm(join(this.options.directory, name), { force: true })
    }
  }

  private minute(): number {
    return Math.floor(this.options.clock.wallMs() / MINUTE_MS)
  }

  /** One that began to write before the minute was over may be done after it. */
  private minutes(): readonly number[] {
    return [this.minute() - 1, this.minute()]
  }

  private pathOf(minute: number): string {
    return join(this.options.directory, `news-${minute}.log`)
  }

  private async guarded(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      if (!this.isTroubled) this.options.onTrouble(error)
      this.isTroubled = true
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
