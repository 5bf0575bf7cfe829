import { createHash } from 'node:crypto'
import { DEFAULT_ACCOUNT, type Accounts, type KeyRecord } from '../accounts/accounts.ts'
import { CliError } from './command.ts'

const PAGE = 100
const HASH_CHARS_MIN = 4

/** Every key of the default account, of all its workspaces, newest first. */
export function listAllKeys(accounts: Accounts): Promise<KeyRecord[]> {
  return listKeysOf(accounts, DEFAULT_ACCOUNT)
}

/** Every key of an account, newest first. */
export async function listKeysOf(accounts: Accounts, accountId: string): Promise<KeyRecord[]> {
  const keys: KeyRecord[] = []
  for (;;) {
    const page = await accounts.listKeys(accountId, { offset: keys.length, limit: PAGE, includeDisabled: true })
    keys.push(...page)
    if (page.length < PAGE) return keys
  }
}

/** The one key that a word means: its secret, the start of its hash, its label or its name. Throws what to write instead. */
export async function findKey(accounts: Accounts, word: string): Promise<KeyRecord> {
  const hash = word.startsWith('sk-') ? createHash('sha256').update(word).digest('hex') : word.toLowerCase()
  const exact = /^[0-9a-f]{64}$/.test(hash) ? await accounts.key(DEFAULT_ACCOUNT, hash) : undefined
  if (exact) return exact
  const keys = await listAllKeys(accounts)
  const named = keys.filter((key) => key.label === word || key.name === word)
  const found = named.length > 0 ? named : keys.filter((key) => word.length >= HASH_CHARS_MIN && key.hash.startsWith(hash))
  const [first, ...others] = found
  // The word is not said again where it may be a secret.
  if (!first) throw new CliError(word.startsWith('sk-') ? 'no key has this secret or label' : `no key is called “${word}”`, '`switchyard keys list` shows them all')
  if (others.length > 0) throw new CliError(`${found.length} keys are called “${word}”: ${found.map((key) => key.hash.slice(0, 8)).join(', ')}`, 'name one by its hash')
  return first
}
