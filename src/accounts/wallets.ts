import { NO_PRICES, type PriceList } from '../catalog/price-list.ts'
import { Fault } from '../core/fault.ts'
import { CREDIT_NANO_MAX, sayUsd } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { KeyUsage } from './accounts.ts'
import type { Actor } from './audit-entry.ts'
import type { Listed, Page } from './people-store.ts'
import type { Moved, MoveRefusal, NamedPriceList, Wallet, WalletChange, WalletEntry, WalletMove, WalletPage, WalletRecord, WalletStore, WalletSums } from './wallet.ts'

const EXTERNAL_ID_CHARS_MAX = 128
const NAME_CHARS_MAX = 200
const METADATA_CHARS_MAX = 4_000
const LISTS_MAX = 100
const MODELS_MAX = 1_000

export interface WalletsOptions {
  readonly store: WalletStore
  readonly clock: Clock
  /** Brings this process's settlements to the store, so that what is read includes them. */
  readonly flush: () => Promise<void>
  /** Makes nodes give back what they have leased of a wallet and do not hold. */
  readonly recall: (accountId: string) => Promise<void>
}

export interface NewWallet extends Omit<WalletChange, 'externalId' | 'isClosed'> { readonly accountId: string; readonly externalId: string }

/** What a reseller does with the balances and prices of its customers. */
export class Wallets {
  private readonly store: WalletStore

  constructor(private readonly options: WalletsOptions) {
    this.store = options.store
  }

  async list(accountId: string, page: WalletPage): Promise<Listed<WalletRecord>> {
    await this.options.flush()
    return await this.store.listWallets(accountId, page)
  }

  /** Throws Fault `not_found`. */
  async get(accountId: string, id: string): Promise<WalletRecord> {
    await this.options.flush()
    return await this.store.wallet(accountId, { id }) ?? missing()
  }

  async create(wish: NewWallet, by: Actor): Promise<WalletRecord> {
    check(wish)
    const nowMs = this.options.clock.wallMs()
    const wallet: Wallet = {
      id: rowId(), accountId: wish.accountId, externalId: wish.externalId, name: wish.name ?? wish.externalId, metadata: wish.metadata ?? {}, prices: wish.prices ?? NO_PRICES,
      priceListId: wish.priceListId ?? null, createdMs: nowMs, updatedMs: null, closedMs: null,
    }
    const refusal = await this.store.insertWallet(wallet, { by, nowMs })
    if (refusal) throw refused(refusal)
    return { ...wallet, credits: { total: 0n, used: 0n } }
  }

  async change(accountId: string, id: string, wish: WalletChange, by: Actor): Promise<WalletRecord> {
    check(wish)
    await this.options.flush()
    const changed = await this.store.changeWallet(accountId, id, wish, { by, nowMs: this.options.clock.wallMs() })
    if (typeof changed === 'string') throw refused(changed)
    return changed
  }

  /** Adds to a wallet, or takes from it (a negative amount), never below zero. */
  async move(move: WalletMove, by: Actor): Promise<Moved> {
    return await this.moveAll([move], by)
  }

  /** Takes from one wallet and adds to another, both or neither. */
  async transfer(from: WalletMove, toId: string, by: Actor): Promise<Moved> {
    if (from.walletId === toId) throw wrong('to', 'another wallet than the one that it is taken from')
    return await this.moveAll([{ ...from, amount: -from.amount }, { ...from, walletId: toId }], by)
  }

  async entries(accountId: string, id: string, page: Page): Promise<Listed<WalletEntry>> {
    await this.get(accountId, id)
    return await this.store.walletEntries(accountId, id, page)
  }

  /** What customers paid and what it cost the reseller, of whole days (UTC). */
  async sums(accountId: string, days: { readonly fromDay: number; readonly untilDay: number }, by: 'wallet' | 'model'): Promise<readonly WalletSums[]> {
    await this.options.flush()
    return await this.store.walletSums(accountId, days, by)
  }

  /** What a key has cost the customer that it is of. */
  async keyUse(walletId: string, keyHash: string): Promise<KeyUsage> {
    await this.options.flush()
    return await this.store.walletKeyUse(walletId, keyHash, this.options.clock.wallMs())
  }

  priceLists(accountId: string): Promise<readonly NamedPriceList[]> {
    return this.store.listPriceLists(accountId)
  }

