import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import { REFUND_MS, type Purchase } from './purchase.ts'
import { Shop, USD } from './shop.fixture.ts'

let shop: Shop
beforeEach(async () => { shop = await Shop.open() })
afterEach(async () => { expect(await shop.problems()).toEqual([]) })

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'it was done', (error: unknown) => (error instanceof Fault ? error.message : String(error)))
}

const intentOf = ({ paymentId }: Purchase): string => paymentId ?? ''
const left = async (): Promise<bigint> => { const { total, used } = await shop.credits(); return total - used }

describe('a refund (I5)', () => {
  test('gives back what is unused, in whole cents, and not the fee', async () => {
    const purchase = await shop.buy(10n)
    expect(await shop.call(1_234_567_890n)).toBe(true)
    expect(await shop.refund(purchase.id)).toMatchObject({ kind: 'refund', state: 'done', cents: 876, fee: 0n })
    expect(await left()).toBe(5_432_110n)
    expect(shop.stripe.all('refund')).toMatchObject([{ amount: 876, payment_intent: intentOf(purchase) }])
    expect(await messageOf(shop.refund(purchase.id))).toMatch(/^Nothing can be given back: the credit of this purchase is used/)
  })

  test('of a part, and then of the rest', async () => {
    const { id } = await shop.buy(10n)
    await shop.refund(id, 4n)
    expect(await messageOf(shop.refund(id, 7n))).toMatch(/less than \$7\.00 of this purchase is unused/)
    expect(await shop.refund(id)).toMatchObject({ cents: 600 })
    expect(await left()).toBe(0n)
  })

  test('is for a day', async () => {
    const { id } = await shop.buy(10n)
    shop.bench.clock.advance(REFUND_MS + 1)
    expect(await messageOf(shop.refund(id))).toMatch(/within 24 hours/)
  })

  test('takes the newest credit: the oldest was used first, given or bought', async () => {
    await shop.bench.store.grant({ accountId: ACCOUNT, amount: 3n * USD, reason: 'trial', reference: null, nowMs: 2 })
    const [first, second] = [await shop.buy(10n), await shop.buy(20n)]
    expect(await shop.call(5n * USD)).toBe(true)
    expect(await shop.refund(second.id)).toMatchObject({ cents: 2_000 })
    expect(await shop.refund(first.id)).toMatchObject({ cents: 800 })
    expect(await left()).toBe(0n)
  })

  test('does not take what a call that runs may still cost', async () => {
    const { id } = await shop.buy(10n)
    const node = shop.bench.ledgerOf('a')
    const hold = await node.hold(shop.caller, 'gen-running', 6n * USD)
    expect(await messageOf(shop.refund(id))).toMatch(/^Running calls may still use this credit/)
    expect(await shop.refund(id, 3n)).toMatchObject({ cents: 300 })
    if (hold.ok) node.release(hold)
    expect(await shop.refund(id)).toMatchObject({ cents: 700 })
  })

  test('is told of once, whether Stripe answers or its event comes first', async () => {
    const [first, second] = [await shop.buy(10n), await shop.buy(10n)]
    shop.told.length = 0
    await shop.refund(first.id)
    for (const event of shop.stripe.events) await shop.deliver(event)
    expect(shop.told.flatMap(({ reversals }) => reversals)).toMatchObject([{ kind: 'refund', state: 'done', cents: 1_000 }])
    // Its answer is lost, and the event is faster than the look that follows.
    shop.stripe.troubles.push('failed', 'lost', 'failed')
    await shop.refund(second.id)
    for (const event of shop.stripe.events) await shop.deliver(event)
    shop.bench.clock.advance(121_000)
    await shop.payments.look()
    expect(shop.told.flatMap(({ reversals }) => reversals)).toHaveLength(2)
  })

  test('that Stripe will not make gives the credit back', async () => {
    const { id, paymentId } = await shop.buy(10n)
    shop.stripe.patch(paymentId ?? '', { status: 'requires_action' })
    expect(await messageOf(shop.refund(id))).toMatch(/^The payment provider refuses this/)
    expect(await left()).toBe(10n * USD)
    expect((await shop.purchase(id)).reversals).toMatchObject([{ state: 'undone' }])
    shop.stripe.patch(paymentId ?? '', { status: 'succeeded' })
    expect(await shop.refund(id)).toMatchObject({ cents: 1_000, state: 'done' })
  })

  test('whose answer is lost is made once, and found again', async () => {
    const { id } = await shop.buy(10n)
    shop.stripe.troubles.push('failed', 'lost', 'failed')
    expect(await shop.refund(id)).toMatchObject({ state: 'pending' })
    expect(await left()).toBe(0n)
    shop.bench.clock.advance(121_000)
    await shop.payments.look()
    expect((await shop.purchase(id)).reversals).toMatchObject([{ state: 'done', cents: 1_000 }])
    expect(shop.stripe.all('refund')).toHaveLength(1)
  })

  test('that fails days later brings the credit back, once', async () => {
    const { id } = await shop.buy(10n)
    await shop.refund(id)
    const [refund] = shop.stripe.all('refund')
    const event = shop.stripe.setRefund(String(refund?.['id']), 'failed')
    for (const one of [event, event, ...shop.stripe.events]) await shop.deliver(one)
    expect(await left()).toBe(10n * USD)
  })

  test('by hand at Stripe takes what is there, never more: the rest is the operator\'s loss', async () => {
    const purchase = await shop.buy(10n)
    expect(await shop.call(7n * USD)).toBe(true)
    await shop.settleAll()
    shop.stripe.refundByHand(intentOf(purchase), 1_080)
    await shop.deliver(shop.stripe.events.at(-1) ?? {})
    expect((await shop.purchase(purchase.id)).reversals).toMatchObject([{ cents: 1_080, credit: 10n * USD, fee: 800_000_000n, fromBalance: 3n * USD }])
    expect(await left()).toBe(0n)
    expect(await shop.call(1n)).toBe(false)
  })
})

