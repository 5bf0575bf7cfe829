import { join } from 'node:path'
import { AccountBook } from '../accounts/account-book.ts'
import { PresetBook } from '../accounts/preset-book.ts'
import { RuleBook } from '../guardrails/rule-book.ts'
import { Fault } from '../core/fault.ts'
import { Journal, type Fsync } from '../ledger/journal.ts'
import { LedgerNode } from '../ledger/node.ts'
import { recoverNode } from '../ledger/recovery.ts'
import type { Clock } from '../lib/clock.ts'
import type { Audit } from './audit.ts'
import { journalPath } from './node-locks.ts'
import { StoreClient } from './store-client.ts'

export interface OpenOptions {
  /** The directory of the store and its journals. Made when it is not there. */
  readonly dataDir: string
  readonly clock: Clock
  /** `interval` when not said. */
  readonly fsync?: Fsync
  /** The journal's name; the first free one when not said. */
  readonly nodeId?: string
  /** Told what goes wrong in the background. No content in it. */
  readonly log?: (line: string) => void
}

/** Keys and money of one process. */
export interface OpenLedger {
  readonly nodeId: string
  readonly ledger: LedgerNode
  readonly accounts: AccountBook
  readonly rules: RuleBook
  readonly presets: PresetBook
  /** Ends when the store has every settlement so far. */
  flush(): Promise<void>
  verify(): Promise<Audit>
  /** Brings everything to the store, gives leases back, lets go of the files. */
  close(): Promise<void>
}

const RECOVER_MS = 2_000

/**
 * Opens the embedded store for a process that serves calls: recovers what dead processes left, and owns a journal from
 * then on. Throws when the schema is not one of ours, and DataDirectoryUnusable.
 */
export async function openLedger(options: OpenOptions): Promise<OpenLedger> {
  const { dataDir, clock, log = () => undefined } = options
  const listeners: { accounts?: AccountBook; ledger?: LedgerNode; rules?: RuleBook; presets?: PresetBook } = {}
  const client = new StoreClient((changes) => {
    listeners.accounts?.noteChanges(changes.keys)
    listeners.rules?.noteChanges(changes.rules)
    listeners.presets?.noteChanges(changes.rules)
    listeners.ledger?.noteChanges(changes).catch((error: unknown) => log(`leases could not be given back: ${String(error)}`))
  })
  try {
    await openStore(client, dataDir, clock.wallMs())
    const directory = join(dataDir, 'journal')
    const recover = recoverer({ client, directory, clock, log })
    const nodeId = await client.api.claimNode(options.nodeId)
    await recover.node(nodeId)
    await recover.dead()
    const journal = new Journal(journalPath(directory, nodeId), options.fsync ?? 'interval')
    await client.api.openNode(nodeId, clock.wallMs())
    const ledger = new LedgerNode({ nodeId, bank: client.api, journal, clock, log })
    const recall = (accountId: string) => recallAll(client, ledger, accountId)
    const accounts = new AccountBook({ store: client.api, clock, flush: () => ledger.flush(), recall })
    const [rules, presets] = [new RuleBook(client.api), new PresetBook(client.api)]
    Object.assign(listeners, { ledger, accounts, rules, presets })
    const timer = setInterval(() => recover.dead().catch((error: unknown) => log(`a dead node waits: ${String(error)}`)), RECOVER_MS)
    return {
      nodeId, ledger, accounts, rules, presets, flush: () => ledger.flush(), verify: () => client.api.verify(),
      close: async () => {
        clearInterval(timer)
        await ledger.close()
        await client.close()
      },
    }
  } catch (error) {
    await client.close()
    throw error
  }
}

/** Opens the store for people's commands beside (or without) a running gateway: no journal, no leases. */
export async function openAccounts(options: Pick<OpenOptions, 'dataDir' | 'clock'>): Promise<Pick<OpenLedger, 'accounts' | 'verify' | 'close'>> {
  const { dataDir, clock } = options
  const listeners: { accounts?: AccountBook } = {}
  const client = new StoreClient((changes) => listeners.accounts?.noteChanges(changes.keys))
  try {
    await openStore(client, dataDir, clock.wallMs())
  } catch (error) {
    await client.close()
    throw error
  }
  const accounts = new AccountBook({ store: client.api, clock, flush: () => Promise.resolve(), recall: (accountId) => recallAll(client, undefined, accountId) })
  listeners.accounts = accounts
  return { accounts, verify: () => client.api.verify(), close: () => client.close() }
}

/** Nothing can be kept there. The message names the directory and says why. */
export class DataDirectoryUnusable extends Error {
  override readonly name = 'DataDirectoryUnusable'
}

/** What is said to a client while calls run, that the store is away for a moment, is no help to whoever starts a program. */
async function openStore(client: StoreClient, dataDir: string, nowMs: number): Promise<void> {
  try {
    await client.api.open(dataDir, nowMs)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
    const { detail } = error.options
    const why = detail?.startsWith('EEXIST') ? 'ENOTDIR: it is not a directory' : detail
    throw new DataDirectoryUnusable(`the data directory ${dataDir} cannot be used: ${why ?? error.message}`, { cause: error })
  }
}

/** Nodes see a recall within 100 ms. */
const RECALL_MS = 300

async function recallAll(client: StoreClient, ledger: LedgerNode | undefined, accountId: string): Promise<void> {
  await ledger?.releaseLeases(accountId)
  await client.api.recall(accountId, '')
  await Bun.sleep(RECALL_MS)
}

interface RecovererOptions { readonly client: StoreClient; readonly directory: string; readonly clock: Clock; readonly log: (line: string) => void }

function recoverer({ client, directory, clock, log }: RecovererOptions) {
  const node = async (nodeId: string): Promise<void> => {
    const found = await recoverNode({ nodeId, journalPath: journalPath(directory, nodeId), bank: client.api, nowMs: clock.wallMs() })
    if (found.settled + found.interrupted + found.unreadable > 0) {
      log(`${nodeId} had ended without a close: ${found.settled} settlements replayed, ${found.interrupted} calls interrupted, ${found.unreadable} lines unreadable`)
    }
  }
  /** Does for nodes that died since what a restart would do. */
  const dead = async (): Promise<void> => {
    for (const nodeId of await client.api.claimDead()) {
      await node(nodeId).finally(() => client.api.releaseNode(nodeId))
    }
  }
  return { node, dead }
}
