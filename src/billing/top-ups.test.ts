import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import type { CardName } from '../../test/billing/fake-stripe.ts'
import { BUYER, Shop, USD } from './shop.fixture.ts'

let shop: Shop
beforeEach(async () => { shop = await Shop.open() })
afterEach(async () => { expect(await shop.problems()).toEqual([]) })

const left = async (): Promise<bigint> => { const { total, used } = await shop.credits(); return total - used }
const autos = async () => (await shop.billing.list(ACCOUNT, { offset: 0, limit: 50 })).rows.filter(({ kind }) => kind === 'auto')

/** An account with a saved card that wants twenty dollars as soon as less than five are left. */
async function saved(card: CardName = 'visa', more: { readonly monthMax?: bigint } = {}): Promise<void> {
  await shop.billing.saveCard(ACCOUNT)
  shop.stripe.pay(String(shop.stripe.all('checkout.session').at(-1)?.['id']), card)
  const { cards } = await shop.billing.cards(ACCOUNT)
  await shop.billing.chooseCard(ACCOUNT, cards[0]?.id ?? '', BUYER)
  await shop.billing.changePayer(ACCOUNT, { topUp: { isOn: true, threshold: 5n * USD, amount: 20n * USD, ...more } }, BUYER)
}

describe('automatic top-up (I4)', () => {
  test('charges the saved card when less than the threshold is left, and not before', async () => {
    await shop.bench.store.grant({ accountId: ACCOUNT, amount: 6n * USD, reason: 'trial', reference: null, nowMs: 2 })
    await saved()
    expect(await shop.payments.topUp()).toBe(0)
    expect(await shop.call(2n * USD)).toBe(true)
    await shop.settleAll()
    expect(await shop.payments.topUp()).toBe(1)
    expect(await autos()).toMatchObject([{ state: 'paid', creditCents: 2_000, feeCents: 110, card: 'visa 4242' }])
    expect(await left()).toBe(24n * USD)
    expect(await shop.payments.topUp()).toBe(0)
  })

  test('needs a card, and what it buys is as much as anybody must buy', async () => {
    const wish = (topUp: object) => shop.billing.changePayer(ACCOUNT, { topUp }, BUYER).then(() => 'done', (error: unknown) => (error instanceof Fault ? error.code : String(error)))
    expect(await wish({ isOn: true })).toBe('conflict')
    expect(await wish({ amount: 4n * USD })).toBe('invalid_request')
    await saved()
    expect(await wish({ isOn: true })).toBe('done')
    const { cards } = await shop.billing.cards(ACCOUNT)
    await shop.billing.removeCard(ACCOUNT, cards[0]?.id ?? '', BUYER)
    expect((await shop.billing.payer(ACCOUNT)).topUp.isOn).toBe(false)
    expect(await shop.payments.topUp()).toBe(0)
  })

  test('uses a card that was saved with a purchase', async () => {
    await shop.buy(5n, 'visa', true)
    expect((await shop.billing.cards(ACCOUNT)).chosen).toBe((await shop.billing.cards(ACCOUNT)).cards[0]?.id ?? '')
  })

  test('is one charge, however many processes look at once', async () => {
    await saved()
    const processes = Array.from({ length: 6 }, () => shop.process())
    await Promise.all([...processes, ...processes].map((one) => one.topUp()))
    expect(await autos()).toHaveLength(1)
    expect(shop.stripe.all('payment_intent')).toHaveLength(1)
    expect(await left()).toBe(20n * USD)
  })

  test('is one charge where its answer is lost, and where its process dies before it writes it down', async () => {
    await saved()
    // The list of payments, then the charge: its first answer is lost, and so are the next two.
    shop.stripe.troubles.push('lost')
    shop.stripe.requests.length = 0
    await shop.payments.topUp()
    expect(await left()).toBe(20n * USD)
    await shop.call(16n * USD)
    await shop.settleAll()
    shop.provider.charge = async () => { throw new Error('this process died') }
    await shop.payments.topUp()
    expect((await autos()).map(({ state }) => state)).toContain('open')
    expect(await shop.process().topUp()).toBe(0)
    // Its way is that of the class again.
    delete (shop.provider as { charge?: unknown }).charge
    shop.bench.clock.advance(61_000)
    await shop.process().look()
    expect((await autos()).map(({ state }) => state)).toEqual(['paid', 'paid'])
    expect(shop.stripe.all('payment_intent')).toHaveLength(2)
  })

  for (const [card, failure] of [['declining', 'Your card was declined.'], ['asking', 'This transaction requires authentication.']] as const) {
    test(`of a card that is ${card} waits longer each time, and is turned off with a notice at the fourth`, async () => {
      await saved(card)
      for (const waitMs of [1, 6, 24].map((hours) => hours * 3_600_000)) {
        expect(await shop.payments.topUp()).toBe(1)
        shop.bench.clock.advance(waitMs - 1)
        expect(await shop.payments.topUp()).toBe(0)
        shop.bench.clock.advance(1)
      }
      expect(await shop.payments.topUp()).toBe(1)
      expect((await autos())[0]).toMatchObject({ state: 'failed', failure })
      expect((await shop.billing.payer(ACCOUNT)).topUp).toMatchObject({ isOn: false, failures: 4, offReason: `The card was declined 4 times in a row: ${failure}` })
      expect(shop.told.map(({ topUpOff }) => topUpOff)).toEqual([false, false, false, true])
      expect(await left()).toBe(0n)
      // None of them can be paid any more.
      expect(shop.stripe.all('payment_intent').map(({ status }) => status)).toEqual(['canceled', 'canceled', 'canceled', 'canceled'])
    })
  }

  test('counts nothing against the card where the key of the install may not charge it', async () => {
    await saved()
    shop.stripe.forbidden.add('POST /v1/payment_intents')
    await shop.payments.topUp()
    expect((await shop.billing.payer(ACCOUNT)).topUp).toMatchObject({ isOn: true, failures: 0 })
    expect(shop.logged.join()).toMatch(/does not have the required permissions/)
    shop.stripe.forbidden.clear()
    shop.bench.clock.advance(61_000)
    await shop.payments.look()
    expect(await autos()).toMatchObject([{ state: 'paid' }])
  })

  test('buys no more in a month than it may', async () => {
    await saved('visa', { monthMax: 45n * USD })
    for (let time = 0; time < 3; time++) {
      await shop.payments.topUp()
      await shop.call(19n * USD)
      await shop.settleAll()
    }
    expect(await autos()).toHaveLength(2)
    shop.bench.clock.advance(31 * 86_400_000)
    expect(await shop.payments.topUp()).toBe(1)
  })

  test('reaches everybody, however many before them buy no more this month', async () => {
    await saved()
    await shop.bench.database.write(async (sql) => {
      for (let n = 0; n < 120; n++) {
        // Before `default`, in the order of their ids.
        const id = `a${String(n).padStart(3, '0')}`
        await sql.run('INSERT INTO accounts (id, balance, granted, written_off, changed, created_ms) VALUES ($1, 0, 0, 0, 0, 1)', id)
        await sql.run(`INSERT INTO payers (account_id, customer_id, card_id, name, address, email, tax_id, topup_on, topup_threshold, topup_cents, topup_month_cents_max, topup_failures, topup_next_ms, topup_off_reason, updated_ms)
          SELECT $1, $1, card_id, name, address, email, tax_id, topup_on, topup_threshold, topup_cents, 1, 0, 0, NULL, updated_ms FROM payers WHERE account_id = $2`, id, ACCOUNT)
      }
    })
    expect(await shop.payments.topUp()).toBe(1)
    expect(await left()).toBe(20n * USD)
  })

  test('does not buy again what was just given back', async () => {
    await saved()
    await shop.payments.topUp()
    const [bought] = await autos()
    await shop.billing.refund(ACCOUNT, bought?.id ?? '', 10n * USD, BUYER)
    expect((await shop.billing.payer(ACCOUNT)).topUp.isOn).toBe(true)
    await shop.billing.refund(ACCOUNT, bought?.id ?? '', undefined, BUYER)
    expect(await shop.payments.topUp()).toBe(0)
    expect((await shop.billing.payer(ACCOUNT)).topUp).toMatchObject({ isOn: false, offReason: 'Credit of receipt 1 was given back, and would have been bought again.' })
    expect(shop.stripe.all('payment_intent')).toHaveLength(1)
  })

  test('charges no card whose bank took a payment back, when the account is let go on', async () => {
    await saved()
    await shop.payments.topUp()
    const [bought] = await autos()
    await shop.deliver(shop.stripe.dispute(bought?.paymentId ?? ''))
    await shop.bench.database.write(async (sql) => { await sql.run("UPDATE accounts SET suspended_ms = NULL, suspended_reason = NULL WHERE id = 'default'") })
    expect(await shop.payments.topUp()).toBe(0)
    expect((await shop.billing.payer(ACCOUNT)).topUp).toMatchObject({ isOn: false, offReason: 'The payment of receipt 1 is disputed.' })
  })

  test('that is less than must be bought now is paused, not turned off: it goes on when it is enough again', async () => {
    await saved()
    const { purchases } = shop.settings
    shop.settings = { ...shop.settings, purchases: { ...purchases, amountMin: 50n * USD } }
    for (let time = 0; time < 2; time++) expect(await shop.payments.topUp()).toBe(0)
    expect(shop.paused).toMatchObject([[{ accountId: ACCOUNT, topUp: { isOn: true } }, 50n * USD]])
    shop.settings = { ...shop.settings, purchases }
    shop.bench.clock.advance(600_000)
    expect(await shop.payments.topUp()).toBe(1)
    expect(await left()).toBe(20n * USD)
    await shop.call(19n * USD)
    await shop.settleAll()
    shop.settings = { ...shop.settings, purchases: { ...purchases, amountMin: 50n * USD } }
    expect(await shop.payments.topUp()).toBe(0)
    await shop.billing.changePayer(ACCOUNT, { topUp: { amount: 60n * USD } }, BUYER)
    expect(await shop.payments.topUp()).toBe(1)
    expect(await left()).toBe(61n * USD)
  })

  test('does nothing while money is turned off', async () => {
    await saved()
    shop.settings = { ...shop.settings, moneyEnabled: false }
    expect(await shop.payments.topUp()).toBe(0)
    expect(await shop.order(10n).then(() => 'done', (error: unknown) => (error instanceof Fault ? error.message : ''))).toMatch(/^Money is turned off here/)
  })
})
