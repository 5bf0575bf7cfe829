import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import { BUYER, Shop, USD } from './shop.fixture.ts'

let shop: Shop
beforeEach(async () => { shop = await Shop.open() })
afterEach(async () => { expect(await shop.problems()).toEqual([]) })

describe('a live key, where the test mode was tried before', () => {
  test('sells to who bought in test mode: as a customer of its own, with cards of its own', async () => {
    await shop.buy(10n, 'visa', true)
    await shop.billing.changePayer(ACCOUNT, { topUp: { isOn: true, threshold: 50n * USD, amount: 20n * USD } }, BUYER)
    shop.goLive()
    expect(await shop.billing.cards(ACCOUNT)).toEqual({ cards: [], chosen: null })
    expect(await shop.billing.payer(ACCOUNT)).toMatchObject({ customerId: null, topUp: { isOn: false } })
    expect(await shop.payments.topUp()).toBe(0)
    expect(await shop.buy(5n, 'visa', true)).toMatchObject({ state: 'paid', isLive: true })
    expect(await shop.billing.payer(ACCOUNT)).toMatchObject({ customerId: 'cus_live00000001', cardId: shop.stripe.all('payment_method')[0]?.['id'] as string, topUp: { isOn: false } })
    await shop.billing.changePayer(ACCOUNT, { topUp: { isOn: true } }, BUYER)
    expect(await shop.payments.topUp()).toBe(1)
    expect(shop.stripe.all('payment_intent')).toHaveLength(2)
  })

  test('gives back nothing that was paid in test mode, and takes no credit for it', async () => {
    const { id } = await shop.buy(10n)
    shop.goLive()
    const refused = await shop.billing.refund(ACCOUNT, id, undefined, BUYER).then(() => undefined, (error: unknown) => (error instanceof Fault ? error.message : String(error)))
    expect(refused).toMatch(/^This was paid in the test mode of the payment provider/)
    expect((await shop.credits()).total).toBe(10n * USD)
  })
})
