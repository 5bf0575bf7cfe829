import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AccountBook } from '../accounts/account-book.ts'
import { Instance } from '../accounts/instance.ts'
import { Markups } from '../accounts/markups.ts'
import { Operator } from '../accounts/operator.ts'
import { AppGrants } from '../accounts/apps/app-grants.ts'
import { FeedbackBook } from '../accounts/feedback.ts'
import { People } from '../accounts/people.ts'
import { PresetBook } from '../accounts/preset-book.ts'
import type { SignInStore } from '../accounts/sign-in-store.ts'
import { SharedBudgets } from '../accounts/shared-budgets.ts'
import { Domains, type TxtResolver } from '../accounts/domains.ts'
import { MasterKeys } from '../accounts/byok/master-keys.ts'
import { Sso } from '../accounts/sso.ts'
import { scimOn, type Scim } from '../accounts/scim/scim.ts'
import { DnsTxt } from '../lib/dns-txt.ts'
import { WalletBook } from '../accounts/wallet-book.ts'
import type { WalletStore } from '../accounts/wallet.ts'
import { Wallets } from '../accounts/wallets.ts'
import { Workspaces } from '../accounts/workspaces.ts'
import { RuleBook } from '../guardrails/rule-book.ts'
import type { Billing } from '../billing/billing.ts'
import type { Payments } from '../billing/payments.ts'
import { Fault } from '../core/fault.ts'
import { Journal, type Fsync } from '../ledger/journal.ts'
import { LedgerNode } from '../ledger/node.ts'
import { recoverNode } from '../ledger/recovery.ts'
import { DataSets } from '../ledger/data-sets.ts'
import { Reports } from '../ledger/reports.ts'
import type { Clock } from '../lib/clock.ts'
import { Limits } from '../limits/limits.ts'
import { vaultOf } from '../notices/vault.ts'
import { randomText } from '../lib/id.ts'
import type { Audit } from './audit.ts'
import { journalPath } from './node-locks.ts'
import { NodeWatch } from './node-watch.ts'
import { openBilling, type Selling } from './open-billing.ts'
import { openNotices, type OpenNotices, type Sending } from './open-notices.ts'
import { openByok, type ByokOptions, type OpenByok } from './open-byok.ts'
import type { StorePlace } from './protocol.ts'
import { ReportClient } from './report-client.ts'
import { Retainer, type Retention } from './retainer.ts'
import { StoreClient } from './store-client.ts'

export interface OpenOptions extends StorePlace, Pick<ByokOptions, 'masterKey' | 'secrets' | 'note' | 'referenceRule'> {
  readonly clock: Clock
  /** `interval` when not said. */
  readonly fsync?: Fsync
  /** The journal's name; the first free one when not said. */
  readonly nodeId?: string
  /** How long rows are kept; asked before each look. Nothing is removed when not said. */
  readonly retention?: () => Retention | undefined
  /** How letters and webhooks go out of this process; they wait for others where it is not said. */
  readonly sending?: Sending
  /** Who takes cards, and that this process does what payments need without anybody asking. */
  readonly selling?: Selling
  /** Who is asked for TXT records; the system's DNS when not said. */
  readonly txt?: TxtResolver
  /** Told what goes wrong in the background. No content in it. */
  readonly log?: (line: string) => void
}

