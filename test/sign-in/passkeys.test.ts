import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Browser as Chromium, BrowserContext, Page } from 'playwright-core'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Authenticator } from './authenticator.ts'
import { hasChromium, startChromium } from './chromium.ts'
import { Browser, PASSWORD, signedUp, tokenOf } from './person.ts'

const isThere = hasChromium()
let gateway: Gateway
let smtp: TestSmtp
let chromium: Chromium
let url = ''

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  // Passkeys are bound to a name.
  url = gateway.url.replace('127.0.0.1', 'localhost')
  if (isThere) chromium = await startChromium()
}, 60_000)

afterAll(async () => {
  await chromium?.close()
  await gateway?.stop()
  await smtp?.close()
})

/** A page with an authenticator that says yes to whatever it is asked. */
async function pageWithKey(): Promise<{ readonly context: BrowserContext; readonly page: Page; readonly problems: string[] }> {
  const context = await chromium.newContext()
  const page = await context.newPage()
  const problems: string[] = []
  // A policy that stops our own style or script would be said here.
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('status of')) problems.push(message.text()) })
  page.on('pageerror', (error) => problems.push(error.message))
  const session = await context.newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
  return { context, page, problems }
}

describe.skipIf(!isThere)('in a browser', () => {
  test('somebody signs up, adds a passkey, signs in with it and with nothing else, and removes it', async () => {
    const { context, page, problems } = await pageWithKey()
    await page.goto(`${url}/sign-up`)
    await page.fill('input[name=first_name]', 'Ada')
    await page.fill('input[name=email]', 'ada@example.com')
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button:has-text("Make an account")')
    await page.waitForSelector('h1:has-text("Look into your mail")')
    await page.goto(`${url}/verify-email?token=${await tokenOf(smtp, 'ada@example.com', '/verify-email')}`)
    await page.click('button:has-text("Confirm your address")')
    await page.waitForSelector('text=runs this install')

    await page.goto(`${url}/security`)
    await page.fill('form[data-passkey=add] input[name=name]', 'Laptop')
    await page.click('button:has-text("Add a passkey")')
    await page.waitForSelector('li:has-text("Laptop")')
    await page.goto(url)
    await page.click('button:has-text("Sign out")')
    await page.waitForURL(`${url}/sign-in`)
    expect((await context.cookies()).filter(({ name }) => name.includes('session_token'))).toEqual([])

    await page.click('button:has-text("Use a passkey")')
    await page.waitForSelector('text=runs this install')
    const me = await page.evaluate(async () => await (await fetch('/api/v1/me')).json() as unknown)
    expect(me).toMatchObject({ data: { email: 'ada@example.com', is_operator: true } })
    const [cookie] = (await context.cookies()).filter(({ name }) => name.includes('session_token'))
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    const audit = await page.evaluate(async () => {
      // What people do with their ways in is in the log of their own account.
      const { data } = await (await fetch('/api/v1/me/accounts')).json() as { data: { id: string; kind: string }[] }
      await fetch('/api/v1/me/account', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account_id: data.find(({ kind }) => kind === 'personal')?.id }) })
      return await (await fetch('/api/v1/organization/audit?action=passkey.add')).json() as unknown
    })
    expect(audit).toMatchObject({ data: [{ action: 'passkey.add', after: { name: 'Laptop' } }] })

    await page.goto(`${url}/security`)
    await page.click('li:has-text("Laptop") button:has-text("Remove")')
    await page.waitForSelector('li:has-text("Laptop")', { state: 'detached' })
    await page.goto(url)
    await page.click('button:has-text("Sign out")')
    await page.waitForURL(`${url}/sign-in`)
    await page.click('button:has-text("Use a passkey")')
    await page.waitForSelector('[data-trouble]:not(.hidden)')
    expect((await context.cookies()).filter(({ name }) => name.includes('session_token'))).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  }, 60_000)

  test('the pages work where scripts are off, and a passkey is not offered there', async () => {
    const ada = new Browser(gateway.url)
    await ada.form('/sign-in', { email: 'ada@example.com', password: PASSWORD })
    await ada.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
    await signedUp(gateway, smtp, 'grace@example.com')
    const context = await chromium.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${url}/security`)
    await page.waitForURL(`${url}/sign-in?next=%2Fsecurity`)
    expect(await page.isVisible('button:has-text("Use a passkey")')).toBe(false)
    await page.fill('input[name=email]', 'grace@example.com')
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button:has-text("Sign in")')
    await page.waitForURL(`${url}/security`)
    expect(await page.isVisible('text=Where you are signed in')).toBe(true)
    await context.close()
  }, 60_000)

  test('another site cannot frame a page, nor send a form that does anything', async () => {
    const { context, page } = await pageWithKey()
    await page.goto(`${url}/sign-in`)
    await page.fill('input[name=email]', 'ada@example.com')
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button:has-text("Sign in")')
    await page.waitForSelector('text=runs this install')
    // The same machine by another name is another site for a browser.
    const evil = Bun.serve({ port: 0, fetch: () => new Response(`<form method="post" action="${url}/sign-out"><button>Win</button></form><iframe src="${url}/"></iframe>`, { headers: { 'content-type': 'text/html' } }) })
    const other = await context.newPage()
    await other.goto(`http://127.0.0.1:${evil.port}/`)
    expect(await other.frames()[1]?.evaluate(() => document.body.textContent?.includes('runs this install') ?? false).catch(() => false)).toBe(false)
    await other.click('button')
    await other.waitForSelector('h1:has-text("That did not work")')
    await page.reload()
    expect(await page.isVisible('text=runs this install')).toBe(true)
    await evil.stop(true)
    await context.close()
  }, 60_000)
})

test('a passkey that has not asked whether it is its owner is one factor: it is not taken, and lets nobody in', async () => {
  const ada = await signedUp(gateway, smtp, 'key@example.com')
  const authenticator = new Authenticator(url)
  expect((await authenticator.register(ada, { isVerified: false })).status).toBe(401)
  expect((await authenticator.register(ada, { isVerified: true })).status).toBe(200)
  const found = new Browser(gateway.url)
  expect([(await authenticator.signIn(found, { isVerified: false })).status, found.session]).toEqual([401, undefined])
  expect([(await authenticator.signIn(found, { isVerified: true })).status, (await found.api('/me')).status]).toEqual([200, 200])
})
