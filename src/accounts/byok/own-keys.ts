import { readCallerCredential, type CallerCredential } from '../../catalog/caller-credential.ts'
import type { Endpoint, Snapshot } from '../../catalog/endpoint.ts'
import { providerSlug } from '../../catalog/names.ts'
import { withOwnKeys, type UsableKey } from '../../catalog/own-keys.ts'
import { Remembered } from '../../lib/remembered.ts'
import { sealContext, type SealedByokKey } from './byok-key.ts'
import type { ByokStore } from './byok-store.ts'
import type { MasterKeys } from './master-keys.ts'
import { isReference, type Secrets } from '../../catalog/secret-reference.ts'

/** Who calls, as far as own keys go. */
export interface KeyedCaller { readonly accountId: string; readonly key: { readonly hash: string; readonly workspaceId: string; readonly creatorUserId: string | null } }

export interface OwnKeysOptions {
  readonly store: Pick<ByokStore, 'sealedByokKeys'>
  readonly masterKeys: MasterKeys
  /** Where secrets are that are kept elsewhere. */
  readonly secrets: Secrets
  /** Told what a person must mend. No secret in it. */
  readonly onTrouble: (what: string, detail: string) => void
}

/** A key with its secret, for calls. */
interface OpenKey {
  readonly key: SealedByokKey
  readonly read: { readonly ok: true; readonly credential: CallerCredential } | { readonly ok: false; readonly why: string }
  readonly reference: string | undefined
}

/** The live keys of one workspace, and what they make of the snapshots that its callers have. */
interface WorkspaceKeys {
  readonly keys: readonly OpenKey[]
  readonly made: WeakMap<Snapshot, Made>
}

/** `byCaller`: by the hash of the caller's key. `bySight`: by which of the keys may be used, so that callers share what they can. */
interface Made { readonly byCaller: Map<string, Snapshot>; readonly bySight: Map<string, Snapshot> }

interface AccountKeys { readonly stamp: string; readonly workspaces: ReadonlyMap<string, WorkspaceKeys>; readonly references: ReadonlySet<string> }

const ACCOUNTS_MAX = 20_000
const CALLERS_MAX = 5_000

/**
 * What callers see of the catalogue with the keys that their workspaces brought. Made when it is first asked for, and kept as long as the
 * keys and the catalogue stay: a call of who has none pays one look-up, of who has some three.
 */
export class OwnKeys {
  private readonly accounts: Remembered<AccountKeys>
  /** What was known before something of an account changed: most changes are of other things than its keys. */
  private readonly before = new Map<string, AccountKeys>()

  constructor(private readonly options: OwnKeysOptions) {
    this.accounts = new Remembered((accountId) => this.load(accountId), ACCOUNTS_MAX)
    options.secrets.onChange((reference) => this.noteSecret(reference))
  }

  /** The snapshot with the caller's own keys; itself where there are none. A promise only for an account not seen lately. */
  of(caller: KeyedCaller, snapshot: Snapshot): Snapshot | Promise<Snapshot> {
    const found = this.accounts.find(caller.accountId)
    return found instanceof Promise ? found.then((keys) => seenWith(keys, caller, snapshot)) : seenWith(found, caller, snapshot)
  }

  /** Told by the store whose keys may have changed, here or in another process. */
  noteChanges(accountIds: readonly string[]): void {
    for (const accountId of accountIds) {
      const known = this.accounts.find(accountId)
      if (!(known instanceof Promise) && known.workspaces.size > 0) this.before.set(accountId, known)
      this.accounts.forget(accountId)
    }
  }

  /** The provider refused a key whose secret is kept elsewhere: it may have been replaced there. */
  refused({ reference }: { readonly reference?: string }): void {
    if (reference !== undefined) this.options.secrets.renew(reference)
  }

  private noteSecret(reference: string): void {
    for (const accountId of this.withReference.get(reference) ?? []) {
      this.before.delete(accountId)
      this.accounts.forget(accountId)
    }
  }