describe('a dispute', () => {
  const suspended = async () => (await shop.bench.database.read((sql) => sql.all("SELECT suspended_reason FROM accounts WHERE id = 'default'")))[0]?.['suspended_reason']

  test('takes the credit that is there and suspends the account; won, it gives both back', async () => {
    const purchase = await shop.buy(10n)
    const dispute = shop.stripe.dispute(intentOf(purchase))
    await shop.deliver(dispute)
    expect(await left()).toBe(0n)
    expect(await suspended()).toBe('The payment of receipt 1 is disputed.')
    expect(await messageOf(shop.refund(purchase.id))).toMatch(/while the payment is disputed/)
    const [object] = shop.stripe.all('dispute')
    await shop.deliver(shop.stripe.closeDispute(String(object?.['id']), 'won'))
    // What is heard again of its beginning changes nothing.
    await shop.deliver(dispute)
    expect(await left()).toBe(10n * USD)
    expect(await suspended()).toBeNull()
  })

  test('takes what processes hold for calls that may come, too: only what was used is lost', async () => {
    const purchase = await shop.buy(10n)
    expect(await shop.call(1n * USD)).toBe(true)
    await shop.deliver(shop.stripe.dispute(intentOf(purchase)))
    expect((await shop.purchase(purchase.id)).reversals).toMatchObject([{ kind: 'dispute', fromBalance: 9n * USD }])
    expect(await left()).toBe(0n)
  })

  test('that is lost leaves a loss where the credit was used, and a balance that is not below zero (I10)', async () => {
    const purchase = await shop.buy(10n)
    expect(await shop.call(9n * USD)).toBe(true)
    await shop.settleAll()
    await shop.deliver(shop.stripe.dispute(intentOf(purchase)))
    const [object] = shop.stripe.all('dispute')
    await shop.deliver(shop.stripe.closeDispute(String(object?.['id']), 'lost'))
    expect((await shop.purchase(purchase.id)).reversals).toMatchObject([{ kind: 'dispute', state: 'done', fromBalance: 1n * USD }])
    expect(await suspended()).not.toBeNull()
    const [loss] = await shop.bench.database.read((sql) => sql.all("SELECT amount FROM entries WHERE book = 'loss'"))
    expect(loss?.['amount']).toBe(-9n * USD)
  })

  test('leaves an operator\'s own suspension as it is', async () => {
    const purchase = await shop.buy(10n)
    await shop.bench.database.write(async (sql) => { await sql.run("UPDATE accounts SET suspended_ms = 1, suspended_reason = 'spam' WHERE id = 'default'") })
    await shop.deliver(shop.stripe.dispute(intentOf(purchase)))
    const [object] = shop.stripe.all('dispute')
    await shop.deliver(shop.stripe.closeDispute(String(object?.['id']), 'won'))
    expect(await suspended()).toBe('spam')
  })

  const close = (purchase: Purchase | undefined, how: 'won' | 'lost') => shop.deliver(shop.stripe.closeDispute(String(shop.stripe.all('dispute').find((one) => one['payment_intent'] === purchase?.paymentId)?.['id']), how))

  for (const [first, then] of [[0, 1], [1, 0]] as const) {
    const which = first === 0 ? 'older' : 'newer'
    test(`that is won leaves the account suspended while another is not: the ${which} first`, async () => {
      const purchases = [await shop.buy(10n), await shop.buy(10n)]
      for (const purchase of purchases) await shop.deliver(shop.stripe.dispute(intentOf(purchase)))
      await close(purchases[first], 'won')
      expect(await suspended()).toBe(`The payment of receipt ${then + 1} is disputed.`)
      await close(purchases[then], 'won')
      expect(await suspended()).toBeNull()
    })

    test(`that is lost keeps the account suspended, whatever is won after it: the ${which} lost`, async () => {
      const purchases = [await shop.buy(10n), await shop.buy(10n)]
      for (const purchase of purchases) await shop.deliver(shop.stripe.dispute(intentOf(purchase)))
      await close(purchases[first], 'lost')
      await close(purchases[then], 'won')
      expect(await suspended()).toBe(`The payment of receipt ${first + 1} is disputed.`)
    })
  }

  test('that is won does not bring up one that was lost, and settled with the operator, before', async () => {
    const [old, late] = [await shop.buy(10n), await shop.buy(10n)]
    await shop.deliver(shop.stripe.dispute(intentOf(old)))
    await close(old, 'lost')
    await shop.bench.database.write(async (sql) => { await sql.run("UPDATE accounts SET suspended_ms = NULL, suspended_reason = NULL WHERE id = 'default'") })
    shop.bench.clock.advance(1_000)
    await shop.deliver(shop.stripe.dispute(intentOf(late)))
    // Heard of once more: it was not lost anew.
    await close(old, 'lost')
    await close(late, 'won')
    expect(await suspended()).toBeNull()
  })

  test('that is only an inquiry holds nothing', async () => {
    const purchase = await shop.buy(10n)
    await shop.deliver(shop.stripe.dispute(intentOf(purchase), 1_080, 'warning_needs_response'))
    expect(await left()).toBe(10n * USD)
  })
})

