// Letters and webhooks of a key that is used up, from the real program with two workers that are killed in between.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { DEFAULT_ACCOUNT } from '../../src/accounts/accounts.ts'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import { asArray, asObject, type JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { headerOf, startSmtp, textOf, type TestSmtp } from '../../src/notices/smtp.fixture.ts'
import { openAccounts } from '../../src/store/open.ts'
import { childrenOf, until } from '../crash/processes.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'

setDefaultTimeout(90_000)

interface Posted { readonly headers: Record<string, string>; readonly body: string }

const home = mkdtempSync(join(tmpdir(), 'switchyard-alerts-'))
const dataDir = join(home, 'data')
const posted: Posted[] = []
let isBroken = false
let receiver: Server
let hookUrl: string
let smtp: TestSmtp
let gateway: Gateway
let admin: string

beforeAll(async () => {
  const { accounts, people, close } = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  await accounts.grant(DEFAULT_ACCOUNT, 50_000_000_000n, 'test')
  const anna = await people.addUser({ email: 'anna@example.com' }, OPERATOR)
  await people.addMember(DEFAULT_ACCOUNT, anna.id, 'admin', OPERATOR)
  admin = (await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' }, OPERATOR)).secret
  await close()
  receiver = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      if (!isBroken) posted.push({ headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])), body: Buffer.concat(pieces).toString('utf8') })
      response.writeHead(isBroken ? 503 : 204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  hookUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hook`
  smtp = await startSmtp()
  gateway = await startGateway({
    dataDir, args: ['--workers', '2'], env: { SWITCHYARD_SMTP_URL: smtp.url, SWITCHYARD_MAIL_FROM: 'Gateway <gateway@example.com>', SWITCHYARD_EGRESS_PRIVATE: 'true' },
    config: 'models:\n  demo/priced: { price: { input: "0", output: "0", request: "0.01" } }\n',
  })
})

afterAll(async () => {
  await gateway.stop()
  await smtp.close()
  receiver.close()
  rmSync(home, { recursive: true, force: true })
})

async function manage(method: string, path: string, body?: unknown): Promise<JsonObject> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return asObject(await response.json()) ?? {}
}

/** One cent, by whichever worker takes the connection. */
async function spendCent(secret: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${gateway.url}/api/v1/chat/completions`, {
      method: 'POST', headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify({ model: 'demo/priced', messages: [{ role: 'user', content: 'x' }], max_tokens: 5 }),
    }).catch(() => undefined) // both workers are down: it asks again
    if (response?.status === 200) return void await response.text()
    await Bun.sleep(50)
  }
}

/** Who dies between the answer of the mail server and its own note of it sends once more, under the same id: that is the same letter. */
function once<T>(all: readonly T[], idOf: (one: T) => string | undefined): T[] {
  const known = new Set<string | undefined>()
  return all.filter((one) => !known.has(idOf(one)) && known.add(idOf(one)))
}

const letters = () => once(smtp.letters, (letter) => headerOf(letter, 'Message-ID'))
const hooks = () => once(posted, ({ headers }) => headers['webhook-id'])
const subjects = () => letters().map((letter) => headerOf(letter, 'Subject') ?? '')
const shares = () => hooks().map(({ body }) => asObject(asObject(asObject(JSON.parse(body)))?.['data'])?.['threshold_percent'])

function kill(): void {
  for (const worker of childrenOf(gateway.pid)) process.kill(worker, 'SIGKILL')
}

test('50, 80, 90 and 100 % of a key’s limit: a letter and a webhook each, once, whatever dies or is away in between (J23)', async () => {
  const { secret: hookSecret, data: endpoint } = await manage('POST', '/notifications/webhooks', { url: hookUrl, events: ['allowance.threshold'] })
  const { key } = await manage('POST', '/keys', { name: 'prod', limit: 0.1, limit_reset: 'monthly' })
  const secret = String(key)

  for (let cent = 0; cent < 5; cent++) await spendCent(secret)
  await until(() => subjects().length === 1 && hooks().length === 1)

  // Both workers die at once, with the call of 80 % just answered.
  for (let cent = 0; cent < 3; cent++) await spendCent(secret)
  kill()
  await until(() => subjects().length === 2 && hooks().length === 2)

  // The mail server and the endpoint are away, and the workers die with the letter in their hands.
  await smtp.close()
  isBroken = true
  await spendCent(secret)
  await until(async () => (asArray((await manage('GET', '/notifications/deliveries?state=waiting').catch(() => ({}) as JsonObject))['data']) ?? []).length === 2)
  kill()
  smtp = await startSmtp({ port: Number(new URL(smtp.url).port), letters: smtp.letters })
  isBroken = false
  await until(() => subjects().length === 3 && hooks().length === 3)

  await spendCent(secret)
  await until(() => subjects().length === 4 && hooks().length === 4)

  const what = 'The API key “prod” has used'
  expect(subjects()).toEqual([`${what} 50% of its monthly limit of $0.10`, `${what} 80% of its monthly limit of $0.10`, `${what} 90% of its monthly limit of $0.10`, `${what} up its monthly limit of $0.10`])
  expect(letters().map(({ to }) => to)).toEqual([0, 1, 2, 3].map(() => ['anna@example.com']))
  const last = letters()[3]
  expect(last && textOf(last)).toContain('It resets on ')
  expect(shares()).toEqual([50, 80, 90, 100])
  for (const { headers, body } of posted) expect(new Webhook(String(hookSecret)).verify(body, headers)).toMatchObject({ type: 'allowance.threshold' })
  expect(asArray((await manage('GET', '/notifications'))['data'])).toHaveLength(4)
  expect(asObject((await manage('GET', `/notifications/webhooks/${String(asObject(endpoint)?.['id'])}`))['data'])).toMatchObject({ disabled: false, failures: 0, last_error: null })
  const [balance, limit] = asArray((await manage('GET', '/forecast'))['data']) ?? []
  expect(asObject(balance)).toMatchObject({ kind: 'balance', remaining_usd: 149.9, forecast: { outcome: 'too_little' } })
  expect(asObject(limit)).toMatchObject({ kind: 'key', name: 'prod', limit_usd: 0.1, used_usd: 0.1, percent: 100, forecast: { outcome: 'used_up' } })
})
