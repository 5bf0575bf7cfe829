// What is taken back is taken back everywhere: a second after the answer to the change no process lets through what it forbids (H1, H4).
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { PRICE, startBiller, type Biller } from '../crash/biller.ts'
import { postOnce } from '../crash/post-once.ts'
import { createDatabase, describePostgres, startPostgres, type PostgresServer } from '../postgres-server.ts'
import { configOf } from '../server.ts'
import { dataOf, openWorld, type Answer, type World, type WorldOptions } from './world.ts'

setDefaultTimeout(120_000)

/** How long a change may take to be seen. */
const SEEN_MS = 1_000
/** Connections of a round: so many that each of four processes has some of them, whatever the kernel does. */
const ROUND = 40

/** Something that is asked on a connection of its own, and what it is answered before and after a change. */
interface Case {
  readonly what: string
  readonly before: number
  readonly after: readonly number[]
  readonly ask: (url: string) => Promise<number | undefined>
  readonly change: () => Promise<Answer>
}

let biller: Biller
beforeAll(async () => { biller = await startBiller({ pieces: 1, pieceMs: 1 }) })
afterAll(() => biller.stop())

const chat = (secret: string, model = 'acme/tiny') => async (url: string): Promise<number | undefined> => (await postOnce(`${url}/api/v1/chat/completions`, {
  headers: { authorization: `Bearer ${secret}` }, body: JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }),
}))?.status

/** Asked with a body that is wrong: whoever may do it is told so with 400, and nothing is made. */
const manage = (secret: string) => async (url: string): Promise<number | undefined> => (await postOnce(`${url}/api/v1/workspaces`, { headers: { authorization: `Bearer ${secret}` }, body: '{}' }))?.status

async function casesOf({ ask, ours, theirs }: World): Promise<Case[]> {
  const owner = (method: string, path: string, body?: unknown) => ask(ours.owner.secret, method, path, body)
  const key = async (wish: object = {}): Promise<{ readonly secret: string; readonly hash: string }> => {
    const made = await owner('POST', '/keys', { name: 'k', ...wish })
    return { secret: String(made.body['key']), hash: dataOf(made, 'hash') }
  }
  const changed = async (what: string, change: object, after: readonly number[], model?: string): Promise<Case> => {
    const { secret, hash } = await key()
    return { what, before: 200, after, ask: chat(secret, model), change: () => owner('PATCH', `/keys/${hash}`, change) }
  }
  const [deleted, expiring, policed, guarded, rotated, revived] = [await key(), await key(), await key(), await key(), await key(), await key()]
  await owner('PATCH', `/keys/${revived.hash}`, { disabled: true })
  const guardrail = dataOf(await owner('POST', '/guardrails', { name: 'none', allowed_models: ['demo/echo'] }))
  // The last admin stays one.
  await owner('PATCH', `/organization/members/${await ours.newMember()}`, { role: 'admin' })
  const leaver = await ours.newMember()
  const leaving = await key({ creator_user_id: leaver })
  return [
    await changed('a key that is disabled', { disabled: true }, [401]),
    { what: 'a key that expires', before: 200, after: [401], ask: chat(expiring.secret), change: () => owner('PATCH', `/keys/${expiring.hash}`, { expires_at: new Date(Date.now() + SEEN_MS / 2).toISOString() }) },
    await changed('a limit of nothing', { limit: 0 }, [402, 403]),
    await changed('a network that the client is not in', { switchyard: { ip_ranges: ['203.0.113.0/24'] } }, [403]),
    await changed('a model that the key may not use', { switchyard: { allowed_models: ['demo/echo'] } }, [400, 403, 404]),
    { what: 'a key that is deleted', before: 200, after: [401], ask: chat(deleted.secret), change: () => owner('DELETE', `/keys/${deleted.hash}`) },
    { what: "a key's policy", before: 200, after: [400, 403, 404], ask: chat(policed.secret), change: () => owner('PATCH', `/keys/${policed.hash}/policy`, { allowed_models: ['demo/echo'] }) },
    { what: 'a guardrail', before: 200, after: [400, 403, 404], ask: chat(guarded.secret), change: () => owner('POST', `/guardrails/${guardrail}/assignments/keys`, { key_hashes: [guarded.hash] }) },
    { what: 'the old secret of a rotation', before: 200, after: [401], ask: chat(rotated.secret), change: () => owner('POST', `/keys/${rotated.hash}/rotate`, { overlap_seconds: 0 }) },
    { what: 'a key that lives again', before: 401, after: [200], ask: chat(revived.secret), change: () => owner('PATCH', `/keys/${revived.hash}`, { disabled: false }) },
    { what: 'keys of who leaves', before: 200, after: [401], ask: chat(leaving.secret), change: () => owner('DELETE', `/organization/members/${leaver}`) },
    { what: 'an admin who is a member now', before: 400, after: [403], ask: manage(ours.admin.secret), change: () => owner('PATCH', `/organization/members/${ours.admin.userId}`, { role: 'member' }) },
    { what: 'management by who may not sign in', before: 403, after: [401, 403], ask: manage(ours.member.secret), change: () => owner('PATCH', `/instance/people/${ours.member.userId}`, { disabled: true, reason: 'left' }) },
    { what: 'an account that is suspended', before: 200, after: [401, 403], ask: chat(theirs.plain.secret), change: () => owner('POST', `/instance/accounts/${theirs.accountId}/suspend`, { reason: 'unpaid' }) },
  ]
}

