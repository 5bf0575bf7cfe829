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
  expect([letter.to, headerOf(letter, 'subject')]).toEqual([['guest@elsewhere.example'], 'You are invited to acme'])
  const link = /http:\/\/\S+\/invitations\/\w+/.exec(textOf(letter))?.[0] ?? ''
  const page = await (await fetch(`${stage.gateway.url}${new URL(link).pathname}`)).text()
  expect(page).toContain('Join acme')
  expect(page).toContain('guest@elsewhere.example')
  expect([smtp.letters.length, stage.gateway.logs()]).toEqual([1, expect.not.stringContaining(link.split('/').at(-1) ?? 'link')])
})

test('nobody\'s mailbox is flooded by a directory: five letters an hour', async () => {
  const [acme] = stage.organizations
  if (!acme) throw new Error('there is no organization')
  for (let round = 0; round < 8; round++) {
    const { status, body } = await acme.scim('POST', '/Users', { userName: 'again', emails: [{ value: 'again@elsewhere.example' }] })
    expect(status).toBe(201)
    await acme.scim('DELETE', `/Users/${String(body['id'])}`)
  }
  await acme.scim('POST', '/Users', { userName: 'last', emails: [{ value: 'last@elsewhere.example' }] })
  const lettersTo = (email: string): number => smtp.letters.filter(({ to }) => to.includes(email)).length
  while (lettersTo('last@elsewhere.example') === 0) await Bun.sleep(20)
  expect(lettersTo('again@elsewhere.example')).toBe(5)
})
