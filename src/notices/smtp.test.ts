import { afterEach, describe, expect, test } from 'bun:test'
import { letterHtml } from './letter-html.ts'
import { headerOf, startSmtp, textOf, type TestSmtp } from './smtp.fixture.ts'
import { LetterRefused, Smtp } from './smtp.ts'

let server: TestSmtp | undefined
afterEach(async () => await server?.close())

const FROM = 'Gateway <gateway@example.com>'
const LETTER = { to: 'anna@example.com', subject: 'Hello', text: 'Dear Anna,\n\nhttps://gate.example/x?a=1&b=2\n\nÜber 50 % “used”' }

async function refusalOf(promise: Promise<void>): Promise<LetterRefused> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof LetterRefused)) throw new Error(`no LetterRefused but ${String(error)}`)
  return error
}

describe('a letter over SMTP', () => {
  test('arrives as it was written, as text and as HTML', async () => {
    server = await startSmtp()
    await new Smtp({ url: server.url, from: FROM }).send(LETTER, 'letter-1')
    const [letter] = server.letters
    if (!letter) throw new Error('no letter')
    expect(letter).toMatchObject({ from: 'gateway@example.com', to: ['anna@example.com'] })
    expect(headerOf(letter, 'Subject')).toBe('Hello')
    expect(headerOf(letter, 'From')).toBe(FROM)
    expect(headerOf(letter, 'Message-ID')).toBe('<letter-1@example.com>')
    expect(headerOf(letter, 'Auto-Submitted')).toBe('auto-generated')
    expect(textOf(letter).trim()).toBe(LETTER.text)
    expect(letter.raw).toContain('text/html')
  })

  test('has no header that is not ours, whatever stands in subject, address or text', async () => {
    server = await startSmtp()
    const smtp = new Smtp({ url: server.url, from: FROM })
    await smtp.send({ ...LETTER, subject: 'key “x”\r\nBcc: eve@example.com\r\n\r\nbody\u2028more', text: 'a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n' })
    await smtp.send({ ...LETTER, to: 'anna@example.com\r\nRCPT TO:<eve@example.com>' }).catch(() => undefined) // refused, or cleaned: what arrives is looked at below
    for (const letter of server.letters) {
      expect(letter.to.join(' ')).not.toMatch(/\seve@|^eve@/)
      expect(headerOf(letter, 'Bcc')).toBeUndefined()
    }
    expect(server.letters.length).toBeGreaterThanOrEqual(1)
  })

  test('shows the login', async () => {
    server = await startSmtp({ user: 'me@example.com', password: 'p@ss:/word' })
    await new Smtp({ url: server.url, from: FROM }).send(LETTER)
    expect(server.letters).toHaveLength(1)
  })

  test('is refused with what the server says, and never with the password', async () => {
    server = await startSmtp({ user: 'me', password: 'right' })
    const refusal = await refusalOf(new Smtp({ url: server.url.replace('right', 'secret-one'), from: FROM }).send(LETTER))
    expect(refusal.isFinal).toBe(false)
    expect(refusal.message).not.toContain('secret-one')
  })

  test('may go out later, unless the server says that it never takes it', async () => {
    server = await startSmtp()
    const smtp = new Smtp({ url: server.url, from: FROM })
    server.refuseWith = 450
    expect((await refusalOf(smtp.send(LETTER))).isFinal).toBe(false)
    server.refuseWith = 550
    expect((await refusalOf(smtp.send(LETTER))).isFinal).toBe(true)
    server.refuseWith = undefined
    await smtp.send(LETTER)
    expect(server.letters).toHaveLength(1)
  })

  test('waits while nobody listens', async () => {
    server = await startSmtp()
    const { url } = server
    await server.close()
    expect((await refusalOf(new Smtp({ url, from: FROM }).send(LETTER))).isFinal).toBe(false)
  })

  test('shows no password to another machine that offers no TLS', async () => {
    server = await startSmtp({ user: 'me', password: 'right' })
    // It leads here, but does not say so.
    await refusalOf(new Smtp({ url: server.url.replace('127.0.0.1', '[::ffff:7f00:1]'), from: FROM }).send(LETTER))
    expect(server.logins).toBe(0)
  })
})

describe('the HTML of a letter', () => {
  test('says nothing that the text does not: what people wrote is no markup', () => {
    expect(letterHtml('<script>x</script>\n\nhttps://a.example/?q="><b>')).not.toMatch(/<script>|<b>/)
    expect(letterHtml('https://a.example/x')).toContain('<a href="https://a.example/x">')
    expect(letterHtml('see javascript:alert(1)\njavascript:alert(1)')).not.toContain('<a ')
  })
})
