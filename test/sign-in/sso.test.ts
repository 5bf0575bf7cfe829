// How organizations sign their people in (H21): whole sign-ins, with a real provider of OpenID Connect and really signed SAML.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { inflateRawSync } from 'node:zlib'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { makeSamlProvider, type AnswerWish } from '../../src/server/sign-in/saml.fixture.ts'
import { startDns, type DnsServer } from '../scim/dns-server.ts'
import { openStage, type Answer, type Organization, type Stage } from '../scim/organization.ts'
import { CLIENT, startOidc, type TestProvider } from './oidc-server.ts'
import { Browser, eventually, PASSWORD, signedUp } from './person.ts'
import { walk } from './walk.ts'

let stage: Stage
let dns: DnsServer
let smtp: TestSmtp
let provider: TestProvider
let acme: Organization
let other: Organization
/** Who runs the install. */
let operator: Browser
const saml = makeSamlProvider()
/** What the provider of OpenID Connect lets its client come back to. */
const callbacks: string[] = []

beforeAll(async () => {
  dns = await startDns()
  smtp = await startSmtp()
  provider = await startOidc(() => callbacks)
  stage = await openStage(['acme', 'other'], { SWITCHYARD_DNS_SERVERS: dns.address, SWITCHYARD_EGRESS_PRIVATE: 'true', SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' })
  const [first, second] = stage.organizations
  if (!first || !second) throw new Error('there are no organizations')
  acme = first
  other = second
}, 60_000)

afterAll(async () => {
  await stage?.stop()
  await Promise.all([smtp, provider].map((one) => one?.close()))
  dns?.close()
})

beforeEach(() => { provider.now = undefined })

/** A field of an answer. */
function field(body: unknown, ...path: readonly string[]): unknown {
  // Of an answer that JSON gave: what is not there is undefined.
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], body)
}

async function prove(organization: Organization, domain: string): Promise<string> {
  const { body } = await organization.api('POST', '/domains', { domain })
  dns.records.set(String(field(body, 'data', 'txt_record', 'name')), [String(field(body, 'data', 'txt_record', 'value'))])
  const id = String(field(body, 'data', 'id'))
  expect((await organization.api('POST', `/domains/${id}/verify`)).status).toBe(200)
  return id
}

interface Connection { readonly id: string; readonly needs: Readonly<Record<string, string>> }

/** A connection that is active; whatever was active before is not. */
async function connect(organization: Organization, wish: object): Promise<Connection> {
  const made = await organization.api('POST', '/sso', wish)
  expect([made.status, made.body]).toMatchObject([201, { data: { state: 'pending' } }])
  const id = String(field(made.body, 'data', 'id'))
  // Of an answer whose shape was just looked at.
  const needs = field(made.body, 'data', 'provider_needs') as Record<string, string>
  if (needs['redirect_uri']) callbacks.push(needs['redirect_uri'])
  for (const row of (await organization.api('GET', '/sso')).body['data'] as readonly object[]) if (field(row, 'state') === 'active') await organization.api('POST', `/sso/${String(field(row, 'id'))}/disable`)
  expect((await organization.api('POST', `/sso/${id}/activate`)).body).toMatchObject({ data: { state: 'active' } })
  return { id, needs }
}

const oidc = (more: object = {}) => ({ kind: 'oidc', name: 'Acme login', issuer: provider.url, client_id: CLIENT.id, client_secret: CLIENT.secret, ...more })
const samlWish = (more: object = {}) => ({ kind: 'saml', name: 'Acme SAML', idp_entity_id: saml.entityId, sso_url: 'https://idp.example/sso', certificates: [saml.certificate], ...more })

async function me(browser: Browser): Promise<unknown> {
  const answer = await browser.api('/me')
  return answer.status === 200 ? field(await answer.json(), 'data') : undefined
}

const membersOf = async (organization: Organization): Promise<readonly unknown[]> => ((await organization.api('GET', '/organization/members?limit=100')).body['data'] as readonly object[]).map((row) => field(row, 'email'))

