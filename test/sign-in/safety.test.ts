import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { headerOf, startSmtp, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { Browser, eventually, letterTo, PASSWORD, signedUp, tokenOf } from './person.ts'

let gateway: Gateway
let smtp: TestSmtp
let ada: Browser

beforeAll(async () => {
  smtp = await startSmtp()
  gateway = await startGateway({ env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
  ada = await signedUp(gateway, smtp, 'ada@example.com')
  await ada.change('PATCH', '/instance/settings', { sign_up: { mode: 'open' } })
})

afterAll(async () => {
  await gateway?.stop()
  await smtp?.close()
})

test('no name is like another to the eye, and no address: signs that are not seen, and letters of other scripts', async () => {
  const signUp = async (fields: Readonly<Record<string, string>>) => {
    const answer = await new Browser(gateway.url).form('/sign-up', { email: 'lookalike@example.com', password: PASSWORD, ...fields })
    return [answer.status, /role="alert">([^<]*)</.exec(await answer.text())?.[1]]
  }
  for (const name of ['\u202eadA', 'A\u200bda', 'A\u2028da']) expect(await signUp({ first_name: name })).toEqual([400, '`first_name` is a text of at most 100 characters in one line, without signs that cannot be seen.'])
  for (const email of ['аda@example.com', 'ada@exаmple.com', 'ﬁ@example.com']) expect(await signUp({ email })).toEqual([400, 'The e-mail address must be of ASCII letters; a domain with others is written as xn--….'])
  expect((await signUp({ first_name: 'x'.repeat(100), last_name: '👩\u200d🚀'.repeat(20) }))[0]).not.toBe(400)
})

describe('cross-site request forgery', () => {
  const elsewhere = [
    ['another site', { origin: 'https://evil.example' }], ['another port', { origin: 'http://127.0.0.1:1' }], ['a page that hides where it is', { origin: 'null' }], ['nobody', {}],
    ['another site, by the browser', { 'sec-fetch-site': 'cross-site' }], ['another host of this site', { 'sec-fetch-site': 'same-site' }], ['our host as a part', { origin: 'http://127.0.0.1.evil.example' }],
  ] as const

  test('what changes something with a cookie must come from a page of ours', async () => {
    for (const [from, headers] of elsewhere) {
      const change = (method: string, path: string, body?: object) => ada.send(`/api/v1${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, ...(body && { body: JSON.stringify(body) }) })
      const answers = [await change('POST', '/me/account', { account_id: 'default' }), await change('POST', '/keys', { name: 'stolen' }), await change('PATCH', '/instance/settings', { money: false }), await change('DELETE', '/me/sessions')]
      expect([from, answers.map(({ status }) => status)]).toEqual([from, [403, 403, 403, 403]])
    }
    expect((await ada.api('/keys', { name: 'mine' })).status).toBe(201)
    expect((await ada.send('/api/v1/me/account', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }, body: '{"account_id":"default"}' })).status).toBe(200)
  })

  test('forms are refused, signed in or not: nobody is signed in by another site', async () => {
    for (const [from, headers] of elsewhere) {
      const stranger = new Browser(gateway.url)
      const form = (browser: Browser, path: string, fields: Record<string, string>) => browser.send(path, { method: 'POST', body: new URLSearchParams(fields), headers })
      const answers = [await form(stranger, '/sign-in', { email: 'ada@example.com', password: PASSWORD }), await form(ada, '/sign-out', {}), await form(ada, '/security/password', { current: PASSWORD, password: 'stolen password' })]
      expect([from, answers.map(({ status }) => status), stranger.session]).toEqual([from, [403, 403, 403], undefined])
    }
    expect((await ada.api('/me')).status).toBe(200)
  })

  test('neither is anything below /api/auth', async () => {
    for (const [from, headers] of elsewhere) {
      const answer = await ada.send('/api/auth/change-password', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ currentPassword: PASSWORD, newPassword: 'stolen password' }) })
      expect([from, answer.status]).toEqual([from, 403])
    }
    const stranger = new Browser(gateway.url)
    expect((await stranger.auth('/sign-in/email', { email: 'ada@example.com', password: PASSWORD }, { origin: 'https://evil.example' })).status).toBe(403)
    expect(stranger.session).toBeUndefined()
  })

  test('no answer lets another site read it with the cookie', async () => {
    const answer = await ada.send('/api/v1/me', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('session fixation', () => {
  test('a cookie that somebody planted is worth nothing, and each sign-in gives a new one', async () => {
    const planted = new Browser(gateway.url)
    const forged = `${'x'.repeat(32)}.${Buffer.alloc(32).toString('base64')}`
    planted.cookies.set('switchyard.session_token', encodeURIComponent(forged))
    expect((await planted.api('/me')).status).toBe(401)
    await planted.form('/sign-in', { email: 'ada@example.com', password: PASSWORD })
    const first = planted.session
    expect(first).not.toBe(encodeURIComponent(forged))
    await planted.form('/sign-in', { email: 'ada@example.com', password: PASSWORD })
    expect(planted.session).not.toBe(first)
  })

  test('a token without our signature signs nobody in', async () => {
    const [token = '', signature = ''] = decodeURIComponent(ada.session ?? '').split('.')
    const worth = async (cookie: string) => (await fetch(`${gateway.url}/api/v1/me`, { headers: { cookie: `switchyard.session_token=${cookie}` } })).status
    expect(await worth(encodeURIComponent(`${token}.${signature}`))).toBe(200)
    for (const cookie of [token, `${token}.`, `.${signature}`, `${token}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, `${token}x.${signature}`, '%', '']) expect([cookie, await worth(cookie === '%' ? cookie : encodeURIComponent(cookie))]).toEqual([cookie, 401])
  })

  test('cookies are out of the reach of scripts and of other sites, and for https alone where the public URL is', async () => {
    const cookie = (await new Browser(gateway.url).form('/sign-in', { email: 'ada@example.com', password: PASSWORD })).headers.getSetCookie().find((line) => line.includes('session_token'))
    expect(cookie).toMatch(/^switchyard\.session_token=.*; HttpOnly; SameSite=Lax$/)
    const secure = await startGateway({ env: { SWITCHYARD_PUBLIC_URL: 'https://gateway.example.com', SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'gateway@example.com' } })
    const headers = { origin: 'https://gateway.example.com' }
    const browser = new Browser(secure.url)
    const from = smtp.letters.length
    await browser.form('/sign-up', { email: 'secure@example.com', password: PASSWORD }, headers)
    const letter = await letterTo(smtp, 'secure@example.com', 'https://gateway.example.com/verify-email?token=', from)
    expect(letter.raw).not.toContain('127.0.0.1:')
    const verified = await browser.form('/verify-email', { token: await tokenOf(smtp, 'secure@example.com', '/verify-email', from) }, headers)
    expect(verified.headers.getSetCookie()[0]).toMatch(/^__Secure-switchyard\.session_token=.*; HttpOnly; Secure; SameSite=Lax$/)
    expect((await browser.api('/me')).status).toBe(200)
    expect((await browser.form('/sign-out', {})).status).toBe(403)
    await secure.stop()
  }, 60_000)
})

test('a cookie is no key: models are called with keys alone', async () => {
  for (const path of ['/api/v1/chat/completions', '/api/v1/messages', '/api/v1/responses']) {
    const answer = await ada.send(path, { method: 'POST', headers: { origin: ada.url, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'demo/writer', messages: [{ role: 'user', content: 'hi' }] }) })
    expect([path, answer.status]).toEqual([path, 401])
  }
})

describe('open redirects', () => {
  const away = ['https://evil.example', '//evil.example', '/\\evil.example', '\\\\evil.example', '/\t/evil.example', 'javascript:alert(1)', '/%0d%0aLocation:https://evil.example', 'http:evil.example', '/..//evil.example', '/./\\evil.example']

  test('nobody is led away after signing in', async () => {
    for (const next of away) {
      const browser = new Browser(gateway.url)
      const location = (await browser.form('/sign-in', { email: 'ada@example.com', password: PASSWORD, next })).headers.get('location') ?? ''
      expect([next, new URL(location, gateway.url).origin]).toEqual([next, gateway.url])
      expect([next, location.startsWith('//')]).toEqual([next, false])
      const shown = await (await new Browser(gateway.url).page(`/sign-in?next=${encodeURIComponent(next)}`)).text()
      expect([next, /name="next" value="\/(?!\/)[^"]*"/.test(shown)]).toEqual([next, true])
    }
    expect((await ada.page('/sign-in?next=/security')).headers.get('location')).toBe('/security')
  }, 30_000)

  test('the library leads nobody away either', async () => {
    for (const callbackURL of away.slice(0, 4)) {
      const answer = await new Browser(gateway.url).auth('/sign-in/email', { email: 'ada@example.com', password: PASSWORD, callbackURL })
      expect([callbackURL, answer.status]).toEqual([callbackURL, 403])
    }
  })
})

describe('who is known here', () => {
  test('is told by no answer', async () => {
    const answers = async (path: string, fields: Record<string, string>) => {
      const answer = await new Browser(gateway.url).form(path, fields)
      return [answer.status, (await answer.text()).replaceAll(fields['email'] ?? '', '')]
    }
    for (const [path, fields] of [['/forgot-password', {}], ['/sign-in/link', {}], ['/sign-in', { password: 'wrong horse battery' }], ['/sign-up', { password: PASSWORD }]] as const) {
      expect([path, await answers(path, { ...fields, email: 'ada@example.com' })]).toEqual([path, await answers(path, { ...fields, email: 'nobody@example.com' })])
    }
  })

  test('is told by no answer of what is wrong with a sign-up', async () => {
    for (const wrong of [{ firstName: 'a\r\nb' }, { name: 'a\nb' }, { password: 'short' }]) {
      const ask = async (email: string) => {
        const answer = await new Browser(gateway.url).auth('/sign-up/email', { name: 'A', email, password: PASSWORD, ...wrong })
        return [answer.status, await answer.text()]
      }
      const known = await ask('ada@example.com')
      expect(known).toEqual(await ask('wholly-new@example.com'))
      expect(known[0]).toBe(400)
    }
  })
})

describe('an account that somebody made with the address of somebody else', () => {
  test('is not opened to them by its owner, who confirms with the password or sets another by letter', async () => {
    const email = 'owner@example.com'
    const [stranger, owner] = [new Browser(gateway.url), new Browser(gateway.url)]
    await stranger.form('/sign-up', { email, password: PASSWORD })
    expect((await owner.form('/sign-up', { email, password: 'a password of the owner' })).status).toBe(200)
    const token = await tokenOf(smtp, email, '/verify-email')
    expect(await (await owner.page(`/verify-email?token=${token}`)).text()).toContain('made in another browser')
    for (const password of ['', 'a password of the owner', 'x'.repeat(1_000)]) {
      await owner.form('/verify-email', { token, password })
      await stranger.form('/sign-in', { email, password: PASSWORD })
      expect([owner.session, stranger.session]).toEqual([undefined, undefined])
    }
    await owner.form('/forgot-password', { email })
    await owner.form('/reset-password', { token: await tokenOf(smtp, email, '/reset-password'), password: 'a password of the owner' })
    expect((await owner.form('/sign-in', { email, password: 'a password of the owner' })).status).toBe(303)
    expect((await stranger.form('/sign-in', { email, password: PASSWORD })).status).toBe(401)
  })

  test('is theirs with one click where they made it or have shown its password, and with the password anywhere else', async () => {
    for (const [email, fields] of [['phone@example.com', { password: PASSWORD }], ['laptop@example.com', {}]] as const) {
      await new Browser(gateway.url).form('/sign-up', { email, password: PASSWORD })
      const token = await tokenOf(smtp, email, '/verify-email')
      const other = new Browser(gateway.url)
      if (email === 'laptop@example.com') await other.form('/sign-in', { email, password: PASSWORD })
      expect([email, (await other.form('/verify-email', { token, ...fields })).status, other.session !== undefined]).toEqual([email, 303, true])
    }
  })

  test('is shown by no link but one of ours', async () => {
    await new Browser(gateway.url).form('/sign-up', { email: 'waiting@example.com', password: PASSWORD })
    const [header = ''] = (await tokenOf(smtp, 'waiting@example.com', '/verify-email')).split('.')
    const page = async (email: string) => await (await new Browser(gateway.url).page(`/verify-email?token=${header}.${Buffer.from(JSON.stringify({ email })).toString('base64url')}.AAAA`)).text()
    expect((await page('waiting@example.com')).replace(/value="[^"]*"/, '')).toBe((await page('nobody-here@example.com')).replace(/value="[^"]*"/, ''))
  })
})

describe('flooding', () => {
  test('one mailbox gets five links an hour, whoever asks for them and whether it is known', async () => {
    for (const email of ['flooded@example.com', 'not-known@example.com']) {
      if (email.startsWith('flooded')) await signedUp(gateway, smtp, email)
      const statuses: number[] = []
      for (let round = 0; round < 7; round++) statuses.push((await new Browser(gateway.url).form('/forgot-password', { email: round % 2 === 0 ? email : email.toUpperCase() })).status)
      expect([email, statuses]).toEqual([email, [200, 200, 200, 200, 200, 429, 429]])
    }
    const resets = () => smtp.letters.filter((letter) => letter.to.includes('flooded@example.com') && headerOf(letter, 'subject') === 'Set a new password').length
    await eventually(() => (resets() >= 5 ? true : undefined))
    expect(resets()).toBe(5)
    const answer = await new Browser(gateway.url).auth('/request-password-reset', { email: 'flooded@example.com' })
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true])
  })

  test('whoever makes an account with the address of somebody else sends them five letters an hour, by however many sign-ins', async () => {
    const email = 'never-asked@example.com'
    expect((await new Browser(gateway.url).form('/sign-up', { email, password: PASSWORD })).status).toBe(200)
    for (let round = 0; round < 8; round++) expect(await (await new Browser(gateway.url).form('/sign-in', { email, password: PASSWORD })).text()).toContain('Confirm your address first')
    // What is to go out to them is on its way before this is.
    await new Browser(gateway.url).form('/sign-up', { email: 'the-last@example.com', password: PASSWORD })
    await letterTo(smtp, 'the-last@example.com', '/verify-email')
    const letters = () => smtp.letters.filter((letter) => letter.to.includes(email)).length
    await eventually(() => (letters() >= 5 ? true : undefined))
    expect(letters()).toBe(5)
  })

  test('one mailbox gets five links an hour to make it the address of somebody, whoever they are', async () => {
    const statuses: number[] = []
    for (const name of ['maud', 'trudy']) {
      const browser = await signedUp(gateway, smtp, `${name}@example.com`)
      for (let round = 0; round < 3; round++) statuses.push((await browser.form('/security/email', { email: 'wished-for@example.com', password: PASSWORD })).status)
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
  })

  test('what a client says of its address counts for nothing', async () => {
    const statuses: number[] = []
    for (let round = 0; round < 7; round++) statuses.push((await new Browser(gateway.url).auth('/sign-in/magic-link', { email: 'spoofed@example.com' }, { 'x-forwarded-for': `10.0.0.${round}`, 'x-switchyard-client-address': `10.0.1.${round}` })).status)
    expect(statuses.slice(5)).toEqual([429, 429])
    const { data } = await (await ada.api('/me/sessions')).json() as { data: { ip_address: string }[] }
    expect(data.map((session) => session.ip_address)).toSatisfy((all: string[]) => all.every((ip) => ip === '127.0.0.1' || ip.endsWith('127.0.0.1')))
  })

  test('one address tries one password thirty times at most', async () => {
    await signedUp(gateway, smtp, 'guessed@example.com')
    const statuses = new Set<number>()
    for (let round = 0; round < 31; round++) statuses.add((await new Browser(gateway.url).form('/sign-in', { email: 'guessed@example.com', password: `wrong password ${round}` })).status)
    expect([...statuses]).toEqual([401, 429])
    const right = await new Browser(gateway.url).form('/sign-in', { email: 'guessed@example.com', password: PASSWORD })
    expect([right.status, await right.text()]).toEqual([429, expect.stringContaining('Too many tries: wait 15 minutes.')])
  }, 30_000)
})

describe('header injection', () => {
  test('no line ends get into letters, names or pages', async () => {
    for (const email of ['a@example.com\r\nBcc: victim@example.com', 'a@example.com%0d%0aBcc: x@y', 'victim@example.com,other@example.com', '"a\nb"@example.com', '<a@example.com>']) {
      for (const path of ['/sign-up', '/forgot-password', '/sign-in/link']) expect([path, email, (await new Browser(gateway.url).form(path, { email, password: PASSWORD })).status]).toEqual([path, email, 400])
      expect((await new Browser(gateway.url).auth('/sign-up/email', { name: 'A', email, password: PASSWORD })).status).toBe(400)
    }
    for (const name of ['A\r\nBcc: victim@example.com', 'A\nB', 'A\u0000']) {
      expect((await new Browser(gateway.url).form('/sign-up', { email: 'named@example.com', password: PASSWORD, first_name: name })).status).toBe(400)
      expect((await ada.auth('/update-user', { name })).status).toBe(400)
      expect((await ada.auth('/update-user', { lastName: name })).status).toBe(400)
    }
    expect(smtp.letters.filter(({ to, raw }) => to.join().includes('victim') || raw.includes('victim'))).toEqual([])
    expect((await ada.auth('/update-user', { image: 'javascript:alert(1)' })).status).toBe(400)
  })

  test('what people call themselves is text in pages, which run no script but ours', async () => {
    const mallory = await signedUp(gateway, smtp, 'mallory@example.com', { first_name: '<script>alert(1)</script>', last_name: '"><img src=x onerror=alert(1)>' })
    const page = await mallory.page('/')
    const text = await page.text()
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &quot;&gt;&lt;img')
    expect(text).not.toContain('<script>')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'; ")
    expect([page.headers.get('x-frame-options'), page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual(['DENY', 'no-store', 'same-origin'])
    const echoed = await (await new Browser(gateway.url).page('/sign-in?email=%22%3E%3Cscript%3E&next=/%22%3E%3Cscript%3E')).text()
    expect(echoed).not.toContain('<script>')
  })
})
