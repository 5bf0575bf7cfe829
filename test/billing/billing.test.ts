import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../../src/core/json.ts'
import { PdfReader } from '../../src/upstream/pdf/pdf-reader.ts'
import { cli } from '../cli.ts'
import { databaseUrlOf } from '../engine.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { serveStripe, type ServedStripe } from './serve.ts'

setDefaultTimeout(60_000)

let stripe: ServedStripe
let gateway: Gateway
let admin: string
let provider: { readonly port: number | undefined; stop(now?: boolean): void }

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'a', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1000, completion_tokens: 1000, total_tokens: 2000 } }) })
  stripe = serveStripe()
  gateway = await startGateway({
    config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${provider.port}/v1`, models: [{ id: 'acme/a', upstreamId: 'a', input: '1000', output: '1000' }] }]),
    env: { ...stripe.env, SWITCHYARD_INITIAL_CREDITS: '0' },
  })
  const databaseUrl = databaseUrlOf(gateway.dataDir)
  const made = await cli(gateway.dataDir, ['keys', 'create', '--management', '--name', 'admin', '--data', gateway.dataDir, '--json'], databaseUrl === undefined ? {} : { databaseUrl })
  admin = /sk-sw-v1-[0-9a-f]{64}/.exec(made.out)?.[0] ?? ''
})

afterAll(async () => {
  await gateway.stop()
  await stripe.stop()
  provider.stop(true)
})

interface Answer { readonly status: number; readonly body: JsonObject; readonly data: JsonObject }

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const json = parseObject(await response.text()) ?? {}
  return { status: response.status, body: json, data: asObject(json['data']) ?? {} }
}

async function callModel(): Promise<number> {
  const response = await gateway.api('/chat/completions', { model: 'acme/a', max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }] })
  await response.text()
  return response.status
}

/** The Checkout session of an order. */
function sessionOf(id: unknown): string {
  return String(stripe.stripe.all('checkout.session').find(({ metadata }) => asObject(metadata)?.['purchase_id'] === id)?.['id'])
}

describe('credit is bought with a card (I2, I3, I5, I17)', () => {
  let id: string

  test('from the order over the page and the signed event to a call that it pays', async () => {
    expect(await callModel()).toBe(402)
    const { status, body, data } = await ask('POST', '/purchases', { amount_usd: 20 })
    expect([status, data['state'], data['amount'], data['fee'], data['total']]).toEqual([201, 'open', 20, 1.1, 21.1])
    expect(asString(body['url'])).toStartWith('https://checkout.stripe.com/c/pay/')
    id = String(data['id'])
    const event = stripe.stripe.pay(sessionOf(id))
    expect((await stripe.deliver(gateway.url, event, { secret: 'whsec_of_somebody_else' })).status).toBe(400)
    expect((await stripe.deliver(gateway.url, event, { body: '{}' })).status).toBe(400)
    const endless = new ReadableStream<Uint8Array>({ pull(controller) { controller.enqueue(new Uint8Array(64 << 10)) } })
    expect((await fetch(`${gateway.url}/webhooks/stripe`, { method: 'POST', body: endless })).status).toBe(413)
    expect((await ask('GET', '/credits')).data).toMatchObject({ total_credits: 0 })
    expect((await stripe.deliver(gateway.url, event)).status).toBe(200)
    expect((await stripe.deliver(gateway.url, event)).status).toBe(200)
    expect((await ask('GET', '/credits')).data).toEqual({ total_credits: 20, total_usage: 0 })
    expect(await callModel()).toBe(200)
    expect((await ask('GET', '/credits')).data).toEqual({ total_credits: 20, total_usage: 2 })
  })

  test('with a receipt that a PDF reader reads, the same bytes each time, with what buyer and seller said before', async () => {
    expect((await ask('PATCH', '/instance/settings', { seller: { name: 'Łódź Models Sp. z o.o.', address: 'Ulica 1\n90-001 Łódź', tax_id: 'PL1234567890', email: 'bills@example.com' } })).status).toBe(200)
    expect((await ask('PATCH', '/billing', { name: 'Ada Lovelace (Åse) Ltd', tax_id: 'GB123456789', address: 'St James\'s Square\nLondon' })).status).toBe(200)
    const { data } = await ask('POST', '/purchases', { amount_usd: 10 })
    stripe.stripe.pay(sessionOf(data['id']))
    // Nobody delivered an event: who comes back from the page sees the truth.
    expect((await ask('GET', `/purchases/${String(data['id'])}`)).data).toMatchObject({ state: 'paid', receipt_number: 'SW-000002', card: 'visa 4242' })
    const get = () => fetch(`${gateway.url}/api/v1/purchases/${String(data['id'])}/receipt.pdf`, { headers: { authorization: `Bearer ${admin}` } })
    const response = await get()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf'])
    const pdf = Buffer.from(await response.arrayBuffer())
    expect(Buffer.from(await (await get()).arrayBuffer()).equals(pdf)).toBe(true)
    const pages = await new PdfReader().read(pdf, AbortSignal.timeout(30_000))
    const text = JSON.stringify(pages)
    for (const said of ['Łódz Models Sp. z o.o.', 'PL1234567890', 'Ada Lovelace (Åse) Ltd', 'GB123456789', 'SW-000002', '$10.00', '$0.80', '$10.80', 'visa 4242', 'TEST MODE']) expect(text).toContain(said)
  })

  test('and what is unused goes back to the card, once: 409 (M7)', async () => {
    const { data, status } = await ask('POST', `/purchases/${id}/refund`)
    expect([status, data['state'], data['amount']]).toEqual([200, 'done', 18])
    expect((await ask('GET', '/credits')).data).toEqual({ total_credits: 12, total_usage: 2 })
    expect((await ask('POST', `/purchases/${id}/refund`)).status).toBe(409)
    expect((await ask('GET', `/purchases/${id}`)).data['reversals']).toMatchObject([{ kind: 'refund', amount: 18 }])
  })

  test('a saved card is charged by itself when credit runs low (I4)', async () => {
    const { body } = await ask('POST', '/billing/cards')
    stripe.stripe.pay(String(body['url']).split('/').at(-1) ?? '')
    const cards = asArray((await ask('GET', '/billing/cards')).body['data']) ?? []
    const early = await ask('PATCH', '/billing', { auto_topup: { enabled: true } })
    expect([early.status, String(asObject(early.body['error'])?.['message'])]).toEqual([409, expect.stringContaining('POST /api/v1/billing/cards/{id}/default')])
    expect((await ask('POST', `/billing/cards/${String(asObject(cards[0])?.['id'])}/default`)).status).toBe(200)
    expect((await ask('PATCH', '/billing', { auto_topup: { enabled: true, threshold_usd: 15, amount_usd: 25 } })).data['auto_topup']).toMatchObject({ enabled: true, threshold: 15, amount: 25 })
    for (let tries = 0; tries < 100; tries++) {
      if ((await ask('GET', '/credits')).data['total_credits'] === 37) break
      await Bun.sleep(200)
    }
    expect((await ask('GET', '/credits')).data['total_credits']).toBe(37)
    expect(asArray((await ask('GET', '/purchases')).body['data'])?.[0]).toMatchObject({ kind: 'auto', state: 'paid', amount: 25 })
  })

  test('a disputed payment suspends the account, whose keys are refused', async () => {
    const paid = asObject(asArray((await ask('GET', '/purchases')).body['data'])?.[0])
    const intent = stripe.stripe.all('payment_intent').find(({ metadata }) => asObject(metadata)?.['purchase_id'] === paid?.['id'])
    expect((await stripe.deliver(gateway.url, stripe.stripe.dispute(String(intent?.['id'])))).status).toBe(200)
    expect(await callModel()).toBe(403)
    const [dispute] = stripe.stripe.all('dispute')
    expect((await stripe.deliver(gateway.url, stripe.stripe.closeDispute(String(dispute?.['id']), 'won'))).status).toBe(200)
    expect(await callModel()).toBe(200)
  })

  test('the books verify', async () => {
    const databaseUrl = databaseUrlOf(gateway.dataDir)
    const run = await cli(gateway.dataDir, ['ledger', 'verify', '--json', '--data', gateway.dataDir], databaseUrl === undefined ? {} : { databaseUrl })
    expect(parseObject(run.out)).toMatchObject({ ok: true, problems: [] })
  })
})

describe('money turned off', () => {
  test('no balance is asked, limits hold, use is metered, /credits says so, and the books verify', async () => {
    const off = await startGateway({
      config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${provider.port}/v1`, models: [{ id: 'acme/a', upstreamId: 'a', input: '1000', output: '1000' }] }]),
      env: { SWITCHYARD_INITIAL_CREDITS: '0' },
    })
    try {
      const databaseUrl = databaseUrlOf(off.dataDir)
      const options = databaseUrl === undefined ? {} : { databaseUrl }
      const run = async (...argv: string[]) => await cli(off.dataDir, [...argv, '--data', off.dataDir, '--json'], options)
      const newKey = async (...argv: string[]) => /sk-sw-v1-[0-9a-f]{64}/.exec((await run('keys', 'create', ...argv)).out)?.[0] ?? ''
      const management = await newKey('--management', '--name', 'admin')
      const limited = await newKey('--name', 'limited', '--limit', '5')
      const asAdmin = async (method: string, path: string, body?: unknown) => parseObject(await (await fetch(`${off.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${management}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })).text())
      const call = async (key: string) => {
        const response = await off.api('/chat/completions', { model: 'acme/a', max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }] }, { headers: { authorization: `Bearer ${key}` } })
        return { status: response.status, body: parseObject(await response.text()) }
      }
      expect((await call(off.key)).status).toBe(402)
      await asAdmin('PATCH', '/instance/settings', { money: false })
      const answer = await call(off.key)
      expect([answer.status, asObject(answer.body?.['usage'])?.['cost']]).toEqual([200, 2])
      const statuses = []
      for (let calls = 0; calls < 3; calls++) statuses.push((await call(limited)).status)
      expect(statuses).toEqual([200, 200, 402])
      // Of the limit's dollar, not of a balance that nobody asks.
      expect(asObject((await call(limited)).body?.['error'])).toMatchObject({ code: 402, message: expect.stringContaining("this key's limit of $5.00"), metadata: { reason: 'worst_case', scope: 'key', left_usd: '1', docs_url: `${off.url}/docs/errors#worst_case` } })
      expect(await asAdmin('GET', '/credits')).toEqual({ data: { total_credits: 0, total_usage: 0 }, switchyard: { money: false } })
      expect(asObject(asArray((await asAdmin('GET', '/keys'))?.['data'])?.find((key) => asObject(key)?.['name'] === 'limited'))).toMatchObject({ usage: 4, limit_remaining: 1 })
      await asAdmin('PATCH', '/instance/settings', { money: true })
      expect((await call(off.key)).status).toBe(402)
      expect(parseObject((await run('ledger', 'verify')).out)).toMatchObject({ ok: true, charged: '6', unbilled: '6', written_off: '0' })
    } finally {
      await off.stop()
    }
  })
})

