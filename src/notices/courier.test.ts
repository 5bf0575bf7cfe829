import { describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { ByokKeys } from '../accounts/byok/byok-keys.ts'
import { MasterKeys } from '../accounts/byok/master-keys.ts'
import type { Letter } from '../accounts/mailer.ts'
import { FakeClock } from '../lib/clock.ts'
import { migrate } from '../store/schema.ts'
import { SqlByok } from '../store/sql-byok.ts'
import { SqlNotices } from '../store/sql-notices.ts'
import type { Database } from '../store/sql.ts'
import { ACCOUNT, testDatabase, testDirectory } from '../store/store.fixture.ts'
import { Touched } from '../store/touched.ts'
import type { PostAnswer } from '../upstream/egress/outbound.ts'
import { Courier } from './courier.ts'
import { outboxMailer } from './mailer.ts'
import { NoticeBoard } from './notice-board.ts'
import type { Message } from './outbox.ts'
import { LetterRefused } from './smtp.ts'
import { vaultOf } from './vault.ts'
import { Webhooks } from './webhooks.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOTICE = { accountId: ACCOUNT, kind: 'allowance.threshold' as const, title: 'Half of it', text: 'Half of it is used.', data: { n: 1 }, reference: 'r1' }
const LETTER = { to: 'anna@example.com', subject: 'Hello', text: 'Words' }

/** A mail server and endpoints that answer as they are told, and a node over one store with others. */
class Post {
  readonly letters: { readonly letter: Letter; readonly id: string | undefined }[] = []
  readonly posts: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string }[] = []
  mail: Error | undefined
  answer: PostAnswer | Error = { status: 204, text: '' }
  /** Held until it is let go: a post that is under way. */
  gate: Promise<void> | undefined

  async send(letter: Letter, id?: string): Promise<void> {
    await this.gate
    if (this.mail) throw this.mail
    this.letters.push({ letter, id })
  }

  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostAnswer> {
    await this.gate
    if (this.answer instanceof Error) throw this.answer
    this.posts.push({ url, headers, body })
    return this.answer
  }

  refusal(): string | undefined { return undefined }
}

class Bench {
  readonly directory = testDirectory()
  readonly clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  readonly database: Database = testDatabase(this.directory)
  readonly store = new SqlNotices(this.database, new Touched())
  readonly vault = vaultOf(new MasterKeys({ dataDir: this.directory, fromEnvironment: undefined, onMade: () => undefined }), async () => false)
  readonly post = new Post()
  readonly mailer = outboxMailer({ store: this.store, vault: this.vault, smtp: this.post, clock: this.clock, poke: () => undefined })
  readonly board = new NoticeBoard({ store: this.store, clock: this.clock, sendsLetters: true, poke: () => undefined })
  readonly webhooks = new Webhooks({ store: this.store, vault: this.vault, clock: this.clock, poster: this.post, poke: () => undefined })
  readonly log: string[] = []

  static async open(): Promise<Bench> {
    const bench = new Bench()
    await migrate(bench.database, 1)
    return bench
  }

  courier(nodeId = 'a', store = this.store): Courier {
    return new Courier({ nodeId, store, smtp: this.post, poster: this.post, vault: this.vault, clock: this.clock, draw: () => 0, notices: this.board, log: (line) => this.log.push(line) })
  }

  async endpoint(url = 'https://hooks.example/x') {
    return await this.webhooks.create({ accountId: ACCOUNT, url, name: null, format: 'standard', events: null }, SYSTEM)
  }
}

const bench = () => Bench.open()

