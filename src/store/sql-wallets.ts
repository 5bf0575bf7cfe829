import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { KeyUsage } from '../accounts/accounts.ts'
import type { Moved, MoveRefusal, NamedPriceList, Wallet, WalletChange, WalletEntry, WalletMove, WalletPage, WalletRecord, WalletStore } from '../accounts/wallet.ts'
import type { PriceList } from '../catalog/price-list.ts'
import type { WalletReports } from './protocol.ts'
import type { Database } from './sql.ts'
import { changeWallet, deletePriceList, insertWallet, listPriceLists, listWallets, moveWallets, putPriceList, TooMuch, walletEntries, walletKeyUse, walletPrices, walletRecord, type WalletName } from './wallet-rows.ts'

/** What the port of wallets says is stored, in a database: each method is one transaction. */
export class SqlWallets implements Omit<WalletStore, keyof WalletReports> {
  constructor(private readonly database: Database) {}

  wallet(accountId: string, by: WalletName): Promise<WalletRecord | undefined> {
    return this.database.read((sql) => walletRecord(sql, accountId, by))
  }

  listWallets(accountId: string, page: WalletPage): Promise<Listed<WalletRecord>> {
    return this.database.read((sql) => listWallets(sql, accountId, page))
  }

  insertWallet(wallet: Wallet, change: Change): Promise<'taken' | 'no_list' | undefined> {
    return this.database.write((sql) => insertWallet(sql, wallet, change))
  }

  changeWallet(accountId: string, id: string, wish: WalletChange, change: Change): Promise<WalletRecord | 'no_wallet' | 'taken' | 'no_list'> {
    return this.database.write((sql) => changeWallet(sql, accountId, id, wish, change))
  }

  walletEntries(accountId: string, id: string, page: Page): Promise<Listed<WalletEntry>> {
    return this.database.read((sql) => walletEntries(sql, accountId, id, page))
  }

  moveWallets(moves: readonly WalletMove[], change: Change): Promise<Moved | MoveRefusal> {
    return this.database.write((sql) => moveWallets(sql, moves, change)).catch((error: unknown): MoveRefusal => {
      if (error instanceof TooMuch) return 'too_much'
      throw error
    })
  }

  walletPrices(accountId: string, by: WalletName): Promise<{ readonly wallet: Wallet; readonly prices: readonly PriceList[] } | undefined> {
    return this.database.read((sql) => walletPrices(sql, accountId, by))
  }

  listPriceLists(accountId: string): Promise<readonly NamedPriceList[]> {
    return this.database.read((sql) => listPriceLists(sql, accountId))
  }

  putPriceList(list: NamedPriceList, listsMax: number, change: Change): Promise<NamedPriceList | 'too_many'> {
    return this.database.write((sql) => putPriceList(sql, list, listsMax, change))
  }

  deletePriceList(accountId: string, id: string, change: Change): Promise<'no_list' | 'used' | undefined> {
    return this.database.write((sql) => deletePriceList(sql, accountId, id, change))
  }

  walletKeyUse(walletId: string, keyHash: string, nowMs: number): Promise<KeyUsage> {
    return this.database.read((sql) => walletKeyUse(sql, walletId, keyHash, nowMs))
  }
}
