import { Fault } from '../core/fault.ts'
import { CREDIT_NANO_MAX, sayUsd, type Nano } from '../core/nano.ts'
import type { Generation } from '../ledger/generation.ts'
import type { Clock } from '../lib/clock.ts'
import { keySecret } from '../lib/id.ts'
import { DEFAULT_ACCOUNT, type Accounts, type Credits, type Granted, type KeyChange, type KeyExtras, type KeyRecord, type KeyRules, type NewKey, type NewSecret } from './accounts.ts'
import { SYSTEM, type Actor } from './audit-entry.ts'
import type { Caller, Key } from './caller.ts'
import { KeyCache } from './key-cache.ts'
import { checkExtras } from './key-extras.ts'
import type { CreditMove, KeyPage, KeyRefusal, KeyStore, MoveRefusal } from './key-store.ts'
import { LastUsed } from './last-used.ts'
import { defaultWorkspaceId } from './workspace.ts'

export interface AccountBookOptions {
  readonly store: KeyStore
  readonly clock: Clock
  /** Brings this process's settlements to the store, so that what is read includes them. */
  readonly flush: () => Promise<void>
  /** Makes nodes give back what they have leased of an account and do not hold. */
  readonly recall: (accountId: string) => Promise<void>
}

const SECRET_CHARS_MIN = 16
const DAY_MS = 86_400_000
/** A secret that still lives after this long was not rotated. */
const OVERLAP_MS_MAX = 30 * DAY_MS

/** `isDead`: it is the operator's own, and opens nothing, because the default account is closed for ever. */
export interface FirstKey { readonly secret: string; readonly isDead?: true }

/** Keys, credits and generations, as people see them. */
export class AccountBook implements Accounts {
  private readonly store: KeyStore
  private readonly clock: Clock
  private readonly cache: KeyCache
  private readonly lastUsed: LastUsed

  constructor(private readonly options: AccountBookOptions) {
    this.store = options.store
    this.clock = options.clock
    this.lastUsed = new LastUsed((uses) => this.store.noteUses(uses))
    this.cache = new KeyCache((hash) => this.store.findKey(hash), options.clock, (caller, nowMs) => this.lastUsed.note(caller, nowMs))
  }

  /** Brings what is known of the keys' use to the store. */
  close(): Promise<void> {
    return this.lastUsed.flush()
  }

  find(secret: string): Caller | undefined | Promise<Caller | undefined> {
    return this.cache.find(hashSecret(secret))
  }

  /** Told by the store which keys were changed, here or in another process: the hashes of all their secrets. */
  noteChanges(hashes: readonly string[]): void {
    for (const hash of hashes) this.cache.forget(hash)
  }

  async createKey(wish: NewKey, by: Actor = SYSTEM): Promise<NewSecret> {
    const { secret, key, rules } = this.newKey(wish)
    const refusal = await this.store.insertKey({ key, rules, by })
    if (refusal) throw refused(refusal)
    return { secret, key: freshRecord(key, rules) }
  }

  async listKeys(accountId: string, page: KeyPage): Promise<readonly KeyRecord[]> {
    await this.flush()
    return this.store.listKeys(accountId, page, this.clock.wallMs())
  }

  async key(accountId: string, hash: string): Promise<KeyRecord | undefined> {
    await this.flush()
    return this.store.keyRecord(accountId, hash, this.clock.wallMs())
  }

  async changeKey(accountId: string, hash: string, change: KeyChange, by: Actor = SYSTEM): Promise<KeyRecord | undefined> {
    checkKey(change)
    await this.flush()
    return await this.store.changeKey(accountId, hash, change, by, this.clock.wallMs())
  }

  async rotateKey(accountId: string, hash: string, overlapMs: number, by: Actor = SYSTEM): Promise<NewSecret | undefined> {
    if (!Number.isInteger(overlapMs) || overlapMs < 0 || overlapMs > OVERLAP_MS_MAX) throw new Fault('invalid_request', `The overlap of a rotation is from 0 seconds to ${OVERLAP_MS_MAX / DAY_MS} days.`, { metadata: { field: 'overlap_seconds' } })
    const secret = keySecret()
    const nowMs = this.clock.wallMs()
    await this.flush()
    const key = await this.store.rotateKey(accountId, hash, { secretHash: hashSecret(secret), label: label(secret), oldEndsMs: nowMs + overlapMs, by, nowMs })
    return key && { secret, key }
  }

