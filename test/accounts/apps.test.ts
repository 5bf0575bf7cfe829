// An app that wants a key of somebody, as the official client and a browser do it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { OpenRouter } from '@openrouter/sdk'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { validateResponse } from '../openapi.ts'
import { startGateway, type Gateway } from '../server.ts'
import { hasShared } from '../shared.ts'
import { Browser, PASSWORD, signedUp } from '../sign-in/person.ts'

const CALLBACK = 'https://my.app/callback?state=a%26b'
let gateway: Gateway
let smtp: TestSmtp
let ada: Browser
let client: OpenRouter

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await ada.api('/me/account', { account_id: 'default' })
  client = new OpenRouter({ apiKey: gateway.key, serverURL: `${gateway.url}/api/v1`, retryConfig: { strategy: 'none' } })
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

function authPath(parameters: Readonly<Record<string, string>>): string {
  return `/auth?${new URLSearchParams(parameters).toString()}`
}

const tokenIn = (text: string): string => /name="token" value="(\w+)"/.exec(text)?.[1] ?? ''

async function asked(path: string, browser = ada): Promise<{ readonly text: string; readonly token: string; readonly headers: Headers; readonly status: number }> {
  const answer = await browser.page(path)
  const text = await answer.text()
  return { text, token: tokenIn(text), headers: answer.headers, status: answer.status }
}

