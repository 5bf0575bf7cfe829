import { existsSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Snapshot } from './endpoint.ts'
import { nearestModels } from './names.ts'
import { parseOperatorFile, parseOperatorServer, type ModelNames } from './operator.ts'
import { EMPTY_OPERATOR_FILE, sayOperatorError, type OperatorError, type OperatorFile, type OperatorProvider, type OperatorServer } from './operator-file.ts'
import { referencesOf, withSecrets } from './operator-secrets.ts'
import { readOverlay, type Overlay } from './overlay.ts'
import type { Environment } from './provider.ts'
import { catalogueRows } from './rows.ts'
import type { SecretFound } from './secret-reference.ts'
import { buildSnapshot } from './snapshot.ts'

export interface CatalogueOptions {
  readonly env: Environment
  /** The operator's file. A path that does not exist is no file: it is read when it appears. */
  readonly operatorPath?: string
  /** `catalogue.json` of the data directory, which `switchyard models sync` writes. */
  readonly overlayPath?: string
  /** Secrets of providers that are kept elsewhere, as they were read last. */
  readonly secrets?: (reference: string) => SecretFound | undefined
  /** Called after each change with the new snapshot. Not for the first one. */
  readonly onChange?: (snapshot: Snapshot) => void
  /** Called when a saved operator's file was taken, with what it now holds, in counts. */
  readonly onTaken?: (what: string) => void
  /** Called when a saved file is wrong, empty or gone; the last good snapshot stays. */
  readonly onErrors?: (errors: readonly OperatorError[]) => void
}

/** The operator's file was wrong at start, where there is no last good one to keep. Its message says all that is wrong, and where. */
export class OperatorFileWrong extends Error {
  constructor(readonly errors: readonly OperatorError[]) {
    super(`the operator's file has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}:\n${errors.map(sayOperatorError).join('\n')}`)
  }
}

/**
 * The settings of the process in the operator's file. The rest of the file is not asked for: a command that only needs to
 * know where the data is also runs where the environment lacks a provider's key. Throws OperatorFileWrong when they are wrong.
 */
export function readOperatorSettings(file: string, env: Environment): OperatorServer {
  const text = readFileSync(file, 'utf8')
  const read = parseOperatorServer(text, { file, env, isBuiltIn })
  if (read.ok) return read.server
  const whole = parseOperatorFile(text, { file, env, isBuiltIn })
  throw new OperatorFileWrong(whole.ok ? read.errors : whole.errors)
}

/** Editors save in several steps (truncate, write, rename); one reload follows the last of them. */
const SETTLE_MS = 60
/** Some empty the file, or take it away, and write it a good while later. */
const GONE_SETTLE_MS = 1_000
const OVERLAY_LOOK_MS = 500
const NEAREST_MAX = 3

/** Holds the current Snapshot and makes the next one when the operator's file, the overlay or the discovered servers change. */
export class Catalogue {
  private current: Snapshot
  private operator: OperatorFile
  private discovered: readonly OperatorProvider[] = []
  private watcher: FSWatcher | undefined
  private looking: ReturnType<typeof setInterval> | undefined
  private overlayStamp = ''
  private pending: ReturnType<typeof setTimeout> | undefined
  /** What the files held at the last read, to pass over events that changed nothing. */
  private seen: { operator?: string | undefined; overlay?: string | undefined } = {}

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
   * file is wrong, or empty or gone where it had said something, the last good snapshot stays and `onErrors` is told why.
   */
  reload(): boolean {
    const before = this.seen
    const read = this.readOperator()
    const errors = read.ok ? this.gone() : read.errors
    if (!read.ok || errors.length > 0) {
      this.options.onErrors?.(errors)
      return false
    }
    if (this.seen.operator === before.operator && this.seen.overlay === before.overlay) return true
    const last = this.operator
    this.operator = read.file
    this.swap()
    if (this.seen.operator !== before.operator) this.options.onTaken?.(changeOf(last, read.file))
    return true
  }

  /** The servers that were found on this machine, in place of those found before. */
  setDiscovered(providers: readonly OperatorProvider[]): void {
    this.discovered = providers
    this.swap()
  }

  /** Reloads whenever one of the files is saved, until `close`. */
  watch(): void {
    const { operatorPath, overlayPath } = this.options
    if (operatorPath !== undefined && existsSync(dirname(operatorPath))) {
      // The folder is watched, not the file: editors that rename would take the watched file away.
      const watcher = watch(dirname(operatorPath), { persistent: false }, (_, name) => { if (name === null || name === basename(operatorPath)) this.reloadSoon() })
      // A folder that is removed ends its watch; the snapshot stays as it is.
      watcher.on('error', () => watcher.close())
      this.watcher = watcher
    }
    // The data directory also has the journal, which changes with every call: there the one file is looked at instead.
    if (overlayPath === undefined) return
    this.looking = setInterval(() => { if (stampOf(overlayPath) !== this.overlayStamp) this.reload() }, OVERLAY_LOOK_MS)
    this.looking.unref()
  }

