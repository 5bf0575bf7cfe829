import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Accounts } from '../accounts/accounts.ts'
import type { ByokKeys } from '../accounts/byok/byok-keys.ts'
import type { Instance } from '../accounts/instance.ts'
import type { Markups } from '../accounts/markups.ts'
import type { Operator } from '../accounts/operator.ts'
import type { People } from '../accounts/people.ts'
import type { SignInStore } from '../accounts/sign-in-store.ts'
import type { SharedBudgets } from '../accounts/shared-budgets.ts'
import type { Wallets } from '../accounts/wallets.ts'
import type { Workspaces } from '../accounts/workspaces.ts'
import type { Billing } from '../billing/billing.ts'
import type { Config } from '../config.ts'
import type { Audit } from '../store/audit.ts'
import type { OpenNotices } from '../store/open-notices.ts'
import { openAccounts } from '../store/open.ts'
import { CliError } from './command.ts'
import type { CliContext } from './context.ts'

/** Keys, people and money of a data directory, for one command. */
export interface OpenData {
  readonly accounts: Accounts
  readonly people: People
  readonly workspaces: Workspaces
  readonly sharedBudgets: SharedBudgets
  readonly wallets: Wallets
  readonly markups: Markups
  readonly instance: Instance
  readonly operator: Operator
  readonly signIn: SignInStore
  readonly billing: Billing
  readonly byok: ByokKeys
  readonly notices: Pick<OpenNotices, 'desk'>
  verify(): Promise<Audit>
}

/** Opens the store of the data directory beside whatever server runs on it, and closes it again. Throws when there is none. */
export async function withAccounts<T>(config: Config, context: CliContext, work: (data: OpenData) => Promise<T>): Promise<T> {
  if (config.databaseUrl === undefined && !existsSync(join(config.dataDir, 'switchyard.db'))) {
    throw new CliError(`there is no data in ${config.dataDir}`, 'The first start makes it: switchyard serve. Elsewhere: --data <dir> or SWITCHYARD_DATA')
  }
  return await withNewAccounts(config, context, work)
}

/** As `withAccounts`, and makes the data directory when it is not there. */
export async function withNewAccounts<T>(config: Config, context: CliContext, work: (data: OpenData) => Promise<T>): Promise<T> {
  const data = await openAccounts({
    dataDir: config.dataDir, databaseUrl: config.databaseUrl, clock: context.clock,
    masterKey: config.masterKey, note: (what, detail) => context.terminal.err.write(`${what}: ${detail}\n`), referenceRule: () => undefined, // who runs commands here is the operator
  })
  try {
    return await work(data)
  } finally {
    await data.close()
  }
}
