import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readMemory } from './health-memory.ts'
import type { Health } from './health.ts'

const KEEP_MS = 30_000

export interface HealthKeeperOptions {
  readonly health: Health
  readonly path: string
  /** Keeps it every 30 seconds; of several workers, which all know the same, one is enough. */
  readonly periodically: boolean
  readonly onTrouble: (what: string) => void
}

/** Keeps what is known of the endpoints through a restart, in a file. A file that is torn, or another version's, is as none. */
export class HealthKeeper {
  private readonly timer: ReturnType<typeof setInterval> | undefined
  private isTroubled = false

  /** Reads what was kept. */
  constructor(private readonly options: HealthKeeperOptions) {
    this.load()
    if (!options.periodically) return
    this.timer = setInterval(() => void this.keep(), KEEP_MS)
    this.timer.unref()
  }

  /** Keeps it a last time. */
  close(): void {
    clearInterval(this.timer)
    try {
      const { path } = this.options
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(this.draftPath(), this.text())
      renameSync(this.draftPath(), path)
    } catch (error) {
      this.trouble(error)
    }
  }

  private load(): void {
    let text: string
    try {
      text = readFileSync(this.options.path, 'utf8')
    } catch {
      // A first start, or a directory that the store will complain about.
      return
    }
    const memory = readMemory(text)
    if (memory) this.options.health.load(memory)
    else this.options.onTrouble(`${this.options.path} cannot be read; the health of the endpoints starts empty`)
  }

  private async keep(): Promise<void> {
    try {
      await mkdir(dirname(this.options.path), { recursive: true })
      await writeFile(this.draftPath(), this.text())
      await rename(this.draftPath(), this.options.path)
    } catch (error) {
      this.trouble(error)
    }
  }

  private text(): string {
    return JSON.stringify(this.options.health.memory())
  }

  /** Renamed when it is whole; each process has its own. */
  private draftPath(): string {
    return `${this.options.path}.${process.pid}.draft`
  }

  private trouble(error: unknown): void {
    if (!this.isTroubled) this.options.onTrouble(`the health of the endpoints cannot be kept: ${error instanceof Error ? error.message : String(error)}`)
    this.isTroubled = true
  }
}