  close(): void {
    clearTimeout(this.pending)
    this.watcher?.close()
    clearInterval(this.looking)
  }

  private reloadSoon(): void {
    clearTimeout(this.pending)
    this.pending = setTimeout(() => {
      if (this.isThere()) this.reload()
      else this.pending = setTimeout(() => this.reload(), GONE_SETTLE_MS)
    }, SETTLE_MS)
  }

  private isThere(): boolean {
    const { operatorPath } = this.options
    return operatorPath !== undefined && (ifThere(() => statSync(operatorPath))?.size ?? 0) > 0
  }

  /** What is wrong with a file that says nothing where the last good one did: that is a slip, or an editor in the middle of a save. */
  private gone(): OperatorError[] {
    const { operator } = this.seen
    if (isEmpty(this.operator) || (operator !== undefined && operator.trim() !== '')) return []
    return [{ file: this.options.operatorPath ?? '', line: 1, column: 1, path: '', message: `${operator === undefined ? 'is gone' : 'is empty'}; to drop all that it said, write {} in it, or start again without it` }]
  }

  private swap(): void {
    this.current = this.build(this.current.version + 1)
    this.options.onChange?.(this.current)
  }

  private build(version: number): Snapshot {
    const overlay = this.overlay()
    return buildSnapshot({ env: this.options.env, version, operator: this.filled(), discovered: this.discovered, ...(overlay && { overlay }) })
  }

  /** Makes the snapshot anew: a secret that is kept elsewhere has changed. */
  refresh(): void {
    this.swap()
  }

  /** The operator's file with secrets in place of their references. */
  private filled(): OperatorFile {
    const { secrets = () => undefined } = this.options
    return this.operator.providers.some((provider) => referencesOf(provider).length > 0) ? { ...this.operator, providers: this.operator.providers.map((provider) => withSecrets(provider, secrets)) } : this.operator
  }

  private overlay(): Overlay | undefined {
    return this.seen.overlay === undefined ? undefined : readOverlay(this.seen.overlay)
  }

  /** The models that there are without the operator's file. Worked out when one is asked for: most files name none. */
  private modelNames(): ModelNames {
    let built: Snapshot | undefined
    const bare = () => {
      const overlay = built ? undefined : this.overlay()
      return (built ??= buildSnapshot({ env: {}, version: 0, ...(overlay && { overlay }) }))
    }
    return { isId: (name) => bare().models.has(name), has: (name) => bare().models.has(name) || bare().aliases.has(name), nearest: (id) => nearestModels(bare(), id, NEAREST_MAX) }
  }

  private readOperator(): ReturnType<typeof parseOperatorFile> {
    const { operatorPath: file, overlayPath, env } = this.options
    try {
      this.overlayStamp = stampOf(overlayPath)
      this.seen = { operator: readIfThere(file), overlay: readIfThere(overlayPath) }
    } catch (error) {
      return { ok: false, errors: [{ file: file ?? '', line: 1, column: 1, path: '', message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` }] }
    }
    const { operator } = this.seen
    return operator === undefined ? { ok: true, file: EMPTY_OPERATOR_FILE } : parseOperatorFile(operator, { file: file ?? '', env, isBuiltIn, models: this.modelNames() })
  }
}

function isBuiltIn(slug: string): boolean {
  return catalogueRows().providers.some((provider) => provider.slug === slug)
}

function isEmpty(file: OperatorFile): boolean {
  return sizesOf(file).every(([, size]) => size === 0) && file.unpriced === EMPTY_OPERATOR_FILE.unpriced
}

function sizesOf(file: OperatorFile): [what: string, size: number][] {
  const models = file.providers.reduce((sum, provider) => sum + (provider.models?.length ?? 0), 0)
  return [['providers', file.providers.length], ['models of theirs', models], ['models changed', file.models.size], ['aliases', file.aliases.size]]
}

/** `2 providers (1 before), 3 models of theirs, …`: enough to see that the save did what it should. */
function changeOf(last: OperatorFile, file: OperatorFile): string {
  const before = sizesOf(last)
  return sizesOf(file).map(([what, size], at) => `${size} ${what}${size === before[at]?.[1] ? '' : ` (${before[at]?.[1] ?? 0} before)`}`).join(', ')
}

/** Changes when the file does. */
function stampOf(path: string | undefined): string {
  const stat = path === undefined ? undefined : ifThere(() => statSync(path))
  return stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : ''
}

function readIfThere(path: string | undefined): string | undefined {
  return path === undefined ? undefined : ifThere(() => readFileSync(path, 'utf8'))
}

/** What is found at a path; undefined when nothing is, or no folder where it could be. Asking first and looking then would race with an editor's rename. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
    throw error
  }
}
