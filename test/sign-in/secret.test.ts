// The secret that people sign in with: where it is, how it is changed, and what is left without it.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readConfig } from '../../src/config.ts'
import { startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { cli } from '../cli.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway } from '../server.ts'
import { Browser, PASSWORD, signedUp, totp } from './person.ts'

let smtp: TestSmtp

beforeAll(async () => {
  smtp = await startSmtp()
})

afterAll(() => smtp?.close())

describe('the secret', () => {
  test('is a file of its owner alone; a new one before the old signs everybody out, and second factors go on working', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-secret-'))
    const env = { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' }
    const first = await startGateway({ dataDir, env })
    const browser = await signedUp(first, smtp, 'rotated@example.com')
    const page = await (await browser.form('/security/two-factor', { password: PASSWORD })).text()
    const secret = /<code>([A-Z2-7]+)<\/code>/.exec(page)?.[1] ?? ''
    await browser.form('/security/two-factor-confirm', { code: totp(secret) })
    const old = readFileSync(join(dataDir, 'auth-secret'), 'utf8').trim()
    expect(statSync(join(dataDir, 'auth-secret')).mode & 0o777).toBe(0o600)
    await first.stop()

    const second = await startGateway({ dataDir, env: { ...env, SWITCHYARD_AUTH_SECRET: `${'n'.repeat(40)},${old}` } })
    const there = new Browser(second.url)
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)
    expect((await there.api('/me')).status).toBe(401)
    there.cookies.clear()
    await there.form('/sign-in', { email: 'rotated@example.com', password: PASSWORD })
    expect((await there.form('/two-factor', { code: totp(secret) })).status).toBe(303)
    expect((await there.api('/me')).status).toBe(200)
    await second.stop()

    // Without the old one a factor cannot be opened, and it is said who takes it; the log has a line of it, and no stack.
    const alone = await startGateway({ dataDir, env: { ...env, SWITCHYARD_AUTH_SECRET: 'n'.repeat(40) } })
    const without = new Browser(alone.url)
    await without.form('/sign-in', { email: 'rotated@example.com', password: PASSWORD })
    for (const code of [totp(secret), 'aaaaa-bbbbb']) {
      const answer = await without.form('/two-factor', { code })
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('switchyard people drop-factor')])
    }
    expect(await (await without.auth('/two-factor/verify-totp', { code: totp(secret) })).json()).toMatchObject({ error: { code: 503, message: expect.stringContaining('switchyard people drop-factor') } })
    expect((await cli(dataDir, ['people', 'drop-factor', 'rotated@example.com', '--data', dataDir], { databaseUrl: databaseUrlOf(dataDir) })).code).toBe(0)
    expect((await without.form('/sign-in', { email: 'rotated@example.com', password: PASSWORD })).headers.get('location')).toBe('/')
    expect((await without.api('/me')).status).toBe(200)
    await alone.stop()
    expect(alone.logs().match(/a second factor cannot be opened/g)).toHaveLength(3)
    expect(alone.logs()).not.toMatch(/^\s+at /m)

    const third = await startGateway({ dataDir, env: { ...env, SWITCHYARD_AUTH_SECRET: 'x'.repeat(40) } })
    const other = await new Browser(third.url).form('/sign-in', { email: 'rotated@example.com', password: PASSWORD })
    expect([other.status, await other.text()]).toEqual([503, expect.stringContaining('Nobody can sign in at this node')])
    await third.stop()
    expect(third.logs()).toContain('switchyard people renew-secret')

    // The file is lost, and so is what the variable said: a command lets people in again, with the file that this start has made.
    rmSync(join(dataDir, 'auth-secret'))
    const fourth = await startGateway({ dataDir, env })
    const back = new Browser(fourth.url)
    const signedIn = () => back.form('/sign-in', { email: 'rotated@example.com', password: PASSWORD }).then(({ status }) => status)
    const renew = (...more: string[]) => cli(dataDir, ['people', 'renew-secret', '--data', dataDir, ...more], { databaseUrl: databaseUrlOf(dataDir) })
    expect([await signedIn(), (await renew()).code, await signedIn()]).toEqual([503, 2, 503])
    expect((await renew('--yes', '--reason', 'the disk broke')).out).toStartWith(`people sign in with the secret in ${join(dataDir, 'auth-secret')} from now on; `)
    expect([await signedIn(), (await back.api('/me')).status]).toEqual([303, 200])
    expect(JSON.parse((await renew('--yes', '--json')).out)).toEqual({ renewed: false })
    expect((await back.api('/me')).status).toBe(200)
    await fourth.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }, 60_000)
})

test('a public URL with a path, and a secret that is short, are refused at the start, and the secret is not repeated', () => {
  const directory = mkdtempSync(join(tmpdir(), 'switchyard-env-'))
  const refused = (line: string): string => {
    writeFileSync(join(directory, '.env'), `${line}\n`)
    try {
      return readConfig({}, directory).host
    } catch (error) {
      return String(error)
    }
  }
  for (const url of ['https://example.com/gateway', 'ftp://example.com', 'example.com', 'https://user:pass@example.com']) {
    expect(refused(`SWITCHYARD_PUBLIC_URL=${url}`)).toContain('SWITCHYARD_PUBLIC_URL: must be how browsers call this server, as https://gateway.example.com')
  }
  const secret = refused(`SWITCHYARD_AUTH_SECRET=${'x'.repeat(40)},short-secret`)
  expect([secret.includes('SWITCHYARD_AUTH_SECRET: must be'), secret.includes('short-secret')]).toEqual([true, false])
  expect(refused('SWITCHYARD_PUBLIC_URL=https://gateway.example.com/')).toBe('127.0.0.1')
  rmSync(directory, { recursive: true, force: true })
})
