import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { headerOf, startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { openStage, type Stage } from './organization.ts'

setDefaultTimeout(60_000)

let smtp: TestSmtp
let stage: Stage
beforeAll(async () => {
  smtp = await startSmtp()
  stage = await openStage(['acme'], { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Gateway <gateway@example.com>' })
})
afterAll(async () => {
  await stage.stop()
  await smtp.close()
})

test('whom a directory may not take in gets a letter, once, whose link asks them', async () => {
  const [acme] = stage.organizations
  if (!acme) throw new Error('there is no organization')
  const { body, status } = await acme.scim('POST', '/Users', { userName: 'guest', emails: [{ value: 'Guest@Elsewhere.example' }] })
  expect(status).toBe(201)
  expect(JSON.stringify(body)).not.toContain('/invitations/')
  while (smtp.letters.length === 0) await Bun.sleep(20)
  await acme.scim('PATCH', `/Users/${String(body['id'])}`, { Operations: [{ op: 'replace', path: 'title', value: 'Guide' }] })
  const [letter] = smtp.letters
  if (!letter) throw new Error('there is no letter')
  expect([letter.to, headerOf(letter, 'subject')]).toEqual([['guest@elsewhere.example'], 'acme invites you'])
  const link = /http:\/\/\S+\/invitations\/\w+/.exec(textOf(letter))?.[0] ?? ''
  const page = await (await fetch(`${stage.gateway.url}${new URL(link).pathname}`)).text()
  expect(page).toContain('Join acme')
  expect(page).toContain('guest@elsewhere.example')
  expect([smtp.letters.length, stage.gateway.logs()]).toEqual([1, expect.not.stringContaining(link.split('/').at(-1) ?? 'link')])
})
