import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { cli } from '../cli.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, eventually, letterTo, PASSWORD, signedUp, tokenIn, tokenOf, totp } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

/** The answer's `data`, as JSON gives it. */
async function data(response: Response | Promise<Response>): Promise<Record<string, unknown> & unknown[]> {
  const answer = await response
  // Of answers whose shape the expectations below say.
  return (await answer.json() as { data: Record<string, unknown> & unknown[] }).data
}

async function signIn(email: string, password = PASSWORD): Promise<Browser> {
  const browser = new Browser(gateway.url)
  await browser.form('/sign-in', { email, password })
  return browser
}

/** An invitation to the *Default* organization, by its operator's session. */
async function invite(email: string): Promise<string> {
  await ada.api('/me/account', { account_id: 'default' })
  const { token } = await (await ada.api('/organization/invitations', { email })).json() as { token: string }
  return token
}

async function invited(email: string): Promise<Browser> {
  await invite(email)
  return await signedUp(gateway, smtp, email)
}

describe('the first person', () => {
  test('runs the install, and is an admin of its first organization', async () => {
    expect(await data(ada.api('/me'))).toMatchObject({ email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace', is_operator: true, impersonated_by: null, account: { id: 'default', kind: 'organization', role: 'admin' } })
    expect(await data(ada.api('/me/accounts'))).toMatchObject([{ kind: 'personal', name: 'Ada Lovelace', role: 'admin', is_current: false }, { id: 'default', kind: 'organization', name: 'Default', role: 'admin', is_current: true }])
    expect((await ada.api('/instance/settings')).status).toBe(200)
    expect(await data(ada.api('/organization/audit?action=operator.add'))).toMatchObject([{ action: 'operator.add', actor: { kind: 'system' } }])
  })

  test('is the last for whom sign-up is open: others need an invitation, by the settings of a fresh install', async () => {
    const eve = new Browser(gateway.url)
    const answer = await eve.form('/sign-up', { email: 'eve@example.com', password: PASSWORD })
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('by invitation')])
    expect(smtp.letters.filter(({ to }) => to.includes('eve@example.com'))).toEqual([])
  })
})

describe('H20: organizations', () => {
  test('somebody who is invited makes an account, confirms the address, accepts, and may switch', async () => {
    const token = await invite('grace@example.com')
    expect(await data(fetch(`${gateway.url}/api/v1/invitations/${token}`))).toMatchObject({ organization: { id: 'default', name: 'Default' }, email: 'grace@example.com', role: 'member', state: 'open' })
    const grace = new Browser(gateway.url)
    expect(await (await grace.page(`/invitations/${token}`)).text()).toContain(`/sign-up?next=%2Finvitations%2F${token}&amp;email=grace%40example.com`)
    await grace.form('/sign-up', { email: 'Grace@Example.com', password: PASSWORD, first_name: 'Grace', next: `/invitations/${token}` })
    const confirmed = await grace.form('/verify-email', { token: await tokenOf(smtp, 'grace@example.com', '/verify-email') })
    expect(confirmed.headers.get('location')).toBe(`/invitations/${token}`)
    expect((await grace.form(`/invitations/${token}`, {})).headers.get('location')).toBe('/')
    expect(await data(grace.api('/me'))).toMatchObject({ is_operator: false, account: { id: 'default', role: 'member' } })
    expect((await grace.api('/organization/members')).status).toBe(200)
    expect((await grace.api('/organization/audit')).status).toBe(403)
    expect((await grace.api('/instance/settings')).status).toBe(403)
    const [own] = await data(grace.api('/me/accounts'))
    await grace.form('/account', { account_id: String((own as { id: string }).id) })
    expect(await data(grace.api('/me'))).toMatchObject({ account: { kind: 'personal', role: 'admin' } })
    expect((await grace.api(`/invitations/${token}/accept`, {})).status).toBe(409)
  })

  test('a person makes one, is its admin, and nobody looks at one that they are not in', async () => {
    const annie = await invited('annie@example.com')
    const made = await annie.api('/organizations', { name: 'Acme' })
    expect(made.status).toBe(201)
    const { id } = await data(made)
    expect(await data(annie.api('/me/account', { account_id: id }))).toEqual({ account_id: id } as never)
    expect(await data(annie.api('/me'))).toMatchObject({ account: { id, name: 'Acme', role: 'admin' } })
    expect((await ada.api('/me/account', { account_id: id })).status).toBe(404)
    expect((await annie.api('/organizations', { name: 'a\r\nb' })).status).toBe(400)
  })
})

