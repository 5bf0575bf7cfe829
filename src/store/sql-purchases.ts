import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Seller } from '../accounts/instance.ts'
import type { Payer, PayerChange } from '../billing/payer.ts'
import type { Purchase, Reversal } from '../billing/purchase.ts'
import type { Applied, ApplyPayment, BegunTopUps, DuePurchase, PaymentRefusal, Placed, PurchaseNames, PurchaseStore, Recorded, RefundRefusal, RefundWish, TopUpRules } from '../billing/purchase-store.ts'
import type { Receipt } from '../billing/receipt.ts'
import { expireLots } from './lot-rows.ts'
import { beginTopUps, changePayer, findPayer, keepCustomer } from './payer-rows.ts'
import { applyPayment, recordPayment } from './payment-rows.ts'
import { findPurchase, findPurchaseBy, findReceipt, insertPurchase, listPurchases, placePurchase, purchasesToLookAt } from './purchase-rows.ts'
import { beginRefund, noteRefund, refundsToLookAt, type RefundUnderWay } from './reversal-rows.ts'
import { int, one, type Database } from './sql.ts'

/** What the port of purchases says is stored, in a database: each method is one transaction. */
export class SqlPurchases implements PurchaseStore {
  constructor(private readonly database: Database) {}

  insertPurchase(purchase: Purchase, nextLookMs: number, change: Change): Promise<void> {
    return this.database.write((sql) => insertPurchase(sql, purchase, nextLookMs, change))
  }

  placePurchase(accountId: string, id: string, placed: Placed): Promise<void> {
    return this.database.write((sql) => placePurchase(sql, accountId, id, placed))
  }

  purchase(accountId: string, id: string): Promise<Purchase | undefined> {
    return this.database.read((sql) => findPurchase(sql, accountId, id))
  }

  findPurchase(names: PurchaseNames): Promise<Purchase | undefined> {
    return this.database.read((sql) => findPurchaseBy(sql, names))
  }

  listPurchases(accountId: string, page: Page): Promise<Listed<Purchase>> {
    return this.database.read((sql) => listPurchases(sql, accountId, page))
  }

  applyPayment(apply: ApplyPayment): Promise<Applied | PaymentRefusal> {
    return this.database.write((sql) => applyPayment(sql, apply))
  }

  recordPayment(purchase: Purchase, reference: string, seller: Seller, change: Change): Promise<Recorded | 'closed'> {
    return this.database.write((sql) => recordPayment(sql, purchase, reference, seller, change))
  }

  beginRefund(wish: RefundWish, change: Change): Promise<Reversal | RefundRefusal> {
    return this.database.write((sql) => beginRefund(sql, wish, change))
  }

  noteRefund(accountId: string, id: string, refund: { readonly id: string | null; readonly state: Reversal['state'] }, nowMs: number): Promise<Applied | undefined> {
    return this.database.write((sql) => noteRefund(sql, accountId, id, refund, nowMs))
  }

  receipt(accountId: string, purchaseId: string): Promise<Receipt | undefined> {
    return this.database.read((sql) => findReceipt(sql, accountId, purchaseId))
  }

  purchasesToLookAt(provider: string, isLive: boolean, nowMs: number): Promise<readonly DuePurchase[]> {
    return this.database.write((sql) => purchasesToLookAt(sql, provider, isLive, nowMs))
  }

  refundsToLookAt(nowMs: number): Promise<readonly RefundUnderWay[]> {
    return this.database.write((sql) => refundsToLookAt(sql, nowMs))
  }

  payer(accountId: string): Promise<Payer> {
    return this.database.read((sql) => findPayer(sql, accountId))
  }

  changePayer(accountId: string, wish: PayerChange, change: Change): Promise<Payer> {
    return this.database.write((sql) => changePayer(sql, accountId, wish, change))
  }

  keepCustomer(accountId: string, customerId: string, isLive: boolean, nowMs: number): Promise<string> {
    return this.database.write((sql) => keepCustomer(sql, accountId, { customerId, isLive, nowMs }))
  }

  beginTopUps(rules: TopUpRules): Promise<BegunTopUps> {
    return this.database.write((sql) => beginTopUps(sql, rules))
  }

  expireCredit(nowMs: number): Promise<number> {
    return this.database.write((sql) => expireLots(sql, nowMs))
  }

  eventsReadTo(): Promise<number> {
    return this.database.read(async (sql) => int(await one(sql, "SELECT value FROM counters WHERE name = 'payment_events_ms'"), 'value'))
  }

  noteEventsRead(toMs: number): Promise<void> {
    return this.database.write(async (sql) => {
      await sql.run("UPDATE counters SET value = $1 WHERE name = 'payment_events_ms' AND value < $1", toMs)
    })
  }
}