/** Keys and money of one process. */
export interface OpenLedger extends OpenByok {
  readonly nodeId: string
  readonly ledger: LedgerNode
  readonly accounts: AccountBook
  readonly people: People
  /** Keys that people let apps have. */
  readonly appGrants: AppGrants
  /** What people say of answers. */
  readonly feedback: FeedbackBook
  readonly workspaces: Workspaces
  readonly wallets: Wallets
  /** Whose wallet pays for a call. */
  readonly walletBook: WalletBook
  readonly scim: Scim
  readonly domains: Domains
  /** Providers of identity of organizations. */
  readonly sso: Sso
  readonly sharedBudgets: SharedBudgets
  /** What signing in needs kept. */
  readonly signIn: SignInStore
  readonly instance: Instance
  /** What the operator asks over list price, beside what its file says. */
  readonly markups: Markups
  readonly billing: Billing
  /** Absent where nobody takes cards. */
  readonly payments: Payments | undefined
  readonly operator: Operator
  readonly rules: RuleBook
  readonly presets: PresetBook
  readonly limits: Limits
  readonly reports: Reports
  readonly dataSets: DataSets
  readonly notices: OpenNotices
  /** Ends when the store has every settlement so far. */
  flush(): Promise<void>
  verify(): Promise<Audit>
  /** Brings everything to the store, gives leases back, lets go of the files. */
  close(): Promise<void>
}

const RECOVER_MS = 2_000
const BEAT_MS = 5_000
const VIEWS_MS = 60_000

/**
 * Opens the embedded store for a process that serves calls: recovers what dead processes left, and owns a journal from
 * then on. Throws when the schema is not one of ours, and DataDirectoryUnusable.
 */
export async function openLedger(options: OpenOptions): Promise<OpenLedger> {
  const { dataDir, clock, log = () => undefined } = options
  const listeners: { accounts?: AccountBook; ledger?: LedgerNode; rules?: RuleBook; presets?: PresetBook; limits?: Limits; ownKeys?: OpenByok['ownKeys']; instance?: Instance; markups?: Markups } = {}
  const client = new StoreClient((changes) => {
    listeners.accounts?.noteChanges(changes.keys)
    listeners.rules?.noteChanges(changes.rules)
    walletBook.noteChanges(changes.rules)
    listeners.presets?.noteChanges(changes.rules)
    listeners.ownKeys?.noteChanges(changes.rules)
    if (changes.isInstance) listeners.instance?.load().catch((error: unknown) => log(`settings of the instance could not be read: ${String(error)}`))
    if (changes.isInstance) listeners.markups?.load().catch((error: unknown) => log(`markups could not be read: ${String(error)}`))
    listeners.limits?.noteChanges(changes).catch((error: unknown) => log(`slices of limits could not be given back: ${String(error)}`))
    listeners.ledger?.noteChanges(changes).catch((error: unknown) => log(`leases could not be given back: ${String(error)}`))
  })
  const walletBook = new WalletBook(client.api)
  try {
    await openStore(client, options, clock.wallMs())
    const directory = join(dataDir, 'journal')
    const nameOf = options.databaseUrl === undefined ? (id: string) => id : namesOn(directory)
    const recover = recoverer({ client, directory, nameOf, clock, log })
    const localId = await client.api.claimNode(options.nodeId)
    await recover.node(localId)
    await recover.dead()
    const journal = new Journal(journalPath(directory, localId), options.fsync ?? 'interval')
    const nodeId = nameOf(localId)
    await client.api.openNode(nodeId, clock.wallMs())
    // In one directory nodes see each other's lock files; over a network they must hear of each other.
    const watch = options.databaseUrl === undefined ? undefined : new NodeWatch({ nodeId, bank: client.api, clock, log })
    const ledger = new LedgerNode({ nodeId, bank: client.api, journal, clock, log, isMoneyOff: () => listeners.instance?.settings.moneyEnabled === false, ...(watch && { isHeard: () => watch.isHeard() }) })
    const recall = (accountId: string) => recallAll(client, ledger, accountId)
    const accounts = new AccountBook({ store: client.api, clock, flush: () => ledger.flush(), recall })
    const [rules, presets] = [new RuleBook(client.api), new PresetBook(client.api)]
    const limits = new Limits({ nodeId, bank: client.api, clock, log })
    const byok = openByok(client.api, options)
    const instance = await openInstance(client, clock)
    const markups = new Markups(client.api, clock)
    await markups.load()
    Object.assign(listeners, { ledger, accounts, rules, presets, limits, ownKeys: byok.ownKeys, instance, markups })
    const notices = openNotices(client.api, { nodeId, dataDir, clock, masterKey: options.masterKey, sending: options.sending, isMoneyOn: () => instance.settings.moneyEnabled, flush: () => ledger.flush(), log, note: options.note ?? (() => undefined) })
    const selling = openBilling(client.api, { selling: options.selling, instance, people: new People(client.api, clock), mailer: notices.mailer, notices: notices.board, clock, settleAll: async (accountId) => { await ledger.flush(); await recall(accountId) }, log })
    const operator = new Operator({ store: client.api, clock, flush: () => ledger.flush() })
    const reader = new ReportClient({ dataDir, databaseUrl: options.databaseUrl })
    const retainer = options.retention && new Retainer({ store: client.api, retention: options.retention, clock, log })
    const timers = [
      setInterval(() => recover.dead().catch((error: unknown) => log(`a dead node waits: ${String(error)}`)), RECOVER_MS),
      // While the store is away its own users say so; when it stays away, nothing is held.
      ...(watch ? [setInterval(() => watch.look().catch(() => undefined), BEAT_MS)] : []),
      ...(options.sending?.sweeps ? [setInterval(() => operator.endOverViews().catch((error: unknown) => log(`views that are over are not in the log yet: ${String(error)}`)), VIEWS_MS)] : []),
    ]
    return {
      nodeId, ledger, accounts, scim: scimOn(client.api, clock), domains: new Domains(client.api, options.txt ?? new DnsTxt(), clock), sso: ssoOn(client, options), signIn: client.api, appGrants: new AppGrants({ store: client.api, accounts, clock }), feedback: new FeedbackBook({ store: client.api, clock, flush: () => ledger.flush() }), ...peopleOf(client, clock, () => ledger.flush()), wallets: new Wallets({ store: walletsOn(client, reader), clock, flush: () => ledger.flush(), recall }), walletBook, ...byok, instance, markups, operator, rules, presets, limits, notices, billing: selling.billing, payments: selling.payments, reports: new Reports({ store: reader, flush: () => ledger.flush() }), dataSets: new DataSets({ store: reader, clock }), flush: () => ledger.flush(), verify: () => reader.verify(),
      close: async () => {
        for (const timer of timers) clearInterval(timer)
        retainer?.close()
        await selling.close()
        await notices.close()
        await limits.close()
        await accounts.close()
        await ledger.close()
        await reader.close()
        await client.close()
      },
    }
  } catch (error) {
    await client.close()
    throw error
  }
}

