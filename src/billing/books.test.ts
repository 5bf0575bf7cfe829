import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { recoverNode } from '../ledger/recovery.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import { Shop, USD } from './shop.fixture.ts'

type Step =
  | { readonly do: 'order' | 'grant' | 'call'; readonly usd: number }
  | { readonly do: 'pay' | 'expire' | 'event' | 'refund' | 'byHand' | 'failRefund' | 'dispute' | 'closeDispute' | 'take'; readonly which: number; readonly part: number }
  | { readonly do: 'look' | 'readEvents' | 'expireCredit' | 'settle' | 'kill' }
  | { readonly do: 'trouble'; readonly what: 'lost' | 'failed' }
  | { readonly do: 'pass'; readonly ms: number }

const nat = fc.nat({ max: 1_000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('order' as const, 'grant' as const), usd: fc.integer({ min: 5, max: 40 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('pay' as const, 'pay' as const, 'expire' as const, 'dispute' as const, 'closeDispute' as const, 'take' as const), which: nat, part: nat }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('event' as const), which: nat, part: nat }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('refund' as const, 'byHand' as const, 'failRefund' as const), which: nat, part: nat }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('call' as const), usd: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('look' as const, 'readEvents' as const, 'expireCredit' as const, 'settle' as const, 'kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trouble' as const), what: fc.constantFrom('lost' as const, 'failed' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1_000, 130_000, 90_000_000, 2_700_000_000) }) },
)

class Run {
  constructor(readonly shop: Shop) {}

  async take(step: Step): Promise<void> {
    const { shop } = this
    switch (step.do) {
      case 'order': return await this.quietly(() => shop.order(BigInt(step.usd)))
      case 'grant': return void await shop.bench.store.grant({ accountId: ACCOUNT, amount: BigInt(step.usd) * USD / 7n, reason: 'gift', reference: null, nowMs: shop.bench.clock.wallMs() })
      case 'take': return void await shop.bench.store.grant({ accountId: ACCOUNT, amount: -BigInt(step.part + 1) * USD / 100n, reason: 'back', reference: null, nowMs: shop.bench.clock.wallMs() })
      case 'call': return void await shop.call(BigInt(step.usd) * USD / 3n)
      case 'pay': return this.on(this.sessions('open'), step.which, (session) => shop.stripe.pay(String(session['id'])))
      case 'expire': return this.on(this.sessions('open'), step.which, (session) => shop.stripe.expire(String(session['id'])))
      case 'event': return await this.deliver(shop.stripe.events[step.which % Math.max(1, shop.stripe.events.length)])
      case 'refund': return await this.refund(step.which, step.part)
      case 'byHand': return this.on(this.paid(), step.which, (intent) => this.tryByHand(intent, step.part))
      case 'failRefund': return this.on(shop.stripe.all('refund'), step.which, (refund) => shop.stripe.setRefund(String(refund['id']), 'failed'))
      case 'dispute': return this.on(this.paid().filter(({ id }) => !shop.stripe.all('dispute').some((one) => one['payment_intent'] === id)), step.which, (intent) => shop.stripe.dispute(String(intent['id'])))
      case 'closeDispute': return this.on(shop.stripe.all('dispute').filter(({ status }) => status === 'needs_response'), step.which, (dispute) => shop.stripe.closeDispute(String(dispute['id']), step.part % 2 === 0 ? 'won' : 'lost'))
      case 'look': return await shop.payments.look()
      case 'readEvents': return await this.quietly(() => shop.payments.readEvents())
      case 'expireCredit': return void await shop.purchases.expireCredit(shop.bench.clock.wallMs())
      case 'settle': return await shop.settleAll()
      case 'kill': return await this.kill()
      case 'trouble': return void shop.stripe.troubles.push(step.what)
      case 'pass': return shop.bench.clock.advance(step.ms)
    }
  }

  /** Everything is delivered that ever happened, and asked after: then both sides must say the same. */
  async settleWithStripe(): Promise<void> {
    this.shop.stripe.troubles.length = 0
    for (const event of this.shop.stripe.events) await this.deliver(event)
    this.shop.bench.clock.advance(130_000)
    for (let round = 0; round < 3; round++) await this.shop.payments.look()
  }

  /** kill -9 of the process that holds and settles, and what the next start does. */
  private async kill(): Promise<void> {
    const { bench } = this.shop
    bench.kill('a')
    await recoverNode({ nodeId: 'a', journalPath: bench.path('a'), bank: bench.store, nowMs: bench.clock.wallMs() })
    await bench.node('a')
  }

  private async refund(which: number, part: number): Promise<void> {
    const { rows } = await this.shop.billing.list(ACCOUNT, { offset: 0, limit: 100 })
    const purchase = rows[which % Math.max(1, rows.length)]
    if (purchase) await this.quietly(() => this.shop.refund(purchase.id, part % 3 === 0 ? undefined : BigInt(1 + part % 10)))
  }

  private tryByHand(intent: JsonObject, part: number): void {
    try {
      this.shop.stripe.refundByHand(String(intent['id']), 1 + part)
    } catch {
      // As much has gone back already: Stripe refuses.
    }
  }

  private async deliver(event: JsonObject | undefined): Promise<void> {
    if (event) await this.quietly(() => this.shop.deliver(event))
  }

  private on(objects: readonly JsonObject[], which: number, work: (object: JsonObject) => unknown): void {
    const object = objects[which % Math.max(1, objects.length)]
    if (object) work(object)
  }

  private sessions(status: string): JsonObject[] {
    return this.shop.stripe.all('checkout.session').filter((session) => session['status'] === status)
  }

  private paid(): JsonObject[] {
    return this.shop.stripe.all('payment_intent').filter(({ status }) => status === 'succeeded')
  }

  /** What is refused, or cannot be reached, is part of life. Anything else is a bug. */
  private async quietly(work: () => Promise<unknown>): Promise<void> {
    await work().catch((error: unknown) => { if (!(error instanceof Fault)) throw error })
  }
}

describe('any order and repetition of orders, payments, events, refunds, disputes, calls, kill -9 and time', () => {
  test('leaves books that verify, no balance below zero, and the same money as at Stripe', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 90, size: 'max' }), async (steps) => {
      const shop = await Shop.open()
      shop.settings = { ...shop.settings, purchases: { ...shop.settings.purchases, expiryDays: 30 } }
      const run = new Run(shop)
      for (const one of steps) {
        await run.take(one)
        const [account] = await shop.bench.database.read((sql) => sql.all('SELECT balance FROM accounts'))
        expect(Number(account?.['balance'])).toBeGreaterThanOrEqual(0)
      }
      expect((await shop.bench.store.verify()).problems).toEqual([])
      await run.settleWithStripe()
      const [payments] = await shop.bench.database.read((sql) => sql.all("SELECT COALESCE(SUM(amount), 0) AS amount FROM entries WHERE book = 'payment'"))
      expect(-BigInt(payments?.['amount'] ?? 0) / 10_000_000n).toBe(moneyAt(shop))
      expect(await shop.problems()).toEqual([])
    }), { numRuns: 40 })
  }, 120_000)
})

/** What Stripe has of this shop's: paid, less what went back or is held. */
function moneyAt({ stripe }: Shop): bigint {
  const sum = (kind: string, counts: (object: JsonObject) => boolean) => stripe.all(kind).filter(counts).reduce((total, { amount }) => total + BigInt(Number(amount)), 0n)
  return sum('payment_intent', ({ status }) => status === 'succeeded') - sum('refund', ({ status }) => status !== 'failed') - sum('dispute', ({ status }) => status !== 'won')
}
