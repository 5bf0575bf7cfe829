// What the tests of the store and of the ledger on it stand on: a real database of their own, nodes in one process.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashSecret } from '../accounts/account-book.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Caller, Key } from '../accounts/caller.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import type { Bank } from '../ledger/bank.ts'
import type { Generation } from '../ledger/generation.ts'
import { Journal } from '../ledger/journal.ts'
import { interruptedGeneration } from '../ledger/line.ts'
import { LedgerNode } from '../ledger/node.ts'
import { recoverNode, type Recovered } from '../ledger/recovery.ts'
import { FakeClock } from '../lib/clock.ts'
import type { Audit } from './audit.ts'
import { migrate } from './schema.ts'
import { SqlStore } from './sql-store.ts'
import { PostgresDatabase } from './postgres.ts'
import { SqliteDatabase } from './sqlite.ts'
import type { Database } from './sql.ts'
import { databaseUrlOf } from '../../test/engine.ts'

/** A directory that goes when the tests end. */
export function testDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'switchyard-'))
}

/** The database of a data directory, as a process of its own would open it; how long it waits for others there. `isMigrated`: on Postgres it begins with our schema. */
export function testDatabase(dataDir: string, waitMs?: number, isMigrated = false): Database {
  const url = databaseUrlOf(dataDir, isMigrated)
  return url === undefined ? new SqliteDatabase(join(dataDir, 'switchyard.db'), waitMs) : new PostgresDatabase(url, waitMs)
}

export const ACCOUNT = 'default'

/** A key as the store keeps it. */
export function testKey(name: string, change: Partial<Key> = {}): Key {
  return {
    hash: hashSecret(name), accountId: ACCOUNT, name, label: name, kind: 'inference', disabled: false, limit: null, limitReset: null,
    includeByokInLimit: false, expiresMs: null, createdMs: 1, updatedMs: null, workspaceId: defaultWorkspaceId(change.accountId ?? ACCOUNT), creatorUserId: null, ...change,
  }
}

export function callerOf(key: Key): Caller {
  return { key, accountId: key.accountId }
}

/** A generation of a call that went well. */
export function generationOf(key: Key, id: string, change: Partial<Generation> = {}): Generation {
  const begin = { callId: id, accountId: key.accountId, keyHash: key.hash, atMs: 1_750_000_000_000 }
  return { ...interruptedGeneration(begin), fault: null, finishReason: 'stop', model: 'acme/tiny', provider: 'Acme', endpointId: 'acme/tiny@acme', ...change }
}

/** The store as one node sees it: until the node dies, or the store is away. */
class NodeBank implements Bank {
  dead = false
  away = false
  /** What it asks is done, and the answer is lost. */
  deaf = false
  /** What it asks waits until then; undefined: for nothing. */
  until: Promise<void> | undefined
  /** What it waits for. */
  readonly asked = new Set<Promise<unknown>>()
  constructor(private readonly bench: TestBench) {}
  lease(...args: Parameters<Bank['lease']>) { return this.reach(() => this.bench.store.lease(...args)) }
  giveBack(...args: Parameters<Bank['giveBack']>) { return this.reach(() => this.bench.store.giveBack(...args)) }
  settle(...args: Parameters<Bank['settle']>) { return this.reach(() => this.bench.store.settle(...args)) }
  openNode(...args: Parameters<Bank['openNode']>) { return this.reach(() => this.bench.store.openNode(...args)) }
  closeNode(...args: Parameters<Bank['closeNode']>) { return this.reach(() => this.bench.store.closeNode(...args)) }

  /** Reaches the other nodes before it ends. */
  recall(accountId: string, nodeId: string) {
    return this.reach(async () => {
      await this.bench.store.recall(accountId, nodeId)
      await this.bench.tell({ keys: [], accounts: [{ id: accountId, wantedBy: nodeId }] })
    })
  }