  private readonly withReference = new Map<string, Set<string>>()

  private async load(accountId: string): Promise<AccountKeys> {
    const rows = (await this.options.store.sealedByokKeys(accountId)).filter(({ disabled }) => !disabled)
    const stamp = JSON.stringify(rows)
    const before = this.before.get(accountId)
    this.before.delete(accountId)
    if (before?.stamp === stamp) return before
    const open = await Promise.all(rows.map((row) => this.open(row)))
    const workspaces = new Map([...Map.groupBy(open, ({ key }) => key.workspaceId)].map(([id, keys]) => [id, { keys, made: new WeakMap<Snapshot, Made>() }]))
    return { stamp, workspaces, references: new Set(open.flatMap(({ reference }) => reference ?? [])) }
  }

  /** A key that cannot be opened stays one: what it is for does not go to shared capacity in silence. */
  private async open(key: SealedByokKey): Promise<OpenKey> {
    const text = this.options.masterKeys.open(key.sealed, sealContext(key))
    const failed = (why: string, reference?: string): OpenKey => ({ key, read: { ok: false, why }, reference })
    if (text === undefined) {
      this.options.onTrouble('a key of a provider cannot be opened', `${key.id} of ${key.provider} is sealed under a master key that is not here: set SWITCHYARD_MASTER_KEY, or restore the file master-key of the data directory`)
      return failed('your own key cannot be opened: the operator must bring back its master key')
    }
    if (!isReference(text)) return { key, read: readCallerCredential(providerSlug(key.provider), text), reference: undefined }
    const holders = this.withReference.get(text) ?? new Set()
    this.withReference.set(text, holders.add(key.accountId))
    const secret = await this.options.secrets.value(text)
    return secret.ok ? { key, read: readCallerCredential(providerSlug(key.provider), secret.text), reference: text } : failed(`your own key cannot be had from where it is kept: ${secret.why}`, text)
  }
}

function seenWith({ workspaces }: AccountKeys, { key }: KeyedCaller, snapshot: Snapshot): Snapshot {
  const workspace = workspaces.get(key.workspaceId)
  if (!workspace) return snapshot
  let made = workspace.made.get(snapshot)
  if (!made) workspace.made.set(snapshot, made = { byCaller: new Map(), bySight: new Map() })
  const known = made.byCaller.get(key.hash)
  if (known) return known
  const usable = workspace.keys.filter((open) => mayUse(open.key, key))
  const sight = usable.map((open) => open.key.id).join(' ')
  const seen = made.bySight.get(sight) ?? (usable.length === 0 ? snapshot : withOwnKeys(snapshot, usable.map((open) => usableKey(open, snapshot))))
  made.bySight.set(sight, seen)
  if (made.byCaller.size >= CALLERS_MAX) made.byCaller.clear()
  made.byCaller.set(key.hash, seen)
  return seen
}

/** H13: all filters that are set must match. */
function mayUse({ filters: { keyHashes, userIds } }: SealedByokKey, { hash, creatorUserId }: KeyedCaller['key']): boolean {
  return (keyHashes === null || keyHashes.includes(hash)) && (userIds === null || (creatorUserId !== null && userIds.includes(creatorUserId)))
}

function usableKey({ key, read, reference }: OpenKey, snapshot: Snapshot): UsableKey {
  const provider = providerSlug(key.provider)
  const endpoints: readonly Endpoint[] | { readonly wrong: string } = read.ok ? snapshot.endpointsWith?.(provider, read.credential) ?? [] : { wrong: read.why }
  return {
    accountId: key.accountId, provider, endpoints, models: key.filters.models ?? undefined, alwaysUse: key.alwaysUse,
    mark: { id: key.id, label: key.name ?? key.label, order: key.sortOrder, isFallback: key.isFallback, feeBasisPoints: snapshot.byok?.feeBasisPoints ?? 0, ...(reference !== undefined && { reference }) },
  }
}
