// An operator who looks through somebody's eyes: what they see, what they may not touch, what is written down.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, PASSWORD, signedUp } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
/** Runs the install. */
let olga: Browser
let ada: Browser
let adaId = ''
let olgaId = ''

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Switchyard <gateway@example.com>' } })
  olga = await signedUp(gateway, smtp, 'olga@example.com', { first_name: 'Olga', last_name: 'O' })
  await olga.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  adaId = String((await data(ada.api('/me')))['id'])
  olgaId = String((await data(olga.api('/me')))['id'])
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

async function data(answer: Promise<Response>): Promise<Record<string, unknown>> {
  // Of answers whose shape the expectations below say.
  return (await (await answer).json() as { data: Record<string, unknown> }).data
}

async function look(minutes?: number): Promise<Browser> {
  const browser = new Browser(gateway.url)
  await browser.form('/sign-in', { email: 'olga@example.com', password: PASSWORD })
  const started = await browser.api(`/instance/people/${adaId}/impersonate`, { reason: 'ticket 4711', ...(minutes !== undefined && { minutes }) })
  expect(started.status).toBe(200)
  return browser
}

test('only operators who are signed in may, with a reason, and not through each other’s eyes', async () => {
  expect((await ada.api(`/instance/people/${olgaId}/impersonate`, { reason: 'x' })).status).toBe(403)
  expect((await olga.api(`/instance/people/${adaId}/impersonate`, {})).status).toBe(400)
  expect((await olga.api(`/instance/people/${adaId}/impersonate`, { reason: ' ' })).status).toBe(400)
  expect((await olga.api(`/instance/people/${adaId}/impersonate`, { reason: 'x', minutes: 241 })).status).toBe(400)
  expect((await olga.api(`/instance/people/${olgaId}/impersonate`, { reason: 'x' })).status).toBe(409)
  expect((await olga.api('/instance/people/nobody/impersonate', { reason: 'x' })).status).toBe(404)
})

test('they see what the person sees, and are no operator meanwhile', async () => {
  const eyes = await look()
  expect(await data(eyes.api('/me'))).toMatchObject({ id: adaId, is_operator: false, impersonated_by: olgaId })
  expect((await eyes.api('/instance/settings')).status).toBe(403)
  expect((await eyes.api('/keys')).status).toBe(200)
})

test('secrets, sign-in and what is bought stay the person’s', async () => {
  const eyes = await look()
  for (const [what, answer] of Object.entries({
    key: eyes.api('/keys', { name: 'mine' }), organization: eyes.api('/organizations', { name: 'X' }), sessions: eyes.change('DELETE', '/me/sessions'),
    credit: eyes.api('/credits/move', { to_account_id: 'default', amount_usd: 1 }), password: eyes.auth('/change-password', { currentPassword: PASSWORD, newPassword: 'another long one' }),
    form: eyes.form('/security/password', { current: PASSWORD, password: 'another long one' }), ended: eyes.form('/security/end', { id: '' }),
  })) expect([what, (await answer).status]).toEqual([what, 403])
  expect((await ada.api('/me')).status).toBe(200)
})

test('what they change has both names in the log; start and end are in it, for the person and for the install', async () => {
  const key = await (await ada.api('/keys', { name: 'hers' })).json() as { data: { hash: string } }
  const eyes = await look(15)
  expect((await eyes.change('PATCH', `/keys/${key.data.hash}`, { name: 'renamed' })).status).toBe(200)
  const ended = await eyes.change('DELETE', '/me/impersonation')
  expect(await ended.json()).toEqual({ deleted: true, signed_in: true })
  expect(await data(eyes.api('/me'))).toMatchObject({ id: olgaId, is_operator: true, impersonated_by: null })
  expect((await eyes.change('DELETE', '/me/impersonation')).status).toBe(409)
  const hers = await data(ada.api('/organization/audit?limit=3')) as unknown as Record<string, unknown>[]
  expect(hers).toMatchObject([
    { action: 'impersonation.end', target: adaId, actor: { user_id: adaId, impersonated_by: olgaId } },
    { action: 'key.change', actor: { user_id: adaId, impersonated_by: olgaId }, after: { name: 'renamed' } },
    { action: 'impersonation.start', target: adaId, actor: { user_id: olgaId, impersonated_by: null }, reason: 'ticket 4711' },
  ])
  const all = await data(olga.api('/instance/audit?action=impersonation.end')) as unknown as Record<string, unknown>[]
  expect(all.map((row) => row['account_id'])).toContain(null)
})

test('signing out ends it too, in the log as well', async () => {
  const eyes = await look()
  await eyes.form('/sign-out', {})
  expect(await data(ada.api('/organization/audit?limit=1'))).toMatchObject([{ action: 'impersonation.end', target: adaId, actor: { user_id: adaId, impersonated_by: olgaId } }])
})

test('who is no operator any more looks through nobody’s eyes', async () => {
  const eyes = await look()
  expect((await eyes.api('/me')).status).toBe(200)
  const eve = await signedUp(gateway, smtp, 'eve@example.com', { first_name: 'Eve', last_name: 'E' })
  const eveId = String((await data(eve.api('/me')))['id'])
  expect((await olga.change('PATCH', `/instance/people/${eveId}`, { operator: true })).status).toBe(200)
  expect((await eve.change('PATCH', `/instance/people/${olgaId}`, { operator: false, reason: 'moved on' })).status).toBe(200)
  expect((await eyes.api('/me')).status).toBe(401)
})
