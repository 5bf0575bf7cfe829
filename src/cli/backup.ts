import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MASTER_KEY_FILE } from '../accounts/byok/master-keys.ts'
import { SIGN_IN_SECRET_FILE } from '../accounts/sign-in-secret.ts'
import type { Config } from '../config.ts'
import { backUp, BackupError, restore } from '../store/backup.ts'
import { databasePath } from '../store/database.ts'
import { sayAudit } from './credits.ts'
import { CliError, usageError, type Command, type Invocation } from './command.ts'

/** `switchyard backup`. */
export const backupCommand: Command = {
  name: 'backup', summary: 'write everything that the store has to a file', words: ['<file>'],
  about: 'Consistent while the server runs: what was answered before it began is in it, once. The file is the same for SQLite and Postgres, and may be restored into either. It holds hashes of keys and what people entered: keep it as you keep the data directory. The files master-key and auth-secret are not in it: keep them apart.',
  flags: { force: { what: 'write over a file that is there' } },
  examples: [
    ['switchyard backup /backups/monday.gz', 'beside a running server, or without'],
    ['DATABASE_URL=postgres://… switchyard backup monday.gz', 'of a store on Postgres'],
  ],
  async run({ words, context, config, isOn, json }) {
    const path = fileOf(words)
    if (existsSync(path) && !isOn('force')) throw new CliError(`${path} is there already`, 'take another name, or --force')
    if (config.databaseUrl === undefined && !existsSync(databasePath(config.dataDir))) throw new CliError(`there is no data in ${config.dataDir}`, 'Elsewhere: --data <dir> or SWITCHYARD_DATA')
    const { rows, journalLines } = await backUp(config, path, context.clock).catch(refused)
    context.terminal.out.write(json ? `${JSON.stringify({ file: path, rows, journal_lines: journalLines }, null, 2)}\n` : `${path}: ${rows} rows, and ${journalLines} lines of journals\n`)
    return 0
  },
}

/** `switchyard restore`. */
export const restoreCommand: Command = {
  name: 'restore', summary: 'fill an empty store from a backup', words: ['<file>'],
  about: 'Into an empty data directory, or with DATABASE_URL an empty database; all of it or nothing. Brings an older schema forward, replays what the journals said, and checks every sum. The server must not run yet.',
  flags: {},
  examples: [
    ['switchyard restore /backups/monday.gz --data /var/lib/switchyard', 'into SQLite'],
    ['DATABASE_URL=postgres://… switchyard restore monday.gz', 'into Postgres, whatever the backup is of'],
  ],
  async run(invocation) {
    const { words, context, config, json } = invocation
    const path = fileOf(words)
    if (!existsSync(path)) throw new CliError(`there is no file ${path}`)
    const { rows, journalLines, audit } = await restore(config, path, context.clock).catch(refused)
    if (json) context.terminal.out.write(`${JSON.stringify({ rows, journal_lines: journalLines, ok: audit.ok, problems: audit.problems }, null, 2)}\n`)
    else context.terminal.out.write(`${rows} rows, and ${journalLines} lines of journals\n${sayAudit(context.terminal.out, audit)}${missing(config)}`)
    return audit.ok ? 0 : 1
  },
}

/** Which secrets a backup does not bring along, and are not here. */
function missing({ dataDir, masterKey, authSecret }: Pick<Config, 'dataDir' | 'masterKey' | 'authSecret'>): string {
  const absent = (file: string, set: string | undefined, of: string): string[] => (set === undefined && !existsSync(join(dataDir, file)) ? [`${file} (${of})`] : [])
  const files = [...absent(MASTER_KEY_FILE, masterKey, 'own keys of providers'), ...absent(SIGN_IN_SECRET_FILE, authSecret, 'second factors')]
  return files.length === 0 ? '' : `not in a backup: ${files.join(', ')}; copy what the old data directory has of it before the server starts\n`
}

function fileOf(words: Invocation['words']): string {
  const [path] = words
  if (path === undefined) throw usageError('<file> is missing')
  return resolve(path)
}

function refused(error: unknown): never {
  if (error instanceof BackupError) throw new CliError(error.message, undefined)
  throw error
}