describe('H7: an app and the official client', () => {
  test('S256, from the link to a call of a model with the key', async () => {
    const { codeChallenge, codeVerifier } = await client.oAuth.createSHA256CodeChallenge()
    const url = new URL(await client.oAuth.createAuthorizationUrl({ callbackUrl: CALLBACK, codeChallenge, codeChallengeMethod: 'S256', limit: 2.5 }))
    expect([url.origin, url.pathname]).toEqual([gateway.url, '/auth'])
    const { text, token } = await asked(`${url.pathname}${url.search}`)
    expect(text).toContain('<strong>my.app</strong>')
    expect(text).toContain('$2.5')
    expect(text).toContain('ada@example.com')
    const answer = await ada.form('/auth', { token, answer: 'allow' })
    const back = new URL(answer.headers.get('location') ?? '')
    expect([answer.status, back.origin, back.pathname, back.searchParams.get('state'), answer.headers.get('referrer-policy')]).toEqual([303, 'https://my.app', '/callback', 'a&b', 'no-referrer'])
    const { key, userId } = await client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code: back.searchParams.get('code') ?? '', codeVerifier, codeChallengeMethod: 'S256' } })
    expect(userId).toMatch(/^[\w-]{20,}$/)
    const own = new OpenRouter({ apiKey: key, serverURL: `${gateway.url}/api/v1`, retryConfig: { strategy: 'none' } })
    expect((await own.apiKeys.getCurrentKeyMetadata()).data).toMatchObject({ limit: 2.5, creatorUserId: userId })
    const call = await gateway.api('/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] }, { headers: { authorization: `Bearer ${key}` } })
    expect(call.status).toBe(200)
    expect(gateway.logs()).not.toContain(key)
  })

  test('who is not signed in signs in first, and comes back to the question', async () => {
    const path = authPath({ callback_url: CALLBACK, limit: '1' })
    const stranger = new Browser(gateway.url)
    const sent = await stranger.page(path)
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/sign-in?next=${encodeURIComponent(path)}`])
    const signedIn = await stranger.form('/sign-in', { email: 'ada@example.com', password: PASSWORD, next: path })
    expect(signedIn.headers.get('location')).toBe(path)
    expect((await asked(path, stranger)).status).toBe(200)
  })

  test('no leads back too, with no code', async () => {
    const { token } = await asked(authPath({ callback_url: 'http://localhost:5173/cb' }))
    const answer = await ada.form('/auth', { token, answer: 'deny' })
    expect(answer.headers.get('location')).toBe('http://localhost:5173/cb?error=access_denied')
    expect((await ada.form('/auth', { token, answer: 'allow' })).status).toBe(400)
  })

  test('H8: without a callback the code is shown, and a challenge is needed', async () => {
    const { codeChallenge, codeVerifier } = await client.oAuth.createSHA256CodeChallenge()
    expect((await asked('/auth?key_label=tool')).status).toBe(400)
    const { token } = await asked(authPath({ code_challenge: codeChallenge, code_challenge_method: 'S256', key_label: 'My tool' }))
    const answer = await ada.form('/auth', { token, answer: 'allow' })
    expect(answer.status).toBe(200)
    const code = /auth_code_\w+/.exec(await answer.text())?.[0] ?? ''
    expect((await client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code, codeVerifier } })).key).toStartWith('sk-sw-v1-')
  })
})

describe('the page that asks', () => {
  test('shows what it was given as text, and can be shown in no frame', async () => {
    const { text, headers } = await asked(authPath({ callback_url: 'https://my.app/"><script>alert(1)</script>', key_label: '<img src=x onerror=alert(1)>' }))
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain('<img src=x')
    expect(text).toContain('&lt;img src=x')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("form-action 'self' https:;")
    expect([headers.get('x-frame-options'), headers.get('cache-control')]).toEqual(['DENY', 'no-store'])
  })

  test.each([
    'http://my.app/cb', 'javascript:alert(1)', 'https://user@my.app', 'http://localhost@evil.example/', 'https://my.app/#x', 'data:text/html,x', '//evil.example', 'http://localhost.evil.example:80/',
  ])('sends nobody to %s', async (callback) => {
    const { status, token } = await asked(authPath({ callback_url: callback }))
    expect([status, token]).toEqual([400, ''])
  })

  test.each([
    ['limit=abc', 'limit'], ['limit=-1', 'limit'], ['usage_limit_type=yearly', 'usage_limit_type'], ['expires_at=2020-01-01T00:00:00Z', 'expires_at'], ['code_challenge_method=S512&code_challenge=x', 'code_challenge_method'],
    ['code_challenge_method=S256', 'code_challenge'], ['code_challenge_method=S256&code_challenge=short', 'code_challenge'], ['workspace_id=00000000-0000-4000-8000-00000000000f', 'workspace_id'], ['limit=1&limit=1000', 'limit'],
  ])('refuses %s', async (query, field) => {
    const { status, text } = await asked(`/auth?callback_url=${encodeURIComponent(CALLBACK)}&${query}`)
    expect([status, text.includes(field)]).toEqual([400, true])
  })

  test('CSRF: an answer counts from a page of ours, in the session that was asked, once', async () => {
    const path = authPath({ callback_url: CALLBACK })
    const { token } = await asked(path)
    expect((await ada.form('/auth', { token, answer: 'allow' }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await ada.form('/auth', { token: 'x'.repeat(40), answer: 'allow' })).status).toBe(400)
    expect((await ada.form('/auth', { answer: 'allow' })).status).toBe(400)
    const again = new Browser(gateway.url)
    await again.form('/sign-in', { email: 'ada@example.com', password: PASSWORD })
    await again.api('/me/account', { account_id: 'default' })
    // The same person, elsewhere.
    expect((await again.form('/auth', { token, answer: 'allow' })).status).toBe(400)
    expect((await new Browser(gateway.url).form('/auth', { token, answer: 'allow' })).status).toBe(401)
    expect((await ada.form('/auth', { token, answer: 'maybe' })).status).toBe(400)
    expect((await ada.form('/auth', { token, answer: 'allow' })).status).toBe(303)
    expect((await again.form('/auth', { token, answer: 'allow' })).status).toBe(400)
    expect((await ada.form('/auth', { token, answer: 'deny' })).status).toBe(400)
  })

  test('a double click on Allow: either answer brings the same code, and it makes one key', async () => {
    const { token } = await asked(authPath({ callback_url: CALLBACK }))
    const answers = await Promise.all([1, 2].map(() => ada.form('/auth', { token, answer: 'allow' })))
    const [first, second] = answers.map(({ status, headers }) => `${status} ${headers.get('location')}`)
    expect(first).toMatch(/^303 https:\/\/my\.app\/callback\?state=a%26b&code=auth_code_\w+$/)
    expect(second).toBe(first)
    const code = new URL(answers[0]?.headers.get('location') ?? '').searchParams.get('code') ?? ''
    expect((await client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code } })).key).toStartWith('sk-sw-v1-')
    expect(await refusal(client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code } }))).toStartWith('403 ')
    expect((await ada.form('/auth', { token, answer: 'allow' })).status).toBe(400)
  })
})

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(() => 'none', (error: unknown) => (error instanceof Error && 'statusCode' in error && 'body' in error ? `${String(error.statusCode)} ${(JSON.parse(String(error.body)) as { error: { message: string } }).error.message}` : String(error)))
}

describe('H9, H10: over the API', () => {
  test('codes by a key, and the errors of their exchange', async () => {
    const { codeChallenge, codeVerifier } = await client.oAuth.createSHA256CodeChallenge()
    const made = await client.oAuth.createAuthCode({ requestBody: { callbackUrl: 'http://localhost:3000/cb', codeChallenge, codeChallengeMethod: 'S256', keyLabel: 'CLI', limit: 1, usageLimitType: 'daily', expiresAt: new Date('2099-01-01') } })
    expect(made.data).toMatchObject({ appId: expect.any(Number), createdAt: expect.stringMatching(/^\d{4}-/) })
    const exchange = (more: Record<string, unknown>) => client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code: made.data.id, codeVerifier, ...more } })
    expect(await refusal(exchange({ codeChallengeMethod: 'plain' }))).toBe('400 Invalid code_challenge_method')
    const { key } = await exchange({ codeChallengeMethod: 'S256' })
    const own = await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${key}` } })
    expect((await own.json() as { data: object }).data).toMatchObject({ limit: 1, limit_reset: 'daily', expires_at: '2099-01-01T00:00:00.000Z' })
    expect(await refusal(exchange({}))).toBe('403 Invalid code or code_verifier')
    expect(await refusal(client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code: 'nonsense' } }))).toBe('403 Invalid code or code_verifier')
    const odd = await gateway.api('/auth/keys', { code: 'x', code_challenge_method: 'S512' }, { headers: { authorization: '' } })
    expect([odd.status, (await odd.json() as { error: { message: string } }).error.message]).toEqual([400, 'Invalid code_challenge_method'])
    expect((await fetch(`${gateway.url}/api/v1/auth/keys`)).status).toBe(405)
    // A key with bounds lets nobody have one without.
    expect(await refusal(new OpenRouter({ apiKey: key, serverURL: `${gateway.url}/api/v1`, retryConfig: { strategy: 'none' } }).oAuth.createAuthCode({ requestBody: { callbackUrl: 'https://my.app' } }))).toStartWith('403 This key has a limit, an expiry, ')
  })

  test.skipIf(!hasShared)('are answered as the contract has it', async () => {
    const made = await gateway.api('/auth/keys/code', { callback_url: 'https://my.app' })
    const body = await made.json() as { data: { id: string } }
    expect(validateResponse('POST', '/auth/keys/code', made.status, body)).toEqual([])
    const exchanged = await fetch(`${gateway.url}/api/v1/auth/keys`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code: body.data.id, code_verifier: null, code_challenge_method: null }) })
    expect(validateResponse('POST', '/auth/keys', exchanged.status, await exchanged.json())).toEqual([])
  })
})