/** Somebody goes to the provider of SAML, and comes back with an answer. */
async function comeBySaml({ id, needs }: Connection, wish: AnswerWish = {}, browser = new Browser(stage.gateway.url), back = browser): Promise<{ readonly answer: Response; readonly browser: Browser; readonly response: string; readonly relay: string }> {
  const sent = new URL((await browser.page(`/sso/${id}/start?next=/security`)).headers.get('location') ?? '')
  const request = inflateRawSync(Buffer.from(sent.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  const response = saml.answer({ ownEntityId: needs['entity_id'] ?? '', acsUrl: needs['acs_url'] ?? '' }, { inResponseTo: /ID="([^"]*)"/.exec(request)?.[1], ...wish })
  const relay = sent.searchParams.get('RelayState') ?? ''
  return { answer: await post(id, response, relay, back), browser, response, relay }
}

/** As the provider's page does: from another site, so that no cookie comes along. */
async function post(id: string, response: string, relay: string, browser: Browser): Promise<Response> {
  const taken = await fetch(`${stage.gateway.url}/sso/${id}/acs`, { method: 'POST', redirect: 'manual', headers: { origin: 'https://idp.example', 'sec-fetch-site': 'cross-site' }, body: new URLSearchParams({ SAMLResponse: response, RelayState: relay }) })
  const to = taken.headers.get('location')
  return to === null ? taken : await browser.page(to)
}

describe('setting it up', () => {
  test('without a proven domain nothing is activated; nobody else’s is seen; secrets are in no answer', async () => {
    const made = await other.api('POST', '/sso', oidc())
    const id = String(field(made.body, 'data', 'id'))
    expect(JSON.stringify(made.body)).not.toContain(CLIENT.secret)
    expect((await other.api('POST', `/sso/${id}/activate`)).status).toBe(409)
    expect((await other.api('POST', `/sso/${id}/check`)).body).toEqual({ data: { ok: true, error: null } })
    for (const [method, path] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['POST', '/activate']] as const) expect([method, (await acme.api(method, `/sso/${id}${path}`, method === 'PATCH' ? {} : undefined)).status]).toEqual([method, 404])
    expect((await other.api('DELETE', `/sso/${id}`)).status).toBe(200)
  })

  test('what is wrong is said by its field', async () => {
    for (const [wish, name] of [[{ ...oidc(), issuer: 'x' }, 'issuer'], [{ kind: 'oidc', client_id: 'a', client_secret: 'b' }, 'issuer'], [{ ...oidc(), sso_url: 'https://x.example/' }, 'sso_url'], [samlWish({ certificates: ['x'] }), 'certificates'], [samlWish({ certificates: [] }), 'certificates'], [{ ...samlWish(), idp_entity_id: undefined }, 'idp_entity_id']] as const) {
      const answer: Answer = await acme.api('POST', '/sso', wish)
      expect([name, answer.status, field(answer.body, 'error', 'message')]).toEqual([name, 400, expect.stringContaining(`\`${name}\``)])
    }
  })
})

describe('OpenID Connect (H21)', () => {
  let connection: Connection
  let domainId: string

  beforeAll(async () => {
    domainId = await prove(acme, 'acme.example')
    connection = await connect(acme, oidc())
  })

  test('nobody becomes the operator of the install this way', async () => {
    provider.now = { sub: 's1', email: 'grace@acme.example' }
    expect(await (await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)).text()).toContain('Nobody runs this server yet')
    operator = await signedUp(stage.gateway, smtp, 'operator@acme.example')
    expect(await me(operator)).toMatchObject({ is_operator: true })
  })

  test('who enters an address of the domain is led there, and becomes a member', async () => {
    const browser = new Browser(stage.gateway.url)
    const page = await browser.form('/sign-in/organization', { email: 'Grace@Acme.example', next: '/security' })
    const to = /url=(.*)/.exec(page.headers.get('refresh') ?? '')?.[1] ?? ''
    expect(to).toStartWith(`/sso/${connection.id}/start?`)
    provider.now = { sub: 's1', email: 'grace@acme.example', name: 'Grace Hopper' }
    expect((await walk(browser, to)).headers.get('location')).toBe('/security')
    expect(await me(browser)).toMatchObject({ email: 'grace@acme.example', first_name: 'Grace', account: { id: acme.id, role: 'member' } })
    expect(await membersOf(acme)).toContain('grace@acme.example')
    // Again, as the same person.
    const again = new Browser(stage.gateway.url)
    await walk(again, `/sso/${connection.id}/start`)
    expect(field(await me(again), 'id')).toBe(field(await me(browser), 'id') as string)
    expect((await new Browser(stage.gateway.url).form('/sign-in/organization', { email: 'x@elsewhere.example' })).status).toBe(404)
  })

  test('who is here already is the same person, with the role that they have', async () => {
    provider.now = { sub: 's-admin', email: 'admin@acme.example', emailVerified: true }
    const browser = new Browser(stage.gateway.url)
    await walk(browser, `/sso/${connection.id}/start`)
    expect(await me(browser)).toMatchObject({ id: acme.adminId, account: { id: acme.id, role: 'admin' } })
  })

  test('nobody is taken over whose address is of no domain of the organization, or not confirmed', async () => {
    for (const [sub, email, emailVerified] of [['s9', 'admin@other.example', true], ['s9', 'x@sub.acme.example', true], ['s8', 'admin@acme.example', false], ['s1', 'admin@other.example', true]] as const) {
      provider.now = { sub, email, emailVerified }
      const browser = new Browser(stage.gateway.url)
      const answer = await walk(browser, `/sso/${connection.id}/start`)
      expect([email, answer.status, browser.session]).toEqual([email, 403, undefined])
    }
  })

  test('whom the directory has taken out is not let in, nor anybody past the limit', async () => {
    const entry = await acme.scim('POST', '/Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'left@acme.example', emails: [{ value: 'left@acme.example', primary: true }], active: false })
    expect(entry.status).toBe(201)
    provider.now = { sub: 's-left', email: 'left@acme.example' }
    const answer = await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)
    expect([answer.status, (await answer.text()).includes('not active')]).toEqual([403, true])
    expect(await membersOf(acme)).not.toContain('left@acme.example')
    for (let at = (await membersOf(acme)).length; at < 10; at += 1) {
      provider.now = { sub: `m${at}`, email: `m${at}@acme.example` }
      await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)
    }
    provider.now = { sub: 's-eleven', email: 'eleven@acme.example' }
    expect(await (await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)).text()).toContain('as many members as it may have')
    expect(await membersOf(acme)).toHaveLength(10)
  }, 30_000)

  test('where it is enforced, people of the domain come in no other way; the operator does', async () => {
    await operator.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
    const worker = await signedUp(stage.gateway, smtp, 'worker@acme.example')
    await acme.api('PATCH', `/sso/${connection.id}`, { enforced: true })
    const own = async (email: string, more: Readonly<Record<string, string>> = {}) => {
      const browser = new Browser(stage.gateway.url)
      const answer = await browser.form('/sign-in', { email, password: PASSWORD, ...more })
      return [answer.status, browser.session !== undefined, answer.headers.has('refresh')]
    }
    expect(await own('worker@acme.example')).toEqual([200, false, true])
    expect(await own('worker@acme.example', { own: 'yes' })).toEqual([403, false, false])
    expect(await own('operator@acme.example', { own: 'yes' })).toEqual([303, true, false])
    // The API is no way around it; letters neither.
    expect((await new Browser(stage.gateway.url).auth('/sign-in/email', { email: 'worker@acme.example', password: PASSWORD })).status).toBe(403)
    const before = smtp.letters.length
    const link = await new Browser(stage.gateway.url).form('/sign-in/link', { email: 'worker@acme.example' })
    expect([link.headers.has('refresh'), smtp.letters.length]).toEqual([true, before])
    // Who is in takes no address along with which they would be free of it.
    const moved = await worker.form('/security/email', { email: 'worker@home.example', password: PASSWORD })
    expect([moved.status, (await moved.text()).includes('signs you in with Acme login'), smtp.letters.length]).toEqual([409, true, before])
    await acme.api('PATCH', `/sso/${connection.id}`, { enforced: false })
    expect(await own('worker@acme.example')).toEqual([303, true, false])
  }, 30_000)

  test('a suspended organization lets nobody in and says of nobody who they are, by its provider or its directory', async () => {
    await acme.api('PATCH', `/sso/${connection.id}`, { enforced: true })
    const start = (): Promise<number> => new Browser(stage.gateway.url).page(`/sso/${connection.id}/start`).then(({ status }) => status)
    expect([await start(), (await acme.scim('GET', '/Users')).status]).toEqual([303, 200])
    expect((await operator.api(`/instance/accounts/${acme.id}/suspend`, { reason: 'unpaid bill' })).status).toBe(200)
    expect(await start()).toBe(404)
    expect(await acme.scim('POST', '/Users', { userName: 'new@acme.example' })).toMatchObject({ status: 403, body: { status: '403', detail: expect.stringContaining('suspended (unpaid bill)') } })
    // What else is theirs they come to by themselves.
    const worker = new Browser(stage.gateway.url)
    expect((await worker.form('/sign-in', { email: 'worker@acme.example', password: PASSWORD })).status).toBe(303)
    expect((await operator.api(`/instance/accounts/${acme.id}/resume`, { reason: 'paid' })).status).toBe(200)
    expect([await start(), (await acme.scim('GET', '/Users')).status]).toEqual([303, 200])
    await acme.api('PATCH', `/sso/${connection.id}`, { enforced: false })
  })

  test('a domain that counts no more, and a connection that is disabled, let nobody in', async () => {
    provider.now = { sub: 's1', email: 'grace@acme.example' }
    await acme.api('POST', `/domains/${domainId}/disable`)
    expect((await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)).status).toBe(403)
    await acme.api('POST', `/domains/${domainId}/verify`)
    expect((await walk(new Browser(stage.gateway.url), `/sso/${connection.id}/start`)).status).toBe(303)
    await acme.api('POST', `/sso/${connection.id}/disable`)
    expect((await new Browser(stage.gateway.url).page(`/sso/${connection.id}/start`)).status).toBe(404)
    const { body } = await acme.api('GET', '/organization/audit?limit=100')
    const log = JSON.stringify(body)
    for (const action of ['sso.create', 'sso.activate', 'sso.change', 'sso.disable']) expect(log).toContain(action)
    expect(log).not.toContain(CLIENT.secret)
  })
})