describe('a password', () => {
  test('lets in who has it, once the address is confirmed', async () => {
    await invite('mary@example.com')
    const mary = new Browser(gateway.url)
    await mary.form('/sign-up', { email: 'mary@example.com', password: PASSWORD })
    const early = await mary.form('/sign-in', { email: 'mary@example.com', password: PASSWORD })
    expect([mary.session, await early.text()]).toEqual([undefined, expect.stringContaining('Confirm your address')])
    await mary.form('/verify-email', { token: await tokenOf(smtp, 'mary@example.com', '/verify-email') })
    const wrong = await signIn('mary@example.com', 'wrong horse battery')
    expect(wrong.session).toBeUndefined()
    expect((await signIn('mary@example.com')).session).toBeDefined()
  })

  test('is kept as its argon2id hash, and has a least length', async () => {
    const short = await new Browser(gateway.url).form('/sign-up', { email: 'short@example.com', password: 'too short' })
    expect([short.status, await short.text()]).toEqual([403, expect.stringContaining('by invitation')])
    await invite('short@example.com')
    const asked = await new Browser(gateway.url).form('/sign-up', { email: 'short@example.com', password: 'too short' })
    expect([asked.status, await asked.text()]).toEqual([400, expect.stringContaining('at least 10 characters')])
  })

  test('is set anew with a link that works once, and ends every session', async () => {
    const hedy = await invited('hedy@example.com')
    await hedy.form('/forgot-password', { email: 'hedy@example.com' })
    const token = await tokenOf(smtp, 'hedy@example.com', '/reset-password')
    expect(await (await hedy.page(`/reset-password?token=${token}`)).text()).toContain('Set a new password')
    expect((await hedy.form('/reset-password', { token, password: 'a better password' })).status).toBe(200)
    expect((await hedy.api('/me')).status).toBe(401)
    expect((await signIn('hedy@example.com')).session).toBeUndefined()
    expect((await signIn('hedy@example.com', 'a better password')).session).toBeDefined()
    const again = await hedy.form('/reset-password', { token, password: 'yet another password' })
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('has been used')])
  })

  test('is changed by who knows it; other sessions end, and it is in the log', async () => {
    const rosalind = await invited('rosalind@example.com')
    const elsewhere = await signIn('rosalind@example.com')
    const before = rosalind.session
    expect(await (await rosalind.form('/security/password', { current: 'wrong horse battery', password: 'a better password' })).text()).toContain('This password is wrong')
    expect((await rosalind.form('/security/password', { current: PASSWORD, password: 'a better password' })).status).toBe(303)
    expect([rosalind.session === before, (await rosalind.api('/me')).status, (await elsewhere.api('/me')).status]).toEqual([false, 200, 401])
    expect(await data(rosalind.api('/organization/audit?action=password.change'))).toHaveLength(1)
  })
})

test('somebody whom the command line has let in sets a password with a link, and is in', async () => {
  const databaseUrl = databaseUrlOf(gateway.dataDir)
  const added = await cli(gateway.dataDir, ['members', 'add', 'cli@example.com', '--data', gateway.dataDir], databaseUrl === undefined ? {} : { databaseUrl })
  expect([added.code, added.err]).toEqual([0, ''])
  const browser = new Browser(gateway.url)
  await browser.form('/forgot-password', { email: 'cli@example.com' })
  await browser.form('/reset-password', { token: await tokenOf(smtp, 'cli@example.com', '/reset-password'), password: PASSWORD })
  await browser.form('/sign-in', { email: 'cli@example.com', password: PASSWORD })
  expect((await data(browser.api('/me/accounts'))).map((account) => (account as { id: string }).id)).toContain('default')
})

