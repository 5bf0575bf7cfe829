import { closeSync, existsSync, fdatasync, fdatasyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * When the journal is forced to the disk: before each settlement returns · every 100 ms, in the background · never.
 * A killed process loses nothing in any of them; a power cut loses what was not forced yet.
 */
export type Fsync = 'always' | 'interval' | 'never'

const FSYNC_MS = 100
const DEFER_MS = 1
const UTF8 = new TextEncoder()

/**
 * An append-only file of lines that one process owns. What `append` was given is in the file when it returns. What the
 * file system refused is kept and goes first when it takes writes again; until then the journal is not `writable`.
 */
export class Journal {
  private fd: number
  /** Whole lines that wait for the next write. */
  private deferred = ''
  /** Bytes that the file system refused, perhaps from the middle of a line on. */
  private refused: Uint8Array | undefined
  private bytes = 0
  private deferTimer: Timer | undefined
  private syncTimer: Timer | undefined
  /** Ends when the last fsync that was begun has ended: a descriptor is closed only after it. */
  private synced: Promise<void> = Promise.resolve()
  private syncFailed = false
  private old = false
  private closed = false

  /** Begins an empty journal. What another one left under this path must have been settled and removed. */
  constructor(private readonly path: string, private readonly fsync: Fsync) {
    mkdirSync(dirname(path), { recursive: true })
    this.fd = openSync(path, 'ax', 0o600)
    this.syncDirectory()
  }

  get sizeBytes(): number { return this.bytes }

  /** False while the file system refuses what we write; each look tries again. */
  writable(): boolean {
    if (this.closed) return false
    if (!this.refused) return !this.syncFailed
    return this.tryWrite()
  }

  /** Writes the line with the next one that is appended, or within a millisecond. */
  defer(line: string): void {
    this.deferred += `${line}\n`
    this.deferTimer ??= setTimeout(() => this.tryWrite(), DEFER_MS)
  }

  /** Writes the line now. Throws when the file system refuses. */
  append(line: string): void {
    this.deferred += `${line}\n`
    this.write()
    if (this.fsync === 'always') fdatasyncSync(this.fd)
  }

  /** Goes on in a new file that begins with these lines. The file so far stays beside it until `dropOld`. */
  rotate(lines: readonly string[]): void {
    this.write()
    const next = openSync(`${this.path}.new`, 'w', 0o600)
    renameSync(this.path, oldPath(this.path))
    renameSync(`${this.path}.new`, this.path)
    const last = this.fd
    if (this.fsync === 'interval') this.syncInTurn(() => datasync(last))
    this.synced = this.synced.then(() => closeSync(last))
    this.syncDirectory()
    this.fd = next
    this.bytes = 0
    this.old = true
    for (const line of lines) this.deferred += `${line}\n`
    this.write()
  }

  /** True between a rotation and the `dropOld` that ends it. */
  get hasOld(): boolean { return this.old }

  /** Removes the part before the last rotation: the store has all of it. */
  dropOld(): void {
    rmSync(oldPath(this.path), { force: true })
    this.old = false
  }

  /** Closes the file, and removes it when the store has everything that it says. */
  async close(settled: boolean): Promise<void> {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.syncTimer)
    if (!settled) this.tryWrite()
    clearTimeout(this.deferTimer)
    await this.synced
    closeSync(this.fd)
    if (settled) removeJournal(this.path)
  }

  private tryWrite(): boolean {
    try {
      this.write()
      return true
    } catch {
      // The bytes are kept in `refused`; who depends on them asks `writable`.
      return false
    }
  }

  private write(): void {
    clearTimeout(this.deferTimer)
    this.deferTimer = undefined
    if (this.deferred === '' && !this.refused) return
    const fresh = UTF8.encode(this.deferred)
    const bytes = this.refused ? Buffer.concat([this.refused, fresh]) : fresh
    this.deferred = ''
    let done = 0
    try {
      while (done < bytes.length) done += writeSync(this.fd, bytes, done)
      this.refused = undefined
    } finally {
      if (done < bytes.length) this.refused = bytes.subarray(done)
      this.bytes += done
    }
    if (this.fsync === 'interval') this.syncTimer ??= setTimeout(() => this.syncSoon(), FSYNC_MS)
  }

  private syncSoon(): void {
    this.syncTimer = undefined
    this.syncInTurn(() => datasync(this.fd))
  }

  /** In the background, one after another. After one that failed the kernel may have dropped pages: what the file says is not known any more. */
  private syncInTurn(sync: () => Promise<boolean>): void {
    this.synced = this.synced.then(sync).then((ok) => { if (!ok) this.syncFailed = true })
  }

  /** A new file's name is as durable as its directory. */
  private syncDirectory(): void {
    if (this.fsync === 'never') return
    const directory = openSync(dirname(this.path), 'r')
    this.syncInTurn(() => datasync(directory))
    this.synced = this.synced.then(() => closeSync(directory))
  }
}

function datasync(fd: number): Promise<boolean> {
  return new Promise((resolve) => fdatasync(fd, (error) => resolve(!error)))
}

function oldPath(path: string): string {
  return `${path}.old`
}

/** What a journal says: its whole lines, oldest first, the part before its last rotation included. */
export function readJournal(path: string): string[] {
  const parts = [oldPath(path), path].filter((part) => existsSync(part)).map((part) => readFileSync(part, 'utf8'))
  return parts.flatMap((part) => part.split('\n')).filter((line) => line !== '')
}

/** Whether a journal lies there, empty or not. */
export function journalExists(path: string): boolean {
  return existsSync(path) || existsSync(oldPath(path))
}

/** Removes a journal. The older part goes first, so that what stays is always the end of the story. */
export function removeJournal(path: string): void {
  for (const part of [oldPath(path), `${path}.new`, path]) rmSync(part, { force: true })
}
