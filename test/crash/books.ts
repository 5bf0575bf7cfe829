import { Database } from 'bun:sqlite'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { hashSecret } from '../../src/accounts/account-book.ts'
import { databaseUrlOf } from '../engine.ts'
import { rowsOf } from '../postgres-server.ts'
import { storeEnvironment } from '../server.ts'

/** One generation as the store has it. */
export interface Row {
  readonly id: string
  readonly keyHash: string
  readonly costNano: number
  readonly fault: string | null
  readonly upstreamId: string | null
  readonly cancelled: boolean
  readonly promptTokens: number
  readonly completionTokens: number
}

interface Raw { readonly id: string; readonly key_hash: string; readonly cost: number; readonly fault: string | null; readonly record: string }

/** Every generation of a data directory, or of the database that it is said to have, read past the gateway: the tests trust no sum of ours. */
export function generationsIn(dataDir: string, url = databaseUrlOf(dataDir)): Row[] {
  return rawIn(dataDir, url).map((raw) => {
    const record = JSON.parse(raw.record) as { upstreamId: string | null; cancelled: boolean; usage: { promptTokens: number; completionTokens: number } }
    return { id: raw.id, keyHash: raw.key_hash, costNano: raw.cost, fault: raw.fault, upstreamId: record.upstreamId, cancelled: record.cancelled, promptTokens: record.usage.promptTokens, completionTokens: record.usage.completionTokens }
  })
}

function rawIn(dataDir: string, url: string | undefined): Raw[] {
  const query = 'SELECT id, key_hash, cost, fault, record FROM generations'
  // The columns are those of the query.
  if (url !== undefined) return rowsOf(url, query) as Raw[]
  const database = new Database(join(dataDir, 'switchyard.db'), { readonly: true })
  try {
    return database.query<Raw, []>(query).all()
  } finally {
    database.close()
  }
}

/** What those of one key cost together. */
export function costOf(rows: readonly Row[], secret?: string): number {
  const hash = secret === undefined ? undefined : hashSecret(secret)
  return rows.filter((row) => hash === undefined || row.keyHash === hash).reduce((sum, row) => sum + row.costNano, 0)
}

/** Runs `switchyard … --json` on a data directory, beside the gateway or without. */
export function switchyard(dataDir: string, ...words: string[]): { readonly code: number | null; readonly json: Record<string, unknown> } {
  const run = spawnSync('node', [join(import.meta.dir, '..', '..', 'bin', 'switchyard.mjs'), ...words, '--json', '--data', dataDir], { encoding: 'utf8', env: { ...process.env, ...storeEnvironment(dataDir) } })
  return { code: run.status, json: JSON.parse(run.stdout || JSON.stringify({ error: run.stderr })) as Record<string, unknown> }
}

/** A new key of this data directory. */
export function createKey(dataDir: string, ...flags: string[]): string {
  return String(switchyard(dataDir, 'keys', 'create', ...flags).json['key'])
}