describe('a link by letter', () => {
  test('signs in once, with a click: what only follows links uses nothing up', async () => {
    await invited('joan@example.com')
    const joan = new Browser(gateway.url)
    await joan.form('/sign-in/link', { email: 'joan@example.com' })
    const token = await tokenOf(smtp, 'joan@example.com', '/magic-link')
    await joan.page(`/magic-link?token=${token}`)
    expect((await joan.send(`/api/auth/magic-link/verify?token=${token}`)).status).toBe(404)
    expect((await joan.form('/magic-link', { token })).status).toBe(303)
    expect(await data(joan.api('/me'))).toMatchObject({ email: 'joan@example.com' })
    const again = new Browser(gateway.url)
    await again.form('/magic-link', { token })
    expect(again.session).toBeUndefined()
  })
})

describe('a second factor', () => {
  let secret = ''
  let codes: string[] = []

  beforeAll(async () => {
    const margaret = await invited('margaret@example.com')
    const page = await (await margaret.form('/security/two-factor', { password: PASSWORD })).text()
    secret = /<code>([A-Z2-7]+)<\/code>/.exec(page)?.[1] ?? ''
    expect(page).toContain('<svg class="qr"')
    codes = [...page.matchAll(/<li>([^<]+)<\/li>/g)].map(([, code = '']) => code)
    expect(await (await margaret.form('/security/two-factor-confirm', { code: '000000' })).text()).toContain('This code is wrong')
    expect((await margaret.form('/security/two-factor-confirm', { code: totp(secret) })).status).toBe(303)
    expect(await data(margaret.api('/organization/audit?action=two_factor.enable'))).toHaveLength(1)
  })

  test('is asked for after the password, and nothing is signed in before', async () => {
    const browser = new Browser(gateway.url)
    expect((await browser.form('/sign-in', { email: 'margaret@example.com', password: PASSWORD, next: '/security' })).headers.get('location')).toBe('/two-factor?next=%2Fsecurity')
    expect([browser.session, (await browser.api('/me')).status]).toEqual([undefined, 401])
    expect((await browser.form('/two-factor', { code: '000000' })).status).toBe(401)
    expect((await browser.form('/two-factor', { code: totp(secret), next: '/security' })).headers.get('location')).toBe('/security')
    expect((await browser.api('/me')).status).toBe(200)
  })

  test('is asked for after a link, too; a code signs in once', async () => {
    const browser = new Browser(gateway.url)
    await browser.form('/sign-in/link', { email: 'margaret@example.com' })
    const answer = await browser.form('/magic-link', { token: await tokenOf(smtp, 'margaret@example.com', '/magic-link') })
    expect([answer.headers.get('location'), (await browser.api('/me')).status]).toEqual(['/two-factor', 401])
    // The next one, which holds already: the one of now was used above.
    const code = totp(secret, Date.now() + 30_000)
    expect((await browser.form('/two-factor', { code })).status).toBe(303)
    expect((await browser.api('/me')).status).toBe(200)

    const other = await signIn('margaret@example.com')
    const replayed = await other.form('/two-factor', { code })
    expect([replayed.status, (await replayed.text()).includes('This code was used already'), other.session]).toEqual([401, true, undefined])
  })

  test('that is lost is taken by an operator, with an entry in the log', async () => {
    const rosa = await invited('rosa@example.com')
    const page = await (await rosa.form('/security/two-factor', { password: PASSWORD })).text()
    await rosa.form('/security/two-factor-confirm', { code: totp(/<code>([A-Z2-7]+)<\/code>/.exec(page)?.[1] ?? '') })
    expect((await signIn('rosa@example.com')).session).toBeUndefined()
    const { id } = await data(rosa.api('/me')) as unknown as { id: string }
    expect((await ada.change('PATCH', `/instance/people/${id}`, { two_factor: true })).status).toBe(400)
    expect((await rosa.change('PATCH', `/instance/people/${id}`, { two_factor: false })).status).toBe(403)
    expect((await ada.change('PATCH', `/instance/people/${id}`, { two_factor: false, reason: 'lost the phone' })).status).toBe(200)
    expect((await signIn('rosa@example.com')).session).toBeDefined()
    expect(await data(rosa.api('/organization/audit?action=two_factor.disable'))).toMatchObject([{ reason: 'lost the phone', actor: { name: 'Ada Lovelace' } }])
  })

  test('backup codes stand in for the app, once each', async () => {
    expect(codes).toHaveLength(10)
    const [code = ''] = codes
    const first = new Browser(gateway.url)
    await first.form('/sign-in', { email: 'margaret@example.com', password: PASSWORD })
    expect((await first.form('/two-factor', { code })).status).toBe(303)
    const second = new Browser(gateway.url)
    await second.form('/sign-in', { email: 'margaret@example.com', password: PASSWORD })
    expect([(await second.form('/two-factor', { code })).status, second.session]).toEqual([401, undefined])

    // New ones end the old ones, and are only for who knows the password.
    const wrong = await first.form('/security/backup-codes', { password: 'wrong horse battery' })
    expect([wrong.status, (await wrong.text()).includes('This password is wrong')]).toEqual([400, true])
    const fresh = [...(await (await first.form('/security/backup-codes', { password: PASSWORD })).text()).matchAll(/<li>([^<]+)<\/li>/g)].map(([, one = '']) => one)
    expect([fresh.length, codes.some((one) => fresh.includes(one))]).toEqual([10, false])
    expect((await second.form('/two-factor', { code: codes[1] ?? '' })).status).toBe(401)
    expect((await second.form('/two-factor', { code: fresh[0] ?? '' })).status).toBe(303)
  })
})

