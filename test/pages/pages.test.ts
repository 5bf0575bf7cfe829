import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { serveStripe, type ServedStripe } from '../billing/serve.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, eventually, letterTo, signedUp } from '../sign-in/person.ts'

setDefaultTimeout(60_000)

const EVIL = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

let gateway: Gateway
let operator: Browser
let smtp: TestSmtp
let stripe: ServedStripe
/** An admin of Acme, a member of it, and somebody of another organization. */
let ada: Browser
let linus: Browser
let mallory: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  stripe = serveStripe()
  gateway = await startGateway({ config: 'models:\n  demo/priced: { price: { input: "0", output: "0", request: "0.01" } }\n', env: { ...stripe.env, SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com', SWITCHYARD_INITIAL_CREDITS: '0' } })
  operator = await signedUp(gateway, smtp, 'operator@example.com')
  await operator.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  expect((await ada.form('/members/organization', { name: 'Acme & Söhne' })).headers.get('location')).toBe('/members?done=made')
  mallory = await signedUp(gateway, smtp, 'mallory@example.com', { first_name: 'Mallory', last_name: '' })
  await mallory.form('/members/organization', { name: 'Evil' })
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await stripe?.stop()
  await smtp?.close()
})

const source = async (browser: Browser, path: string): Promise<string> => await (await browser.page(path)).text()
/** What a page says, without its tags. */
const wordsOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/&amp;/g, '&').replace(/&#39;/g, "'").replace(/\s+/g, ' ')
const said = async (browser: Browser, path: string): Promise<string> => wordsOf(await source(browser, path))
const hashOf = (html: string, name: string): string => new RegExp(`/keys/([0-9a-f]{64})"><strong>${name}<`).exec(html)?.[1] ?? ''

async function sent(browser: Browser, path: string, fields: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly html: string; readonly words: string; readonly to: string | null }> {
  const answer = await browser.form(path, fields)
  const html = await answer.text()
  return { status: answer.status, html, words: wordsOf(html), to: answer.headers.get('location') }
}

test('who is not signed in signs in first, and comes back to where they wanted', async () => {
  const nobody = new Browser(gateway.url)
  expect((await nobody.page('/keys')).headers.get('location')).toBe('/sign-in?next=%2Fkeys')
  expect((await nobody.page('/members?offset=50')).headers.get('location')).toBe('/sign-in?next=%2Fmembers%3Foffset%3D50')
  // As people come back from the page of Stripe whose session has ended meanwhile.
  expect((await nobody.page('/billing?purchase=p1')).headers.get('location')).toBe('/sign-in?next=%2Fbilling%3Fpurchase%3Dp1')
  expect((await nobody.form('/members/remove', { id: 'user_1' })).headers.get('location')).toBe('/sign-in?next=%2Fmembers')
})

test('home leads to each page, and what pages load is there', async () => {
  const home = await source(ada, '/')
  for (const [, path = ''] of home.matchAll(/(?:href|src)="(\/pages\/[^"]+)"/g)) expect([path, (await ada.page(path)).status]).toEqual([path, 200])
  expect([home.includes('rel="icon"'), (await ada.page('/pages/icon.svg')).headers.get('content-type')]).toEqual([true, 'image/svg+xml'])
  for (const path of ['/keys', '/members', '/billing', '/notifications', '/security']) expect(home).toContain(`href="${path}"`)
})

describe('members (H20)', () => {
  test('an admin invites by letter; whoever is invited is a member, with a role that can be changed', async () => {
    expect((await sent(ada, '/members/invite', { email: ' Linus@example.com ', role: 'member' })).to).toBe('/members?done=invited')
    expect(await said(ada, '/members?done=invited')).toContain('A letter with the invitation is on its way.')
    expect(await said(ada, '/members')).toContain('linus@example.com as a member')
    const token = /\/invitations\/(\S+)/.exec(textOf(await letterTo(smtp, 'linus@example.com', '/invitations/')))?.[1] ?? ''
    linus = await signedUp(gateway, smtp, 'linus@example.com', { first_name: 'Linus', last_name: '' })
    expect((await linus.form(`/invitations/${token}`, {})).status).toBe(303)
    const page = await source(ada, '/members')
    expect(wordsOf(page)).toContain('Acme & Söhne: 2 members')
    const id = /value="(user_[^"]+)"[^]*?the role of Linus/.exec(page.slice(page.indexOf('<strong>Linus')))?.[1] ?? ''
    expect((await sent(ada, '/members/role', { id, role: 'admin' })).to).toBe('/members?done=changed')
    expect(await said(linus, '/members')).toContain('Invite somebody')
    expect((await sent(ada, '/members/role', { id, role: 'member' })).to).toBe('/members?done=changed')
    expect(await said(linus, '/members')).not.toContain('Invite somebody')
  })

  test('an invitation is revoked: its link leads nowhere', async () => {
    await sent(ada, '/members/invite', { email: 'gone@example.com', role: 'admin' })
    const token = /\/invitations\/(\S+)/.exec(textOf(await letterTo(smtp, 'gone@example.com', '/invitations/')))?.[1] ?? ''
    const id = /name="id" value="([^"]+)"><button class="plain small">Revoke<span class="unseen"> the invitation of gone@example/.exec(await source(ada, '/members'))?.[1] ?? ''
    expect((await sent(ada, '/members/revoke', { id })).to).toBe('/members?done=revoked')
    expect(await said(ada, '/members')).not.toContain('gone@example.com')
    expect((await new Browser(gateway.url).page(`/invitations/${token}`)).status).toBe(410)
  })

  test('what is refused is told on the page, with what was typed', async () => {
    const asAdmin = await source(ada, '/members')
    const wrong = await sent(ada, '/members/invite', { email: 'no address', role: 'admin' })
    expect([wrong.status, wrong.html]).toEqual([400, expect.stringContaining('value="no address"')])
    expect(wrong.html).toContain('<option value="admin" selected>')
    expect(wrong.words).toContain('The e-mail address must be like name@example.com.')
    const known = await sent(ada, '/members/invite', { email: 'linus@example.com', role: 'member' })
    expect([known.status, known.words]).toEqual([409, expect.stringContaining('This person is a member already.')])
    const [own, acme] = [/value="(user_[^"]+)"/, /action="\/members\/leave"><input type="hidden" name="id" value="([^"]+)"/].map((value) => value.exec(asAdmin.split('(you)')[1] ?? '')?.[1] ?? '')
    for (const [path, id] of [['remove', own], ['leave', acme]] as const) {
      const last = await sent(ada, `/members/${path}`, { id: id ?? '' })
      expect([path, last.status, last.words]).toEqual([path, 409, expect.stringContaining('This is the only admin who may sign in')])
    }
  })
})