  async putPriceList(accountId: string, name: string, prices: PriceList, by: Actor): Promise<NamedPriceList> {
    checkPrices(prices)
    if (name.trim() === '' || name.length > NAME_CHARS_MAX) throw wrong('name', `a text of 1 to ${NAME_CHARS_MAX} characters`)
    const nowMs = this.options.clock.wallMs()
    const list = await this.store.putPriceList({ ...prices, id: rowId(), accountId, name: name.trim(), createdMs: nowMs, updatedMs: nowMs }, LISTS_MAX, { by, nowMs })
    if (list === 'too_many') throw new Fault('invalid_request', `An account has at most ${LISTS_MAX} price lists.`)
    return list
  }

  async deletePriceList(accountId: string, id: string, by: Actor): Promise<void> {
    const refusal = await this.store.deletePriceList(accountId, id, { by, nowMs: this.options.clock.wallMs() })
    if (refusal === 'used') throw new Fault('conflict', 'Wallets have this price list: give them another first.')
    if (refusal) throw new Fault('not_found', 'There is no such price list. GET /api/v1/price-lists lists them.')
  }

  private async moveAll(moves: readonly WalletMove[], by: Actor): Promise<Moved> {
    const [first] = moves
    if (!first || first.amount === 0n) throw wrong('amount_usd', 'an amount of USD above 0')
    const change = { by, nowMs: this.options.clock.wallMs() }
    await this.options.flush()
    const moved = await this.store.moveWallets(moves, change)
    if (moved !== 'too_little') return done(moved)
    // What nodes have leased of it and do not use is the wallet's too.
    await this.options.recall(first.walletId)
    const again = await this.store.moveWallets(moves, change)
    if (again !== 'too_little') return done(again)
    const { credits } = await this.get(first.accountId, first.walletId)
    throw new Fault('conflict', `Nothing was taken: the wallet has ${sayUsd(credits.total - credits.used)}, which running calls may need; ${sayUsd(first.amount < 0n ? -first.amount : first.amount)} is more.`)
  }
}

function done(moved: Moved | Exclude<MoveRefusal, 'too_little'>): Moved {
  if (moved === 'no_wallet') throw missingFault()
  if (moved === 'closed') throw new Fault('conflict', 'This account is closed for ever: nothing is given to its wallets or taken from them any more.')
  if (moved === 'too_much') throw wrong('amount_usd', `so little that the balance stays below ${sayUsd(CREDIT_NANO_MAX)}`)
  if (moved === 'other_move') throw new Fault('conflict', 'This reference was used before, for another amount or wallet. A movement is made once for each reference.')
  return moved
}

function check({ externalId, name, metadata, prices }: WalletChange): void {
  if (externalId !== undefined && (externalId.trim() !== externalId || externalId === '' || externalId.length > EXTERNAL_ID_CHARS_MAX || !/^[\x20-\x7e]+$/.test(externalId))) throw wrong('external_id', `1 to ${EXTERNAL_ID_CHARS_MAX} printable ASCII characters: it goes into a header`)
  if (name !== undefined && (name.trim() === '' || name.length > NAME_CHARS_MAX)) throw wrong('name', `a text of 1 to ${NAME_CHARS_MAX} characters`)
  if (metadata !== undefined && JSON.stringify(metadata).length > METADATA_CHARS_MAX) throw wrong('metadata', `an object of at most ${METADATA_CHARS_MAX} characters of JSON`)
  if (prices) checkPrices(prices)
}

function checkPrices({ models }: PriceList): void {
  if (Object.keys(models).length > MODELS_MAX) throw wrong('models', `prices of at most ${MODELS_MAX} models`)
}

function refused(refusal: 'no_wallet' | 'taken' | 'no_list'): Fault {
  if (refusal === 'no_wallet') return missingFault()
  if (refusal === 'taken') return new Fault('conflict', 'Another wallet of the account has this `external_id`.', { metadata: { field: 'external_id' } })
  return wrong('price_list_id', 'the id of a price list; GET /api/v1/price-lists lists them')
}

function missingFault(): Fault {
  return new Fault('not_found', 'There is no such wallet. GET /api/v1/wallets lists them.')
}

function missing(): never {
  throw missingFault()
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` must be ${what}.`, { metadata: { field } })
}
