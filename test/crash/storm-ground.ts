import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashSecret } from '../../src/accounts/account-book.ts'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import { defaultWorkspaceId } from '../../src/accounts/workspace.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Audit } from '../../src/store/audit.ts'
import { openAccounts } from '../../src/store/open.ts'
import { createDatabase, startPostgres, type PostgresServer } from '../postgres-server.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { DEAR_PRICE, startBiller, type Biller } from './biller.ts'
import { childrenOf } from './processes.ts'
import { clockEnvironment, stepClock } from './stepped-clock.ts'

/** Four processes: on SQLite of one node and port, on Postgres of two nodes with a directory and a port each. */
export type Engine = 'SQLite' | 'Postgres'
const NODES = { SQLite: [4], Postgres: [2, 2] } as const satisfies Record<Engine, readonly number[]>

/** What each account has: a few cents. */
export const CREDIT_NANO = 30_000_000
/** What a limit or a budget lets through of it, where there is one. */
export const CAP_NANO = 15_000_000
/** More than the worst case of a call of `load` at this price: 100 tokens of answer, and a prompt of a few words. */
export const CALL_NANO_MAX = 1_150_000
const PLAIN_ACCOUNTS = 5

/** An account that calls are made for. */
export interface Payer {
  readonly accountId: string
  readonly secret: string
  readonly keyHash: string
  readonly capNano: number
  /** Where its cap counts. */
  readonly counts: 'balance' | 'key_windows' | 'workspace_windows'
}

/** Where a storm takes place. */
export interface Ground {
  readonly engine: Engine
  readonly biller: Biller
  readonly nodes: readonly Gateway[]
  readonly payers: readonly Payer[]
  /** Of the database; undefined on SQLite. */
  readonly server: PostgresServer | undefined
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** Rows of the database, read past the gateway. Rejects while it is away. */
  rows(query: string): Promise<readonly Record<string, unknown>[]>
  /** The processes that serve. */
  workers(): number[]
  /** Sets the wall clock of a node: so many seconds beside the true time. */
  setClock(node: number, seconds: number): void
  /** Asks all nodes to end, starts each once more so that nothing is left of those that were killed, and gives the books. */
  finish(): Promise<{ readonly codes: readonly (number | null)[]; readonly audit: Audit }>
  close(): Promise<void>
}

export async function openGround(engine: Engine, options: { readonly clocks?: boolean } = {}): Promise<Ground> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-storm-'))
  const [biller, server] = await Promise.all([startBiller({ pieces: 5, pieceMs: 6 }), engine === 'Postgres' ? startPostgres() : undefined])
  const databaseUrl = server && createDatabase(server.url, 'storm')
  const dirs = NODES[engine].map((_, node) => join(home, `node-${node}`))
  const [dataDir = home] = dirs
  const payers = await makePayers(dataDir, databaseUrl)
  const clockOf = (node: number): string => join(home, `clock-${node}`)
  const setClock = (node: number, seconds: number): void => stepClock(clockOf(node), seconds)
  const config = configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...DEAR_PRICE }] }])
  const start = (node: number, workers: number): Promise<Gateway> => {
    setClock(node, 0)
    return startGateway({ config, dataDir: dirs[node] ?? home, args: ['--workers', String(workers)], env: { ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }), ...(options.clocks && clockEnvironment(clockOf(node))) } })
  }
  const nodes = await Promise.all(NODES[engine].map((workers, node) => start(node, workers)))
  const { rows, closeRows } = openRows(dataDir, databaseUrl)
  return {
    engine, biller, nodes, payers, server, dataDir, databaseUrl, rows, setClock,
    workers: () => nodes.flatMap(({ pid }) => childrenOf(pid)),
    finish: async () => {
      const codes = await Promise.all(nodes.map((node) => node.stop()))
      for (const node of dirs.keys()) codes.push(await (await start(node, 1)).stop())
      const { verify, close } = await openAccounts({ dataDir, databaseUrl, clock: systemClock })
      const audit = await verify()
      await close()
      return { codes, audit }
    },
    close: async () => {
      await closeRows()
      await Promise.all(nodes.map((node) => node.stop()))
      await biller.stop()
      await server?.remove()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function makePayers(dataDir: string, databaseUrl: string | undefined): Promise<Payer[]> {
  const { accounts, people, workspaces, close } = await openAccounts({ dataDir, databaseUrl, clock: systemClock })
  const owner = await people.addUser({ email: 'owner@example.com' }, OPERATOR)
  const payer = async (counts: Payer['counts'], limitReset: 'monthly' | null = null): Promise<Payer> => {
    const { id: accountId } = await people.createOrganization('Payer', owner.id, OPERATOR)
    await accounts.grant(accountId, BigInt(CREDIT_NANO), 'storm')
    const limit = counts === 'key_windows' ? { limit: BigInt(CAP_NANO), limitReset } : {}
    const { secret } = await accounts.createKey({ accountId, name: 'storm', ...limit }, OPERATOR)
    if (counts === 'workspace_windows') await workspaces.setBudget({ accountId, workspaceId: defaultWorkspaceId(accountId), interval: 'monthly', cap: BigInt(CAP_NANO) }, OPERATOR)
    return { accountId, secret, keyHash: hashSecret(secret), counts, capNano: counts === 'balance' ? CREDIT_NANO : CAP_NANO }
  }
  const payers: Payer[] = []
  for (let number = 0; number < PLAIN_ACCOUNTS; number++) payers.push(await payer('balance'))
  payers.push(await payer('key_windows'), await payer('key_windows', 'monthly'), await payer('workspace_windows'))
  await close()
  return payers
}

function openRows(dataDir: string, databaseUrl: string | undefined): { readonly rows: Ground['rows']; closeRows(): Promise<void> } {
  if (databaseUrl !== undefined) {
    const sql = new Bun.SQL(databaseUrl, { max: 2, connectionTimeout: 2 })
    return { rows: async (query) => await sql.unsafe(query) as Record<string, unknown>[], closeRows: () => sql.close({ timeout: 1 }) }
  }
  const database = new Database(join(dataDir, 'switchyard.db'), { readonly: true })
  database.run('PRAGMA busy_timeout = 5000')
  return { rows: async (query) => database.query<Record<string, unknown>, []>(query).all(), closeRows: async () => database.close() }
}