describe('keys (H1, H2)', () => {
  let secret = ''

  test('a key is made with a limit, and its secret is shown this once', async () => {
    const made = await sent(linus, '/keys', { name: 'Linus', limit: '$5', limit_reset: 'daily', until: '2099-01-31' })
    expect(made.status).toBe(200)
    secret = /sk-sw-v1-[0-9a-f]{64}/.exec(made.html)?.[0] ?? ''
    expect((await (await fetch(`${gateway.url}/api/v1/key`, { headers: { authorization: `Bearer ${secret}` } })).json() as { data: object }).data).toMatchObject({ limit: 5, limit_reset: 'daily', limit_remaining: 5, expires_at: '2099-01-31T23:59:59.000Z' })
    const page = await source(linus, '/keys')
    expect(page).not.toContain(secret)
    expect(wordsOf(page)).toMatch(/Limit \$5\.00 a day Used \$0\.00 today Left \$5\.00 Starts anew \d{4}-\d\d-\d\d 00:00 UTC Until 2099-01-31 23:59 UTC Last used/)
  })

  test('it is changed, disabled, enabled and deleted', async () => {
    const hash = hashOf(await source(linus, '/keys'), 'Linus')
    const works = async () => (await fetch(`${gateway.url}/api/v1/key`, { headers: { authorization: `Bearer ${secret}` } })).status
    expect((await sent(linus, '/keys/change', { hash, name: 'Laptop', limit: '7.5', limit_reset: 'weekly' })).to).toBe('/keys?done=changed')
    expect(await said(linus, '/keys')).toMatch(/Laptop .*Limit \$7\.50 a week/)
    expect((await sent(linus, '/keys/state', { hash, disabled: 'yes' })).to).toBe('/keys?done=disabled')
    expect([await works(), await said(linus, '/keys')]).toEqual([401, expect.stringMatching(/Laptop disabled .* Enable/)])
    expect((await sent(linus, '/keys/state', { hash, disabled: 'no' })).to).toBe('/keys?done=enabled')
    expect(await works()).toBe(200)
    expect((await sent(linus, '/keys/change', { hash, name: 'Laptop', limit: '', limit_reset: 'daily' })).to).toBe('/keys?done=changed')
    expect(await said(linus, '/keys')).toContain('Limit none Used $0.00 in all Until')
    expect((await linus.form(`/keys/${hash}`, {})).status).toBe(200)
    expect([await works(), hashOf(await source(linus, '/keys'), 'Laptop')]).toEqual([401, ''])
  })

  test('what is refused is told on the page, with what was typed', async () => {
    const wrong = await sent(linus, '/keys', { name: 'Mine', limit: 'five', limit_reset: 'weekly' })
    expect(wrong.status).toBe(400)
    expect(wrong.words).toContain('The limit must be an amount of USD from 0 to 1000000000 with at most nine decimals, or empty for no limit.')
    expect(wrong.html).toMatch(/value="Mine"[^]*value="five"[^]*<option value="weekly" selected>/)
    expect((await sent(linus, '/keys', { name: 'Mine', limit: '', until: '2001-01-01' })).words).toContain('The end must be in the future.')
    expect((await sent(linus, '/keys', { name: ' ' })).words).toContain('The name must be a text of 1 to 256 characters')
    await sent(linus, '/keys', { name: 'Kept', limit: '1', limit_reset: '' })
    const hash = hashOf(await source(linus, '/keys'), 'Kept')
    const change = await sent(linus, '/keys/change', { hash, name: 'Other', limit: '-1', limit_reset: '' })
    expect([change.status, change.html]).toEqual([400, expect.stringMatching(/<details open>[^]*value="Other"[^]*value="-1"/)])
  })

  test('members see and touch their own keys alone, admins all of the account, nobody those of another', async () => {
    await sent(ada, '/keys', { name: 'Admins own' })
    const [admins, members] = [await source(ada, '/keys'), await source(linus, '/keys')]
    const [adas, theirs] = [hashOf(admins, 'Admins own'), hashOf(admins, 'Kept')]
    expect(wordsOf(admins)).toMatch(/All keys .*Admins own .*yours .*Kept .*Linus/)
    expect([hashOf(members, 'Admins own'), hashOf(members, 'Kept')]).toEqual(['', theirs])
    for (const [who, hash] of [[linus, adas], [mallory, adas], [mallory, theirs]] as const) {
      const answers = [await sent(who, '/keys/change', { hash, name: 'stolen', limit: '' }), await sent(who, '/keys/state', { hash, disabled: 'yes' }), await sent(who, `/keys/${hash}`, {})]
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    }
    expect((await sent(ada, '/keys/state', { hash: theirs, disabled: 'yes' })).to).toBe('/keys?done=disabled')
  })
})