test('a person changes their name, and it is in the log of their own account', async () => {
  const sophie = await invited('sophie@example.com')
  expect((await sophie.auth('/update-user', { firstName: 'Sophie', lastName: ' Germain ' })).status).toBe(200)
  expect(await data(sophie.api('/me'))).toMatchObject({ first_name: 'Sophie', last_name: 'Germain' })
  expect((await sophie.auth('/update-user', { name: 'Marie-Sophie Germain' })).status).toBe(200)
  expect(await data(sophie.api('/organization/audit?action=user.change'))).toMatchObject([{ before: { firstName: 'Sophie' }, after: { firstName: 'Marie-Sophie', lastName: 'Germain' } }, { before: { firstName: 'Ada' } }])
})

describe('sessions', () => {
  test('are listed, and ended one by one or all others at once', async () => {
    const here = await invited('dorothy@example.com')
    const [phone, laptop] = [await signIn('dorothy@example.com'), await signIn('dorothy@example.com')]
    const listed = await data(here.api('/me/sessions'))
    expect(listed.map((session) => (session as { is_current: boolean }).is_current).toSorted()).toEqual([false, false, true])
    expect(JSON.stringify(listed)).not.toContain('token')
    const [newest] = listed
    expect((await here.change('DELETE', `/me/sessions/${(newest as { id: string }).id}`)).status).toBe(200)
    expect([(await phone.api('/me')).status, (await laptop.api('/me')).status]).toEqual([200, 401])
    expect(await (await here.change('DELETE', '/me/sessions')).json()).toEqual({ deleted: 1 })
    expect([(await phone.api('/me')).status, (await here.api('/me')).status]).toEqual([401, 200])
    const other = await data(ada.api('/me/sessions'))
    expect((await here.change('DELETE', `/me/sessions/${(other[0] as { id: string }).id}`)).status).toBe(404)
  })

  test('end with a sign-out', async () => {
    const browser = await signIn('ada@example.com')
    const cookie = { cookie: `switchyard.session_token=${browser.session}` }
    await browser.form('/sign-out', {})
    expect(browser.session).toBeUndefined()
    expect((await browser.send('/api/v1/me', { headers: cookie })).status).toBe(401)
  })

  test('of somebody who is disabled end at once, and there is no new one; roles are read afresh', async () => {
    const token = await invite('alan@example.com')
    const alan = await signedUp(gateway, smtp, 'alan@example.com')
    await alan.form(`/invitations/${token}`, {})
    const { id } = await data(alan.api('/me'))
    expect((await alan.api('/organization/audit')).status).toBe(403)
    await ada.change('PATCH', `/organization/members/${id}`, { role: 'admin' })
    expect((await alan.api('/organization/audit')).status).toBe(200)
    const disabled = await ada.change('PATCH', `/instance/people/${id}`, { disabled: true, reason: 'left' })
    expect(disabled.status).toBe(200)
    expect((await alan.api('/me')).status).toBe(401)
    expect((await signIn('alan@example.com')).session).toBeUndefined()
  })
})

