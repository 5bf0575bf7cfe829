// What the tests of purchases stand on: the real books in a real database, the real client of Stripe, and Stripe as its API is.
import Stripe from 'stripe'
import type { Actor } from '../accounts/audit-entry.ts'
import { INSTANCE_SETTINGS, type InstanceSettings } from '../accounts/instance.ts'
import type { JsonObject } from '../core/json.ts'
import type { Nano } from '../core/nano.ts'
import { SqlPurchases } from '../store/sql-purchases.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from '../store/store.fixture.ts'
import { API_KEY, FakeStripe, LIVE_API_KEY, type CardName } from '../../test/billing/fake-stripe.ts'
import { Billing } from './billing.ts'
import type { Payer } from './payer.ts'
import { Payments } from './payments.ts'
import type { Purchase } from './purchase.ts'
import type { Applied } from './purchase-store.ts'
import { Stripe as StripeProvider } from './stripe/stripe.ts'

export const SECRET = 'whsec_0123456789abcdef0123456789abcdef'
export const USD = 1_000_000_000n
/** Stripe's own library signs. */
const signer = new Stripe(API_KEY)

export const BUYER: Actor = { kind: 'user', id: 'user_1', name: 'Ada', userId: 'user_1' }
const KEY = testKey('buyer')

export class Shop {
  stripe = new FakeStripe(() => this.bench.clock.wallMs())
  readonly purchases: SqlPurchases
  provider = this.client(API_KEY)
  settings: InstanceSettings = INSTANCE_SETTINGS
  readonly logged: string[] = []
  readonly caller = callerOf(KEY)
  readonly told: Applied[] = []
  readonly paused: (readonly [Payer, Nano])[] = []
  billing: Billing
  payments: Payments
  /** Nothing gets to Stripe. */
  isCutOff = false
  private lastCall = 0

  private constructor(readonly bench: TestBench) {
    this.purchases = new SqlPurchases(bench.database)
    this.payments = this.process()
    this.billing = this.desk()
  }

  /** The operator puts in a live key, over the same books. */
  goLive(): void {
    this.stripe = new FakeStripe(() => this.bench.clock.wallMs(), true)
    this.provider = this.client(LIVE_API_KEY)
    this.payments = this.process()
    this.billing = this.desk()
  }

  private client(apiKey: string): StripeProvider {
    return new StripeProvider({ apiKey, webhookSecrets: [SECRET], baseUrl: 'https://stripe.test' }, { fetch: (url, init) => (this.isCutOff ? Promise.reject(new Error('no route to Stripe')) : this.stripe.fetch(url, init)), waitMs: () => 0 })
  }

  private desk(): Billing {
    return new Billing({ store: this.purchases, provider: this.provider, payments: this.payments, settings: () => this.settings, clock: this.bench.clock, returnUrl: () => 'http://localhost:8787/billing', settleAll: () => this.settleAll() })
  }

  static async open(): Promise<Shop> {
    const shop = new Shop(await TestBench.open(0n, [KEY]))
    await shop.bench.store.grant({ accountId: ACCOUNT, amount: 1n, reason: 'so that the account is there', reference: null, nowMs: 1 })
    await shop.bench.store.grant({ accountId: ACCOUNT, amount: -1n, reason: 'as above', reference: null, nowMs: 1 })
    await shop.bench.node('a')
    return shop
  }

  /** What another process of the install would do. */
  process(): Payments {
    return new Payments({
      store: this.purchases, provider: this.provider, settings: () => this.settings, clock: this.bench.clock, settleAll: () => this.settleAll(), log: (what, detail) => this.logged.push(`${what}: ${detail}`), onApplied: async (applied) => { this.told.push(applied) },
      onPaused: async (payer, amountMin) => { this.paused.push([payer, amountMin]) },
    })
  }

  async order(usd: bigint, savesCard = false): Promise<Purchase> {
    return (await this.billing.buy(ACCOUNT, { amount: usd * USD, savesCard }, BUYER)).purchase
  }

  /** Orders, pays, and has Stripe's events delivered. */
  async buy(usd: bigint, card: CardName = 'visa', savesCard = false): Promise<Purchase> {
    const { id, sessionId } = await this.order(usd, savesCard)
    await this.deliver(this.stripe.pay(sessionId ?? '', card))
    return await this.purchase(id)
  }

  async purchase(id: string): Promise<Purchase> {
    const found = await this.purchases.purchase(ACCOUNT, id)
    if (!found) throw new Error('no such purchase')
    return found
  }

  /** An event as Stripe sends it, signed; `at` is when, of the clock here. */
  async sign(event: JsonObject, secret = SECRET, atMs = this.bench.clock.wallMs()): Promise<{ readonly body: string; readonly signature: string }> {
    const body = JSON.stringify(event)
    return { body, signature: await signer.webhooks.generateTestHeaderStringAsync({ payload: body, secret, timestamp: Math.floor(atMs / 1_000) }) }
  }

  async deliver(event: JsonObject): Promise<'applied' | 'ignored'> {
    const { body, signature } = await this.sign(event)
    return await this.payments.takeEvent(body, signature)
  }

  /** A call of this cost, by a node that leases for it. */
  async call(cost: Nano): Promise<boolean> {
    const node = this.bench.ledgerOf('a')
    const id = `gen-${++this.lastCall}`
    const hold = await node.hold(callerOf(KEY), id, cost)
    if (!hold.ok) return false
    node.settle(hold, generationOf(KEY, id, { cost, createdMs: this.bench.clock.wallMs() }))
    return true
  }

  async settleAll(): Promise<void> {
    await this.bench.flush()
    await this.bench.tell({ keys: [], accounts: [{ id: ACCOUNT, wantedBy: '' }] })
    // What a node asked for ahead of need may be on its way, and goes back when it is there.
    await this.bench.quiet()
  }

  /** Bought and used credits. */
  async credits(): Promise<{ readonly total: Nano; readonly used: Nano }> {
    await this.bench.flush()
    return await this.bench.store.credits(ACCOUNT)
  }

  refund(id: string, usd?: bigint) {
    return this.billing.refund(ACCOUNT, id, usd === undefined ? undefined : usd * USD, BUYER)
  }

  /** Closes it, and what is wrong with the books. */
  async problems(): Promise<readonly string[]> {
    return (await this.bench.close()).problems
  }
}
