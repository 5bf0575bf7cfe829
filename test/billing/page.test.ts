import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, signedUp } from '../sign-in/person.ts'
import { serveStripe, type ServedStripe } from './serve.ts'

let gateway: Gateway
let smtp: TestSmtp
let stripe: ServedStripe
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  stripe = serveStripe()
  gateway = await startGateway({ env: { ...stripe.env, SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await stripe?.stop()
  await smtp?.close()
})

/** The id of a new order, and the page of Stripe's on which it is paid. */
async function order(): Promise<{ readonly id: string; readonly session: string }> {
  const { data, url } = await (await ada.api('/purchases', { amount_usd: 20 })).json() as { data: { id: string }; url: string }
  return { id: data.id, session: url.split('/').at(-1) ?? '' }
}

const text = async (path: string): Promise<string> => (await (await ada.page(path)).text()).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')

test('who comes back from the page of Stripe without having paid is told so, and who has paid has credit before the event is there', async () => {
  const { id, session } = await order()
  expect(await text(`/billing?purchase=${id}&cancelled=true`)).toContain('You came back without paying $21.10. Nothing was charged.')
  expect(await text(`/billing?purchase=${id}`)).toContain('Waiting for the payment of $21.10.')
  stripe.stripe.pay(session)
  const paid = await text(`/billing?purchase=${id}`)
  expect(paid).toContain('Paid: $20.00 added.')
  expect(paid).toContain('Credit left $120.00 ')
  expect(paid).toContain('Receipt')
  expect((await ada.send(`/api/v1/purchases/${id}/receipt.pdf`)).headers.get('content-type')).toBe('application/pdf')
})

test('a saved card is said to be saved; nobody sees another account\'s purchase; who is not signed in signs in first', async () => {
  expect(await text('/billing?card=saved')).toContain('Your card is saved.')
  const stranger = await ada.page('/billing?purchase=00000000-0000-7000-8000-000000000000')
  expect([stranger.status, stranger.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  expect((await new Browser(gateway.url).page('/billing')).headers.get('location')).toBe('/sign-in?next=%2Fbilling')
})

test('where nobody takes cards the operator is told how to give this account credit', async () => {
  const plain = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  try {
    const grace = await signedUp(plain, smtp, 'grace@example.com')
    const { data } = await (await grace.api('/me')).json() as { data: { account: { id: string } } }
    expect(await (await grace.page('/billing')).text()).toContain(`<code>switchyard accounts grant ${data.account.id} 25</code>`)
  } finally {
    await plain.stop()
  }
}, 60_000)
