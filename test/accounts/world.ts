import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_ACCOUNT } from '../../src/accounts/accounts.ts'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import { asObject, asString, parseObject, type JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'

/** Who asks: by a management key of nobody (the account's own, an admin's, a member's), or by an API key. */
export interface Asker { readonly secret: string; readonly userId: string | null }

/** An account with people in it. `guest` is a member too, whom things may be done to. */
export interface Side {
  readonly accountId: string
  readonly owner: Asker
  readonly admin: Asker
  readonly member: Asker
  readonly plain: Asker
  /** A new member of the account. */
  newMember(): Promise<string>
  /** A new account, which is of neither side. */
  newAccount(): Promise<string>
}

export interface Answer { readonly status: number; readonly body: JsonObject; readonly text: string }

/** The real program with two accounts: `ours` is the first of the install, whose owner is its operator; `theirs` is another one. */
export interface World {
  readonly gateway: Gateway
  /** All gateways on the store, `gateway` first. */
  readonly nodes: readonly Gateway[]
  readonly ours: Side
  readonly theirs: Side
  ask(secret: string | undefined, method: string, path: string, body?: unknown): Promise<Answer>
  close(): Promise<void>
}

export interface WorldOptions {
  /** The operator's file. */
  readonly config?: string
  /** How many processes each gateway has: one of one, when not said. Several gateways need a Postgres. */
  readonly workers?: readonly number[]
  readonly databaseUrl?: string
}

export async function openWorld({ config, workers = [1], databaseUrl }: WorldOptions = {}): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-world-'))
  const dataDir = join(home, 'node-0')
  const place = { dataDir, databaseUrl: databaseUrl ?? databaseUrlOf(dataDir), clock: systemClock }
  const { accounts, people, instance, close } = await openAccounts(place)
  await instance.change({ members_max: 10_000 }, OPERATOR)
  const founder = await people.addUser({ email: 'founder@example.com' }, OPERATOR)
  let lastGuest = 0
  const side = async (name: string, accountId: string): Promise<Side> => {
    await accounts.grant(accountId, 1_000_000_000n, 'test')
    const asker = async (who: 'owner' | 'admin' | 'member' | 'plain'): Promise<Asker> => {
      const user = who === 'admin' || who === 'member' ? await people.addUser({ email: `${who}@${name}.example.com`, firstName: who }, OPERATOR) : undefined
      if (user) await people.addMember(accountId, user.id, who === 'admin' ? 'admin' : 'member', OPERATOR)
      const { secret } = await accounts.createKey({ accountId, name: `${name} ${who}`, kind: who === 'plain' ? 'inference' : 'management', creatorUserId: user?.id ?? null }, OPERATOR)
      return { secret, userId: user?.id ?? null }
    }
    const newMember = async (): Promise<string> => {
      const beside = await openAccounts(place)
      const user = await beside.people.addUser({ email: `guest-${++lastGuest}@${name}.example.com` }, OPERATOR)
      await beside.people.addMember(accountId, user.id, 'member', OPERATOR)
      await beside.close()
      return user.id
    }
    const newAccount = async (): Promise<string> => {
      const beside = await openAccounts(place)
      const { id } = await beside.people.createOrganization('New', founder.id, OPERATOR)
      await beside.close()
      return id
    }
    return { accountId, owner: await asker('owner'), admin: await asker('admin'), member: await asker('member'), plain: await asker('plain'), newMember, newAccount }
  }
  const ours = await side('ours', DEFAULT_ACCOUNT)
  const theirs = await side('theirs', (await people.createOrganization('Others', founder.id, OPERATOR)).id)
  await close()
  const nodes = await Promise.all(workers.map((count, node) => startGateway({
    dataDir: join(home, `node-${node}`), args: ['--workers', String(count)], ...(config !== undefined && { config }), ...(databaseUrl !== undefined && { env: { DATABASE_URL: databaseUrl } }),
  })))
  const [gateway] = nodes
  if (!gateway) throw new Error('a world has a gateway')
  return {
    gateway, nodes, ours, theirs,
    ask: async (secret, method, path, body) => {
      const response = await fetch(`${gateway.url}/api/v1${path}`, {
        method, headers: { 'content-type': 'application/json', ...(secret !== undefined && { authorization: `Bearer ${secret}` }) }, ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: parseObject(text) ?? {}, text }
    },
    close: async () => {
      for (const node of nodes) await node.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** A field of `data` of an answer. Throws with the answer when it is not there. */
export function dataOf({ body, status, text }: Answer, field = 'id'): string {
  const found = asString(asObject(body['data'])?.[field])
  if (found === undefined) throw new Error(`${status} has no data.${field}: ${text.slice(0, 300)}`)
  return found
}
