import type { PriceList } from '../catalog/price-list.ts'
import type { Json } from '../core/json.ts'
import type { Nano } from '../core/nano.ts'
import type { Credits } from './accounts.ts'
import type { Change, Listed, Page } from './people-store.ts'

/**
 * The balance that a reseller gives one of its customers. It has an account's books under its own id; the reseller's account is
 * `accountId`. What a call costs the customer is charged here, what it costs the reseller there.
 */
export interface Wallet {
  readonly id: string
  readonly accountId: string
  /** What the reseller calls the customer: `X-Switchyard-Customer` names it. */
  readonly externalId: string
  readonly name: string
  readonly metadata: Readonly<Record<string, Json>>
  /** Its own prices go before those of the list. */
  readonly prices: PriceList
  readonly priceListId: string | null
  readonly createdMs: number
  readonly updatedMs: number | null
  /** null: it is open. */
  readonly closedMs: number | null
}

export interface WalletRecord extends Wallet { readonly credits: Credits }

export interface WalletChange {
  readonly externalId?: string
  readonly name?: string
  readonly metadata?: Readonly<Record<string, Json>>
  readonly prices?: PriceList
  readonly priceListId?: string | null
  /** Closed, or open again. */
  readonly isClosed?: boolean
}

/** Prices under a name, for any number of wallets. */
export interface NamedPriceList extends PriceList {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly createdMs: number
  readonly updatedMs: number
}

/** One movement of a wallet's balance. */
export interface WalletEntry { readonly id: string; readonly kind: string; readonly amount: Nano; readonly reason: string; readonly reference: string | null; readonly atMs: number }

/** Sums of a wallet's calls, or of those of one model. */
export interface WalletSums { readonly walletId: string; readonly externalId: string; readonly name: string; readonly model: string | null; readonly requests: bigint; readonly charged: Nano; readonly cost: Nano }

/** A movement by hand. Taking is a negative amount. */
export interface WalletMove { readonly accountId: string; readonly walletId: string; readonly amount: Nano; readonly reason: string; readonly reference: string | null }

/** `closed`: the reseller's account is, for ever. `other_move`: the reference stands for another movement. `too_little`: nobody has leased or spent that much of it. `too_much`: more than a balance may be. */
export type MoveRefusal = 'no_wallet' | 'closed' | 'too_little' | 'too_much' | 'other_move'
export interface Moved { readonly credits: Credits; readonly isRepeated: boolean }

export interface WalletPage extends Page { readonly externalId?: string; readonly isClosed?: boolean }

/** What wallets need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface WalletStore {
  /** By its id, or by what the reseller calls its customer. */
  wallet(accountId: string, by: { readonly id: string } | { readonly externalId: string }): Promise<WalletRecord | undefined>
  /** Newest first. */
  listWallets(accountId: string, page: WalletPage): Promise<Listed<WalletRecord>>
  insertWallet(wallet: Wallet, change: Change): Promise<'taken' | 'no_list' | undefined>
  changeWallet(accountId: string, id: string, wish: WalletChange, change: Change): Promise<WalletRecord | 'no_wallet' | 'taken' | 'no_list'>
  /** Newest first; charges of many calls are one entry. */
  walletEntries(accountId: string, id: string, page: Page): Promise<Listed<WalletEntry>>
  /** All of them or none: two are a transfer. */
  moveWallets(moves: readonly WalletMove[], change: Change): Promise<Moved | MoveRefusal>
  /** How a wallet's call is priced; undefined: there is no such wallet. */
  walletPrices(accountId: string, by: { readonly id: string } | { readonly externalId: string }): Promise<{ readonly wallet: Wallet; readonly prices: readonly PriceList[] } | undefined>
  listPriceLists(accountId: string): Promise<readonly NamedPriceList[]>
  /** Makes it, or replaces the one of this name. */
  putPriceList(list: NamedPriceList, listsMax: number, change: Change): Promise<NamedPriceList | 'too_many'>
  deletePriceList(accountId: string, id: string, change: Change): Promise<'no_list' | 'used' | undefined>
  /** What customers paid and what it cost the reseller, of whole days (since the epoch): [fromDay, untilDay). */
  walletSums(accountId: string, days: { readonly fromDay: number; readonly untilDay: number }, by: 'wallet' | 'model'): Promise<readonly WalletSums[]>
  /** What a key has cost its customer. */
  walletKeyUse(walletId: string, keyHash: string, nowMs: number): Promise<{ readonly total: Nano; readonly daily: Nano; readonly weekly: Nano; readonly monthly: Nano }>
}
