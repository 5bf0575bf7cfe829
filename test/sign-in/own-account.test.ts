// What people do with their own account: another address, and going for good. On a real server, with real letters.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { cli, type CliRun } from '../cli.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, letterTo, PASSWORD, signedUp, tokenOf } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await ada.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

async function data<T>(response: Response | Promise<Response>): Promise<T> {
  // Of answers whose shape the expectations below say.
  return (await (await response).json() as { data: T }).data
}

async function signIn(email: string): Promise<Browser> {
  const browser = new Browser(gateway.url)
  await browser.form('/sign-in', { email, password: PASSWORD })
  return browser
}

/** `switchyard ledger verify`. */
function verify(): Promise<CliRun> {
  const databaseUrl = databaseUrlOf(gateway.dataDir)
  return cli(gateway.dataDir, ['ledger', 'verify', '--data', gateway.dataDir], databaseUrl === undefined ? {} : { databaseUrl })
}

const textIn = (response: Promise<Response>): Promise<string> => response.then((answer) => answer.text())

describe('another e-mail address', () => {
  test('is theirs once its letter is followed; the old one is told, other sessions and old links end', async () => {
    const grace = await signedUp(gateway, smtp, 'grace@example.com')
    const elsewhere = await signIn('grace@example.com')
    await elsewhere.form('/forgot-password', { email: 'grace@example.com' })
    const reset = await tokenOf(smtp, 'grace@example.com', '/reset-password')
    expect(await textIn(grace.form('/security/email', { email: 'Hopper@Example.com', password: PASSWORD }))).toContain('We have sent a letter to hopper@example.com')
    const token = await tokenOf(smtp, 'hopper@example.com', '/change-email')
    expect(await data(grace.api('/me'))).toMatchObject({ email: 'grace@example.com' })
    // What only looks uses nothing up.
    expect((await grace.page(`/change-email?token=${token}`)).status).toBe(200)
    expect((await grace.form('/change-email', { token })).headers.get('location')).toBe('/security')

    expect(await data(grace.api('/me'))).toMatchObject({ email: 'hopper@example.com' })
    expect((await elsewhere.api('/me')).status).toBe(401)
    expect((await signIn('grace@example.com')).session).toBeUndefined()
    expect((await signIn('hopper@example.com')).session).toBeDefined()
    await letterTo(smtp, 'grace@example.com', 'You sign in with hopper@example.com from now on')
    expect(await data<unknown[]>(grace.api('/organization/audit?action=email.change'))).toMatchObject([{ before: { email: 'grace@example.com' }, after: { email: 'hopper@example.com' } }])
    expect((await new Browser(gateway.url).form('/reset-password', { token: reset, password: 'another horse battery' })).status).toBe(400)
    // Once.
    expect((await grace.form('/change-email', { token })).status).toBe(400)
  })

  test('is only for who knows the password, and the newest wish is the one that holds', async () => {
    const mary = await signedUp(gateway, smtp, 'mary@example.com')
    const wrong = await mary.form('/security/email', { email: 'new@example.com', password: 'wrong horse battery' })
    expect([wrong.status, (await wrong.text()).includes('This password is wrong')]).toEqual([403, true])
    expect((await mary.form('/security/email', { email: 'mary@example.com', password: PASSWORD })).status).toBe(400)
    expect((await mary.form('/security/email', { email: 'not one', password: PASSWORD })).status).toBe(400)
    expect(smtp.letters.filter(({ to }) => to.includes('new@example.com'))).toEqual([])
    await mary.form('/security/email', { email: 'first@example.com', password: PASSWORD })
    await mary.form('/security/email', { email: 'second@example.com', password: PASSWORD })
    expect((await mary.form('/change-email', { token: await tokenOf(smtp, 'first@example.com', '/change-email') })).status).toBe(400)
    expect((await new Browser(gateway.url).form('/change-email', { token: await tokenOf(smtp, 'second@example.com', '/change-email') })).status).toBe(200)
    // Confirmed in another browser: where it was asked for, they stay signed in.
    expect(await data(mary.api('/me'))).toMatchObject({ email: 'second@example.com' })
  })

  test('of somebody else is not taken, and nobody learns that it is somebody else’s', async () => {
    const linus = await signedUp(gateway, smtp, 'linus@example.com')
    const said = (email: string): Promise<string> => textIn(linus.form('/security/email', { email, password: PASSWORD })).then((text) => text.replaceAll(email, '…'))
    expect(await said('ada@example.com')).toBe(await said('nobody@example.com'))
    expect(textOf(await letterTo(smtp, 'ada@example.com', 'There is one already'))).not.toContain('/change-email')
    // Somebody comes to have it before the link is followed.
    const token = await tokenOf(smtp, 'nobody@example.com', '/change-email')
    await signedUp(gateway, smtp, 'nobody@example.com')
    expect(await textIn(linus.form('/change-email', { token }))).toContain('meanwhile')
    expect(await data(linus.api('/me'))).toMatchObject({ email: 'linus@example.com' })
  })
})

