import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { INSTANCE_SETTINGS } from '../../accounts/instance.ts'
import { openLedger, type OpenLedger } from '../../store/open.ts'
import { systemClock } from '../../lib/clock.ts'
import { testDirectory } from '../../store/store.fixture.ts'
import { databaseUrlOf } from '../../../test/engine.ts'
import { SignIn } from './sign-in.ts'

let store: OpenLedger
let signIn: SignIn
const links: string[] = []

beforeAll(async () => {
  const dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock, fsync: 'never' })
  // A mail server that takes a letter and never says so.
  const mailer = { isConfigured: true, send: ({ text }: { readonly text: string }) => { links.push(text); return new Promise<void>(() => undefined) } }
  signIn = new SignIn({ store: store.signIn, instance: { maySignUp: () => true, settings: INSTANCE_SETTINGS }, mailer, clock: systemClock, dataDir, authSecret: undefined, setUpCode: 'none', publicUrl: 'http://localhost:1', host: '127.0.0.1', onTrouble: (what, detail) => { throw new Error(`${what}: ${detail}`) }, onLink: () => undefined })
  await ask('/sign-up/email', { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' })
})

afterAll(() => store.close())

function ask(path: string, body: Record<string, string>): Promise<Response> {
  return signIn.call({ request: new Request(`http://localhost:1/api/auth${path}`, { method: 'POST' }), address: '10.0.0.1' }, { path, body })
}

test('an answer waits for no letter: nobody learns from its time whether there is one', async () => {
  for (const path of ['/request-password-reset', '/sign-in/magic-link', '/send-verification-email']) {
    for (const email of ['ada@example.com', 'nobody@example.com']) expect(await (await ask(path, { email })).json()).toEqual({ status: true })
  }
})

test('a password is worked on once, whether or not the address is known: the same argon2id either way', async () => {
  const [hash, verify] = [spyOn(Bun.password, 'hash'), spyOn(Bun.password, 'verify')]
  const work = async (path: string, email: string) => {
    hash.mockClear()
    verify.mockClear()
    await ask(path, { email, name: 'A', password: 'wrong horse battery' })
    return hash.mock.calls.length + verify.mock.calls.length
  }
  try {
    for (const path of ['/sign-in/email', '/sign-up/email']) {
      for (const email of ['ada@example.com', `nobody${path.length}@example.com`]) expect([path, email, await work(path, email)]).toEqual([path, email, 1])
    }
    expect(hash.mock.results.length).toBeGreaterThan(0)
    expect(await hash.mock.results[0]?.value).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  } finally {
    hash.mockRestore()
    verify.mockRestore()
  }
})

test('more ways to sign in are made when somebody first signs in, and not before', async () => {
  expect(links.length).toBeGreaterThan(0)
  const asked: string[] = []
  const lazy = new SignIn({ store: store.signIn, instance: { maySignUp: () => true, settings: INSTANCE_SETTINGS }, mailer: { isConfigured: false, send: () => Promise.resolve() }, clock: systemClock, dataDir: testDirectory(), authSecret: 'x'.repeat(40), publicUrl: 'http://localhost:1', host: '127.0.0.1', ways: async () => { asked.push('ways'); return {} }, onTrouble: () => undefined, onLink: () => undefined })
  expect(asked).toEqual([])
  // This store's other nodes have another secret: nobody signs in here, and it is said why.
  const refused = await lazy.call({ request: new Request('http://localhost:1/'), address: undefined }, { path: '/sign-in/email', body: { email: 'ada@example.com', password: 'correct horse battery' } }).then(() => undefined, (error: unknown) => error)
  expect(refused).toMatchObject({ code: 'unavailable', options: { detail: expect.stringContaining('SWITCHYARD_AUTH_SECRET') } })
  expect(asked).toEqual(['ways'])
})
