import { readCallerCredential } from '../../catalog/caller-credential.ts'
import { providerSlug } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { rowId } from '../../lib/id.ts'
import type { Actor } from '../audit-entry.ts'
import type { Listed } from '../people-store.ts'
import { NO_FILTERS, sealContext, type ByokChange, type ByokKey, type NewByokKey } from './byok-key.ts'
import type { ByokPage, ByokRefusal, ByokStore } from './byok-store.ts'
import type { MasterKeys } from './master-keys.ts'
import { resealAll, type Resealed } from './reseal.ts'
import { isReference } from '../../catalog/secret-reference.ts'

export interface ByokKeysOptions {
  readonly store: ByokStore
  readonly masterKeys: MasterKeys
  readonly clock: Clock
  /** Who brings keys here: callers, or the operator. */
  readonly referenceRule: ReferenceRule
  /** What else is sealed under the master keys. */
  readonly others?: readonly SealedElsewhere[]
}

/** Secrets of another kind that are sealed under the same master keys. */
export interface SealedElsewhere {
  /** Seals them anew under this key. */
  reseal(sealKeyId: string): Promise<Resealed>
  /** True where any is not sealed under this key. */
  anySealedByOthers(sealKeyId: string): Promise<boolean>
}

/** Whether somebody may bring a reference in place of a secret. Undefined when they may; else why not, for people. */
export type ReferenceRule = (reference: string, where: { readonly accountId: string; readonly workspaceId: string }) => string | undefined

/** Keys of providers that workspaces bring, as people see them: never with their secrets. */
export class ByokKeys {
  private readonly store: ByokStore
  private readonly masterKeys: MasterKeys

  constructor(private readonly options: ByokKeysOptions) {
    this.store = options.store
    this.masterKeys = options.masterKeys
  }

  list(accountId: string, page: ByokPage): Promise<Listed<ByokKey>> {
    return this.store.listByokKeys(accountId, page)
  }

  key(accountId: string, id: string): Promise<ByokKey | undefined> {
    return this.store.byokKey(accountId, id)
  }

  async create(wish: NewByokKey, by: Actor): Promise<ByokKey> {
    const nowMs = this.options.clock.wallMs()
    const { accountId, workspaceId, provider } = wish
    const id = rowId()
    const label = this.labelOf(provider, wish.secret, { accountId, workspaceId })
    const made = await this.store.insertByokKey({
      id, accountId, workspaceId, provider, name: wish.name ?? null, label, sealed: await this.seal(wish.secret, sealContext({ accountId, id, provider })),
      sortOrder: wish.sortOrder, isFallback: wish.isFallback ?? false, alwaysUse: wish.alwaysUse ?? false, disabled: wish.disabled ?? false,
      filters: { ...NO_FILTERS, ...wish.filters }, createdMs: nowMs, updatedMs: null,
    }, { by, nowMs })
    return checked(made)
  }

  /** Undefined when there is no such key. */
  async change(accountId: string, id: string, wish: ByokChange, by: Actor): Promise<ByokKey | undefined> {
    const before = await this.store.byokKey(accountId, id)
    if (!before) return undefined
    const { secret, ...rest } = wish
    const fresh = secret === undefined ? {} : { label: this.labelOf(before.provider, secret, before), sealed: await this.seal(secret, sealContext(before)) }
    const changed = await this.store.changeByokKey(accountId, id, { ...rest, ...fresh }, { by, nowMs: this.options.clock.wallMs() })
    return changed === 'no_key' ? undefined : checked(changed)
  }

  delete(accountId: string, id: string, by: Actor): Promise<boolean> {
    return this.store.deleteByokKey(accountId, id, { by, nowMs: this.options.clock.wallMs() })
  }

  /**
   * Seals all secrets anew under a new master key, or with `renew: false` under the newest there is. How many there were; those that no
   * key here opens are left as they are, and counted.
   */
  async rekey({ renew }: { readonly renew: boolean }): Promise<Resealed> {
    if (renew) this.masterKeys.renew()
    const currentId = this.masterKeys.currentId
    if (currentId === undefined) return { resealed: 0, unreadable: 0 }
    const { store, masterKeys } = this
    const all = { ...await resealAll({
      list: (limit) => store.byokSealedByOthers(currentId, limit), open: (row) => masterKeys.open(row.sealed, sealContext(row)), seal: (text, row) => masterKeys.seal(text, sealContext(row), false),
      keep: (row, sealed) => store.resealByokKey(row.accountId, row.id, row.sealed, sealed),
    }) }
    for (const other of this.options.others ?? []) {
      const { resealed, unreadable } = await other.reseal(currentId)
      all.resealed += resealed
      all.unreadable += unreadable
    }
    return all
  }

  /** Takes the old master keys out of the file, once nothing is sealed under them. Throws Fault `conflict` while something is. */
  async forgetOldKeys(): Promise<void> {
    const currentId = this.masterKeys.currentId
    const isLeft = currentId !== undefined && ((await this.store.byokSealedByOthers(currentId, 1)).length > 0 || (await Promise.all((this.options.others ?? []).map((other) => other.anySealedByOthers(currentId)))).includes(true))
    if (isLeft) throw new Fault('conflict', 'Some secrets are still sealed under an older master key: `switchyard byok rekey` seals them anew.')
    this.masterKeys.forgetOld()
  }

  /** A first master key may be made only where nobody else has sealed anything: another node's key may be on its way here. */
  private async seal(text: string, context: string): Promise<string> {
    const mayMake = this.masterKeys.currentId === undefined && !await this.store.hasSealed()
    return this.masterKeys.seal(text.trim(), context, mayMake)
  }

  /** Throws Fault `invalid_request` where the secret cannot be one of the provider's. */
  private labelOf(provider: string, secret: string, where: { readonly accountId: string; readonly workspaceId: string }): string {
    if (isReference(secret.trim())) {
      const why = this.options.referenceRule(secret.trim(), where)
      if (why !== undefined) throw wrong(`cannot be this reference: ${why}`)
      return secret.trim().slice(0, LABEL_CHARS_MAX)
    }
    const read = readCallerCredential(providerSlug(provider), secret)
    if (!read.ok) throw wrong(read.why)
    return masked(read.shown)
  }
}

const LABEL_CHARS_MAX = 120
/** A secret that is shorter has nothing to show. */
const SHOWN_CHARS_MIN = 16

/** `sk-...AbCd`. */
function masked(text: string): string {
  return text.length < SHOWN_CHARS_MIN ? '...' : `${text.slice(0, 3)}...${text.slice(-4)}`
}

function wrong(why: string): Fault {
  return new Fault('invalid_request', `The field \`key\` ${why}.`, { metadata: { field: 'key' } })
}

function checked(made: ByokKey | ByokRefusal): ByokKey {
  if (typeof made !== 'string') return made
  if (made === 'foreign_keys') throw new Fault('invalid_request', 'The field `allowed_api_key_hashes` names a hash that is not of a live API key of this account. GET /api/v1/keys lists them.', { metadata: { field: 'allowed_api_key_hashes' } })
  if (made === 'no_member') throw new Fault('invalid_request', 'The field `allowed_user_ids` names somebody who is not a member of this account. GET /api/v1/organization/members lists them.', { metadata: { field: 'allowed_user_ids' } })
  throw new Fault('invalid_request', '`workspace_id` is not the id of a workspace of this account. GET /api/v1/workspaces lists them.', { metadata: { field: 'workspace_id' } })
}
