import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { MasterKeys } from '../accounts/byok/master-keys.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { People } from '../accounts/people.ts'
import type { Role } from '../accounts/roles.ts'
import { outboxMailer } from '../notices/mailer.ts'
import { NoticeBoard } from '../notices/notice-board.ts'
import { vaultOf } from '../notices/vault.ts'
import { setOverrides } from '../store/operator-rows.ts'
import { SqlNotices } from '../store/sql-notices.ts'
import { SqlPeople } from '../store/sql-people.ts'
import { ACCOUNT } from '../store/store.fixture.ts'
import { Touched } from '../store/touched.ts'
import { BillingLetters } from './letters.ts'
import { BUYER, Shop, USD } from './shop.fixture.ts'

let shop: Shop
let people: SqlPeople
beforeEach(async () => {
  shop = await Shop.open()
  people = new SqlPeople(shop.bench.database)
})
afterEach(async () => { expect(await shop.problems()).toEqual([]) })

const change = { by: SYSTEM, nowMs: 1 }

async function join(name: string, role: Role, createdMs = 1): Promise<void> {
  await people.insertUser({ id: name, email: `${name}@example.com`, firstName: null, lastName: null, createdMs, updatedMs: null, disabledMs: null }, { id: `own-${name}`, kind: 'personal', name, createdMs }, change)
  await people.insertMember({ accountId: ACCOUNT, userId: name, role, createdMs }, change)
}

/** Tells all that was applied so far, as often as is said; the letters that wait then. */
async function letters(times = 1): Promise<string[]> {
  const { bench: { database, clock, directory }, purchases } = shop
  const store = new SqlNotices(database, new Touched())
  const mailer = outboxMailer({ store, vault: vaultOf(new MasterKeys({ dataDir: directory, fromEnvironment: undefined, onMade: () => undefined }), async () => false), smtp: { send: async () => undefined }, clock, poke: () => undefined })
  const board = new NoticeBoard({ store, clock, sendsLetters: true, poke: () => undefined })
  const told = new BillingLetters({ mailer, notices: board, people: new People(people, clock), store: purchases, pageUrl: () => 'http://localhost:8787/billing' })
  for (let time = 0; time < times; time++) {
    for (const applied of shop.told) await told.tell(applied)
    for (const [payer, amountMin] of shop.paused) await told.tellPaused(payer, amountMin)
  }
  return (await database.read((sql) => sql.all('SELECT target, subject FROM outbox ORDER BY target, subject'))).map(({ target, subject }) => `${String(target)}: ${String(subject)}`)
}

describe('letters about payments', () => {
  test('go to every admin, however many joined before them, and to no member', async () => {
    await shop.bench.database.write(async (sql) => { await setOverrides(sql, ACCOUNT, { membersMax: 500 }, change) })
    for (const [name, role] of [['ada', 'admin'], ['mel', 'member']] as const) await join(name, role)
    for (let n = 0; n < 150; n++) await join(`m${n}`, 'member', 2)
    await join('zoe', 'admin', 3)
    await shop.buy(10n)
    expect(await letters(2)).toEqual(['ada@example.com: Receipt SW-000001: $10.00 of credit', 'zoe@example.com: Receipt SW-000001: $10.00 of credit'])
  })

  test('go to the address of the receipts alone, where there is one', async () => {
    await join('ada', 'admin')
    await shop.billing.changePayer(ACCOUNT, { details: { email: 'books@example.com' } }, BUYER)
    const { id } = await shop.buy(10n)
    await shop.refund(id)
    expect(await letters(2)).toEqual(['books@example.com: Receipt SW-000001: $10.00 of credit', 'books@example.com: Refund of receipt SW-000001'])
  })

  test('that nothing is bought by itself any more, since more must be bought: a notice, once', async () => {
    await join('ada', 'admin')
    await shop.billing.saveCard(ACCOUNT)
    shop.stripe.pay(String(shop.stripe.all('checkout.session').at(-1)?.['id']))
    await shop.billing.chooseCard(ACCOUNT, (await shop.billing.cards(ACCOUNT)).cards[0]?.id ?? '', BUYER)
    await shop.billing.changePayer(ACCOUNT, { topUp: { isOn: true, threshold: 5n * USD, amount: 20n * USD } }, BUYER)
    shop.settings = { ...shop.settings, purchases: { ...shop.settings.purchases, amountMin: 50n * USD } }
    await shop.payments.topUp()
    expect(await letters(2)).toEqual(['ada@example.com: Automatic top-up buys nothing'])
    const notices = await shop.bench.database.read((sql) => sql.all("SELECT data FROM notices WHERE kind = 'payment.failed'"))
    expect(notices.map(({ data }) => JSON.parse(String(data)) as unknown)).toEqual([{ purchase_id: null, amount_usd: 20, failure: 'At least $50.00 must be bought at once now, and $20.00 is what you chose.', auto_topup: 'paused' }])
  })

  test('that a card could not be charged by itself: a notice, once, to the admins and the address of the receipts', async () => {
    await join('ada', 'admin')
    await shop.billing.changePayer(ACCOUNT, { details: { email: 'books@example.com' } }, BUYER)
    await shop.billing.saveCard(ACCOUNT)
    shop.stripe.pay(String(shop.stripe.all('checkout.session').at(-1)?.['id']), 'declining')
    await shop.billing.chooseCard(ACCOUNT, (await shop.billing.cards(ACCOUNT)).cards[0]?.id ?? '', BUYER)
    await shop.billing.changePayer(ACCOUNT, { topUp: { isOn: true, threshold: 5n * USD, amount: 20n * USD } }, BUYER)
    for (let time = 0; time < 4; time++) {
      await shop.payments.topUp()
      shop.bench.clock.advance(86_400_000)
    }
    const failed = ['Automatic top-up failed', 'Automatic top-up failed', 'Automatic top-up failed', 'Automatic top-up was turned off']
    expect(await letters(2)).toEqual([...failed.map((subject) => `ada@example.com: ${subject}`), ...failed.map((subject) => `books@example.com: ${subject}`)])
    const notices = await shop.bench.database.read((sql) => sql.all("SELECT data FROM notices WHERE kind = 'payment.failed' ORDER BY at_ms, id"))
    expect(notices.map(({ data }) => JSON.parse(String(data)) as unknown)).toEqual(['on', 'on', 'on', 'off'].map((isOn) => ({ purchase_id: expect.any(String), amount_usd: 20, failure: 'Your card was declined.', auto_topup: isOn })))
  })
})