describe('without a mail server', () => {
  test('links are in the log and with the operator, never in the answer; settings open and close the door', async () => {
    const quiet = await startGateway()
    const browser = new Browser(quiet.url)
    const answer = await (await browser.form('/sign-up', { email: 'ada@example.com', password: PASSWORD })).text()
    expect(answer).not.toContain('token=')
    const log = await eventually(() => (quiet.logs().includes('/verify-email?token=') ? quiet.logs() : undefined))
    const token = tokenIn(log ?? '', '/verify-email')
    await browser.form('/verify-email', { token })
    expect(await data(browser.api('/instance/links'))).toMatchObject([{ email: 'ada@example.com', purpose: 'verify', url: expect.stringContaining(encodeURIComponent(token)) }])
    expect(await (await quiet.api('/instance/links')).json()).toMatchObject({ error: { code: 403 } })
    const settings = (body: object) => browser.change('PATCH', '/instance/settings', body)
    const signUp = async (email: string) => (await new Browser(quiet.url).form('/sign-up', { email, password: PASSWORD })).status
    expect(await signUp('b@example.com')).toBe(403)
    await settings({ sign_up: { mode: 'domains', domains: ['example.com'] } })
    expect([await signUp('b@example.com'), await signUp('b@example.org'), await signUp('b@sub.example.com')]).toEqual([200, 403, 403])
    await settings({ sign_up: { mode: 'open' } })
    expect(await signUp('b@example.org')).toBe(200)
    await settings({ sign_up: { mode: 'closed' } })
    expect(await signUp('c@example.org')).toBe(403)
    await quiet.stop()
  }, 60_000)
})

test('somebody who is known already is told by letter, and by nothing else', async () => {
  await invite('twice@example.com')
  await signedUp(gateway, smtp, 'twice@example.com')
  const settings = (mode: string) => ada.change('PATCH', '/instance/settings', { sign_up: { mode } })
  await settings('open')
  const known = await new Browser(gateway.url).form('/sign-up', { email: 'twice@example.com', password: PASSWORD })
  const unknown = await new Browser(gateway.url).form('/sign-up', { email: 'twice3@example.com', password: PASSWORD })
  await settings('invitation')
  expect([known.status, await known.text()]).toEqual([unknown.status, await unknown.text()])
  expect(textOf(await letterTo(smtp, 'twice@example.com', 'There is one already'))).toContain(`/sign-in`)
})

test('a form of sign-up that is sent several times at once makes one account, and is answered alike', async () => {
  await invite('double@example.com')
  const sent = await Promise.all([1, 2, 3].map(() => new Browser(gateway.url).form('/sign-up', { email: 'double@example.com', password: PASSWORD, first_name: 'Ada' })))
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(new Set(await Promise.all(sent.map((answer) => answer.text()))).size).toBe(1)
  expect(await data(ada.api('/instance/people?q=double@example.com'))).toHaveLength(1)
})