/** Opens the store for people's commands beside (or without) a running gateway: no journal, no leases. */
export async function openAccounts(options: Pick<OpenOptions, 'dataDir' | 'databaseUrl' | 'clock' | 'masterKey' | 'note' | 'referenceRule'>): Promise<Pick<OpenLedger, 'billing' | 'byok' | 'accounts' | 'people' | 'sharedBudgets' | 'workspaces' | 'wallets' | 'markups' | 'instance' | 'operator' | 'signIn' | 'notices' | 'verify' | 'close'>> {
  const { clock } = options
  const listeners: { accounts?: AccountBook } = {}
  const client = new StoreClient((changes) => listeners.accounts?.noteChanges(changes.keys))
  try {
    await openStore(client, options, clock.wallMs())
  } catch (error) {
    await client.close()
    throw error
  }
  const accounts = new AccountBook({ store: client.api, clock, flush: () => Promise.resolve(), recall: (accountId) => recallAll(client, undefined, accountId) })
  listeners.accounts = accounts
  const notices = openNotices(client.api, { nodeId: '', dataDir: options.dataDir, clock, masterKey: options.masterKey, sending: undefined, isMoneyOn: () => true, flush: () => Promise.resolve(), log: () => undefined, note: options.note ?? (() => undefined) })
  const instance = await openInstance(client, clock)
  const settleAll = (accountId: string) => recallAll(client, undefined, accountId)
  const reader = new ReportClient(options)
  const { billing } = openBilling(client.api, { selling: undefined, instance, people: new People(client.api, clock), mailer: notices.mailer, notices: notices.board, clock, settleAll, log: () => undefined })
  return { accounts, signIn: client.api, notices, billing, byok: openByok(client.api, { ...options, others: [notices.webhooks, ssoOn(client, options)] }).byok, wallets: new Wallets({ store: walletsOn(client, reader), clock, flush: () => Promise.resolve(), recall: settleAll }), markups: new Markups(client.api, clock), instance, operator: new Operator({ store: client.api, clock, flush: () => Promise.resolve() }), ...peopleOf(client, clock), verify: () => client.api.verify(), close: async () => { await reader.close(); await client.close() } }
}

