import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ask, fakeServices, keyRecord, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { FakeClock } from '../../lib/clock.ts'
import { openLedger, type OpenLedger } from '../../store/open.ts'
import { testDirectory } from '../../store/store.fixture.ts'
import { Outbound } from '../../upstream/egress/outbound.ts'
import type { Services } from '../route.ts'

const ADMIN = keyRecord({ kind: 'management' })
const clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
let ledger: OpenLedger
let services: Services

beforeAll(async () => {
  ledger = await openLedger({ dataDir: testDirectory(), clock, sending: { smtp: undefined, poster: new Outbound({ clock, privateAllowed: false }), sweeps: false } })
  services = { ...fakeServices(snapshot([])), accounts: ledger.accounts, people: ledger.people, workspaces: ledger.workspaces, notices: ledger.notices, clock }
})
afterAll(async () => { await ledger.close() })

async function api(method: string, path: string, body?: Record<string, unknown>): Promise<Answer & { readonly data: Record<string, unknown> }> {
  const answer = await ask(services, method, path, { as: ADMIN, ...(body && { body }) })
  // Tests look at single fields of it; one that is not there fails there.
  return { ...answer, data: ((answer.body as Record<string, unknown> | undefined)?.['data'] ?? {}) as Record<string, unknown> }
}

const tell = (reference: string) => services.notices.board.tell({ accountId: 'default', kind: 'payment.failed', title: `of ${reference}`, text: 'It failed.', data: { n: 1 }, reference })

describe('settings', () => {
  const DEFAULTS = { thresholds: { percent: [50, 80, 90, 100], balance_usd: [100] }, recipients: { admins: true, key_owner: true, addresses: [], balance_address: null }, channels: { email: true, webhook: true } }

  test('200: as the contract has them, until somebody changes some (J23)', async () => {
    expect((await api('GET', '/notifications/settings')).data).toEqual(DEFAULTS)
    const { data } = await api('PATCH', '/notifications/settings', { thresholds: { percent: [100, 75, 75], balance_usd: [5, 12.5] }, recipients: { addresses: ['Ops@Example.com', 'ops@example.com'] } })
    expect(data).toEqual({ ...DEFAULTS, thresholds: { percent: [75, 100], balance_usd: [12.5, 5] }, recipients: { ...DEFAULTS.recipients, addresses: ['ops@example.com'] } })
    expect((await api('PATCH', '/notifications/settings', { channels: { email: false }, thresholds: { percent: [] } })).data).toMatchObject({ thresholds: { percent: [], balance_usd: [12.5, 5] }, channels: { email: false, webhook: true } })
    expect((await api('GET', '/notifications/settings')).data).toMatchObject({ thresholds: { percent: [] }, recipients: { addresses: ['ops@example.com'] } })
    const { rows } = await services.people.audit('default', { offset: 0, limit: 1, action: 'alerts.change' })
    expect(rows[0]).toMatchObject({ before: { channels: { email: true } }, after: { channels: { email: false } } })
  })

  const bad: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ thresholds: { percent: [0] } }, /thresholds\.percent.*from 1 to 100/], [{ thresholds: { percent: [50.5] } }, /whole percentages/], [{ thresholds: { balance_usd: [-1] } }, /balance_usd.*above 0/],
    [{ thresholds: { balance_usd: [0.0000000001] } }, /nine decimals/], [{ recipients: { addresses: ['a@b\r\nBcc: c@d'] } }, /addresses.*e-mail/], [{ recipients: { balance_address: 'nobody' } }, /balance_address.*e-mail/],
    [{ channels: { fax: true } }, /no field `fax`/], [{ percent: [50] }, /no field `percent`/],
  ]
  for (const [body, message] of bad) test(`400: ${JSON.stringify(body)}`, async () => expect(await api('PATCH', '/notifications/settings', body)).toMatchObject({ status: 400, text: expect.stringMatching(message) }))
})