describe('deleting oneself', () => {
  test('says what money is lost, and takes all that is personal; the ledger stays whole', async () => {
    const annie = await signedUp(gateway, smtp, 'annie@example.com')
    const { account: { id } } = await data<{ account: { id: string } }>(annie.api('/me'))
    expect((await ada.api(`/instance/accounts/${id}/credit`, { amount_usd: '7.50', reason: 'a gift' })).status).toBeLessThan(300)
    const page = await textIn(annie.page('/security/delete'))
    expect(page).toContain('$7.5')
    expect(page).toContain('What stays is the ledger')
    expect((await annie.form('/security/delete', { email: 'ada@example.com', password: PASSWORD })).status).toBe(400)
    expect((await annie.form('/security/delete', { email: 'annie@example.com', password: 'wrong horse battery' })).status).toBe(403)
    expect((await annie.api('/me')).status).toBe(200)
    expect((await annie.form('/security/delete', { email: 'Annie@example.com', password: PASSWORD })).headers.get('location')).toBe('/sign-in')

    expect((await annie.api('/me')).status).toBe(401)
    expect((await signIn('annie@example.com')).session).toBeUndefined()
    expect(await data<unknown[]>(ada.api('/instance/people?q=annie'))).toEqual([])
    expect(await data(ada.api(`/instance/accounts/${id}`))).toMatchObject({ name: '', state: 'closed' })
    expect((await verify()).code).toBe(0)
    // The address is free again.
    expect((await signedUp(gateway, smtp, 'annie@example.com')).session).toBeDefined()
  })

  test('is refused to the last operator and the last admin, with what to do first', async () => {
    expect(await textIn(ada.page('/security/delete'))).toContain('make somebody else an operator first')
    expect((await ada.form('/security/delete', { email: 'ada@example.com', password: PASSWORD })).status).toBe(409)
    const katherine = await signedUp(gateway, smtp, 'katherine@example.com')
    await katherine.api('/organizations', { name: 'Acme' })
    const refused = await katherine.form('/security/delete', { email: 'katherine@example.com', password: PASSWORD })
    expect([refused.status, (await refused.text()).includes('the last admin of Acme')]).toEqual([409, true])
    expect((await katherine.api('/me')).status).toBe(200)
  })

  test('and another address are for nobody who looks through their eyes', async () => {
    const [found] = await data<{ id: string }[]>(ada.api('/instance/people?q=linus'))
    const before = ada.cookies.get('switchyard.session_token') ?? ''
    expect((await ada.api(`/instance/people/${found?.id ?? ''}/impersonate`, { reason: 'to see' })).status).toBeLessThan(300)
    expect((await ada.form('/security/email', { email: 'mine@example.com', password: PASSWORD })).status).toBe(403)
    expect((await ada.form('/security/delete', { email: 'linus@example.com', password: PASSWORD })).status).toBe(403)
    ada.cookies.set('switchyard.session_token', before)
  })
})