describe('credit that is too old (I5)', () => {
  const YEAR_MS = 365 * 86_400_000
  const expiring = (days: number | null) => { shop.settings = { ...shop.settings, purchases: { ...shop.settings.purchases, expiryDays: days } } }
  const expire = () => shop.purchases.expireCredit(shop.bench.clock.wallMs())

  test('lapses a year after its purchase, as far as it was not used; what came later stays', async () => {
    expiring(365)
    await shop.buy(10n)
    shop.bench.clock.advance(YEAR_MS / 2)
    await shop.buy(20n)
    expect(await shop.call(4n * USD)).toBe(true)
    await shop.settleAll()
    expect(await expire()).toBe(0)
    shop.bench.clock.advance(YEAR_MS / 2)
    expect(await expire()).toBe(1)
    expect(await left()).toBe(20n * USD)
    expect(await expire()).toBe(0)
    const [row] = await shop.bench.database.read((sql) => sql.all("SELECT amount FROM entries WHERE book = 'expired'"))
    expect(row?.['amount']).toBe(6n * USD)
  })

  test('stays where the operator has not turned that on when it was bought', async () => {
    await shop.buy(10n)
    expiring(30)
    shop.bench.clock.advance(2 * YEAR_MS)
    expect(await expire()).toBe(0)
    expect(await left()).toBe(10n * USD)
  })

  test('is not taken from calls that run: what they leave goes another time', async () => {
    expiring(365)
    await shop.buy(10n)
    const node = shop.bench.ledgerOf('a')
    const hold = await node.hold(shop.caller, 'gen-running', 6n * USD)
    shop.bench.clock.advance(YEAR_MS)
    expect(await expire()).toBe(1)
    if (hold.ok) node.release(hold)
    await shop.settleAll()
    expect(await expire()).toBe(1)
    expect(await left()).toBe(0n)
  })

  test('lapses too where its payment comes back after that: a dispute that is won, a refund that fails', async () => {
    expiring(1)
    const [disputed, refunded] = [await shop.buy(10n), await shop.buy(5n)]
    expect(await shop.call(1n * USD)).toBe(true)
    await shop.refund(refunded.id, 3n)
    await shop.deliver(shop.stripe.dispute(intentOf(disputed)))
    expect(await left()).toBe(1n * USD)
    shop.bench.clock.advance(2 * 86_400_000)
    expect(await expire()).toBe(1)
    await shop.deliver(shop.stripe.closeDispute(String(shop.stripe.all('dispute')[0]?.['id']), 'won'))
    await shop.deliver(shop.stripe.setRefund(String(shop.stripe.all('refund')[0]?.['id']), 'failed'))
    expect(await left()).toBe(13n * USD)
    expect(await expire()).toBe(2)
    expect(await left()).toBe(0n)
  })

  test('lapses where a payment comes back that newer credit was taken for', async () => {
    expiring(1)
    const [older] = [await shop.buy(10n), await shop.buy(10n)]
    expect(await shop.call(12n * USD)).toBe(true)
    await shop.deliver(shop.stripe.dispute(intentOf(older)))
    expect(await left()).toBe(0n)
    shop.bench.clock.advance(2 * 86_400_000)
    expect(await expire()).toBe(0)
    await shop.deliver(shop.stripe.closeDispute(String(shop.stripe.all('dispute')[0]?.['id']), 'won'))
    expect(await left()).toBe(8n * USD)
    expect(await expire()).toBe(1)
    expect(await left()).toBe(0n)
  })

  test('that was granted does not lapse', async () => {
    expiring(365)
    await shop.bench.store.grant({ accountId: ACCOUNT, amount: 3n * USD, reason: 'trial', reference: null, nowMs: 2 })
    shop.bench.clock.advance(YEAR_MS * 2)
    expect(await expire()).toBe(0)
  })
})