  async deleteKey(accountId: string, hash: string, by: Actor = SYSTEM): Promise<boolean> {
    return await this.store.deleteKey(accountId, hash, by, this.clock.wallMs())
  }

  async credits(accountId: string): Promise<Credits> {
    await this.options.flush()
    return this.store.credits(accountId)
  }

  async grant(accountId: string, amount: Nano, reason: string, reference?: string, by: Actor = SYSTEM): Promise<Granted> {
    if (amount === 0n) throw new Fault('invalid_request', 'The amount is zero.')
    if (amount > CREDIT_NANO_MAX || amount < -CREDIT_NANO_MAX) throw beyondAll()
    const grant = { accountId, amount, reason, reference: reference ?? null, nowMs: this.clock.wallMs(), by }
    await this.options.flush()
    const credits = await this.store.grant(grant)
    if (credits === 'closed') throw closedForever('nothing is granted to it or taken from it any more')
    if (credits) return credits
    if (amount > 0n) throw beyondAll()
    // Money that nodes have leased and do not use is the account's too.
    await this.options.recall(accountId)
    const again = await this.store.grant(grant)
    if (again === 'closed') throw closedForever('nothing is granted to it or taken from it any more')
    if (again) return again
    const { total, used } = await this.store.credits(accountId)
    const left = total - used
    const why = left < -amount ? `the account has ${sayUsd(left)} left` : `running calls may cost more than ${sayUsd(left + amount)} of the ${sayUsd(left)} that are left; try again when they have ended`
    throw new Fault('conflict', `Nothing was taken: ${sayUsd(-amount)} is more than there is; ${why}.`)
  }

  async moveCredit(wish: Omit<CreditMove, 'nowMs'>): Promise<Granted> {
    const move = { ...wish, nowMs: this.clock.wallMs() }
    await this.options.flush()
    const moved = await this.store.moveCredit(move)
    if (!('code' in moved)) return moved
    if (moved.code !== 'no_credit') throw moveFault(moved)
    await this.options.recall(moved.fromAccountId)
    const again = await this.store.moveCredit(move)
    if ('code' in again) throw moveFault(again)
    return again
  }

  async generation(accountId: string, id: string): Promise<Generation | undefined> {
    await this.options.flush()
    return this.store.generation(accountId, id)
  }

  /**
   * Makes the default account with its credits and a first inference key, once ever, and gives that key's secret, to be
   * shown once. A secret of the operator's own is a live key after every call of this, unless the account is closed.
   */
  async ensureFirstKey(first: { readonly secret?: string | undefined; readonly initialCredits: Nano }): Promise<FirstKey | undefined> {
    const nowMs = this.clock.wallMs()
    const name = first.secret === undefined ? 'First key' : 'SWITCHYARD_KEY'
    const { secret, key, rules } = this.newKey({ accountId: DEFAULT_ACCOUNT, name, ...(first.secret !== undefined && { secret: first.secret }) })
    const insert = { key, rules, by: SYSTEM }
    const grant = { accountId: DEFAULT_ACCOUNT, amount: first.initialCredits, reason: 'initial credits', reference: 'first-start', nowMs }
    const made = await this.store.insertFirstKey({ insert, grant })
    if (made === 'closed') return first.secret === undefined || await this.find(first.secret) ? undefined : { secret, isDead: true }
    if (made) return { secret }
    if (first.secret !== undefined) await this.store.keepKey(insert)
    return undefined
  }

  private async flush(): Promise<void> {
    await Promise.all([this.options.flush(), this.lastUsed.flush()])
  }

  /** A key that is yet to be kept: the store does it together with what else must happen then. */
  prepareKey(wish: NewKey): { readonly secret: string; readonly key: Key; readonly rules: KeyRules } {
    return this.newKey(wish)
  }

