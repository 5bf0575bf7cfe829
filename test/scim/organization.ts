import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { databaseUrlOf } from '../engine.ts'
import { startGateway, type Gateway } from '../server.ts'

export interface Answer { readonly status: number; readonly headers: Headers; readonly body: JsonObject }

/** An organisation with an admin, on a gateway, with a token for its directory. */
export interface Organization {
  readonly id: string
  readonly adminId: string
  /** A management key of its admin. */
  readonly adminKey: string
  readonly scimToken: string
  /** As its directory, below `/scim/v2`. */
  scim(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** As its admin, below `/api/v1`. */
  api(method: string, path: string, body?: unknown): Promise<Answer>
}

export interface Stage {
  readonly gateway: Gateway
  readonly organizations: readonly Organization[]
  ask(method: string, url: string, secret: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  stop(): Promise<void>
}

/** A gateway with organisations of these names; each admin is `admin@<name>.example`. */
export async function openStage(names: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-scim-'))
  const store = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  const made: { readonly id: string; readonly adminId: string; readonly adminKey: string }[] = []
  for (const name of names) {
    const admin = await store.people.addUser({ email: `admin@${name}.example` }, OPERATOR)
    const { id } = await store.people.createOrganization(name, admin.id, OPERATOR)
    made.push({ id, adminId: admin.id, adminKey: (await store.accounts.createKey({ accountId: id, name: 'admin', kind: 'management', creatorUserId: admin.id }, OPERATOR)).secret })
  }
  await store.close()
  const gateway = await startGateway({ dataDir, env })
  const organizations: Organization[] = []
  for (const { id, adminId, adminKey } of made) {
    const { body } = await ask('POST', `${gateway.url}/api/v1/scim/tokens`, adminKey, { name: 'Directory' })
    const scimToken = String(body['token'])
    organizations.push({
      id, adminId, adminKey, scimToken,
      scim: (method, path, sent, headers) => ask(method, `${gateway.url}/scim/v2${path}`, scimToken, sent, headers),
      api: (method, path, sent) => ask(method, `${gateway.url}/api/v1${path}`, adminKey, sent),
    })
  }
  return {
    gateway, organizations, ask,
    stop: async () => {
      await gateway.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function ask(method: string, url: string, secret: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method, headers: { authorization: `Bearer ${secret}`, ...(body !== undefined && { 'content-type': url.includes('/scim/v2') ? 'application/scim+json' : 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  // Everything here answers with an object, or with nothing.
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) as JsonObject }
}

/** The value at a path of names and numbers. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  // Whatever is not there is undefined, as in the languages of directories.
  return path.reduce<unknown>((inner, name) => (inner as Record<string | number, unknown> | undefined)?.[name], value)
}
