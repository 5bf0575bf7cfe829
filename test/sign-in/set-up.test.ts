// Who comes first to a fresh install runs it: nobody does without its terminal.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { openStage } from '../scim/organization.ts'
import { startGateway } from '../server.ts'
import { Browser, eventually, PASSWORD, tokenIn, tokenOf } from './person.ts'

let smtp: TestSmtp

beforeAll(async () => { smtp = await startSmtp() })
afterAll(() => smtp.close())

const start = (setUpCode: string) => startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com', SWITCHYARD_SETUP_CODE: setUpCode } })
const wish = (email: string, more: Readonly<Record<string, string>> = {}) => ({ email, password: PASSWORD, first_name: 'Ada', ...more })

test('with a mail server the first person shows the code that is in the log, and nobody else is first', async () => {
  const gateway = await start('')
  const stranger = new Browser(gateway.url)
  expect(await (await stranger.page('/sign-up')).text()).toContain('name="setup_code"')
  const link = await eventually(() => /sign-up\?setup_code=([\da-f]{24})/.exec(gateway.logs()) ?? undefined)
  const code = link?.[1] ?? ''
  const refused = await stranger.form('/sign-up', wish('eve@example.com'))
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('its first person shows the set-up code, which is in its log')])
  for (const wrong of [`${code}0`, 'é', 'x'.repeat(200)]) expect((await stranger.form('/sign-up', wish('eve@example.com', { setup_code: wrong }))).status).toBe(403)
  expect((await stranger.auth('/sign-up/email', { email: 'mallory@example.com', password: PASSWORD, name: 'Mallory' }, { 'x-switchyard-setup-code': code })).status).toBe(403)
  // A link by letter makes nobody the first, either.
  await stranger.form('/sign-in/link', { email: 'eve@example.com' })

  const ada = new Browser(gateway.url)
  expect(await (await ada.page(`/sign-up?setup_code=${code}`)).text()).toContain(`value="${code}"`)
  expect((await ada.form('/sign-up', wish('ada@example.com', { setup_code: code }))).status).toBe(200)
  await ada.form('/verify-email', { token: await tokenOf(smtp, 'ada@example.com', '/verify-email') })
  expect(await (await ada.api('/me')).json()).toMatchObject({ data: { email: 'ada@example.com', is_operator: true } })
  expect(smtp.letters.some(({ to }) => to.includes('eve@example.com'))).toBe(false)

  expect(await (await stranger.page('/sign-up')).text()).not.toContain('setup_code')
  expect(await (await stranger.form('/sign-up', wish('mallory@example.com', { setup_code: code }))).text()).toContain('by invitation')
  await gateway.stop()
}, 60_000)

test('the code may be said beforehand, and is not in the log then', async () => {
  const code = 'a-code-of-our-own-7423'
  const gateway = await start(code)
  const ada = new Browser(gateway.url)
  await ada.page('/sign-up')
  expect((await ada.auth('/sign-up/email', { email: 'grace@example.com', password: PASSWORD, name: 'Grace', setupCode: code })).status).toBe(200)
  expect(gateway.logs()).not.toContain(code)
  await gateway.stop()
}, 60_000)

test('who made an account before somebody ran the install, and has not confirmed it, waits for the operator', async () => {
  const gateway = await startGateway()
  const [eve, ada] = [new Browser(gateway.url), new Browser(gateway.url)]
  const tokenFor = async (email: string) => tokenIn(await eventually(() => gateway.logs().split('\n').find((line) => line.includes(email) && line.includes('/verify-email?token='))) ?? '', '/verify-email')
  await eve.form('/sign-up', wish('eve@example.com'))
  const hers = await tokenFor('eve@example.com')
  await ada.form('/sign-up', wish('ada@example.com'))
  await ada.form('/verify-email', { token: await tokenFor('ada@example.com') })
  await eve.form('/verify-email', { token: hers })
  expect([eve.session, (await (await eve.form('/sign-in', wish('eve@example.com'))).text()).includes('This person may not sign in')]).toEqual([undefined, true])
  const { data } = await (await ada.api('/instance/people?q=eve')).json() as { data: { id: string; disabled: boolean }[] }
  expect(data).toMatchObject([{ disabled: true }])
  await ada.change('PATCH', `/instance/people/${data[0]?.id}`, { disabled: false, reason: 'A colleague.' })
  await eve.form('/sign-in', wish('eve@example.com'))
  expect((await eve.api('/me')).status).toBe(200)
  await gateway.stop()
}, 60_000)

test('whom the command line or a directory has made is not the first by a letter: they wait for who shows the code', async () => {
  const code = 'a-code-of-our-own-7423'
  const stage = await openStage(['acme'], { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com', SWITCHYARD_SETUP_CODE: code })
  const { gateway } = stage
  const email = 'admin@acme.example'
  const admin = new Browser(gateway.url)
  expect((await admin.form('/forgot-password', { email })).status).toBe(200)
  await admin.form('/sign-in/link', { email })
  await admin.auth('/send-verification-email', { email })
  await eventually(() => (gateway.logs().split('nobody runs this install yet').length > 3 ? true : undefined))

  const lovelace = new Browser(gateway.url)
  expect((await lovelace.form('/sign-up', wish('lovelace@example.com', { setup_code: code }))).status).toBe(200)
  await lovelace.form('/verify-email', { token: await tokenOf(smtp, 'lovelace@example.com', '/verify-email') })
  expect(await (await lovelace.api('/me')).json()).toMatchObject({ data: { is_operator: true } })
  expect(smtp.letters.filter(({ to }) => to.includes(email))).toEqual([])

  await admin.form('/forgot-password', { email })
  await admin.form('/reset-password', { token: await tokenOf(smtp, email, '/reset-password'), password: PASSWORD })
  await admin.form('/sign-in', { email, password: PASSWORD })
  expect(await (await admin.api('/me')).json()).toMatchObject({ data: { email, is_operator: false } })
  await stage.stop()
}, 60_000)
