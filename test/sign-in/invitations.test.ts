import { afterAll, beforeAll, expect, test } from 'bun:test'
import { headerOf, startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { cli } from '../cli.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, letterTo, signedUp } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await ada.api('/me/account', { account_id: 'default' })
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

async function invite(email: string): Promise<{ readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers }> {
  const response = await ada.api('/organization/invitations', { email })
  // Its fields are what the tests look at.
  return { status: response.status, body: await response.json() as Record<string, unknown>, headers: response.headers }
}

test('H20: an invitation goes out by letter, with who invites to what, and the link that the answer has', async () => {
  const { status, body } = await invite('grace@example.com')
  expect([status, body['is_mailed'], body['url']]).toEqual([201, true, `${gateway.url.replace('127.0.0.1', 'localhost')}/invitations/${String(body['token'])}`])
  const letter = await letterTo(smtp, 'grace@example.com', '/invitations/')
  expect(headerOf(letter, 'subject')).toBe('Ada Lovelace invites you to Default')
  expect(textOf(letter)).toContain(String(body['url']))
})

test('an invitation is for the address that it was sent to', async () => {
  const { body } = await invite('barbara@example.com')
  await invite('katherine@example.com')
  const katherine = await signedUp(gateway, smtp, 'katherine@example.com')
  expect((await katherine.api(`/invitations/${String(body['token'])}/accept`, {})).status).toBe(403)
  expect((await new Browser(gateway.url).api(`/invitations/${String(body['token'])}/accept`, {})).status).toBe(401)
})

test('nobody\'s mailbox is flooded with invitations: five an hour, by whatever spelling, and no invitation is made without its letter', async () => {
  const statuses = []
  for (let tries = 0; tries < 5; tries++) statuses.push((await invite('linus@example.com')).status)
  const sixth = await invite(' LINUS@example.com')
  expect([...statuses, sixth.status]).toEqual([201, 201, 201, 201, 201, 429])
  expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await invite('annie@example.com')).status).toBe(201)
  const { total_count: count } = await (await ada.api('/organization/invitations')).json() as { total_count: number }
  expect(count).toBe(9)
})

test('without a mail server whoever invites passes the link on', async () => {
  const plain = await startGateway()
  try {
    const databaseUrl = databaseUrlOf(plain.dataDir)
    const made = await cli(plain.dataDir, ['keys', 'create', '--management', '--name', 'admin', '--data', plain.dataDir, '--json'], databaseUrl === undefined ? {} : { databaseUrl })
    const admin = /sk-sw-v1-[0-9a-f]{64}/.exec(made.out)?.[0] ?? ''
    const answer = await plain.api('/organization/invitations', { email: 'grace@example.com' }, { headers: { authorization: `Bearer ${admin}` } })
    const { url, is_mailed: isMailed } = await answer.json() as { url: string; is_mailed: boolean }
    expect([answer.status, isMailed]).toEqual([201, false])
    expect(await (await fetch(url)).text()).toContain('You are invited as a member')
  } finally {
    await plain.stop()
  }
}, 60_000)
