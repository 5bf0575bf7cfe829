import { existsSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Snapshot } from './endpoint.ts'
import { parseOperatorFile } from './operator.ts'
import { EMPTY_OPERATOR_FILE, type OperatorError, type OperatorFile, type OperatorProvider } from './operator-file.ts'
import { readOverlay, type Overlay } from './overlay.ts'
import type { Environment } from './provider.ts'
import { catalogueRows } from './rows.ts'
import { buildSnapshot } from './snapshot.ts'

export interface CatalogueOptions {
  readonly env: Environment
  /** The operator's file. A path that does not exist is no file: it is read when it appears. */
  readonly operatorPath?: string
  /** `catalogue.json` of the data directory, which `switchyard models sync` writes. */
  readonly overlayPath?: string
  /** Called after each change with the new snapshot. Not for the first one. */
  readonly onChange?: (snapshot: Snapshot) => void
  /** Called when a saved file is wrong; the last good snapshot stays. */
  readonly onErrors?: (errors: readonly OperatorError[]) => void
}

/** The operator's file was wrong at start, where there is no last good one to keep. */
export class OperatorFileWrong extends Error {
  constructor(readonly errors: readonly OperatorError[]) { super(`the operator's file has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}`) }
}

/** Editors save in several steps (truncate, write, rename); one reload follows the last of them. */
const SETTLE_MS = 60
const OPERATOR_FILE_BYTES_MAX = 4 * 1024 * 1024

/** Holds the current Snapshot and makes the next one when the operator's file, the overlay or the discovered servers change. */
export class Catalogue {
  private current: Snapshot
  private operator: OperatorFile
  private discovered: readonly OperatorProvider[] = []
  private readonly watchers: FSWatcher[] = []
  private pending: ReturnType<typeof setTimeout> | undefined
  /** What the files held at the last read, to pass over events that changed nothing. */
  private seen = ''

  /** Throws OperatorFileWrong when the operator's file is there and wrong. */
  constructor(private readonly options: CatalogueOptions) {
    const read = this.readOperator()
    if (!read.ok) throw new OperatorFileWrong(read.errors)
    this.operator = read.file
    this.current = this.build(1)
  }

  snapshot(): Snapshot { return this.current }

  /** The operator's file as it counts now; its `server` part is read by whoever starts the process. */
  operatorFile(): OperatorFile { return this.operator }

  /**
   * Reads the files again. True when they are right; the snapshot is a new one only if they changed. When the operator's
   * file is wrong the last good snapshot stays and `onErrors` is told why.
   */
  reload(): boolean {
    const before = this.seen
    const read = this.readOperator()
    if (!read.ok) {
      this.options.onErrors?.(read.errors)
      return false
    }
    if (this.seen === before) return true
    this.operator = read.file
    this.swap()
    return true
  }

  /** The servers that were found on this machine, in place of those found before. */
  setDiscovered(providers: readonly OperatorProvider[]): void {
    this.discovered = providers
    this.swap()
  }

  /** Reloads whenever one of the files is saved, until `close`. */
  watch(): void {
    for (const path of [this.options.operatorPath, this.options.overlayPath]) {
      if (path === undefined || !existsSync(dirname(path))) continue
      // The folder is watched, not the file: editors that rename would take the watched file away.
      const watcher = watch(dirname(path), { persistent: false }, (_, name) => { if (name === null || name === basename(path)) this.reloadSoon() })
      // A folder that is removed ends its watch; the snapshot stays as it is.
      watcher.on('error', () => watcher.close())
      this.watchers.push(watcher)
    }
  }

  close(): void {
    clearTimeout(this.pending)
    for (const watcher of this.watchers) watcher.close()
    this.watchers.length = 0
  }

  private reloadSoon(): void {
    clearTimeout(this.pending)
    this.pending = setTimeout(() => this.reload(), SETTLE_MS)
  }

  private swap(): void {
    this.current = this.build(this.current.version + 1)
    this.options.onChange?.(this.current)
  }

  private build(version: number): Snapshot {
    const overlay = this.overlay()
    return buildSnapshot({ env: this.options.env, version, operator: this.operator, discovered: this.discovered, ...(overlay && { overlay }) })
  }

  private overlay(): Overlay | undefined {
    const path = this.options.overlayPath
    return path !== undefined && existsSync(path) ? readOverlay(readFileSync(path, 'utf8')) : undefined
  }

  private readOperator(): ReturnType<typeof parseOperatorFile> {
    const { operatorPath, overlayPath, env } = this.options
    const text = operatorPath !== undefined && existsSync(operatorPath) ? readBounded(operatorPath) : undefined
    this.seen = JSON.stringify([text, overlayPath !== undefined && existsSync(overlayPath) ? statSync(overlayPath).mtimeMs : 0])
    if (text === undefined) return { ok: true, file: EMPTY_OPERATOR_FILE }
    return parseOperatorFile(text, { file: operatorPath ?? '', env, isBuiltIn })
  }
}

function isBuiltIn(slug: string): boolean {
  return catalogueRows().providers.some((provider) => provider.slug === slug)
}

function readBounded(path: string): string {
  const { size } = statSync(path)
  return size > OPERATOR_FILE_BYTES_MAX ? `# ${path} has more than ${OPERATOR_FILE_BYTES_MAX} bytes\n- too large` : readFileSync(path, 'utf8')
}
