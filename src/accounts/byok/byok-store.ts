import type { Nano } from '../../core/nano.ts'
import type { Change, Listed, Page } from '../people-store.ts'
import type { ByokFilters, ByokKey, SealedByokKey } from './byok-key.ts'

export interface ByokPage extends Page { readonly workspaceId: string; readonly provider?: string }

/** A change as it is stored: a new secret sealed, with its label. */
export interface StoredByokChange {
  readonly sealed?: string
  readonly label?: string
  readonly name?: string | null
  readonly sortOrder?: number
  readonly isFallback?: boolean
  readonly alwaysUse?: boolean
  readonly disabled?: boolean
  readonly filters?: Partial<ByokFilters>
}

/** `no_key`: there is none of this id · `no_workspace` · `foreign_keys`: it names API keys that are not the account's, or dead · `no_member`: people who are not in it. */
export type ByokRefusal = 'no_key' | 'no_workspace' | 'foreign_keys' | 'no_member'

/** What keys that people bring need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface ByokStore {
  /** By provider, and in the order that they are tried. */
  listByokKeys(accountId: string, page: ByokPage): Promise<Listed<ByokKey>>
  byokKey(accountId: string, id: string): Promise<ByokKey | undefined>
  /** All that live, with their secrets, for calls. */
  sealedByokKeys(accountId: string): Promise<readonly SealedByokKey[]>
  /** Last in its provider's order, where `sortOrder` is not said. */
  insertByokKey(key: Omit<SealedByokKey, 'sortOrder'> & { readonly sortOrder: number | undefined }, change: Change): Promise<ByokKey | ByokRefusal>
  changeByokKey(accountId: string, id: string, wish: StoredByokChange, change: Change): Promise<ByokKey | ByokRefusal>
  /** Its secret is wiped, its row stays. False when there is none. */
  deleteByokKey(accountId: string, id: string, change: Change): Promise<boolean>
  /** Of all accounts: those that are not sealed under this key, the first of them. */
  byokSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedByokKey[]>
  /** Puts another sealing of the same secret in place. False when it has another secret by now. */
  resealByokKey(accountId: string, id: string, before: string, after: string): Promise<boolean>
  /** True where anybody has a secret sealed. */
  hasSealed(): Promise<boolean>
  /** What an account's calls on own keys came to at list prices in the month that begins then. */
  byokBill(accountId: string, monthStartMs: number): Promise<Nano>
}