describe('a program that is told half of it', () => {
  test('does not start with a key of Stripe and no webhook secret (lesson 107)', async () => {
    const half: readonly Readonly<Record<string, string>>[] = [{ STRIPE_SECRET_KEY: stripe.env['STRIPE_SECRET_KEY'] ?? '' }, { ...stripe.env, STRIPE_WEBHOOK_SECRET: ' ' }, { ...stripe.env, STRIPE_WEBHOOK_SECRET: 'secret' }]
    for (const env of half) {
      const said = await startGateway({ env }).then(() => 'it started', (error: unknown) => String(error))
      expect(said).toMatch(/STRIPE_WEBHOOK_SECRET: must be the signing secret/)
      expect(said).not.toContain(stripe.env['STRIPE_SECRET_KEY'] ?? '')
    }
  })

  test('takes no events without Stripe, and says 410 to old clients (I3, M7)', async () => {
    const plain = await startGateway()
    try {
      expect((await fetch(`${plain.url}/webhooks/stripe`, { method: 'POST', body: '{}' })).status).toBe(404)
      expect((await fetch(`${plain.url}/webhooks/stripe`)).status).toBe(405)
      const gone = await fetch(`${plain.url}/api/v1/credits/coinbase`, { method: 'POST' })
      expect([gone.status, asObject(parseObject(await gone.text())?.['error'])?.['code']]).toEqual([410, 410])
    } finally {
      await plain.stop()
    }
  })
})