async function round(urls: readonly string[], { ask }: Case): Promise<Set<number | undefined>> {
  return new Set(await Promise.all(Array.from({ length: ROUND }, (_, number) => ask(urls[number % urls.length] ?? ''))))
}

async function check(options: WorldOptions): Promise<void> {
  const world = await openWorld({ ...options, config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]) })
  try {
    const urls = world.nodes.map(({ url }) => url)
    const cases = await casesOf(world)
    // Every process has seen each of them as it is now.
    for (const one of cases) expect([one.what, [...await round(urls, one)]]).toEqual([one.what, [one.before]])
    for (const one of cases) {
      const { status, text } = await one.change()
      expect([one.what, status < 300 || text]).toEqual([one.what, true])
    }
    await Bun.sleep(SEEN_MS)
    for (const one of cases) {
      const answers = [...await round(urls, one)]
      expect([one.what, answers, answers.every((status) => one.after.includes(status ?? 0))]).toEqual([one.what, answers, true])
    }
  } finally {
    await world.close()
  }
}

test('four processes on SQLite', () => check({ workers: [4] }))

describePostgres('on Postgres', () => {
  let server: PostgresServer
  beforeAll(async () => { server = await startPostgres() })
  afterAll(() => server.remove())
  test('two nodes of two processes', () => check({ workers: [2, 2], databaseUrl: createDatabase(server.url, 'revocation') }))
})

describe('many changes at once', () => {
  test('are all seen: forty keys that are disabled in one moment', async () => {
    const world = await openWorld({ workers: [4] })
    try {
      const keys = await Promise.all(Array.from({ length: 40 }, () => world.ask(world.ours.owner.secret, 'POST', '/keys', { name: 'k' })))
      const secrets = keys.map(({ body }) => String(body['key']))
      const askAll = () => Promise.all(secrets.flatMap((secret) => Array.from({ length: 4 }, () => chat(secret, 'demo/echo')(world.gateway.url))))
      expect(new Set(await askAll())).toEqual(new Set([200]))
      await Promise.all(keys.map((made) => world.ask(world.ours.owner.secret, 'PATCH', `/keys/${dataOf(made, 'hash')}`, { disabled: true })))
      await Bun.sleep(SEEN_MS)
      expect(new Set(await askAll())).toEqual(new Set([401]))
    } finally {
      await world.close()
    }
  })
})