describe('billing (I2, I4, I5, I17)', () => {
  const orderOf = (html: string): string => /https:\/\/checkout\.stripe\.com\/c\/pay\/(cs_test_\w+)/.exec(html)?.[1] ?? ''
  const idOf = (session: string): string => (stripe.stripe.get(session)['metadata'] as { purchase_id: string }).purchase_id

  test('an order shows its fee before anything is paid, and leads to the page of Stripe by a link', async () => {
    expect(await said(ada, '/billing')).toContain('On top comes a fee of 5.5%, at least $0.80: $10.00 costs $10.80, $20.00 costs $21.10, $100.00 costs $105.50.')
    const order = await sent(ada, '/billing/order', { amount: '$20', save_card: 'yes' })
    expect([order.status, order.words]).toEqual([200, expect.stringContaining('Credit $20.00 Fee $1.10 In all $21.10')])
    const session = orderOf(order.html)
    expect(await said(ada, `/billing?purchase=${idOf(session)}`)).toContain('Waiting for the payment of $21.10.')
    stripe.stripe.pay(session)
    const paid = await said(ada, `/billing?purchase=${idOf(session)}`)
    expect(paid).toContain('Paid: $20.00 added.')
    expect(paid).toContain('Credit left $20.00 Credit in all $20.00 Used $0.00')
    expect(paid).toMatch(/\$20\.00 paid .*\$21\.10 with the fee · visa 4242 · test mode Receipt/)
    const receipt = /href="(\/api\/v1\/purchases\/[^"]+\/receipt\.pdf)"/.exec(await source(ada, '/billing'))?.[1] ?? ''
    expect((await ada.page(receipt)).headers.get('content-type')).toBe('application/pdf')
  })

  test('with the saved card credit is bought by itself, as the form says', async () => {
    const card = /name="id" value="(pm_\w+)"/.exec(await source(ada, '/billing'))?.[1] ?? ''
    await sent(ada, '/billing/card-choose', { id: card })
    expect(await said(ada, '/billing')).toMatch(/visa ···· 4242 for top-up until 12\/2034/)
    expect((await sent(ada, '/billing/top-up', { enabled: 'yes', threshold: '3', amount: '25', month: '100' })).to).toBe('/billing?done=topup')
    expect((await (await ada.api('/billing')).json() as { data: object }).data).toMatchObject({ auto_topup: { enabled: true, threshold: 3, amount: 25, monthly_max: 100 } })
    const pause = async () => (await (await ada.api('/billing')).json() as { data: { auto_topup: { paused_reason: string | null } } }).data.auto_topup.paused_reason
    expect(await pause()).toBeNull()
    await operator.change('PATCH', '/instance/settings', { purchases: { amount_min_usd: '30' } })
    expect(await pause()).toBe('At least $30.00 must be bought at once now, and $25.00 is what you chose.')
    expect(await said(ada, '/billing')).toContain('Nothing is bought by itself. At least $30.00 must be bought at once now, and $25.00 is what you chose.')
    await operator.change('PATCH', '/instance/settings', { purchases: { amount_min_usd: '5' } })
    expect(await said(ada, '/billing')).not.toContain('Nothing is bought by itself')
    const wrong = await sent(ada, '/billing/top-up', { enabled: 'yes', threshold: '3', amount: '1', month: '' })
    expect([wrong.status, wrong.words]).toEqual([400, expect.stringContaining('The amount must be at least $5.00.')])
    expect(wrong.html).toMatch(/name="enabled" type="checkbox" value="yes" checked[^]*value="1"/)
    expect((await sent(ada, '/billing/top-up', { threshold: '3', amount: '25', month: '' })).to).toBe('/billing?done=topup')
    expect((await (await ada.api('/billing')).json() as { data: object }).data).toMatchObject({ auto_topup: { enabled: false, monthly_max: null } })
    expect((await sent(ada, '/billing/card-remove', { id: card })).to).toBe('/billing?done=removed')
    expect(await said(ada, '/billing')).toContain('There is none. It is needed for automatic top-up alone.')
  })

  test('a card is saved on the page of Stripe; what receipts say is kept; unused credit goes back', async () => {
    const card = await sent(ada, '/billing/card', {})
    expect([card.status, orderOf(card.html)]).toEqual([200, expect.stringMatching(/^cs_test_/)])
    expect((await sent(ada, '/billing/payer', { name: 'Acme', address: 'Street 1\r\nTown', tax_id: 'DE1', email: 'books@acme.example' })).to).toBe('/billing?done=payer')
    expect(await source(ada, '/billing')).toContain('Street 1\nTown</textarea>')
    const id = /action="\/billing\/refund"><input type="hidden" name="id" value="([^"]+)"/.exec(await source(ada, '/billing'))?.[1] ?? ''
    expect((await sent(ada, '/billing/refund', { id })).to).toBe('/billing?done=refund')
    expect(await said(ada, '/billing')).toMatch(/Credit left \$0\.00 .*\$20\.00 given back/)
    expect((await sent(ada, '/billing/refund', { id })).status).toBe(409)
  })

  test('what is refused is told on the page, with what was typed; without Stripe the rest is there', async () => {
    const little = await sent(ada, '/billing/order', { amount: '1.00', save_card: 'yes' })
    expect([little.status, little.words]).toEqual([400, expect.stringContaining('The amount must be at least $5.00.')])
    expect(little.html).toMatch(/value="1\.00"[^]*name="save_card" type="checkbox" value="yes" checked/)
    expect((await sent(ada, '/billing/order', { amount: 'ten' })).words).toContain('The amount must be an amount of USD in whole cents')
    stripe.stripe.troubles.push('failed', 'failed', 'failed', 'failed')
    const away = await ada.page('/billing')
    const words = wordsOf(await away.text())
    stripe.stripe.troubles.length = 0
    expect([away.status, words]).toEqual([200, expect.stringContaining('The payment provider cannot be reached now')])
  })

  test('members see what is left, and whom to ask; another account sees nothing of it', async () => {
    const page = await source(linus, '/billing')
    expect(wordsOf(page)).toMatch(/Credit left \$0\.00 .*Ask one of them: Ada Lovelace ada@example\.com/)
    expect(page).not.toMatch(/action="\/billing|receipt\.pdf/)
    for (const path of ['order', 'card', 'card-choose', 'card-remove', 'top-up', 'payer', 'refund']) {
      const { status, words } = await sent(linus, `/billing/${path}`, { amount: '20', id: 'x', threshold: '5', month: '' })
      expect([path, status, words]).toEqual([path, 403, expect.stringContaining('A member of the organization may not do this')])
    }
    const id = /action="\/billing|purchases\/([0-9a-f-]{36})\/receipt/.exec((await source(ada, '/billing')).split('Purchases')[1] ?? '')?.[1] ?? ''
    const theirs = await mallory.page(`/billing?purchase=${id}`)
    expect([theirs.status, wordsOf(await theirs.text())]).toEqual([404, expect.stringContaining('There is no such purchase in the account that you look at.')])
    expect((await sent(mallory, '/billing/refund', { id })).status).toBe(404)
  })
})

