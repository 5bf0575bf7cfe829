import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { closeAccount } from '../store/account-data.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import { freshPurchase } from './purchase.ts'
import { BUYER, SECRET, Shop, USD } from './shop.fixture.ts'

let shop: Shop
beforeEach(async () => { shop = await Shop.open() })
afterEach(async () => { expect(await shop.problems()).toEqual([]) })

/** What a promise is refused with. */
async function faultOf(promise: Promise<unknown>): Promise<Fault | undefined> {
  return await promise.then(() => undefined, (error: unknown) => (error instanceof Fault ? error : undefined))
}

describe('a purchase', () => {
  test('costs 5.5 %, at least 80 cents, at least five dollars at once, in whole cents (I2)', async () => {
    expect(await shop.order(10n)).toMatchObject({ creditCents: 1_000, feeCents: 80, state: 'open' })
    expect(await shop.order(100n)).toMatchObject({ creditCents: 10_000, feeCents: 550 })
    expect((await shop.billing.buy(ACCOUNT, { amount: 19_990_000_000n, savesCard: false }, BUYER)).purchase).toMatchObject({ creditCents: 1_999, feeCents: 110 })
    expect((await faultOf(shop.order(4n)))?.message).toBe('The field `amount_usd` must be at least $5.00.')
    expect((await faultOf(shop.billing.buy(ACCOUNT, { amount: 10_000_000_001n, savesCard: false }, BUYER)))?.code).toBe('invalid_request')
    expect((await faultOf(shop.order(100_001n)))?.code).toBe('invalid_request')
  })

  test('is paid at Stripe, by the page whose address it gives, and is credit then: fee and credit told apart in the books', async () => {
    const { purchase, url } = await shop.billing.buy(ACCOUNT, { amount: 25n * USD, savesCard: false }, BUYER)
    expect(url).toBe(`https://checkout.stripe.com/c/pay/${purchase.sessionId}`)
    expect((await shop.credits()).total).toBe(0n)
    expect(await shop.deliver(shop.stripe.pay(purchase.sessionId ?? ''))).toBe('applied')
    expect(await shop.purchase(purchase.id)).toMatchObject({ state: 'paid', card: 'visa 4242', receiptNumber: 1, creditCents: 2_500, feeCents: 138 })
    expect((await shop.credits()).total).toBe(25n * USD)
    const rows = await shop.bench.database.read((sql) => sql.all("SELECT book, amount FROM entries WHERE kind = 'purchase' ORDER BY book"))
    expect(rows.map(({ book, amount }) => [book, amount])).toEqual([['balance', 25_000_000_000n], ['fee', 1_380_000_000n], ['payment', -26_380_000_000n]])
    expect(shop.told.map(({ became }) => became)).toEqual(['paid'])
  })

  test('that nobody paid in time is over; one that a bank takes days for is not', async () => {
    const [late, slow, bounced] = [await shop.order(5n), await shop.order(6n), await shop.order(7n)]
    await shop.deliver(shop.stripe.expire(late.sessionId ?? ''))
    expect((await shop.purchase(late.id)).state).toBe('expired')
    for (const { sessionId } of [slow, bounced]) await shop.deliver(shop.stripe.pay(sessionId ?? '', 'visa', { later: true }))
    expect((await shop.purchase(slow.id)).state).toBe('open')
    await shop.deliver(shop.stripe.finish(slow.sessionId ?? '', true))
    await shop.deliver(shop.stripe.finish(bounced.sessionId ?? '', false))
    expect((await shop.purchase(slow.id)).state).toBe('paid')
    expect(await shop.purchase(bounced.id)).toMatchObject({ state: 'failed', failure: 'The bank refused the payment.' })
    expect((await shop.credits()).total).toBe(6n * USD)
  })

  test('keeps the receipt numbers without gaps, whatever was not paid between', async () => {
    await shop.buy(5n)
    await shop.order(5n)
    expect((await shop.buy(5n)).receiptNumber).toBe(2)
  })

  test('whose page could not be made is over, at once or once that is sure, and its buyer hears why', async () => {
    const states = async () => (await shop.billing.list(ACCOUNT, { offset: 0, limit: 9 })).rows.map(({ state, failure }) => [state, failure])
    shop.isCutOff = true
    expect((await faultOf(shop.order(5n)))?.code).toBe('unavailable')
    shop.isCutOff = false
    shop.stripe.forbidden.add('POST /v1/checkout/sessions')
    expect((await faultOf(shop.order(6n)))?.code).toBeDefined()
    expect(await states()).toEqual(Array.from({ length: 2 }, () => ['failed', 'The page to pay on could not be made.']))
    shop.stripe.forbidden.clear()
    // The process died before it had the page.
    const order = freshPurchase({ accountId: ACCOUNT, id: 'died', kind: 'checkout', provider: 'stripe', isLive: false, creditCents: 500, feeCents: 80, savesCard: false, createdBy: null, createdMs: shop.bench.clock.wallMs(), expiryDays: null })
    await shop.purchases.insertPurchase(order, order.createdMs, { by: BUYER, nowMs: order.createdMs })
    await shop.payments.look()
    expect((await shop.purchase('died')).state).toBe('open')
    shop.bench.clock.advance(3_600_000)
    await shop.payments.look()
    expect(await shop.purchase('died')).toMatchObject({ state: 'failed', failure: 'The page to pay on could not be made.' })
  })

  test('that is open when its account is closed can be paid no more, as soon as Stripe is there', async () => {
    const { id, sessionId } = await shop.order(20n)
    await shop.bench.database.write((sql) => closeAccount(sql, ACCOUNT, shop.bench.clock.wallMs()))
    expect(shop.stripe.requests.filter((request) => request.endsWith('/expire'))).toEqual([])
    shop.isCutOff = true
    await shop.payments.look()
    expect((await shop.purchase(id)).state).toBe('open')
    shop.isCutOff = false
    shop.bench.clock.advance(120_000)
    await shop.payments.look()
    expect(shop.stripe.get(sessionId ?? '')['status']).toBe('expired')
    expect((await shop.purchase(id)).state).toBe('expired')
  })

  test('that is paid when its account is closed already is told to the operator, who gives it back', async () => {
    const { id, sessionId } = await shop.order(20n)
    await shop.bench.database.write((sql) => closeAccount(sql, ACCOUNT, shop.bench.clock.wallMs()))
    const paid = shop.stripe.pay(sessionId ?? '')
    for (let times = 0; times < 2; times++) await shop.deliver(paid)
    const [intent] = shop.stripe.all('payment_intent')
    expect(shop.logged).toEqual([`a payment came for an account that is closed: give it back at the payment provider: ${String(intent?.['id'])} for purchase ${id}`])
    shop.stripe.refundByHand(String(intent?.['id']), 2_110)
    await shop.deliver(shop.stripe.events.at(-1) ?? {})
    expect((await shop.purchase(id)).reversals).toMatchObject([{ kind: 'refund', state: 'done' }])
  })

  test('of a card that was charged by itself just before its account was closed is told to the operator too', async () => {
    await shop.buy(5n, 'visa', true)
    const { customerId, cardId } = await shop.billing.payer(ACCOUNT)
    // The process died with the answer.
    const order = freshPurchase({ accountId: ACCOUNT, id: 'died', kind: 'auto', provider: 'stripe', isLive: false, creditCents: 500, feeCents: 80, savesCard: false, createdBy: null, createdMs: shop.bench.clock.wallMs(), expiryDays: null })
    await shop.purchases.insertPurchase(order, order.createdMs, { by: BUYER, nowMs: order.createdMs })
    const { paymentId: charged } = await shop.provider.charge(order, customerId ?? '', cardId ?? '')
    await shop.bench.database.write((sql) => closeAccount(sql, ACCOUNT, shop.bench.clock.wallMs()))
    await shop.deliver(shop.stripe.events.at(-1) ?? {})
    expect(await shop.purchase('died')).toMatchObject({ state: 'paid', paymentId: charged })
    expect(shop.logged).toEqual([`a payment came for an account that is closed: give it back at the payment provider: ${String(charged)} for purchase died`])
  })

  test('that is paid when its account is closed already keeps nothing of who paid', async () => {
    const { id, sessionId } = await shop.order(20n, true)
    await shop.bench.database.write((sql) => closeAccount(sql, ACCOUNT, shop.bench.clock.wallMs()))
    await shop.deliver(shop.stripe.pay(sessionId ?? ''))
    expect(await shop.purchase(id)).toMatchObject({ state: 'paid', card: null })
    expect((await shop.billing.receipt(ACCOUNT, id)).card).toBeNull()
    expect((await shop.billing.payer(ACCOUNT)).cardId).toBeNull()
  })

  test('stays when its account is closed, without who bought it and by which card', async () => {
    const { id } = await shop.buy(10n, 'visa', true)
    await shop.refund(id, 4n)
    await shop.settleAll()
    await shop.bench.database.write((sql) => closeAccount(sql, ACCOUNT, shop.bench.clock.wallMs()))
    expect(await shop.purchase(id)).toMatchObject({ state: 'paid', creditCents: 1_000, createdBy: null, card: null, reversals: [{ cents: 400 }] })
    const rows = await shop.bench.database.read((sql) => sql.all('SELECT created_by FROM payment_reversals UNION ALL SELECT customer_id FROM payers UNION ALL SELECT body FROM receipts'))
    expect(rows.map((row) => row['created_by'])).toEqual([null])
  })

  test('paid elsewhere is recorded once for each reference, and counts as bought', async () => {
    const recorded = await shop.billing.record(ACCOUNT, { amount: 50n * USD, reference: 'transfer 7' }, BUYER)
    expect(recorded).toMatchObject({ isRepeated: false, purchase: { kind: 'recorded', state: 'paid', feeCents: 0, receiptNumber: 1 } })
    expect(await shop.billing.record(ACCOUNT, { amount: 60n * USD, reference: 'transfer 7' }, BUYER)).toMatchObject({ isRepeated: true, purchase: { id: recorded.purchase.id, creditCents: 5_000 } })
    expect((await shop.credits()).total).toBe(50n * USD)
    expect((await faultOf(shop.refund(recorded.purchase.id)))?.code).toBe('conflict')
  })
})

