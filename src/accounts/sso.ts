import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { Actor } from './audit-entry.ts'
import type { SealedElsewhere } from './byok/byok-keys.ts'
import { resealAll, type Resealed } from './byok/reseal.ts'
import type { Domains } from './domains.ts'
import type { PeopleStore } from './people-store.ts'
import type { JoinRefusal, SealedSso, SsoConnection, SsoStore, SsoWish } from './sso-connection.ts'

export interface SsoOptions {
  readonly store: SsoStore & Pick<PeopleStore, 'account'>
  readonly domains: Pick<Domains, 'ownerOf' | 'list'>
  /** Seals under the master key that providers' keys are sealed under too. */
  readonly vault: { seal(text: string, context: string): Promise<string>; open(sealed: string, context: string): string | undefined }
  readonly clock: Clock
}

/** What is sealed for a connection is worth nothing in another. */
function contextOf({ accountId, id }: Pick<SsoConnection, 'accountId' | 'id'>): string {
  return `sso ${accountId} ${id}`
}

/** Providers of identity that organisations sign their people in with (contract H21). */
export class Sso implements SealedElsewhere {
  constructor(private readonly options: SsoOptions) {}

  list(accountId: string): Promise<readonly SsoConnection[]> {
    return this.options.store.listSso(accountId)
  }

  /** Throws Fault `not_found`. */
  async get(accountId: string, id: string): Promise<SsoConnection> {
    return found(await this.options.store.sso(id), accountId)
  }

  async create(accountId: string, { name, settings, secret, defaultRole = 'member', isEnforced = false }: SsoWish, by: Actor): Promise<SsoConnection> {
    const nowMs = this.options.clock.wallMs()
    const id = rowId()
    const sealed = secret === undefined ? null : await this.options.vault.seal(secret, contextOf({ accountId, id }))
    const connection: SealedSso = { id, accountId, name, settings, state: 'pending', defaultRole, isEnforced, sealed, createdMs: nowMs, updatedMs: null, activatedMs: null, disabledMs: null }
    if (!await this.options.store.insertSso(connection, { by, nowMs })) throw new Fault('conflict', 'An organization has at most ten connections: delete one first.')
    return connection
  }

  /** What is not said stays. Throws Fault. */
  async change(accountId: string, id: string, wish: Partial<SsoWish>, by: Actor): Promise<SsoConnection> {
    const before = await this.get(accountId, id)
    if (wish.settings && wish.settings.kind !== before.settings.kind) throw new Fault('invalid_request', `The field \`kind\` of a connection stays as it is: ${before.settings.kind}. Make another connection.`, { metadata: { field: 'kind' } })
    const { secret, ...rest } = wish
    const sealed = secret === undefined ? {} : { sealed: await this.options.vault.seal(secret, contextOf(before)) }
    return found(await this.options.store.changeSso(accountId, id, { ...rest, ...sealed }, { by, nowMs: this.options.clock.wallMs() }), accountId)
  }

  /** From now on people of the organization's domains may sign in with it. Throws Fault `conflict`. */
  async activate(accountId: string, id: string, by: Actor): Promise<SsoConnection> {
    await this.get(accountId, id)
    const { rows } = await this.options.domains.list(accountId, { offset: 0, limit: 1_000 })
    if (!rows.some(({ state }) => state === 'active')) throw new Fault('conflict', 'The organization has proven no domain: POST /api/v1/domains, then verify it. Only people with addresses of its domains can sign in this way.')
    const active = await this.options.store.setSsoState(accountId, id, 'active', { by, nowMs: this.options.clock.wallMs() })
    if (active === 'other_active') throw new Fault('conflict', 'Another connection of the organization is active: disable it first.')
    return found(active, accountId)
  }

  async disable(accountId: string, id: string, by: Actor): Promise<SsoConnection> {
    await this.get(accountId, id)
    const disabled = await this.options.store.setSsoState(accountId, id, 'disabled', { by, nowMs: this.options.clock.wallMs() })
    return found(disabled === 'other_active' ? undefined : disabled, accountId)
  }