  private reach<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) return new Promise<never>(() => undefined)
    if (this.away) return Promise.reject(new Fault('unavailable', 'the store is away'))
    // As the store's thread tells its errors.
    const answer = (this.until === undefined ? work() : this.until.then(work)).catch((error: unknown) => { throw new Fault('unavailable', 'the store failed', { cause: error }) })
    const heard = this.deaf ? answer.then(() => { throw new Fault('unavailable', 'the answer was lost') }) : answer
    const over = heard.then(() => undefined, () => undefined).finally(() => this.asked.delete(over))
    this.asked.add(over)
    return heard
  }
}

/** Several nodes over one store, as several processes would be. */
export class TestBench {
  readonly directory = testDirectory()
  readonly clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  readonly database: Database
  readonly store: SqlStore
  private readonly nodes = new Map<string, { readonly ledger: LedgerNode; readonly bank: NodeBank }>()

  private constructor(waitMs: number) {
    this.database = testDatabase(this.directory, waitMs, true)
    this.store = new SqlStore(this.database)
  }

  static async open(credits: Nano, keys: readonly Key[] = [], waitMs = 5_000): Promise<TestBench> {
    const bench = new TestBench(waitMs)
    await migrate(bench.database, bench.clock.wallMs())
    if (credits > 0n) await bench.store.grant({ accountId: ACCOUNT, amount: credits, reason: 'test', reference: null, nowMs: 1 })
    for (const key of keys) await bench.store.insertKey({ key, rules: {}, by: SYSTEM })
    return bench
  }

  async node(nodeId: string): Promise<LedgerNode> {
    const bank = new NodeBank(this)
    const journal = new Journal(this.path(nodeId), 'never')
    await bank.openNode(nodeId, this.clock.wallMs())
    const ledger = new LedgerNode({ nodeId, bank, journal, clock: this.clock, recallWaitsMs: [0, 20] })
    this.nodes.set(nodeId, { ledger, bank })
    return ledger
  }

  /** The ledger of a node that lives. */
  ledgerOf(nodeId: string): LedgerNode {
    const node = this.nodes.get(nodeId)
    if (!node) throw new Error(`there is no node ${nodeId}`)
    return node.ledger
  }

  path(nodeId: string): string {
    return join(this.directory, `${nodeId}.log`)
  }

  /** Puts the store out of reach of a node, or back. */
  setAway(nodeId: string, away: boolean): void {
    const node = this.nodes.get(nodeId)
    if (node) node.bank.away = away
  }

  /** Lets a node hear no answer of the store any more, or hear again. */
  setDeaf(nodeId: string, deaf: boolean): void {
    const node = this.nodes.get(nodeId)
    if (node) node.bank.deaf = deaf
  }

  /** Lets what a node asks of the store wait until then. */
  setSlow(nodeId: string, until: Promise<void> | undefined): void {
    const node = this.nodes.get(nodeId)
    if (node) node.bank.until = until
  }

  async tell(changes: Parameters<LedgerNode['noteChanges']>[0]): Promise<void> {
    for (const { ledger, bank } of this.nodes.values()) if (!bank.away) await ledger.noteChanges(changes)
  }

  /** Ends when no node waits for the store, nor has asked more upon what it heard. */
  async quiet(): Promise<void> {
    for (;;) {
      const asked = [...this.nodes.values()].flatMap(({ bank }) => [...bank.asked])
      if (asked.length === 0) return
      await Promise.all(asked)
      await Bun.sleep(0)
    }
  }

  /** What kill -9 leaves: the journal as it is, nothing flushed, nothing given back. */
  kill(nodeId: string): void {
    const node = this.nodes.get(nodeId)
    if (node) node.bank.dead = true
    this.nodes.delete(nodeId)
  }

  /** What the next start does with a dead node. */
  recover(nodeId: string): Promise<Recovered> {
    return recoverNode({ nodeId, journalPath: this.path(nodeId), bank: this.store, nowMs: this.clock.wallMs() })
  }

  async flush(): Promise<void> {
    for (const { ledger } of this.nodes.values()) await ledger.flush()
  }

  /** Closes everything, and says what the books say then. */
  async close(): Promise<Audit> {
    for (const [nodeId, { ledger }] of this.nodes) {
      await ledger.close()
      await this.recover(nodeId)
    }
    const audit = await this.store.verify()
    await this.database.close()
    return audit
  }
}
