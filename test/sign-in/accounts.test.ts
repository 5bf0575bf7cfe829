// Somebody in several accounts: where they begin, what they leave, what they make, and what ends it.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, PASSWORD, signedUp } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await ada.api('/me/account', { account_id: 'default' })
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

async function data(response: Response | Promise<Response>): Promise<unknown> {
  const answer = await response
  // Of answers whose shape the expectations below say.
  return (await answer.json() as { data: unknown }).data
}

async function signIn(email: string): Promise<Browser> {
  const browser = new Browser(gateway.url)
  await browser.form('/sign-in', { email, password: PASSWORD })
  return browser
}

async function invite(email: string): Promise<string> {
  // As above.
  return (await (await ada.api('/organization/invitations', { email })).json() as { token: string }).token
}

test('H26: a new session begins where the last switch led; an invitation that was accepted leads there too', async () => {
  const token = await invite('wanda@example.com')
  const joan = await signedUp(gateway, smtp, 'wanda@example.com')
  const twice = await Promise.all([joan.form(`/invitations/${token}`, {}), joan.form(`/invitations/${token}`, {})])
  expect(twice.map((answer) => [answer.status, answer.headers.get('location')])).toEqual([[303, '/'], [303, '/']])
  expect(await data((await signIn('wanda@example.com')).api('/me'))).toMatchObject({ account: { id: 'default' } })
})

test('H20: a member leaves by themselves, and the only admin and the own account stay', async () => {
  const token = await invite('kay@example.com')
  const kay = await signedUp(gateway, smtp, 'kay@example.com')
  await kay.form(`/invitations/${token}`, {})
  const { key } = await (await kay.api('/keys', { name: 'hers' })).json() as { key: string }
  const [own] = await data(kay.api('/me/accounts')) as { id: string; kind: string }[]
  const leave = async (who: Browser, id: string) => (await who.change('DELETE', `/me/accounts/${id}`)).status
  expect([await leave(kay, own?.id ?? ''), await leave(kay, 'another'), await leave(kay, 'default'), await leave(kay, 'default'), await leave(ada, 'default')]).toEqual([409, 404, 200, 404, 409])
  expect(await data(kay.api('/me'))).toMatchObject({ account: { kind: 'personal' } })
  expect((await fetch(`${gateway.url}/api/v1/key`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401)
  expect(await data(ada.api('/organization/audit?action=member.remove&limit=1'))).toMatchObject([{ actor: { kind: 'user', name: 'Ada Lovelace' }, action: 'member.remove' }])
})

test('an admin who makes a workspace is in it, and makes keys there', async () => {
  const { id } = await data(ada.api('/workspaces', { name: 'Research', slug: 'research' })) as { id: string }
  expect((await ada.api('/keys', { name: 'there', workspace_id: id })).status).toBe(201)
  expect((await ada.change('DELETE', `/workspaces/${id}`)).status).toBe(400)
})

test('roles may be said as answers say them', async () => {
  const answer = await ada.api('/organization/invitations', { email: 'rosa@example.com', role: 'org:admin' })
  expect([answer.status, await data(answer)]).toEqual([201, expect.objectContaining({ role: 'org:admin' })])
  expect((await ada.api('/organization/invitations', { email: 'rosa@example.com', role: 'org:owner' })).status).toBe(400)
})

test('somebody all of whose accounts are suspended is told so, with the reason, and can leave', async () => {
  await invite('barbara@example.com')
  const barbara = await signedUp(gateway, smtp, 'barbara@example.com')
  const { account } = await data(barbara.api('/me')) as { account: { id: string } }
  expect((await ada.api(`/instance/accounts/${account.id}/suspend`, { reason: 'unpaid bill' })).status).toBe(200)
  const [page, answer] = [await barbara.page('/'), await barbara.api('/me')]
  expect([page.status, (await page.text()).includes('Your account is suspended: unpaid bill'), answer.status, await answer.json()]).toEqual([403, true, 403, expect.objectContaining({ error: expect.objectContaining({ message: expect.stringContaining('unpaid bill') }) })])
  expect((await barbara.form('/sign-out', {})).headers.get('location')).toBe('/sign-in')
  expect(barbara.session).toBeUndefined()
})
