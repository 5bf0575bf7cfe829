import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, eventually, PASSWORD, tokenIn } from '../sign-in/person.ts'

setDefaultTimeout(60_000)

let gateway: Gateway
let ada: Browser

/** Neither a mail server nor Stripe, as an install is at first. */
beforeAll(async () => {
  gateway = await startGateway({ env: { SWITCHYARD_INITIAL_CREDITS: '3.5' } })
  ada = await signedUpByLog('ada@example.com')
})

afterAll(async () => {
  await gateway?.stop()
})

async function signedUpByLog(email: string): Promise<Browser> {
  const browser = new Browser(gateway.url)
  const from = gateway.logs().length
  await browser.form('/sign-up', { email, password: PASSWORD })
  const log = await eventually(() => (gateway.logs().slice(from).includes('/verify-email?token=') ? gateway.logs().slice(from) : undefined))
  await browser.form('/verify-email', { token: tokenIn(log ?? '', '/verify-email') })
  return browser
}

const said = async (browser: Browser, path: string): Promise<string> => (await (await browser.page(path)).text()).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')

test('an account of one person can become an organization; the link of an invitation is shown to whoever invites, once, and lets the invited in', async () => {
  const personal = (await (await ada.api('/me/accounts')).json() as { data: { id: string; kind: string }[] }).data.find(({ kind }) => kind === 'personal')
  await ada.form('/account', { account_id: personal?.id ?? '' })
  expect(await said(ada, '/members')).toContain('Make an organization')
  const refused = await ada.form('/members/organization', { name: ' ' })
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('an organization needs a name')])
  expect((await ada.form('/members/organization', { name: 'Acme' })).headers.get('location')).toBe('/members?done=made')
  const page = await (await ada.form('/members/invite', { email: 'linus@example.com', role: 'member' })).text()
  const path = /id="link">[^<]*(\/invitations\/[^<]+)</.exec(page)?.[1] ?? ''
  expect(await (await ada.page('/members')).text()).not.toContain(path)
  const linus = await signedUpByLog('linus@example.com')
  expect((await linus.form(path, {})).status).toBe(303)
  expect(await said(ada, '/members')).toContain('Acme: 2 members')
})

test('where nobody takes cards, the page says who gives credit', async () => {
  await ada.form('/account', { account_id: 'default' })
  const words = await said(ada, '/billing')
  expect(words).toContain('Credit left $3.50')
  expect(words).toMatch(/Nobody takes cards here: the operator of this install gives credit\. .*That is you: switchyard accounts grant default 25/)
  const refused = await ada.form('/billing/order', { amount: '20' })
  expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('Nobody takes cards here: ask the operator for credit.')])
})

test('credit that was paid elsewhere is in the list, with its receipt', async () => {
  await ada.api('/instance/accounts/default/purchases', { amount_usd: 250, reference: 'transfer 1' })
  expect(await said(ada, '/billing')).toMatch(/Credit left \$253\.50 .*\$250\.00 paid .*paid elsewhere .*Receipt/)
  expect(await (await ada.page('/billing')).text()).not.toContain('/billing/refund')
})

test('where money is turned off, nothing is sold and no balance is shown', async () => {
  expect((await ada.change('PATCH', '/instance/settings', { money: false })).status).toBe(200)
  const words = await said(ada, '/billing')
  expect(words).toContain('Money is turned off here: nothing has to be bought')
  expect(words).not.toMatch(/Credit left|Buy credit/)
  await ada.change('PATCH', '/instance/settings', { money: true })
})