describe('notifications (J23)', () => {
  test('what was told is on a page until it is read, beside what is left', async () => {
    expect(await said(ada, '/notifications')).toContain('Nothing yet.')
    const account = await (await ada.api('/me')).json() as { data: { account: { id: string } } }
    expect((await operator.api(`/instance/accounts/${account.data.account.id}/credit`, { amount_usd: 1, reason: 'for tests' })).status).toBe(200)
    const { key } = await (await ada.api('/keys', { name: 'Small & short', limit: 0.02 })).json() as { key: string }
    for (let call = 0; call < 2; call++) expect((await gateway.api('/chat/completions', { model: 'demo/priced', messages: [{ role: 'user', content: 'x' }], max_tokens: 5 }, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
    const told = 'The API key “Small & short” has used up its limit of $0.02'
    const words = await eventually(async () => { const page = await said(ada, '/notifications'); return page.includes(told) ? page : undefined })
    expect(words).toContain('Calls that would go beyond it are refused until it is raised.')
    expect(words).toContain('API key “Small & short”, limit Used $0.02 (100%) Of $0.02 Left $0.00')
    expect(await said(ada, '/')).toMatch(/what is left: \d new/)
    expect(await said(mallory, '/notifications')).not.toContain('Small & short')
    expect((await sent(ada, '/notifications/read', {})).to).toBe('/notifications?done=read')
    expect([(await said(ada, '/notifications')).includes(told), (await source(ada, '/notifications')).includes('>new<'), (await said(ada, '/')).includes('new')]).toEqual([true, false, false])
  })

  test('admins say when and who is told; what is refused is told on the page, with what was typed', async () => {
    const form = { percent: '75, 100', balance: '20.5', addresses: 'finance@example.com', admins: 'yes', email: 'yes' }
    expect((await sent(ada, '/notifications/settings', form)).to).toBe('/notifications?done=settings')
    expect(await (await ada.api('/notifications/settings')).json()).toEqual({ data: {
      thresholds: { percent: [75, 100], balance_usd: [20.5] }, recipients: { admins: true, key_owner: false, addresses: ['finance@example.com'], balance_address: null }, channels: { email: true, webhook: false },
    } })
    const { status, html, words } = await sent(ada, '/notifications/settings', { ...form, percent: 'half', webhook: 'yes' })
    expect([status, words]).toEqual([400, expect.stringContaining('The percentages must be a list of at most 10 whole percentages from 1 to 100')])
    expect([html.includes('name="percent" maxlength="100" value="half"'), html.includes('name="webhook" type="checkbox" value="yes" checked')]).toEqual([true, true])
    expect([await source(linus, '/notifications'), (await sent(linus, '/notifications/settings', form)).status]).toEqual([expect.not.stringContaining('action="/notifications/settings"'), 403])
  })
})

test('members change nobody: each form of theirs is refused, and the page is there', async () => {
  for (const [path, fields] of [['invite', { email: 'x@example.com', role: 'admin' }], ['revoke', { id: 'x' }], ['role', { id: 'x', role: 'admin' }], ['remove', { id: 'x' }]] as const) {
    const { status, words } = await sent(linus, `/members/${path}`, fields)
    expect([path, status, words]).toEqual([path, 403, expect.stringContaining('may not do this')])
    expect(words).toContain('2 members')
  }
  const page = await source(linus, '/members')
  expect(page.match(/action="\/members[^"]*"/g)).toEqual(['action="/members/leave"'])
  const id = /action="\/members\/leave"><input type="hidden" name="id" value="([^"]+)"/.exec(page)?.[1] ?? ''
  expect((await sent(mallory, '/members/leave', { id })).status).toBe(404)
  expect((await sent(linus, '/members/leave', { id })).to).toBe('/')
  expect(await said(ada, '/members')).toContain('1 member')
})

test("an operator who looks through somebody's eyes sees their pages, and sends nothing from them", async () => {
  const { data } = await (await ada.api('/me')).json() as { data: { id: string } }
  expect((await operator.api(`/instance/people/${data.id}/impersonate`, { reason: 'ticket 1' })).status).toBe(200)
  for (const path of ['/keys', '/members', '/billing', '/notifications']) expect(await said(operator, path)).toContain('You look through the eyes of ada@example.com')
  for (const path of ['/keys', '/members/invite', '/billing/order']) expect([path, (await sent(operator, path, { name: 'x', email: 'x@example.com', role: 'admin', amount: '20' })).status]).toEqual([path, 403])
  expect(await source(ada, '/keys')).not.toContain('<strong>x<')
})

test('no form does anything that another site has sent', async () => {
  const forms = ['/keys', '/keys/change', '/keys/state', '/members/organization', '/members/invite', '/members/revoke', '/members/role', '/members/remove', '/members/leave', '/billing/order', '/billing/card', '/billing/card-choose', '/billing/card-remove', '/billing/top-up', '/billing/payer', '/billing/refund', '/notifications/read', '/notifications/settings']
  const orders = stripe.stripe.requests.length
  for (const path of forms) {
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}, { 'sec-fetch-site': 'same-site' }]) {
      const { status } = await ada.send(path, { method: 'POST', body: new URLSearchParams({ name: 'stolen', email: 'x@example.com', role: 'admin', amount: '20' }), headers: new Headers(Object.entries(headers)) })
      expect([path, headers, status]).toEqual([path, headers, 403])
    }
  }
  expect([stripe.stripe.requests.length, (await source(ada, '/keys')).includes('stolen'), (await source(ada, '/members')).includes('x@example.com')]).toEqual([orders, false, false])
})