describe('a letter in the outbox', () => {
  test('is sent once, by one of several nodes, and nothing of it is kept', async () => {
    const { mailer, courier, post, store, database } = await bench().then((b) => Object.assign(b, { courier: b.courier.bind(b) }))
    await mailer.send(LETTER)
    const tried = await Promise.all(['a', 'b', 'c'].map((node) => courier(node).pass()))
    expect(tried.reduce((sum, n) => sum + n)).toBe(1)
    expect(post.letters.map(({ letter }) => letter)).toEqual([expect.objectContaining(LETTER)])
    const { rows } = await store.listDeliveries('', { offset: 0, limit: 10 })
    expect(rows).toMatchObject([{ kind: 'letter', target: 'anna@example.com', subject: 'Hello', state: 'sent', tries: 1, error: null }])
    expect(JSON.stringify(await database.read((sql) => sql.all('SELECT body, sealed FROM outbox')))).not.toContain('Words')
    await database.close()
  })

  test('of the same reference is taken once for an address', async () => {
    const b = await bench()
    await b.mailer.send(LETTER, 'invitation-1')
    await b.mailer.send(LETTER, 'invitation-1')
    await b.mailer.send({ ...LETTER, to: 'ben@example.com' }, 'invitation-1')
    await b.courier().pass()
    await b.mailer.send(LETTER, 'invitation-1')
    await b.courier().pass()
    expect(b.post.letters.map(({ letter }) => letter.to).toSorted()).toEqual(['anna@example.com', 'ben@example.com'])
    await b.database.close()
  })

  test('that lets somebody in is sealed while it waits', async () => {
    const b = await bench()
    await b.mailer.send({ ...LETTER, text: 'https://gate.example/in?token=let-me-in', isSecret: true })
    expect(JSON.stringify(await b.database.read((sql) => sql.all('SELECT * FROM outbox')), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('let-me-in')
    await b.courier().pass()
    expect(b.post.letters[0]?.letter.text).toContain('let-me-in')
    await b.database.close()
  })

  test('waits longer after each try that failed, and is given up after two days with the last error', async () => {
    const b = await bench()
    await b.mailer.send(LETTER)
    b.post.mail = new LetterRefused('450 not now', false)
    const waits: number[] = []
    for (let lastMs = b.clock.wallMs(); ;) {
      expect(await b.courier().pass()).toBe(1)
      const [row] = (await b.store.listDeliveries('', { offset: 0, limit: 1 })).rows
      if (row?.state !== 'waiting' || row.nextMs === null) break
      waits.push(row.nextMs - lastMs)
      b.clock.advance(row.nextMs - lastMs - 1)
      expect(await b.courier().pass()).toBe(0)
      b.clock.advance(1)
      lastMs = row.nextMs
    }
    expect(waits).toEqual(waits.toSorted((x, y) => x - y))
    expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThan(1.5 * DAY_MS)
    expect((await b.store.listDeliveries('', { offset: 0, limit: 1 })).rows).toMatchObject([{ state: 'dead', error: '450 not now', tries: waits.length + 1 }])
    b.clock.advance(10 * DAY_MS)
    expect(await b.courier().pass()).toBe(0)
    await b.database.close()
  })

  test('that the server will never take is not tried again; one that is over is not sent at all', async () => {
    const b = await bench()
    await b.mailer.send(LETTER)
    b.post.mail = new LetterRefused('550 nobody here', true)
    await b.courier().pass()
    b.post.mail = undefined
    await b.mailer.send({ ...LETTER, untilMs: b.clock.wallMs() + 1_000 })
    b.clock.advance(5_000)
    await b.courier().pass()
    expect((await b.store.listDeliveries('', { offset: 0, limit: 10 })).rows.map(({ state }) => state)).toEqual(['dead', 'dead'])
    expect(b.post.letters).toEqual([])
    await b.database.close()
  })

  test('that a node has claimed is sent by another once that one is closed, and not before', async () => {
    const b = await bench()
    await b.mailer.send(LETTER)
    const [claimed] = await b.store.claimMessages({ nodeId: 'dead', without: undefined, limit: 10, nowMs: b.clock.wallMs() })
    b.clock.advance(DAY_MS)
    expect([claimed?.target, await b.courier().pass()]).toEqual(['anna@example.com', 0])
    await b.store.letGoOfMessages('dead')
    expect(await b.courier().pass()).toBe(1)
    await b.database.close()
  })

  test('is not sent again while the store is away when it has gone out', async () => {
    const b = await bench()
    await b.mailer.send(LETTER)
    let away = true
    const flaky = Object.create(b.store) as SqlNotices
    flaky.finishMessage = async (...args) => {
      if (away) throw new Error('away')
      await b.store.finishMessage(...args)
    }
    const courier = b.courier('a', flaky)
    expect(await courier.pass().catch((error: unknown) => String(error))).toContain('away')
    expect(await courier.pass().catch((error: unknown) => String(error))).toContain('away')
    away = false
    expect(await courier.pass()).toBe(0)
    expect(b.post.letters).toHaveLength(1)
    expect((await b.store.listDeliveries('', { offset: 0, limit: 1 })).rows).toMatchObject([{ state: 'sent' }])
    await b.database.close()
  })

  test('is not left behind where the answer to its claim was lost', async () => {
    const b = await bench()
    await b.mailer.send(LETTER)
    let isLost = true
    const flaky = Object.create(b.store) as SqlNotices
    flaky.claimMessages = async (claim) => {
      const claimed = await b.store.claimMessages(claim)
      if (isLost) throw new Error('the connection broke off')
      return claimed
    }
    const courier = b.courier('a', flaky)
    expect(await courier.pass().catch((error: unknown) => String(error))).toContain('broke off')
    isLost = false
    expect([await courier.pass(), b.post.letters.length]).toEqual([1, 1])
    await b.database.close()
  })

  test('goes out after the clock was put back by days, and not twice when it is put forward', async () => {
    const b = await bench()
    b.post.mail = new LetterRefused('450 not now', false)
    await b.mailer.send(LETTER)
    await b.courier().pass()
    b.post.mail = undefined
    b.clock.advance(-5 * DAY_MS)
    expect(await b.courier().pass()).toBe(1)
    b.clock.advance(10 * DAY_MS)
    expect(await b.courier().pass()).toBe(0)
    expect(b.post.letters).toHaveLength(1)
    await b.database.close()
  })
})

describe('a webhook', () => {
  test('is signed as the Standard Webhooks specification says: its own library takes it, and no other body, time or secret (J23)', async () => {
    const b = await bench()
    const { secret, endpoint } = await b.endpoint()
    await b.board.tell(NOTICE)
    await b.courier().pass()
    const [posted] = b.post.posts
    if (!posted || secret === null) throw new Error('nothing was posted')
    expect(posted.url).toBe(endpoint.url)
    const at = new Date(b.clock.wallMs())
    const verify = (body: string, key: string) => new Webhook(key).verify(body, { ...posted.headers })
    // The library looks at the machine's clock for how old a webhook is.
    const real = Date.now
    try {
      Date.now = () => at.getTime()
      expect(verify(posted.body, secret)).toEqual({ type: 'allowance.threshold', timestamp: at.toISOString(), data: { account_id: ACCOUNT, title: 'Half of it', text: 'Half of it is used.', n: 1 } })
      expect(() => verify(posted.body.replace('Half', 'All'), secret)).toThrow()
      expect(() => verify(posted.body, `whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow()
    } finally {
      Date.now = real
    }
    await b.database.close()
  })

  test('has the same id at each try, and its time is that of the try', async () => {
    const b = await bench()
    await b.endpoint()
    await b.board.tell(NOTICE)
    b.post.answer = { status: 500, text: 'broken' }
    await b.courier().pass()
    b.clock.advance(10_000)
    b.post.answer = { status: 200, text: '' }
    await b.courier().pass()
    const [first, second] = b.post.posts.map(({ headers }) => headers)
    expect(second?.['webhook-id']).toBe(first?.['webhook-id'] ?? '')
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(10)
    await b.database.close()
  })

  test('is only posted where its kind is wanted, and a redirect is a failure', async () => {
    const b = await bench()
    await b.webhooks.create({ accountId: ACCOUNT, url: 'https://hooks.example/low', name: null, format: 'standard', events: ['balance.low'] }, SYSTEM)
    await b.endpoint()
    b.post.answer = { status: 302, text: '' }
    await b.board.tell(NOTICE)
    await b.courier().pass()
    expect(b.post.posts.map(({ url }) => url)).toEqual(['https://hooks.example/x'])
    expect((await b.webhooks.list(ACCOUNT, { offset: 0, limit: 10 })).rows.map(({ error }) => error)).toEqual([null, 'It answered with 302.'])
    await b.database.close()
  })

  test('of Slack is a text; its address is shown to nobody', async () => {
    const b = await bench()
    const { endpoint, secret } = await b.webhooks.create({ accountId: ACCOUNT, url: 'https://hooks.slack.example/services/T0/B0/secret', name: 'ops', format: 'slack', events: null }, SYSTEM)
    expect([endpoint.url, secret]).toEqual(['https://hooks.slack.example/…', null])
    await b.board.tell({ ...NOTICE, title: 'a <b> & *c*' })
    await b.courier().pass()
    expect(b.post.posts).toEqual([{ url: 'https://hooks.slack.example/services/T0/B0/secret', headers: {}, body: JSON.stringify({ text: '*a &lt;b&gt; &amp; c*\nHalf of it is used.' }) }])
    expect(JSON.stringify(await b.database.read((sql) => sql.all('SELECT before, after FROM audit_log')))).not.toContain('B0/secret')
    await b.database.close()
  })

  test('that fails for a day is disabled, says so once, and begins anew when somebody enables it', async () => {
    const b = await bench()
    const { endpoint } = await b.endpoint()
    b.post.answer = new Error('it cannot be reached')
    await b.board.tell(NOTICE)
    await b.board.tell({ ...NOTICE, reference: 'r2' })
    const courier = b.courier()
    for (let hours = 0; hours < 60; hours += 0.25) {
      await courier.pass()
      b.clock.advance(HOUR_MS / 4)
    }
    const disabled = await b.webhooks.get(ACCOUNT, endpoint.id)
    expect(disabled).toMatchObject({ disabledMs: expect.any(Number), disabledReason: 'It has failed for a day.', error: 'It could not be posted: it cannot be reached.' })
    const said = await b.store.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 10, kind: 'webhook.disabled' })
    expect(said.rows.map(({ title }) => title)).toEqual(['The webhook endpoint https://hooks.example/x was disabled'])
    b.post.answer = { status: 200, text: '' }
    expect(await courier.pass()).toBe(0)
    await b.webhooks.change(ACCOUNT, endpoint.id, { disabled: false }, SYSTEM)
    await courier.pass()
    expect(b.post.posts).toHaveLength(2)
    expect(await b.webhooks.get(ACCOUNT, endpoint.id)).toMatchObject({ disabledMs: null, disabledReason: null, failures: 0, error: null, deliveredMs: b.clock.wallMs() })
    await b.database.close()
  })

  test('whose endpoint wants no more is disabled at once; a deleted one is posted nothing', async () => {
    const b = await bench()
    const [{ endpoint: gone }, { endpoint: deleted }] = [await b.endpoint('https://hooks.example/gone'), await b.endpoint('https://hooks.example/deleted')]
    b.post.answer = { status: 410, text: '' }
    await b.board.tell(NOTICE)
    expect(await b.webhooks.delete(ACCOUNT, deleted.id, SYSTEM)).toBe(true)
    await b.courier().pass()
    expect(b.post.posts.map(({ url }) => url)).toEqual(['https://hooks.example/gone'])
    expect(await b.webhooks.get(ACCOUNT, gone.id)).toMatchObject({ disabledReason: 'It answered that it wants no more (410).' })
    await b.database.close()
  })

  test('is tested at once, and its secret is sealed anew under a new master key', async () => {
    const b = await bench()
    const { endpoint } = await b.endpoint()
    expect(await b.webhooks.test(ACCOUNT, endpoint.id)).toEqual({ ok: true, status: 204 })
    b.post.answer = { status: 500, text: '' }
    expect(await b.webhooks.test(ACCOUNT, endpoint.id)).toMatchObject({ ok: false, status: 500 })
    expect(await b.webhooks.test('other', endpoint.id)).toBeUndefined()
    const masterKeys = new MasterKeys({ dataDir: b.directory, fromEnvironment: undefined, onMade: () => undefined })
    const byok = new ByokKeys({ store: new SqlByok(b.database), masterKeys, clock: b.clock, referenceRule: () => undefined, others: [b.webhooks] })
    masterKeys.renew()
    expect(await byok.forgetOldKeys().catch((error: unknown) => String(error))).toContain('still sealed under an older master key')
    expect(await byok.rekey({ renew: false })).toEqual({ resealed: 1, unreadable: 0 })
    await byok.forgetOldKeys()
    b.post.answer = { status: 200, text: '' }
    expect(await b.webhooks.test(ACCOUNT, endpoint.id)).toMatchObject({ ok: true })
    await b.database.close()
  })
})

describe('an outbox that others write in', () => {
  test('loses and doubles nothing when nodes die at any moment', async () => {
    const b = await bench()
    for (let n = 0; n < 40; n++) await b.mailer.send({ ...LETTER, to: `p${n}@example.com` })
    // Claims that nobody finishes, as a killed node leaves them.
    const left: Message[] = []
    for (const nodeId of ['x', 'y']) left.push(...await b.store.claimMessages({ nodeId, without: undefined, limit: 5, nowMs: b.clock.wallMs() }))
    expect(new Set(left.map(({ id }) => id)).size).toBe(10)
    await Promise.all(['a', 'b', 'c'].map((node) => b.courier(node).pass()))
    expect(b.post.letters).toHaveLength(30)
    for (const nodeId of ['x', 'y']) await b.store.letGoOfMessages(nodeId)
    await b.courier('d').pass()
    expect(new Set(b.post.letters.map(({ letter }) => letter.to)).size).toBe(40)
    expect(b.post.letters).toHaveLength(40)
    await b.database.close()
  })
})