describe('SAML 2.0 (H21)', () => {
  let connection: Connection

  beforeAll(async () => { connection = await connect(acme, samlWish()) })

  test('whoever the provider signs for comes in, in the browser that asked', async () => {
    const { answer, browser } = await comeBySaml(connection, { nameId: 'grace@acme.example' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/security'])
    expect(await me(browser)).toMatchObject({ email: 'grace@acme.example', account: { id: acme.id } })
    expect(await (await browser.page(`/sso/${connection.id}/metadata`)).text()).toContain(`Location="${connection.needs['acs_url']}"`)
  })

  test('not in another browser, not twice, not unasked, not for another question', async () => {
    const nameId = 'grace@acme.example'
    const elsewhere = new Browser(stage.gateway.url)
    const { answer } = await comeBySaml(connection, { nameId }, new Browser(stage.gateway.url), elsewhere)
    expect([answer.status, elsewhere.session]).toEqual([403, undefined])
    const first = await comeBySaml(connection, { nameId })
    expect(first.answer.status).toBe(303)
    for (const relay of [first.relay, 'made-up', '']) expect((await post(connection.id, first.response, relay, new Browser(stage.gateway.url))).status).toBe(403)
    // A flow of one’s own does not take another’s answer.
    const mine = new Browser(stage.gateway.url)
    const sent = new URL((await mine.page(`/sso/${connection.id}/start`)).headers.get('location') ?? '')
    expect((await post(connection.id, first.response, sent.searchParams.get('RelayState') ?? '', mine)).status).toBe(403)
    const unasked = await comeBySaml(connection, { nameId, inResponseTo: undefined })
    expect([unasked.answer.status, (await unasked.answer.text()).includes('without being asked')]).toEqual([403, true])
  })

  test('what is not to be believed is refused in our words, and the log has why', async () => {
    const forged = await comeBySaml(connection, { after: (xml) => xml.replace('ada@acme.example', 'admin@acme.example') })
    const text = await forged.answer.text()
    expect([forged.answer.status, text.includes('in a way that we can trust'), text.includes('signature')]).toEqual([403, true, false])
    expect(await eventually(() => (stage.gateway.logs().includes('its signature does not hold') ? true : undefined))).toBe(true)
    const outside = await comeBySaml(connection, { nameId: 'admin@other.example' })
    expect([outside.answer.status, outside.browser.session]).toEqual([403, undefined])
  })

  test('unasked, where the connection allows it; each assertion once', async () => {
    const open = await connect(acme, samlWish({ allow_idp_initiated: true }))
    const unasked = await comeBySaml(open, { nameId: 'grace@acme.example', inResponseTo: undefined })
    expect(await me(unasked.browser)).toMatchObject({ email: 'grace@acme.example' })
    const again = await post(open.id, unasked.response, '', new Browser(stage.gateway.url))
    expect([again.status, (await again.text()).includes('used already')]).toEqual([403, true])
  })
})
