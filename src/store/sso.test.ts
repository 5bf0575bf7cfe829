import { afterAll, beforeAll, expect, test } from 'bun:test'
import { OPERATOR } from '../accounts/audit-entry.ts'
import { systemClock } from '../lib/clock.ts'
import { databaseUrlOf } from '../../test/engine.ts'
import { openAccounts, openLedger, type OpenLedger } from './open.ts'
import { testDirectory } from './store.fixture.ts'

const SECRET = 'a-client-secret-that-is-in-no-row'
const SETTINGS = { kind: 'oidc', issuer: 'https://login.example.com', clientId: 'switchyard' } as const

let store: OpenLedger
let accountId: string
const dataDir = testDirectory()

beforeAll(async () => {
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock, fsync: 'never', txt: { txt: async () => [] } })
  const admin = await store.people.addUser({ email: 'admin@acme.example' }, OPERATOR)
  accountId = (await store.people.createOrganization('Acme', admin.id, OPERATOR)).id
})

afterAll(() => store.close())

test('secrets are sealed, and sealed anew with those of providers', async () => {
  const made = await store.sso.create(accountId, { name: 'Acme', settings: SETTINGS, secret: SECRET }, OPERATOR)
  expect(JSON.stringify(made)).not.toContain(SECRET)
  expect(await store.sso.secretOf(made)).toBe(SECRET)
  const commands = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  expect(await commands.byok.rekey({ renew: true })).toEqual({ resealed: 1, unreadable: 0 })
  await commands.byok.forgetOldKeys()
  await commands.close()
  expect(await store.sso.secretOf(made)).toBe(SECRET)
  await store.sso.change(accountId, made.id, { name: 'Renamed' }, OPERATOR)
  expect(await store.sso.secretOf(made)).toBe(SECRET)
  await store.sso.remove(accountId, made.id, OPERATOR)
  expect(await store.sso.list(accountId)).toEqual([])
})

test('an organization has ten connections at most', async () => {
  for (let at = 0; at < 10; at += 1) await store.sso.create(accountId, { name: `c${at}`, settings: SETTINGS }, OPERATOR)
  const refused = await store.sso.create(accountId, { name: 'eleven', settings: SETTINGS }, OPERATOR).then(() => undefined, (error: unknown) => error)
  expect(refused).toMatchObject({ code: 'conflict' })
  for (const { id } of await store.sso.list(accountId)) await store.sso.remove(accountId, id, OPERATOR)
})

test('without a proven domain none is activated', async () => {
  const { id } = await store.sso.create(accountId, { name: 'Acme', settings: SETTINGS }, OPERATOR)
  expect(await store.sso.activate(accountId, id, OPERATOR).then(() => undefined, (error: unknown) => error)).toMatchObject({ code: 'conflict' })
  expect(await store.sso.forAddress('ada@acme.example')).toBeUndefined()
})
