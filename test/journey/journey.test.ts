// All that an account is for, by the whole program and in real browsers: from signing up to a refusal at a limit, and the same numbers wherever they are said.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser as Chromium } from 'playwright-core'
import { asArray, asObject, parseObject, type JsonObject } from '../../src/core/json.ts'
import { startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { serveStripe, type ServedStripe } from '../billing/serve.ts'
import { cli } from '../cli.ts'
import { canStepClocks, clockEnvironment, stepClock } from '../crash/stepped-clock.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'
import { hasChromium, startChromium } from '../sign-in/chromium.ts'
import { eventually, letterTo } from '../sign-in/person.ts'
import { serveCheckout } from './checkout-page.ts'
import { startCountingProvider, type Counted } from './counting-provider.ts'
import { Visitor } from './visitor.ts'

setDefaultTimeout(120_000)

const isThere = hasChromium('the journey through the pages is not tested')
const DAY_MS = 86_400_000
const DAY_SECONDS = 86_400

/** USD per million tokens, to the last digit that a price may have: sums come out even only where every step is exact. */
const PRICE = { input: '31.370000123', output: '911.300000457' }
const NANO_PER_MILLION = { input: 31_370_000_123n, output: 911_300_000_457n }
/** Of calls on keys of one's own: 5% of what goes above half a dollar. */
const FEE = { percent: 5n, allowance: 500_000_000n }
const OWN_CREDENTIAL = `sk-proj-acme-${'x7Q'.repeat(12)}`
const LIMIT = 5_000_000_000n
const WHO = { user: 'a-customer-of-acme', session_id: 'one-session', trace: { trace_name: 'journey' } }
const PROMPT = 'Tell me what this comes to. '.repeat(20)

function config(url: string): string {
  const model = (id: string): string => `[{ id: ${id}, upstream_id: ${id}, context: 100000, max_output: 8000, price: { input: "${PRICE.input}", output: "${PRICE.output}" } }]`
  return `
byok: { fee_percent: "${FEE.percent}", monthly_allowance: "0.50" }
providers:
  groq: { base_url: "${url}", api_key: the-operators-own, models: ${model('acme/shared')} }
  openai: { base_url: "${url}", api_key: the-operators-own, models: ${model('acme/own')} }
`
}

let home: string
let clockFile: string
let aheadSeconds = 0
let provider: ReturnType<typeof startCountingProvider>
let smtp: TestSmtp
let stripe: ServedStripe
let gateway: Gateway
let chromium: Chromium
let url: string

const canStep = canStepClocks()
/** The time by the program's clock. */
const nowMs = (): number => Date.now() + aheadSeconds * 1_000
const midnightAfter = (ms: number): number => (Math.floor(ms / DAY_MS) + 1) * DAY_MS

beforeAll(async () => {
  if (!isThere) return
  home = mkdtempSync(join(tmpdir(), 'switchyard-journey-'))
  clockFile = join(home, 'clock')
  // It is noon for the program, so that no midnight comes between two numbers; without a clock to set, that of this machine goes on.
  if (canStep) aheadSeconds = Math.round(((midnightAfter(Date.now()) - Date.now() + DAY_MS / 2) % DAY_MS) / 1_000)
  if (canStep) stepClock(clockFile, aheadSeconds)
  else if (midnightAfter(Date.now()) - Date.now() < 60_000) await Bun.sleep(midnightAfter(Date.now()) - Date.now())
  provider = startCountingProvider()
  smtp = await startSmtp()
  stripe = serveStripe(nowMs)
  gateway = await startGateway({
    config: config(provider.url),
    env: { ...stripe.env, ...(canStep && clockEnvironment(clockFile)), SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>', SWITCHYARD_INITIAL_CREDITS: '0', SWITCHYARD_SETUP_CODE: '' },
  })
  url = gateway.url.replace('127.0.0.1', 'localhost')
  chromium = await startChromium()
})

afterAll(async () => {
  await chromium?.close()
  await gateway?.stop()
  await stripe?.stop()
  await smtp?.close()
  await provider?.stop()
  if (home) rmSync(home, { recursive: true, force: true })
})

const arrive = (email: string): Promise<Visitor> => Visitor.arrive(chromium, { url, smtp, email })

/** A number of the API in nano-dollars; it has none of what is smaller. */
function nano(value: unknown): bigint {
  const text = Number(value).toFixed(9)
  expect(Number(text)).toBe(Number(value))
  return BigInt(text.replace('.', ''))
}

const listPrice = ({ promptTokens, completionTokens }: Counted): bigint => (BigInt(promptTokens) * NANO_PER_MILLION.input + BigInt(completionTokens) * NANO_PER_MILLION.output + 999_999n) / 1_000_000n
const isOwn = ({ credential }: Counted): boolean => credential === OWN_CREDENTIAL
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n)
const above = (amount: bigint): bigint => (amount > FEE.allowance ? amount - FEE.allowance : 0n)

/** What each of the provider's calls must have cost, by its own counts: the list price, or the fee of a call on a key of one's own. */
function chargesOf(calls: readonly Counted[]): bigint[] {
  let own = 0n
  return calls.map((call) => {
    if (!isOwn(call)) return listPrice(call)
    const before = own
    own += listPrice(call)
    return ((above(own) - above(before)) * FEE.percent + 99n) / 100n
  })
}

interface Called { readonly status: number; readonly id: string; readonly usage: JsonObject; readonly error: JsonObject }

async function call(key: string, model: string, more: JsonObject = {}): Promise<Called> {
  const response = await gateway.api('/chat/completions', { model, max_tokens: 800, messages: [{ role: 'user', content: PROMPT }], ...more }, { headers: { authorization: `Bearer ${key}` } })
  const text = await response.text()
  const parts = response.headers.get('content-type')?.startsWith('text/event-stream') ? text.split('\n\n').filter((line) => line.startsWith('data: {')).map((line) => parseObject(line.slice('data: '.length)) ?? {}) : [parseObject(text) ?? {}]
  const last = parts.at(-1) ?? {}
  return { status: response.status, id: String(last['id']), usage: asObject(last['usage']) ?? {}, error: asObject(last['error']) ?? {} }
}

async function byKey(key: string, path: string): Promise<JsonObject> {
  return asObject(parseObject(await (await gateway.api(path, undefined, { headers: { authorization: `Bearer ${key}` } })).text())?.['data']) ?? {}
}

async function verified(): Promise<JsonObject> {
  const databaseUrl = databaseUrlOf(gateway.dataDir)
  const run = await cli(gateway.dataDir, ['ledger', 'verify', '--json', '--data', gateway.dataDir], databaseUrl === undefined ? {} : { databaseUrl })
  return parseObject(run.out) ?? { said: run.out + run.err }
}

describe.skipIf(!isThere)('an account that a business runs on', () => {
  let grace: Visitor
  let linus: Visitor
  let key: string
  const answered: Called[] = []

  test('H20: the first to sign up runs the install, and opens it; a second person has an account, and makes an organization', async () => {
    const ada = await arrive('ada@example.com')
    // Who has the terminal has the code.
    await ada.open('/sign-up')
    await ada.signUp('Ada', await eventually(() => /\/sign-up\?setup_code=[\da-f]+/.exec(gateway.logs())?.[0]))
    await ada.sees('runs this install')
    expect((await ada.api('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })).status).toBe(200)
    grace = await arrive('grace@example.com')
    await grace.signUp('Grace')
    expect(await grace.page.isVisible('text=runs this install')).toBe(false)
    expect((await grace.api('PATCH', '/instance/settings', { sign_up: { mode: 'closed' } })).status).toBe(403)
    await grace.open('/members')
    await grace.page.fill('input[name=name]', 'Acme')
    await grace.press('Make it')
    await grace.sees('You are in your new organization.')
  })

  test('I2, I3: an admin buys credit with a test card, comes back from the page of Stripe, and has it', async () => {
    await serveCheckout(grace.context, stripe, gateway.url)
    await grace.open('/billing')
    await grace.page.fill('input[name=amount]', '25')
    await grace.press('Buy')
    expect((await grace.api('GET', '/credits')).data).toEqual({ total_credits: 0, total_usage: 0 })
    await grace.page.click('a:has-text("Pay $26.38")')
    await grace.page.waitForSelector('h1:text-is("Pay $26.38")')
    await grace.page.fill('input[name=card]', '4242 4242 4242 4242')
    await grace.press('Pay')
    await grace.sees('Paid: $25.00 added.')
    await grace.sees('Credit left')
    expect(await grace.page.textContent('.amount')).toBe('$25.00')
    expect((await grace.api('GET', '/credits')).data).toEqual({ total_credits: 25, total_usage: 0 })
  })

  test('H20: a colleague is invited by letter, accepts, and signs in', async () => {
    await grace.open('/members')
    await grace.page.fill('input[name=email]', 'linus@example.com')
    await grace.press('Invite')
    await grace.sees('A letter with the invitation is on its way.')
    const letter = textOf(await letterTo(smtp, 'linus@example.com', '/invitations/'))
    expect(letter).toContain('Grace invites you to Acme.')
    linus = await arrive('linus@example.com')
    await linus.page.goto(/http\S+\/invitations\/\S+/.exec(letter)?.[0] ?? '')
    await linus.sees('You are invited as a member')
    await linus.page.click('a:text-is("Make an account")')
    await linus.makeAccount('Linus')
    await linus.confirm()
    await linus.press('Accept')
    await linus.page.waitForSelector('strong:text-is("Acme")')
    await linus.press('Sign out')
    await linus.signIn()
    await linus.sees('linus@example.com')
    await linus.page.selectOption('select[name=account_id]', { label: 'Acme (member)' })
    await linus.press('Switch')
    await linus.page.waitForSelector('strong:text-is("Acme")')
    expect((await linus.api('POST', '/purchases', { amount_usd: 25 })).status).toBe(403)
    await linus.open('/billing')
    await linus.sees('Ask one of them')
  })

  test('H2: they make a key, the admin gives it five dollars a day, and Acme brings a key of a provider of its own', async () => {
    await linus.open('/keys')
    await linus.page.fill('form[action="/keys"] input[name=name]', 'Linus')
    await linus.press('Make the key')
    key = await linus.page.textContent('#secret') ?? ''
    expect(key).toMatch(/^sk-sw-v1-[0-9a-f]{64}$/)
    await grace.open('/keys')
    await grace.page.click('summary:has-text("Change or delete")')
    await grace.page.fill('form[action="/keys/change"] input[name=limit]', '5')
    await grace.page.selectOption('form[action="/keys/change"] select[name=limit_reset]', 'daily')
    await grace.press('Change it')
    await grace.sees('The key is changed.')
    await linus.open('/keys')
    await linus.sees('$5.00 a day')
    expect((await grace.api('POST', '/byok', { provider: 'openai', key: OWN_CREDENTIAL, switchyard: { always_use: true } })).status).toBe(201)
  })

  test('H2, M4: calls pass until the limit, and the refusal says whose it is, what is left, when it starts anew, and what fits', async () => {
    let refused: Called | undefined
    for (let calls = 0; calls < 20 && !refused; calls++) {
      const answer = await call(key, calls % 3 === 1 ? 'acme/own' : 'acme/shared', { stream: calls % 2 === 1, ...WHO })
      if (answer.status === 200) answered.push(answer)
      else refused = answer
    }
    const used = sum(chargesOf(provider.calls))
    const resets = new Date(midnightAfter(nowMs())).toISOString()
    expect(refused?.status).toBe(402)
    expect(String(refused?.error['message'])).toContain(`this key's limit of $5.00, which starts anew at ${resets}, leaves $`)
    const { reason, scope, left_usd: left, cap_usd: cap, reset_at: resetAt } = asObject(refused?.error['metadata']) ?? {}
    expect({ reason, scope, left: BigInt(Math.round(Number(left) * 1e9)), cap, resetAt }).toEqual({ reason: 'worst_case', scope: 'key', left: LIMIT - used, cap: '5', resetAt: resets })
    // What it says fits does, and one token more does not.
    const fits = Number(/max_tokens of at most (\d+)/.exec(String(refused?.error['message']))?.[1])
    expect((await call(key, 'acme/shared', { max_tokens: fits + 1, ...WHO })).status).toBe(402)
    const last = await call(key, 'acme/shared', { max_tokens: fits, ...WHO })
    expect(last.status).toBe(200)
    answered.push(last)
    expect(provider.calls).toHaveLength(answered.length)
    expect(new Set(provider.calls.map((one) => `${isOwn(one) ? 'own' : 'shared'} ${one.isStreamed ? 'stream' : 'whole'}`))).toEqual(new Set(['own stream', 'own whole', 'shared stream', 'shared whole']))
  })

  test('I7, I8, H15, J5, J16, J25: answer, generation, reports, key, credit and books say the same, to the nano-dollar', async () => {
    const charges = chargesOf(provider.calls)
    const charged = sum(charges)
    const billedToAcme = sum(provider.calls.filter(isOwn).map(listPrice))
    const tokens = [sum(provider.calls.map((one) => BigInt(one.promptTokens))), sum(provider.calls.map((one) => BigInt(one.completionTokens)))]
    expect(answered.map(({ usage }) => nano(usage['cost']))).toEqual(charges)
    expect(charges.filter((charge) => charge === 0n).length).toBeLessThan(charges.length)

    const query = { metrics: ['request_count', 'credits_usage', 'byok_usage', 'total_usage', 'tokens_prompt', 'tokens_completion'], time_range: { start: new Date(midnightAfter(nowMs()) - DAY_MS).toISOString(), end: new Date(midnightAfter(nowMs())).toISOString() } }
    const today = await eventually(async () => {
      const { body } = await grace.api('POST', '/analytics/query', query)
      const row = asObject(asArray(asObject(body['data'])?.['data'] ?? body['data'])?.[0])
      return Number(row?.['request_count']) === answered.length ? row : undefined
    })
    expect([nano(today?.['credits_usage']), nano(today?.['byok_usage']), nano(today?.['total_usage']), BigInt(Number(today?.['tokens_prompt'])), BigInt(Number(today?.['tokens_completion']))]).toEqual([charged, billedToAcme, charged + billedToAcme, ...tokens])

    for (const [at, { id, usage }] of answered.entries()) {
      const counted = provider.calls[at]
      if (!counted) throw new Error('an answer that no provider gave')
      const record = await byKey(key, `/generation?id=${id}`)
      expect([nano(record['total_cost']), nano(record['usage']), nano(record['upstream_inference_cost']), record['is_byok'], record['streamed']]).toEqual([charges[at] ?? -1n, charges[at] ?? -1n, listPrice(counted), isOwn(counted), counted.isStreamed])
      expect([record['external_user'], record['session_id']]).toEqual([WHO.user, WHO.session_id])
      expect([record['native_tokens_prompt'], record['native_tokens_completion'], usage['is_byok']]).toEqual([counted.promptTokens, counted.completionTokens, isOwn(counted)])
    }
    const own = await byKey(key, '/key')
    expect([nano(own['usage']), nano(own['usage_daily']), nano(own['byok_usage']), nano(own['limit_remaining'])]).toEqual([charged, charged, billedToAcme, LIMIT - charged])
    const { data: credits } = await grace.api('GET', '/credits')
    expect([credits['total_credits'], nano(credits['total_usage'])]).toEqual([25, charged])
    const books = await verified()
    expect(books).toMatchObject({ ok: true, problems: [], written_off: '0' })
    expect(nano(books['charged'])).toBe(charged)
  })

  test.skipIf(!canStep)('J1: on the next day the limit has started anew, as it was said, and the day is in the activity with the same sums', async () => {
    const [charged, billedToAcme, calls] = [sum(chargesOf(provider.calls)), sum(provider.calls.filter(isOwn).map(listPrice)), provider.calls.length]
    aheadSeconds += DAY_SECONDS
    stepClock(clockFile, aheadSeconds)
    const { body } = await grace.api('GET', '/activity')
    const rows = asArray(body['data'])?.map((row) => asObject(row) ?? {}) ?? []
    expect([sum(rows.map((row) => nano(row['usage']))), sum(rows.map((row) => nano(row['byok_usage_inference']))), rows.reduce((all, row) => all + Number(row['requests']), 0)]).toEqual([charged, billedToAcme, calls])
    expect(rows.map((row) => row['model']).toSorted()).toEqual(['acme/own', 'acme/shared'])
    const own = await byKey(key, '/key')
    expect([own['limit_remaining'], own['usage_daily'], nano(own['usage'])]).toEqual([5, 0, charged])
    expect((await call(key, 'acme/shared')).status).toBe(200)
    expect(await verified()).toMatchObject({ ok: true, problems: [] })
  })
})