test('what people have called things is text on every page', async () => {
  const eve = await signedUp(gateway, smtp, 'eve@example.com', { first_name: EVIL.slice(0, 60), last_name: '' })
  await eve.form('/members/organization', { name: EVIL })
  await eve.form('/keys', { name: EVIL })
  await eve.form('/billing/payer', { name: EVIL, address: `</textarea>${EVIL}`, tax_id: EVIL })
  const pages = await Promise.all([
    ...['/', '/keys', '/members', '/billing', '/notifications', `/keys?done=${EVIL}`, `/members?offset=${EVIL}`, `/billing?purchase=${EVIL}`, `/billing?done=${EVIL}&card=${EVIL}`].map((path) => source(eve, path)),
    sent(eve, '/keys', { name: '', limit: EVIL, limit_reset: EVIL, until: EVIL, workspace_id: EVIL }).then(({ html }) => html), sent(eve, '/members/invite', { email: EVIL, role: EVIL }).then(({ html }) => html), sent(eve, '/billing/order', { amount: EVIL }).then(({ html }) => html),
    sent(eve, '/billing/top-up', { threshold: EVIL, amount: EVIL, month: EVIL }).then(({ html }) => html), sent(eve, '/keys/change', { hash: EVIL, name: EVIL, limit: EVIL }).then(({ html }) => html),
    sent(eve, '/notifications/settings', { percent: EVIL, balance: EVIL, addresses: EVIL }).then(({ html }) => html),
  ])
  for (const page of pages) expect(page.replaceAll('<script src="/pages/copy.js" defer></script>', '')).not.toMatch(/<script>|<img|"'>/)
  expect(pages.filter((page) => page.includes('&lt;script&gt;')).length).toBeGreaterThan(8)
})