  private newKey(wish: NewKey): { readonly secret: string; readonly key: Key; readonly rules: KeyRules } {
    checkKey(wish)
    const secret = wish.secret ?? keySecret()
    if (secret.length < SECRET_CHARS_MIN) throw new Fault('invalid_request', `A key's secret has at least ${SECRET_CHARS_MIN} characters.`)
    const key: Key = {
      hash: hashSecret(secret), accountId: wish.accountId, name: wish.name.trim(), label: label(secret), kind: wish.kind ?? 'inference', disabled: false,
      limit: wish.limit ?? null, limitReset: wish.limitReset ?? null, includeByokInLimit: wish.includeByokInLimit ?? false,
      expiresMs: wish.expiresMs ?? null, createdMs: this.clock.wallMs(), updatedMs: null,
      workspaceId: wish.workspaceId ?? defaultWorkspaceId(wish.accountId), creatorUserId: wish.creatorUserId ?? null,
      ...(wish.wallet !== undefined && { wallet: wish.wallet }), ...(wish.customers && { customers: wish.customers }),
      ...(wish.ipRanges && { ipRanges: wish.ipRanges }), ...(wish.tags && { tags: wish.tags }), ...(wish.rateLimits && { rateLimits: wish.rateLimits }), ...(wish.rollingLimits && { rollingLimits: wish.rollingLimits }), ...(wish.appId !== undefined && { appId: wish.appId }),
    }
    return { secret, key, rules: rulesOf(wish) }
  }
}

function rulesOf({ rules = {} }: KeyExtras): KeyRules {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== null && value !== undefined))
}

function moveFault(refusal: MoveRefusal): Fault {
  switch (refusal.code) {
    case 'no_account': return new Fault('not_found', 'There is no such organization that you are in, or it is suspended.', { metadata: { field: 'to_account_id' } })
    case 'tenure': return new Fault('permission_denied', `You are not in this organization for long enough to move credit to it; you may from ${new Date(refusal.openMs).toISOString()}.`)
    case 'cooldown': return new Fault('permission_denied', `You moved credit to an organization lately; you may again from ${new Date(refusal.openMs).toISOString()}.`)
    case 'too_much': return new Fault('conflict', `Nothing was moved: an account has at most ${sayUsd(CREDIT_NANO_MAX)} altogether.`)
    case 'no_credit': return new Fault('conflict', 'Nothing was moved: your own account has not that much that no running call may use.')
  }
}

function refused(refusal: KeyRefusal): Fault {
  if (refusal === 'no_account') return closedForever('there are no keys in it any more')
  if (refusal === 'no_wallet') return new Fault('invalid_request', '`switchyard.wallet` is not the id of a wallet of this account. GET /api/v1/wallets lists them.', { metadata: { field: 'switchyard.wallet' } })
  if (refusal === 'no_workspace') return new Fault('invalid_request', '`workspace_id` is not the id of a workspace of this account. GET /api/v1/workspaces lists them.', { metadata: { field: 'workspace_id' } })
  if (refusal === 'no_member') return new Fault('invalid_request', '`creator_user_id`, which is you unless it is said, is no member of this workspace. POST /api/v1/workspaces/{id}/members/add makes one; `null` makes the key the workspace\'s own.', { metadata: { field: 'creator_user_id' } })
  return new Fault('conflict', 'A key with this secret exists already, or existed.')
}

function closedForever(consequence: string): Fault {
  return new Fault('conflict', `This account is closed for ever: ${consequence}.`)
}

function beyondAll(): Fault {
  return new Fault('invalid_request', `An account has at most ${sayUsd(CREDIT_NANO_MAX)} altogether. Nothing was changed.`)
}

/** How a key is known to the store and in URLs: lower-case SHA-256 in hex (contract H1). */
export function hashSecret(secret: string): string {
  return Bun.CryptoHasher.hash('sha256', secret, 'hex')
}

/** Enough of a secret to recognise it: `sk-sw-v1-abc...xyz`. */
export function label(secret: string): string {
  const prefix = /^sk-[a-z]+-v\d+-/.exec(secret)?.[0] ?? ''
  return `${secret.slice(0, prefix.length + 3)}...${secret.slice(-3)}`
}

function checkKey(wish: KeyChange): void {
  if (wish.name !== undefined && wish.name.trim() === '') throw new Fault('invalid_request', '`name` is empty: a key needs a name.')
  if (wish.limit !== undefined && wish.limit !== null && wish.limit < 0n) throw new Fault('invalid_request', '`limit` is negative: it is 0 or more, or null for none.')
  checkExtras(wish)
}

function freshRecord(key: Key, rules: KeyRules): KeyRecord {
  return { ...key, usage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, byokUsage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, limitRemaining: key.limit, rolling: (key.rollingLimits ?? []).map((one) => ({ ...one, used: 0n, remaining: one.limit })), rules, lastUsedMs: null, oldSecretEndsMs: null }
}
