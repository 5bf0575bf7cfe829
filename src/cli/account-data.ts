import { existsSync } from 'node:fs'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { closeAccount, exportAccount, forgetBatch } from '../store/account-data.ts'
import { databasePath, openDatabase } from '../store/database.ts'
import { migrate } from '../store/schema.ts'
import type { Database } from '../store/sql.ts'
import { CliError, usageError, type Command, type Flag, type Invocation } from './command.ts'

const ACCOUNT: Flag = { value: '<id>', what: `the account's id (default: ${DEFAULT_ACCOUNT})` }

/** `switchyard export`. */
export const exportCommand: Command = {
  name: 'export', summary: 'print everything that is kept of an account, as JSON lines', words: [],
  about: 'One line for each row: {"table": …, "row": …}. Its keys, limits, rules, presets, entries, calls and their sums; amounts are nano-dollars (a billionth of a dollar), times are milliseconds since 1970. No secrets are in it.',
  flags: { account: ACCOUNT },
  examples: [['switchyard export > account.jsonl', 'the first account'], ['switchyard export --account acme | grep \'"table":"entries"\'', "another one's ledger"]],
  async run(invocation) {
    const { out } = invocation.context.terminal
    const accountId = accountOf(invocation)
    const count = await withDatabase(invocation, (database) => database.report((sql) => exportAccount(sql, accountId, async (row) => out.write(`${JSON.stringify(row)}\n`))))
    if (count === undefined) throw new CliError(`there is no account ${accountId}`)
    return 0
  },
}

/** `switchyard forget`. */
export const forgetCommand: Command = {
  name: 'forget', summary: 'close an account for ever and remove what is personal in it', words: [],
  about: 'Its keys die at once; names, members, rules, presets, the log of changes and the records of its calls are removed. Its entries and sums stay, without names and reasons, so that the ledger can still be proven. Calls that run meanwhile are not charged. It cannot be undone: export it first.',
  flags: { account: { value: '<id>', what: "the account's id" }, yes: { what: 'really' } },
  examples: [['switchyard forget --account acme --yes', 'after: switchyard export --account acme > acme.jsonl']],
  async run(invocation) {
    const accountId = invocation.text('account')
    if (accountId === undefined) throw usageError('which account? --account <id>')
    if (!invocation.isOn('yes')) throw usageError(`this closes ${accountId} for ever`, 'add --yes to do it')
    const { clock, terminal } = invocation.context
    const removed = await withDatabase(invocation, async (database) => {
      if (!await database.write((sql) => closeAccount(sql, accountId, clock.wallMs()))) throw new CliError(`there is no account ${accountId}, or it is closed already`)
      let count = 0
      for (let batch = 1; batch > 0; count += batch) batch = await database.write((sql) => forgetBatch(sql, accountId))
      return count
    })
    terminal.out.write(invocation.json ? `${JSON.stringify({ closed: accountId, calls_removed: removed }, null, 2)}\n` : `closed ${accountId}: the records of ${removed} calls are gone, its books stay\n`)
    return 0
  },
}

function accountOf({ text }: Invocation): string {
  return text('account') ?? DEFAULT_ACCOUNT
}

async function withDatabase<T>({ config, context }: Invocation, work: (database: Database) => Promise<T>): Promise<T> {
  if (config.databaseUrl === undefined && !existsSync(databasePath(config.dataDir))) throw new CliError(`there is no data in ${config.dataDir}`, 'Elsewhere: --data <dir> or SWITCHYARD_DATA')
  const database = openDatabase(config)
  try {
    await migrate(database, context.clock.wallMs())
    return await work(database)
  } finally {
    await database.close()
  }
}
