// A person at a browser with scripts: what they do on pages they do there, and what has no page yet a script of the page asks, with their cookie.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { asObject, type JsonObject } from '../../src/core/json.ts'
import { PASSWORD, tokenOf } from '../sign-in/person.ts'

/** What the API has answered. */
export interface Answer { readonly status: number; readonly body: JsonObject; readonly data: JsonObject }

export class Visitor {
  private constructor(readonly email: string, readonly context: BrowserContext, readonly page: Page, private readonly url: string, private readonly smtp: TestSmtp) {}

  static async arrive(chromium: Browser, { url, smtp, email }: { readonly url: string; readonly smtp: TestSmtp; readonly email: string }): Promise<Visitor> {
    const context = await chromium.newContext()
    return new Visitor(email, context, await context.newPage(), url, smtp)
  }

  async open(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.url).href)
  }

  /** Fills the form of the page with an account's and sends it. */
  async makeAccount(firstName: string): Promise<void> {
    await this.page.fill('input[name=first_name]', firstName)
    await this.page.fill('input[name=email]', this.email)
    await this.page.fill('input[name=password]', PASSWORD)
    await this.press('Make an account')
    await this.sees('Look into your mail')
  }

  /** Opens the link of the letter that has come, and clicks. */
  async confirm(): Promise<void> {
    await this.open(`/verify-email?token=${await tokenOf(this.smtp, this.email, '/verify-email')}`)
    await this.press('Confirm your address')
  }

  async signUp(firstName: string, path = '/sign-up'): Promise<void> {
    await this.open(path)
    await this.makeAccount(firstName)
    await this.confirm()
    await this.sees(this.email)
  }

  async signIn(): Promise<void> {
    await this.open('/sign-in')
    await this.page.fill('input[name=email]', this.email)
    await this.page.fill('input[name=password]', PASSWORD)
    await this.press('Sign in')
  }

  async press(button: string): Promise<void> {
    await this.page.click(`button:text-is("${button}")`)
  }

  /** Waits until the page says it. */
  async sees(text: string): Promise<void> {
    await this.page.waitForSelector(`text=${text}`)
  }

  /** Asks the API as a script of the page that is open. */
  async api(method: string, path: string, json?: JsonObject): Promise<Answer> {
    const { status, body } = await this.page.evaluate(async ([verb, where, text]) => {
      const response = await fetch(`/api/v1${where}`, { method: verb ?? 'GET', ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }) })
      return { status: response.status, body: await response.json() as unknown }
    }, json === undefined ? [method, path] : [method, path, JSON.stringify(json)])
    // What was JSON and no object is none that these tests ask for.
    const object = asObject(body as JsonObject) ?? {}
    return { status, body: object, data: asObject(object['data']) ?? {} }
  }
}
