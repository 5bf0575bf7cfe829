// People who sign in at providers of identity: whole sign-ins, over HTTP, with a real provider.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { CLIENT, startGithub, startOidc, type TestProvider } from './oidc-server.ts'
import { Browser, PASSWORD, signedUp } from './person.ts'
import { walk } from './walk.ts'

let gateway: Gateway
let smtp: TestSmtp
let google: TestProvider
let corp: TestProvider
let github: TestProvider
let ada: Browser

beforeAll(async () => {
  const local = () => `http://localhost:${new URL(gateway.url).port}`
  google = await startOidc(() => [`${local()}/sign-in/callback/google`])
  corp = await startOidc(() => [`${local()}/sign-in/callback/corp-login`])
  github = await startGithub()
  smtp = await startSmtp()
  gateway = await startGateway({ env: {
    SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>',
    GOOGLE_CLIENT_ID: CLIENT.id, GOOGLE_CLIENT_SECRET: CLIENT.secret, GOOGLE_ISSUER: google.url,
    GITHUB_CLIENT_ID: CLIENT.id, GITHUB_CLIENT_SECRET: CLIENT.secret, GITHUB_URL: github.url,
    SWITCHYARD_OIDC_CORP_LOGIN_ISSUER: corp.url, SWITCHYARD_OIDC_CORP_LOGIN_CLIENT_ID: CLIENT.id, SWITCHYARD_OIDC_CORP_LOGIN_CLIENT_SECRET: CLIENT.secret,
    SWITCHYARD_OIDC_CORP_LOGIN_LABEL: 'Corp & Sons', SWITCHYARD_OIDC_CORP_LOGIN_TRUST_EMAIL: 'true',
  } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await settings({ sign_up: { mode: 'open' } })
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([smtp, google, corp, github].map((one) => one?.close()))
})

beforeEach(() => {
  for (const provider of [google, corp, github]) provider.now = undefined
})

async function settings(change: object): Promise<void> {
  const answer = await ada.change('PATCH', '/instance/settings', change)
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
}

async function me(browser: Browser): Promise<Record<string, unknown> | undefined> {
  const answer = await browser.api('/me')
  // Of an answer whose shape the expectations below say.
  return answer.status === 200 ? (await answer.json() as { data: Record<string, unknown> }).data : undefined
}

const PROVIDERS = () => [['google', google, 'g1'], ['github', github, '4711'], ['corp-login', corp, 'c1']] as const

test('the sign-in page has a button for each provider; what is not set up is not there', async () => {
  const text = await (await new Browser(gateway.url).page('/sign-in?next=/security')).text()
  for (const words of ['Continue with Google', 'Continue with GitHub', 'Continue with Corp &amp; Sons', '/sign-in/with/corp-login?next=%2Fsecurity']) expect(text).toContain(words)
  expect((await new Browser(gateway.url).page('/sign-in/with/gitlab')).status).toBe(404)
})

describe('whole sign-ins', () => {
  test('somebody new is made a person with a confirmed address, and is the same one the next time', async () => {
    for (const [name, provider, sub] of PROVIDERS()) {
      provider.now = { sub, email: `New-${name}@Example.com`, emailVerified: true, name: 'Grace Hopper' }
      const first = new Browser(gateway.url)
      const answer = await walk(first, `/sign-in/with/${name}?next=/security`)
      expect([name, answer.status, answer.headers.get('location')]).toEqual([name, 303, '/security'])
      const person = await me(first)
      expect(person).toMatchObject({ email: `new-${name}@example.com`, first_name: 'Grace', last_name: 'Hopper', is_operator: false, account: { kind: 'personal' } })
      provider.now = { sub, email: `moved-${name}@example.com`, emailVerified: false }
      const second = new Browser(gateway.url)
      await walk(second, `/sign-in/with/${name}`)
      expect((await me(second))?.['id']).toBe(person?.['id'] as string)
      expect(second.cookies.has('switchyard.flow')).toBe(false)
    }
  }, 60_000)

  test('a provider is asked with PKCE, state and nonce', async () => {
    const sent = new URL((await new Browser(gateway.url).page('/sign-in/with/google')).headers.get('location') ?? '')
    expect(sent.origin).toBe(google.url)
    expect(sent.searchParams.get('code_challenge_method')).toBe('S256')
    for (const field of ['code_challenge', 'state', 'nonce']) expect((sent.searchParams.get(field) ?? '').length).toBeGreaterThanOrEqual(43)
    expect(sent.searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/sign-in\/callback\/google$/)
  })

  test('the way back leads to no other site', async () => {
    google.now = { sub: 'g1', email: 'new-google@example.com', emailVerified: true }
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', '/..//evil.example']) {
      expect((await walk(new Browser(gateway.url), `/sign-in/with/google?next=${encodeURIComponent(next)}`)).headers.get('location')).toBe('/')
    }
  })
})

describe('accounts that are there', () => {
  test('are joined where the provider says that the address is confirmed', async () => {
    const before = await signedUp(gateway, smtp, 'joined@example.com')
    google.now = { sub: 'g-joined', email: 'Joined@example.com', emailVerified: true }
    const browser = new Browser(gateway.url)
    await walk(browser, '/sign-in/with/google')
    expect((await me(browser))?.['id']).toBe((await me(before))?.['id'] as string)
    // The log of their own account has it.
    expect(JSON.stringify(await (await before.api('/organization/audit?action=identity.add')).json())).not.toContain('"data":[]')
  })

  test('nobody takes one over with an address that is not confirmed', async () => {
    const before = await signedUp(gateway, smtp, 'victim@example.com')
    const id = (await me(before))?.['id']
    for (const [name, provider] of [['google', google], ['github', github], ['corp-login', corp]] as const) {
      for (const emailVerified of [false, ...(name === 'google' ? [undefined] : [])]) {
        provider.now = { sub: '666', email: 'victim@example.com', ...(emailVerified !== undefined && { emailVerified }) }
        const browser = new Browser(gateway.url)
        const answer = await walk(browser, `/sign-in/with/${name}`)
        expect([name, answer.status]).toEqual([name, 403])
        expect(await answer.text()).toContain('does not say that the address victim@example.com is yours')
        expect(browser.session).toBeUndefined()
      }
    }
    expect((await me(before))?.['id']).toBe(id as string)
  })

  test('what a stranger put into an account before its owner came opens it no more', async () => {
    // Somebody makes an account with another's address, and cannot confirm it.
    const stranger = new Browser(gateway.url)
    await stranger.form('/sign-up', { email: 'owner@example.com', password: PASSWORD, first_name: 'Mallory', last_name: '' })
    google.now = { sub: 'g-owner', email: 'owner@example.com', emailVerified: true }
    const owner = new Browser(gateway.url)
    await walk(owner, '/sign-in/with/google')
    expect(await me(owner)).toMatchObject({ email: 'owner@example.com' })
    expect((await stranger.form('/sign-in', { email: 'owner@example.com', password: PASSWORD })).status).toBe(401)
  })

  test('who is disabled does not come in', async () => {
    google.now = { sub: 'g-gone', email: 'gone@example.com', emailVerified: true }
    const browser = new Browser(gateway.url)
    await walk(browser, '/sign-in/with/google')
    await ada.change('PATCH', `/instance/people/${String((await me(browser))?.['id'])}`, { disabled: true, reason: 'gone' })
    const again = new Browser(gateway.url)
    expect((await walk(again, '/sign-in/with/google')).status).toBe(403)
    expect(again.session).toBeUndefined()
  })
})

describe('the rules of sign-up hold', () => {
  test('by invitation, by domain, closed', async () => {
    const come = async (sub: string, email: string) => {
      google.now = { sub, email, emailVerified: true }
      const answer = await walk(new Browser(gateway.url), '/sign-in/with/google')
      return answer.status === 303 ? 'in' : await answer.text()
    }
    try {
      await settings({ sign_up: { mode: 'invitation' } })
      expect(await come('r1', 'r1@example.org')).toContain('by invitation')
      await settings({ sign_up: { mode: 'domains', domains: ['example.org'] } })
      expect(await come('r2', 'r2@example.org')).toBe('in')
      expect(await come('r3', 'r3@example.net')).toContain('by invitation')
      await settings({ sign_up: { mode: 'closed', domains: [] } })
      expect(await come('r4', 'r4@example.org')).toContain('closed')
      // Who is here already comes in as ever.
      expect(await come('r2', 'r2@example.org')).toBe('in')
    } finally {
      await settings({ sign_up: { mode: 'open', domains: [] } })
    }
  })
})

describe('what is refused', () => {
  test('a sign-in that another browser began, that was used, or that is none', async () => {
    google.now = { sub: 'g1', email: 'new-google@example.com', emailVerified: true }
    const mine = new Browser(gateway.url)
    const began = await mine.page('/sign-in/with/google')
    const state = new URL(began.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const stranger = new Browser(gateway.url)
    const answer = await stranger.page(`/sign-in/callback/google?code=x&state=${state}`)
    expect([answer.status, (await answer.text()).includes('another browser')]).toEqual([403, true])
    for (const query of [`code=x&state=${state}`, 'code=x&state=made-up', 'code=x', `error=<script>&state=${state}`]) {
      const again = await mine.page(`/sign-in/callback/google?${query}`)
      expect(again.status).toBe(403)
      expect(await again.text()).toContain('Begin again')
    }
    // The state of one provider is none of another's.
    const other = new URL((await mine.page('/sign-in/with/google')).headers.get('location') ?? '').searchParams.get('state') ?? ''
    expect((await mine.page(`/sign-in/callback/corp-login?code=x&state=${other}`)).status).toBe(403)
  })

  test('what a provider says went wrong is said in our words', async () => {
    const answer = await walk(new Browser(gateway.url), '/sign-in/with/google')
    const text = await answer.text()
    expect(answer.status).toBe(403)
    expect(text).toContain('Google did not let you in, or you stopped there.')
    expect(text).not.toContain('no</b>')
    const browser = new Browser(gateway.url)
    const state = new URL((await browser.page('/sign-in/with/google')).headers.get('location') ?? '').searchParams.get('state') ?? ''
    const made = await browser.page(`/sign-in/callback/google?error=${encodeURIComponent('<img src=x>')}&error_description=${encodeURIComponent('call +1 555 0100')}&state=${state}&iss=${encodeURIComponent(google.url)}`)
    const said = await made.text()
    expect(said).toContain('Google did not show who you are')
    expect(said).not.toMatch(/<img|555/)
  })

  test('an address that is none, and no address', async () => {
    for (const [sub, email] of [['n1', undefined], ['n2', 'not an address'], ['n3', 'a@b\r\nBcc: x@y']] as const) {
      google.now = { sub, ...(email !== undefined && { email }), emailVerified: true }
      expect(await (await walk(new Browser(gateway.url), '/sign-in/with/google')).text()).toContain('says no e-mail address of yours')
    }
  })

  test('a ticket is nobody’s to make', async () => {
    expect((await new Browser(gateway.url).auth('/external/finish', { ticket: 'made-up' })).status).toBe(403)
  })
})

test('who has a second factor is asked for it after a provider, too', async () => {
  const browser = await signedUp(gateway, smtp, 'careful@example.com')
  const enabled = await (await browser.auth('/two-factor/enable', { password: PASSWORD })).json() as { totpURI: string; backupCodes: string[] }
  const secret = new URL(enabled.totpURI).searchParams.get('secret') ?? ''
  expect((await browser.auth('/two-factor/verify-totp', { code: await totp(secret) })).status).toBe(200)
  google.now = { sub: 'g-careful', email: 'careful@example.com', emailVerified: true }
  const again = new Browser(gateway.url)
  const answer = await walk(again, '/sign-in/with/google?next=/security')
  expect(answer.headers.get('location')).toBe('/two-factor?next=%2Fsecurity')
  expect(await me(again)).toBeUndefined()
  expect((await again.form('/two-factor', { code: enabled.backupCodes[0] ?? '', next: '/security' })).headers.get('location')).toBe('/security')
  expect(await me(again)).toMatchObject({ email: 'careful@example.com' })
})

/** The code of an app (RFC 6238). */
async function totp(secret: string): Promise<string> {
  const bits = [...secret.replace(/=+$/, '')].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0')).join('')
  const key = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = new Bun.CryptoHasher('sha1', key).update(counter).digest()
  const at = (digest[19] ?? 0) & 15
  return String((digest.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}