describe('what the provider said earlier, and another process writes down later', () => {
  test('changes nothing: a dispute that is won does not begin again, a refund that failed is not made', async () => {
    const purchase = await shop.buy(10n)
    const intent = intentOf(purchase)
    await shop.deliver(shop.stripe.dispute(intent, 400))
    shop.stripe.refundByHand(intent, 300)
    await shop.deliver(shop.stripe.events.at(-1) ?? {})
    const before = await shop.provider.payment(await shop.purchase(purchase.id), null)
    await shop.deliver(shop.stripe.closeDispute(String(shop.stripe.all('dispute')[0]?.['id']), 'won'))
    await shop.deliver(shop.stripe.setRefund(String(shop.stripe.all('refund')[0]?.['id']), 'failed'))
    expect(await left()).toBe(10n * USD)
    if (!before) throw new Error('the payment is there')
    expect(before).toMatchObject({ disputes: [{ state: 'pending' }], refunds: [{ state: 'done' }] })
    expect(await shop.purchases.applyPayment({ accountId: ACCOUNT, purchaseId: purchase.id, payment: before, seller: shop.settings.seller, nowMs: shop.bench.clock.wallMs() })).toMatchObject({ became: null, reversals: [] })
    expect(await left()).toBe(10n * USD)
  })
})