describe('notifications', () => {
  test('200: newest first, by type, read or not; a reference is told once', async () => {
    expect([await tell('a'), await tell('a')]).toEqual([true, false])
    clock.advance(1_000)
    await tell('b')
    const { body, data } = await api('GET', '/notifications')
    expect(body).toMatchObject({ total_count: 2, unread_count: 2 })
    expect(data).toMatchObject([{ type: 'payment.failed', title: 'of b', text: 'It failed.', data: { n: 1 }, created_at: '2026-11-20T12:00:01.000Z', read_at: null }, { title: 'of a' }])
    expect((await api('POST', '/notifications/read', { ids: [String((data as unknown as { id: string }[])[1]?.id), 'of-nobody'] })).data).toEqual({ marked: 1 })
    expect((await api('GET', '/notifications?unread=true')).body).toMatchObject({ data: [{ title: 'of b' }], total_count: 1, unread_count: 1 })
    expect((await api('GET', '/notifications?type=balance.low')).body).toMatchObject({ data: [], total_count: 0, unread_count: 1 })
    expect((await api('POST', '/notifications/read', {})).data).toEqual({ marked: 1 })
    expect((await api('GET', '/notifications?type=nonsense')).status).toBe(400)
    expect((await api('POST', '/notifications/read', { ids: [] })).status).toBe(400)
  })
})

describe('webhooks', () => {
  test('201: the secret is shown once; the rest can be changed and taken away', async () => {
    const made = await api('POST', '/notifications/webhooks', { url: 'https://ops.example/hook', name: 'ops', events: ['balance.low'] })
    expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) }, data: { url: 'https://ops.example/hook', name: 'ops', format: 'standard', events: ['balance.low'], disabled: false, failures: 0, last_error: null } })
    const path = `/notifications/webhooks/${String(made.data['id'])}`
    for (const { text } of [await api('GET', '/notifications/webhooks'), await api('GET', path)]) expect(text).not.toMatch(/whsec_|v1\./)
    expect((await api('PATCH', path, { disabled: true, events: null })).data).toMatchObject({ disabled: true, disabled_at: expect.any(String), events: null, url: 'https://ops.example/hook' })
    expect((await api('PATCH', path, { disabled: false })).data).toMatchObject({ disabled: false, disabled_at: null })
    expect((await api('DELETE', path)).body).toEqual({ deleted: true })
    for (const [method, more] of [['GET', ''], ['DELETE', ''], ['POST', '/test']] as const) expect([method, (await api(method, path + more)).status]).toEqual([method, 404])
    expect((await services.people.audit('default', { offset: 0, limit: 10 })).rows.map(({ action }) => action)).toEqual(['webhook.delete', 'webhook.change', 'webhook.change', 'webhook.create', 'alerts.change', 'alerts.change'])
  })

  test('a test says how it went, and nothing of what there is inside', async () => {
    const { data } = await api('POST', '/notifications/webhooks', { url: 'https://127.0.0.1/hook' })
    expect((await api('POST', `/notifications/webhooks/${String(data['id'])}/test`)).data).toEqual({ delivered: false, status: null, error: expect.stringContaining('no address that may be posted to') })
  })

  const bad: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{}, /url.*https/], [{ url: 'http://ops.example' }, /url.*must be https/], [{ url: 'ftp://ops.example' }, /https address/], [{ url: 'https://a:b@ops.example' }, /user or password/], [{ url: `https://ops.example/${'x'.repeat(2_000)}` }, /2000 characters/],
    [{ url: 'https://ops.example', events: ['nonsense'] }, /events.*balance\.low/], [{ url: 'https://ops.example', events: [] }, /events/], [{ url: 'https://ops.example', format: 'xml' }, /format.*standard, slack/],
  ]
  for (const [body, message] of bad) test(`400: ${JSON.stringify(body).slice(0, 80)}`, async () => expect(await api('POST', '/notifications/webhooks', body)).toMatchObject({ status: 400, text: expect.stringMatching(message) }))

  test('409: an account has so many, and no more', async () => {
    const answers = []
    for (let count = 0; count < 20; count++) answers.push((await api('POST', '/notifications/webhooks', { url: 'https://ops.example/hook' })).status)
    expect(answers).toEqual([...Array.from({ length: 19 }, () => 201), 409])
  })
})