  async remove(accountId: string, id: string, by: Actor): Promise<void> {
    if (!await this.options.store.deleteSso(accountId, id, { by, nowMs: this.options.clock.wallMs() })) throw missing()
  }

  /** The one that people sign in with, by its id; undefined where it is not active, or its organization is suspended. */
  async active(id: string): Promise<SsoConnection | undefined> {
    const connection = await this.options.store.sso(id)
    return connection && await this.letsIn(connection) ? connection : undefined
  }

  /** As it is, whoever asks. */
  find(id: string): Promise<SsoConnection | undefined> {
    return this.options.store.sso(id)
  }

  /** The one that whoever has this address signs in with. */
  async forAddress(email: string): Promise<SsoConnection | undefined> {
    const accountId = email.includes('@') ? await this.options.domains.ownerOf(email) : undefined
    const connection = accountId === undefined ? undefined : (await this.options.store.listSso(accountId)).find(({ state }) => state === 'active')
    return connection && await this.letsIn(connection) ? connection : undefined
  }

  /** The one that whoever has this address has to use. Not the operator of the install, who gets in when it is broken. */
  async enforced(email: string): Promise<SsoConnection | undefined> {
    const connection = await this.forAddress(email)
    return connection?.isEnforced === true && !await this.options.store.isOperatorAddress(email) ? connection : undefined
  }

  /** Whether the address is of a domain that is proven to be the connection's organisation's. */
  async isOf(connection: SsoConnection, email: string): Promise<boolean> {
    return await this.options.domains.ownerOf(email) === connection.accountId
  }

  /** The connection's secret. Throws Fault `unavailable` where no key here opens it. */
  async secretOf(connection: SsoConnection): Promise<string | undefined> {
    const sealed = (await this.options.store.sealedSso(connection.id))?.sealed
    if (sealed === undefined || sealed === null) return undefined
    const secret = this.options.vault.open(sealed, contextOf(connection))
    if (secret === undefined) throw new Fault('unavailable', 'Single sign-on does not work on this node; tell its operator.', { detail: `the secret of ${connection.id} is sealed under a master key that is not here` })
    return secret
  }

  /** Why somebody with this address cannot be a member; undefined where they can. */
  refusal(connection: SsoConnection, email: string): Promise<JoinRefusal | undefined> {
    return this.options.store.joinRefusal(connection.accountId, email)
  }

  /** Makes somebody a member, if they are none yet. */
  join({ accountId, defaultRole }: SsoConnection, userId: string): Promise<JoinRefusal | undefined> {
    return this.options.store.joinBySso(accountId, userId, defaultRole, this.options.clock.wallMs())
  }

  /** A suspended organization lets nobody in, and says of nobody who they are. Its people sign in by themselves, to what else is theirs. */
  private async letsIn({ state, accountId }: SsoConnection): Promise<boolean> {
    return state === 'active' && (await this.options.store.account(accountId))?.suspended === undefined
  }

  async reseal(sealKeyId: string): Promise<Resealed> {
    const { store, vault } = this.options
    return await resealAll({
      list: (limit) => store.ssoSealedByOthers(sealKeyId, limit), open: (row) => vault.open(row.sealed ?? '', contextOf(row)), seal: (text, row) => vault.seal(text, contextOf(row)),
      keep: (row, sealed) => store.resealSso(row.id, row.sealed ?? '', sealed),
    })
  }

  async anySealedByOthers(sealKeyId: string): Promise<boolean> {
    return (await this.options.store.ssoSealedByOthers(sealKeyId, 1)).length > 0
  }
}

function found(connection: SsoConnection | undefined, accountId: string): SsoConnection {
  if (!connection || connection.accountId !== accountId) throw missing()
  return connection
}

function missing(): Fault {
  return new Fault('not_found', 'There is no such connection. GET /api/v1/sso lists them.')
}