test('B71, B72: calls of an app are told apart by the headers of the official client', async () => {
  const app = new OpenRouter({ apiKey: gateway.key, serverURL: `${gateway.url}/api/v1`, httpReferer: 'https://told.app/page', appTitle: 'Told', appCategories: 'cli-agent,nonsense,game', retryConfig: { strategy: 'none' } })
  const { id } = await app.chat.send({ chatRequest: { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] } }) as { id: string }
  const record = await (await gateway.api(`/generation?id=${id}`)).json() as { data: { app_id: number; http_referer: string } }
  const appId = record.data.app_id
  expect([Number.isSafeInteger(appId), record.data.http_referer]).toEqual([true, 'https://told.app/page'])
  const report = await (await ada.api('/analytics/query', { metrics: ['request_count'], dimensions: ['app'], filters: [{ field: 'app', operator: 'eq', value: appId }] })).json() as { data?: { data: object[] } }
  expect(report.data?.data ?? report).toEqual([{ app: String(appId), app_name: 'Told', request_count: 1 }])
  await ada.change('PATCH', '/instance/settings', { share_usage: true })
  const today = new Date(Date.now()).toISOString().slice(0, 10)
  for (let more = 0; more < 19; more++) await app.chat.send({ chatRequest: { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] } })
  await ada.api('/analytics/query', { metrics: ['request_count'] })
  const ranked = await client.datasets.getAppRankings({ subcategory: 'game', endDate: today })
  expect(ranked.result.data).toMatchObject([{ rank: 1, appId: appId, appName: 'Told', totalRequests: 20 }])
  expect((await client.benchmarks.getBenchmarks({})).data).toEqual([])
})

test('H11: the page of a key is for who it is of; it ends there too', async () => {
  const made = await ada.api('/keys', { name: '<b>mine</b>', limit: 3 })
  const { data: { hash } } = await made.json() as { data: { hash: string } }
  expect((await ada.page(`/logs?api_key_hash=${hash}`)).headers.get('location')).toBe(`/keys/${hash}`)
  const { text, status } = await asked(`/keys/${hash}`)
  expect([status, text.includes('$3'), text.includes('&lt;b&gt;mine'), text.includes('<b>')]).toEqual([200, true, true, false])
  expect((await new Browser(gateway.url).page(`/keys/${hash}`)).headers.get('location')).toBe(`/sign-in?next=%2Fkeys%2F${hash}`)
  for (const other of ['0'.repeat(64), 'x', "a' OR 1=1"]) expect((await ada.page(`/keys/${encodeURIComponent(other)}`)).status).toBe(404)
  // In an account of one's own it is none.
  const { data: accounts } = await (await ada.api('/me/accounts')).json() as { data: { id: string; kind: string }[] }
  await ada.api('/me/account', { account_id: accounts.find(({ kind }) => kind === 'personal')?.id })
  expect((await ada.page(`/keys/${hash}`)).status).toBe(404)
  expect((await ada.form(`/keys/${hash}`, {})).status).toBe(404)
  await ada.api('/me/account', { account_id: 'default' })
  expect((await ada.form(`/keys/${hash}`, {}, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await ada.form(`/keys/${hash}`, {})).status).toBe(200)
  expect((await ada.page(`/keys/${hash}`)).status).toBe(404)
})