function ssoOn({ api }: StoreClient, { dataDir, masterKey, note = () => undefined, txt, clock }: Pick<OpenOptions, 'dataDir' | 'masterKey' | 'note' | 'txt' | 'clock'>): Sso {
  return new Sso({ store: api, domains: new Domains(api, txt ?? new DnsTxt(), clock), vault: vaultOf(new MasterKeys({ dataDir, fromEnvironment: masterKey, onMade: note }), () => api.hasSealed()), clock })
}

function peopleOf({ api }: StoreClient, clock: Clock, flush = () => Promise.resolve()): Pick<OpenLedger, 'people' | 'sharedBudgets' | 'workspaces'> {
  return { people: new People(api, clock), sharedBudgets: new SharedBudgets({ store: api, clock, flush }), workspaces: new Workspaces({ store: api, clock }) }
}

/** What customers used is read as reports are: no call waits for it. */
function walletsOn({ api }: StoreClient, reader: ReportClient): WalletStore {
  return { ...api, walletSums: (...args) => reader.walletSums(...args) }
}

async function openInstance({ api }: StoreClient, clock: Clock): Promise<Instance> {
  const instance = new Instance(api, clock)
  await instance.load()
  return instance
}

/** Nothing can be kept there. The message names the directory and says why. */
export class DataDirectoryUnusable extends Error {
  override readonly name = 'DataDirectoryUnusable'
}

/** The database server cannot be reached, or does not let us in. The message says which, without its password. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}

/** Where a database is, for people: without user and password. */
function sayUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}

/** What the file system says of a directory. */
const FILE_ERROR = /^E(?:EXIST|NOTDIR|NOENT|ACCES|ROFS|PERM|NOSPC)\b/

/** What is said to a client while calls run, that the store is away for a moment, is no help to whoever starts a program. */
async function openStore(client: StoreClient, { dataDir, databaseUrl }: StorePlace, nowMs: number): Promise<void> {
  try {
    await client.api.open({ dataDir, databaseUrl }, nowMs)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
    const { detail } = error.options
    if (databaseUrl !== undefined && !FILE_ERROR.test(detail ?? '')) throw new DatabaseUnusable(`the database ${sayUrl(databaseUrl)} cannot be used: ${detail ?? error.message}`, { cause: error })
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

/**
 * Names of this directory's nodes that no other machine gives to its own: each directory of journals has an id, made once.
 * A directory that is copied to another machine must leave it behind.
 */
function namesOn(directory: string): (id: string) => string {
  const path = join(directory, 'directory-id')
  const made = `${path}.${randomText(8)}`
  writeFileSync(made, `${randomText(12)}\n`)
  try {
    // Whole or not at all, and only where there is none: processes start at once.
    linkSync(made, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    rmSync(made)
  }
  const directoryId = readFileSync(path, 'utf8').trim()
  return (id) => `${directoryId}.${id}`
}

interface RecovererOptions { readonly client: StoreClient; readonly directory: string; readonly nameOf: (id: string) => string; readonly clock: Clock; readonly log: (line: string) => void }

function recoverer({ client, directory, nameOf, clock, log }: RecovererOptions) {
  const node = async (nodeId: string): Promise<void> => {
    const found = await recoverNode({ nodeId: nameOf(nodeId), journalPath: journalPath(directory, nodeId), bank: client.api, nowMs: clock.wallMs() })
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
