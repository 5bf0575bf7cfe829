import { Database as BunDatabase } from 'bun:sqlite'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { journalExists } from '../ledger/journal.ts'

const NODES_MAX = 1_000

/**
 * Which process owns which journal. A node's lock is an empty SQLite file that its process keeps locked: the kernel lets
 * go of it at the very moment the process ends, however it ends, and it holds between containers that share the directory,
 * where a process id would mean nothing.
 */
export class NodeLocks {
  private readonly held = new Map<string, BunDatabase>()

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true })
  }

  /** Takes the node named, or the first that nobody owns. The journal found there is its dead owner's. */
  claim(nodeId?: string): string {
    if (nodeId !== undefined) {
      if (!this.tryLock(nodeId)) throw new Error(`node ${nodeId} is owned by a process that runs`)
      return nodeId
    }
    for (let number = 0; number < NODES_MAX; number++) {
      const id = `node-${number}`
      if (this.tryLock(id)) return id
    }
    throw new Error(`${NODES_MAX} nodes run on ${this.directory} already`)
  }

  /** Takes every node whose process died and left a journal. Give each up with `release` when it has been settled. */
  claimDead(): string[] {
    const nodes = readdirSync(this.directory).filter((file) => file.endsWith('.lock')).map((file) => file.slice(0, -'.lock'.length))
    return nodes.filter((id) => !this.held.has(id) && journalExists(journalPath(this.directory, id)) && this.tryLock(id))
  }

  release(nodeId: string): void {
    this.held.get(nodeId)?.close()
    this.held.delete(nodeId)
  }

  close(): void {
    for (const id of this.held.keys()) this.release(id)
  }

  private tryLock(nodeId: string): boolean {
    if (this.held.has(nodeId)) return false
    const database = new BunDatabase(join(this.directory, `${nodeId}.lock`), { create: true })
    try {
      database.run('PRAGMA busy_timeout = 0')
      database.run('BEGIN EXCLUSIVE')
      this.held.set(nodeId, database)
      return true
    } catch (error) {
      database.close()
      if (isBusy(error)) return false
      throw error
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY'
}

/** Where a node's journal lies. */
export function journalPath(directory: string, nodeId: string): string {
  return join(directory, `${nodeId}.log`)
}
