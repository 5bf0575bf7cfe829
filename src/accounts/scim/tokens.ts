import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { randomText, rowId } from '../../lib/id.ts'
import { hashSecret, label } from '../account-book.ts'
import type { Actor } from '../audit-entry.ts'
import type { Listed, Page } from '../people-store.ts'
import type { DirectoryCaller } from './directory.ts'
import type { ScimStore, ScimToken } from './scim-store.ts'

const PREFIX = 'sk-scim-v1-'
const SECRET_CHARS = 43
const NAME_CHARS_MAX = 100
/** A token's use is noted no more often than this. */
const NOTE_USE_MS = 60_000

/** What directories show to be let in: made by admins, shown once, kept as its hash. */
export class ScimTokens {
  constructor(private readonly store: ScimStore, private readonly clock: Clock) {}

  async create(accountId: string, name: string, by: Actor): Promise<{ readonly secret: string; readonly token: ScimToken }> {
    const trimmed = name.trim()
    if (trimmed === '' || trimmed.length > NAME_CHARS_MAX || /\p{Cc}/u.test(trimmed)) throw new Fault('invalid_request', `The field \`name\` must be a text of 1 to ${NAME_CHARS_MAX} characters in one line.`, { metadata: { field: 'name' } })
    const nowMs = this.clock.wallMs()
    const secret = `${PREFIX}${randomText(SECRET_CHARS)}`
    const token: ScimToken = { id: rowId(), accountId, name: trimmed, label: label(secret), createdBy: by.userId, createdMs: nowMs, lastUsedMs: null, revokedMs: null }
    await this.store.insertScimToken(token, hashSecret(secret), { by, nowMs })
    return { secret, token }
  }

  list(accountId: string, page: Page): Promise<Listed<ScimToken>> {
    return this.store.listScimTokens(accountId, page)
  }

  /** From the next request on the directory is not let in. Throws Fault `not_found`. */
  async revoke(accountId: string, id: string, by: Actor): Promise<void> {
    if (!await this.store.revokeScimToken(accountId, id, { by, nowMs: this.clock.wallMs() })) throw new Fault('not_found', 'There is no such live token. GET /api/v1/scim/tokens lists them.')
  }

  /** Whose directory shows this; undefined for what is no live token. */
  async find(secret: string): Promise<DirectoryCaller | undefined> {
    const token = secret.startsWith(PREFIX) ? await this.store.scimToken(hashSecret(secret)) : undefined
    if (!token) return undefined
    const { id, accountId, name, lastUsedMs } = token
    const nowMs = this.clock.wallMs()
    if (lastUsedMs === null || nowMs - lastUsedMs >= NOTE_USE_MS) await this.store.noteScimTokenUse(accountId, id, nowMs)
    return { accountId, actor: { kind: 'directory', id, name, userId: null } }
  }
}