describe('an event', () => {
  const credited = async () => (await shop.credits()).total

  test('that is not signed with our secret, or was altered, or is too old or too new, is refused', async () => {
    const { sessionId } = await shop.order(10n)
    const event = shop.stripe.pay(sessionId ?? '')
    const { body, signature } = await shop.sign(event)
    const refused: readonly (readonly [string, string | null, RegExp])[] = [
      [body, null, /missing/], [body, '', /missing/], [body, 'v1=abc', /must be t=/], [body, 't=1,v0=abc', /must be t=/],
      [body, (await shop.sign(event, 'whsec_another')).signature, /another than that/], [`${body} `, signature, /another than that/],
      [body, signature.replace(/v1=../, 'v1=zz'), /another than that/],
      [body, (await shop.sign(event, SECRET, shop.bench.clock.wallMs() - 301_000)).signature, /five minutes/], [body, (await shop.sign(event, SECRET, shop.bench.clock.wallMs() + 302_000)).signature, /five minutes/],
    ]
    for (const [text, header, why] of refused) {
      const fault = await faultOf(shop.payments.takeEvent(text, header))
      expect([header, fault?.code, why.test(fault?.message ?? '')]).toEqual([header, 'invalid_request', true])
    }
    expect(await credited()).toBe(0n)
    expect(await shop.payments.takeEvent(body, signature)).toBe('applied')
  })

  test('counts once, however often it comes, and beside the other one that says the same', async () => {
    const { sessionId } = await shop.order(10n)
    shop.stripe.pay(sessionId ?? '')
    const events = [...shop.stripe.events, ...shop.stripe.events]
    await Promise.all(events.map((event) => shop.deliver(event)))
    for (const event of events) await shop.deliver(event)
    expect(await credited()).toBe(10n * USD)
  })

  test('may come in any order: what was paid and given back before we hear of it is both', async () => {
    const { id, sessionId } = await shop.order(10n)
    shop.stripe.pay(sessionId ?? '')
    const intent = String(shop.stripe.get(sessionId ?? '')['payment_intent'])
    shop.stripe.refundByHand(intent, 400)
    for (const event of shop.stripe.events.toReversed()) await shop.deliver(event)
    expect((await shop.purchase(id)).reversals).toMatchObject([{ kind: 'refund', state: 'done', cents: 400 }])
    expect(await credited()).toBe(6n * USD)
  })

  const wrong: readonly (readonly [string, (sessionId: string) => JsonObject, RegExp])[] = [
    ['of another amount', (id) => shop.stripe.pay(id, 'visa', { cents: 1 }), /its amount is not/],
    ['of another currency', (id) => shop.stripe.pay(id, 'visa', { currency: 'jpy' }), /its currency is not/],
    ["with another account's name on the payment", (id) => { shop.stripe.patch(id, { metadata: { ...Object(shop.stripe.get(id)['metadata']), account_id: 'other' } }); return shop.stripe.pay(id) }, /names purchase .* and another account/],
    ["with another order's name on the payment", (id) => { shop.stripe.patch(id, { metadata: { purchase_id: 'other', account_id: ACCOUNT } }); return shop.stripe.pay(id) }, /made for another order/],
    ['of the other mode', (id) => ({ ...shop.stripe.pay(id), livemode: true }), /is of the live mode/],
    ['whose payment is of the other mode', (id) => { shop.stripe.patch(id, { livemode: true }); return shop.stripe.pay(id) }, /other mode/],
  ]
  for (const [what, pay, why] of wrong) {
    test(`${what} brings nobody a cent, and the operator hears of it`, async () => {
      const { sessionId } = await shop.order(10n)
      await shop.deliver(pay(sessionId ?? ''))
      expect(await credited()).toBe(0n)
      expect(shop.logged.join('\n')).toMatch(why)
    })
  }

  test('that says what Stripe itself does not is nothing: a forged one with the right secret brings nobody a cent', async () => {
    const { id, sessionId } = await shop.order(10n)
    const forged = { id: 'evt_x', object: 'event', livemode: false, type: 'checkout.session.completed', created: 1, data: { object: { ...shop.stripe.get(sessionId ?? ''), status: 'complete', payment_status: 'paid' } } }
    expect(await shop.deliver(forged)).toBe('applied')
    expect((await shop.purchase(id)).state).toBe('open')
    expect(await credited()).toBe(0n)
  })

  test("of a payment page that is not the order's is not taken", async () => {
    const [mine, other] = [await shop.order(10n), await shop.order(10n)]
    shop.stripe.patch(other.sessionId ?? '', { metadata: { purchase_id: mine.id, account_id: ACCOUNT } })
    await shop.deliver(shop.stripe.pay(other.sessionId ?? ''))
    expect(await credited()).toBe(0n)
  })

  test('of no kind that we know, of nothing of ours, and what is no event at all', async () => {
    const of = (type: string, object: JsonObject): JsonObject => ({ id: 'evt_1', object: 'event', livemode: false, type, created: 1, data: { object } })
    expect(await shop.deliver(of('customer.updated', { id: 'cus_1', object: 'customer' }))).toBe('ignored')
    expect(await shop.deliver(of('payment_intent.succeeded', { id: 'pi_of_another_shop', object: 'payment_intent', metadata: {} }))).toBe('ignored')
    expect((await faultOf(shop.deliver({ hello: 'world' })))?.code).toBe('invalid_request')
  })

  test('is sent again where Stripe cannot be asked', async () => {
    const { sessionId } = await shop.order(10n)
    const event = shop.stripe.pay(sessionId ?? '')
    shop.stripe.troubles.push('failed', 'failed', 'failed')
    expect((await faultOf(shop.deliver(event)))?.code).toBe('unavailable')
    expect(await shop.deliver(event)).toBe('applied')
    expect(await credited()).toBe(10n * USD)
  })

  test('that never comes is made up for: by asking after what is open, and by reading what happened', async () => {
    const { id, sessionId } = await shop.order(10n)
    shop.stripe.pay(sessionId ?? '')
    await shop.payments.look()
    expect(await credited()).toBe(0n)
    shop.bench.clock.advance(121_000)
    await shop.payments.look()
    expect((await shop.purchase(id)).state).toBe('paid')
    shop.stripe.dispute(String(shop.stripe.get(sessionId ?? '')['payment_intent']))
    await shop.payments.readEvents()
    expect((await shop.purchase(id)).reversals).toMatchObject([{ kind: 'dispute', state: 'pending', cents: 1_080 }])
    expect(await credited()).toBe(0n)
  })

  test('that never comes is found among any number of newer ones', async () => {
    const { id, sessionId } = await shop.order(10n)
    shop.stripe.pay(sessionId ?? '')
    await shop.payments.look()
    for (let n = 0; n < 1_100; n++) shop.stripe.events.push({ id: `evt_of_another_shop_${n}`, object: 'event', livemode: false, type: 'payment_intent.succeeded', created: Math.floor(shop.bench.clock.wallMs() / 1_000), data: { object: { id: 'pi_x', object: 'payment_intent', metadata: { purchase_id: 'of another shop' } } } })
    await shop.payments.readEvents()
    expect((await shop.purchase(id)).state).toBe('paid')
  })

  test('that cannot be applied keeps none of the others back, and is read again', async () => {
    const [first, second] = [await shop.order(10n), await shop.order(20n)]
    for (const { sessionId } of [first, second]) shop.stripe.pay(sessionId ?? '')
    // Something that the credit of the first one runs into.
    await shop.bench.database.write(async (sql) => { await sql.run("INSERT INTO credit_lots (account_id, id, kind, amount, removed, at_ms, expires_ms) VALUES ($1, $2, 'bought', 0, 0, 1, NULL)", ACCOUNT, first.id) })
    expect(await shop.payments.readEvents().then(() => 'read', () => 'failed')).toBe('failed')
    expect(await credited()).toBe(20n * USD)
    await shop.bench.database.write(async (sql) => { await sql.run('DELETE FROM credit_lots WHERE id = $1', first.id) })
    await shop.payments.readEvents()
    expect(await credited()).toBe(30n * USD)
  })

  test('of an order whose page was made and never written down has what is needed', async () => {
    shop.stripe.troubles.push(...Array.from({ length: 2 }, () => 'lost' as const))
    const { id, sessionId } = await shop.order(10n)
    await shop.bench.database.write(async (sql) => { await sql.run('UPDATE purchases SET session_id = NULL') })
    await shop.deliver(shop.stripe.pay(sessionId ?? ''))
    expect((await shop.purchase(id)).state).toBe('paid')
    expect(shop.stripe.all('checkout.session')).toHaveLength(1)
  })
})
