import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { Browser as Chromium, BrowserContext, Page } from 'playwright-core'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { serveStripe, type ServedStripe } from '../billing/serve.ts'
import { serveCheckout } from '../journey/checkout-page.ts'
import { startGateway, type Gateway } from '../server.ts'
import { hasChromium, startChromium } from '../sign-in/chromium.ts'
import { signedUp, type Browser } from '../sign-in/person.ts'

setDefaultTimeout(60_000)

const isThere = hasChromium('pages of accounts are not looked at')
const AXE = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const WIDTHS = [900, 375] as const

let gateway: Gateway
let smtp: TestSmtp
let stripe: ServedStripe
let chromium: Chromium
let ada: Browser
/** By the name that people are led back to. */
let url = ''

beforeAll(async () => {
  if (!isThere) return
  smtp = await startSmtp()
  stripe = serveStripe()
  gateway = await startGateway({ env: { ...stripe.env, SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com', SWITCHYARD_INITIAL_CREDITS: '0' } })
  url = gateway.url.replace('127.0.0.1', 'localhost')
  // A name that no line is long enough for.
  ada = await signedUp(gateway, smtp, 'ada@example.com', { first_name: 'Ada', last_name: 'L'.repeat(100) })
  await ada.form('/members/organization', { name: 'Acme' })
  chromium = await startChromium()
})

afterAll(async () => {
  await chromium?.close()
  await gateway?.stop()
  await stripe?.stop()
  await smtp?.close()
})

interface Open { readonly context: BrowserContext; readonly page: Page; readonly problems: string[] }

/** A browser in which Ada is signed in. What it complains of is in `problems`: a policy that stops our own style or script would be. */
async function open(options: { readonly javaScriptEnabled?: boolean; readonly width?: number; readonly colorScheme?: 'light' | 'dark' } = {}): Promise<Open> {
  const { width = 900, ...more } = options
  const context = await chromium.newContext({ ...more, viewport: { width, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] })
  await context.addCookies([...ada.cookies].map(([name, value]) => ({ name, value, url, httpOnly: true })))
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('status of')) problems.push(message.text()) })
  page.on('pageerror', (error) => problems.push(error.message))
  return { context, page, problems }
}

/** What axe finds wrong with a page, and what of it is wider than the window. */
async function flawsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const found = await page.evaluate(async () => {
    // What the script above has put there.
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
  })
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  return excess > 0 ? [...found, `${excess} px too wide`] : found
}

describe.skipIf(!isThere)('in a browser', () => {
  test('somebody buys credit, makes a key with a daily limit and invites a colleague, with pages alone and without scripts', async () => {
    const { context, page } = await open({ javaScriptEnabled: false })
    await page.goto(url)
    await page.click('main a:text-is("Billing")')
    await page.fill('input[name=amount] >> nth=0', '25')
    await page.click('button:text-is("Buy")')
    expect(await page.getAttribute('a.button', 'href')).toStartWith('https://checkout.stripe.com/')
    expect(await page.textContent('a.button')).toBe('Pay $26.38')
    await context.close()

    // Stripe's page has scripts.
    const { context: other, page: again, problems } = await open()
    await serveCheckout(other, stripe, gateway.url)
    await again.goto(`${url}/billing`)
    await again.fill('input[name=amount] >> nth=0', '25')
    await again.check('input[name=save_card]')
    await again.click('button:text-is("Buy")')
    await again.click('a.button')
    await again.fill('input[name=card]', '4242 4242 4242 4242')
    await again.click('button:text-is("Pay")')
    await again.waitForSelector('text=Paid: $25.00 added.')
    expect(await again.textContent('.amount')).toBe('$25.00')

    await again.click('nav a:text-is("Keys")')
    await again.fill('input[name=name]', 'Backend')
    await again.fill('input[name=limit]', '5')
    await again.selectOption('select[name=limit_reset]', 'daily')
    await again.click('button:text-is("Make the key")')
    const secret = await again.textContent('#secret')
    await again.click('button:text-is("Copy")')
    await again.waitForSelector('button:text-is("Copied")')
    expect(await again.evaluate(() => navigator.clipboard.readText())).toBe(secret ?? '')
    await again.click('a:has-text("to the keys")')
    expect(await again.textContent('li.entry')).toContain('$5.00 a day')

    await again.click('nav a:text-is("Members")')
    await again.fill('input[name=email]', 'linus@example.com')
    await again.click('button:text-is("Invite")')
    await again.waitForSelector('text=A letter with the invitation is on its way.')
    expect(problems).toEqual([])
    await other.close()
  })

  test('a refused form shows what was typed, and why, to those who hear it too', async () => {
    const { context, page } = await open()
    await page.goto(`${url}/billing`)
    await page.fill('input[name=amount] >> nth=0', '0.10')
    await page.click('button:text-is("Buy")')
    expect(await page.textContent('[role=alert]')).toBe('The amount must be at least $5.00.')
    expect(await page.inputValue('input[name=amount] >> nth=0')).toBe('0.10')
    await context.close()
  })

  test('nothing on the pages is hard to read, nameless or cut off, wide or narrow, light or dark', async () => {
    for (const width of WIDTHS) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { context, page, problems } = await open({ width, colorScheme })
        for (const path of ['/', '/keys', '/members', '/billing', '/billing?purchase=none', '/notifications']) {
          await page.goto(`${url}${path}`)
          await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true })
          expect([path, width, colorScheme, await flawsOf(page)]).toEqual([path, width, colorScheme, []])
        }
        await page.goto(`${url}/keys`)
        await page.fill('input[name=name]', `${width} ${colorScheme}`)
        await page.click('button:text-is("Make the key")')
        expect(['made', width, colorScheme, await flawsOf(page)]).toEqual(['made', width, colorScheme, []])
        await page.goto(`${url}/billing`)
        await page.click('button:text-is("Buy")')
        expect(['order', width, colorScheme, await flawsOf(page)]).toEqual(['order', width, colorScheme, []])
        expect(problems).toEqual([])
        await context.close()
      }
    }
  }, 180_000)
})
