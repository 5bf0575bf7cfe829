// The thread that the embedded store lives in, so that neither a report nor a disk that is slow ever stops a stream.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from './database.ts'
import { NodeLocks } from './node-locks.ts'
import type { StoreApi, StoreMessage, StorePlace, StoreRequest } from './protocol.ts'
import { migrate, revisionMoves } from './schema.ts'
import { SqlApps } from './sql-apps.ts'
import { SqlBudgets } from './sql-budgets.ts'
import { SqlFeedback } from './sql-feedback.ts'
import { SqlWallets } from './sql-wallets.ts'
import { SqlByok } from './sql-byok.ts'
import { SqlNotices } from './sql-notices.ts'
import { SqlOperator } from './sql-operator.ts'
import { SqlPeople } from './sql-people.ts'
import { SqlPurchases } from './sql-purchases.ts'
import { SqlSignIn } from './sql-sign-in.ts'
import { SqlScim } from './sql-scim.ts'
import { SqlSso } from './sql-sso.ts'
import { SqlStore } from './sql-store.ts'
import type { Database } from './sql.ts'
import { Touched } from './touched.ts'

declare const self: Worker

const WATCH_MS = 100

/** What the thread has open. */
interface Opened { readonly database: Database; readonly store: SqlStore; readonly parts: readonly object[]; readonly locks: NodeLocks; readonly watch: Timer }

let opened: Opened | undefined
let seenRevision = 0n
let seenVersion: bigint | undefined
/** A look has not ended: the store is slow, or away. */
let looking = false

async function open({ dataDir, databaseUrl }: StorePlace, nowMs: number): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const database = openDatabase({ dataDir, databaseUrl })
  await migrate(database, nowMs)
  const touched = new Touched()
  const store = new SqlStore(database, touched)
  seenRevision = await store.revision()
  seenVersion = database.version()
  opened = { database, store, parts: [store, new SqlScim(database), new SqlSso(database), new SqlNotices(database, touched), new SqlApps(database), new SqlFeedback(database), new SqlPeople(database), new SqlPurchases(database), new SqlBudgets(database), new SqlWallets(database), new SqlByok(database), new SqlOperator(database), new SqlSignIn(database)], locks: new NodeLocks(join(dataDir, 'journal')), watch: setInterval(() => void watch(), WATCH_MS) }
}

/** Tells the process what others changed. Looking is one read of shared memory, unless somebody wrote; on Postgres it reads one row. */
async function watch(): Promise<void> {
  if (!opened || looking) return
  looking = true
  try {
    const version = opened.database.version()
    if (version !== undefined && version === seenVersion) return
    seenVersion = version
    if (version !== undefined || await opened.store.revision() !== seenRevision) await tellChanges()
  } catch {
    // The store is locked or away: the next look, or the next request, says so.
    seenVersion = -1n
  } finally {
    looking = false
  }
}

async function tellChanges(): Promise<void> {
  if (!opened) return
  const { revision, ...changes } = await opened.store.changesSince(seenRevision)
  if (revision === seenRevision) return
  seenRevision = revision
  send({ changes })
}

async function close(): Promise<void> {
  if (!opened) return
  clearInterval(opened.watch)
  await opened.database.close()
  opened.locks.close()
  opened = undefined
}

async function answer({ method, args: sent, lines }: StoreRequest): Promise<unknown> {
  const args = lines === undefined ? sent : [lines.split('\n'), ...sent]
  // The other side of this channel is store-client.ts, which sends what StoreApi says.
  if (method === 'open') return open(...args as Parameters<StoreApi['open']>)
  if (method === 'close') return close()
  if (!opened) throw new Error('the store is not open')
  if (method === 'claimNode') return opened.locks.claim(...args as Parameters<StoreApi['claimNode']>)
  if (method === 'claimDead') return opened.locks.claimDead()
  if (method === 'releaseNode') return opened.locks.release(...args as Parameters<StoreApi['releaseNode']>)
  // As above: one of the parts has the method, and the arguments are its own.
  const part = opened.parts.find((candidate) => method in candidate) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const before = revisionMoves()
  const value = await part[method]?.(...args)
  // The process hears of its own changes before their answer, and of what others in this thread have changed meanwhile, which is no harm.
  if (revisionMoves() !== before) await tellChanges()
  return value
}

function send(message: StoreMessage): void {
  self.postMessage(message)
}

self.onmessage = ({ data }: MessageEvent<StoreRequest>) => {
  answer(data).then(
    (value) => send({ id: data.id, value }),
    (error: unknown) => {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      const code = error instanceof Error && 'code' in error ? String(error.code) : null
      send({ id: data.id, error: { name, message, code } })
    },
  )
}
