import { z } from 'zod'
import type { KeyChange, KeyRecord } from '../../accounts/accounts.ts'
import { Fault } from '../../core/fault.ts'
import { parseUsd } from '../../core/nano.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext, Services } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { KEY_EXTRAS, keyExtras } from './key-extras.ts'
import { keyRow } from './key-row.ts'
import { flag, readQuery, text, whole } from './query.ts'
import { workspaceIdOf } from './workspaces.ts'

const PAGE_KEYS = 100
const NAME_CHARS_MAX = 256
/** USD. Nano-dollars of this fit a 64-bit integer. */
const LIMIT_MAX = 1_000_000_000

const name = z.string({ error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` }).trim()
  .min(1, { error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` })
  .max(NAME_CHARS_MAX, { error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` })

const LIMIT_ERROR = { error: `must be an amount of USD from 0 to ${LIMIT_MAX} with at most nine decimals, or null for no limit` }
/** An amount that a key may spend; null: no limit. */
export const limit = z.number(LIMIT_ERROR).min(0, LIMIT_ERROR).max(LIMIT_MAX, LIMIT_ERROR)
  .refine((amount) => parseUsd(String(amount)) !== undefined, LIMIT_ERROR)
  .transform((amount) => parseUsd(String(amount)) ?? 0n).nullable()

/** When what a key has spent counts from zero again. */
export const limitReset = z.enum(['daily', 'weekly', 'monthly'], { error: 'must be daily, weekly, monthly or null' }).nullable()
const includeByok = z.boolean({ error: 'must be true or false' })

const EXPIRES_ERROR = { error: 'must be a time in UTC like 2027-12-31T23:59:59Z, or null for never' }
/** A time in UTC, as ms since the epoch; null: never. */
export const expires = z.iso.datetime({ offset: true, ...EXPIRES_ERROR })
  .refine((text) => /(?:Z|[+-]00:00)$/.test(text) && !Number.isNaN(Date.parse(text)), EXPIRES_ERROR)
  .transform((text) => Date.parse(text)).nullable()

const workspace = z.uuid({ error: 'must be the id of a workspace; GET /api/v1/workspaces lists them' })

const NEW_KEY = z.strictObject({
  name,
  limit: limit.optional(),
  limit_reset: limitReset.optional(),
  include_byok_in_limit: includeByok.optional(),
  expires_at: expires.optional(),
  workspace_id: workspace.optional(),
  creator_user_id: z.string({ error: 'must be the id of a user, or null' }).min(1, { error: 'must be the id of a user, or null' }).nullable().optional(),
  switchyard: KEY_EXTRAS.optional(),
})

/** Whose customer a key is for it is for good. */
const CHANGED_EXTRAS = KEY_EXTRAS.omit({ wallet: true })

const KEY_CHANGE = z.strictObject({
  name: name.optional(),
  disabled: z.boolean({ error: 'must be true or false' }).optional(),
  limit: limit.optional(),
  limit_reset: limitReset.optional(),
  include_byok_in_limit: includeByok.optional(),
  expires_at: expires.optional(),
  switchyard: CHANGED_EXTRAS.optional(),
})

const OVERLAP_ERROR = { error: 'must be a whole number of seconds from 0 to 2592000' }
const ROTATION = z.strictObject({ overlap_seconds: z.int(OVERLAP_ERROR).min(0, OVERLAP_ERROR).max(2_592_000, OVERLAP_ERROR).optional() })
const OVERLAP_SECONDS = 86_400

const LIST_QUERY = { offset: whole(0), include_disabled: flag, workspace_id: text, creator_user_id: text } as const

/** `GET /keys`: the keys of a workspace, the default one unless said otherwise, 100 at a time, newest first (H5). */
export const listKeys: Route = {
  method: 'GET', path: '/keys', auth: 'management', operation: 'keys.read',
  async handle(context) {
    const access = accessIn(context)
    const query = readQuery(context.url.searchParams, LIST_QUERY)
    const creatorUserId = ownerOnly(access) ?? query.creator_user_id
    const keys = await context.services.accounts.listKeys(access.accountId, {
      offset: query.offset ?? 0, limit: PAGE_KEYS, includeDisabled: query.include_disabled ?? false,
      workspaceId: await workspaceIdOf(context, query.workspace_id), ...(creatorUserId !== undefined && { creatorUserId }),
    })
    return { data: keys.map(keyRow) }
  },
}

/** `POST /keys`: a new key; the only time that its secret is shown (H1). */
export const createKey: Route = {
  method: 'POST', path: '/keys', auth: 'management', operation: 'keys.create',
  async handle(context) {
    const access = accessIn(context)
    const body = await readBody(context, NEW_KEY)
    const { secret, key } = await context.services.accounts.createKey({
      accountId: access.accountId,
      name: body.name,
      limit: body.limit ?? null,
      limitReset: body.limit_reset ?? null,
      includeByokInLimit: body.include_byok_in_limit ?? false,
      expiresMs: future(context, body.expires_at) ?? null,
      ...(body.workspace_id !== undefined && { workspaceId: body.workspace_id }),
      creatorUserId: creatorOf(context, body.creator_user_id),
      ...keyExtras(context, body.switchyard),
    }, access.actor)
    return Response.json({ data: keyRow(key), key: secret }, { status: 201 })
  },
}

/** `GET /keys/{hash}`. */
export const getKey: Route = {
  method: 'GET', path: '/keys/{hash}', auth: 'management', operation: 'keys.read',
  handle: async (context) => ({ data: keyRow(await ownKey(context)) }),
}

/** `PATCH /keys/{hash}`: what is left out stays as it is. */
export const changeKey: Route = {
  method: 'PATCH', path: '/keys/{hash}', auth: 'management', operation: 'keys.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { hash } = await ownKey(context)
    const body = await readBody(context, KEY_CHANGE)
    const expiresMs = future(context, body.expires_at)
    const change: KeyChange = {
      ...(body.name !== undefined && { name: body.name }),
      ...(body.disabled !== undefined && { disabled: body.disabled }),
      ...(body.limit !== undefined && { limit: body.limit }),
      ...(body.limit_reset !== undefined && { limitReset: body.limit_reset }),
      ...(body.include_byok_in_limit !== undefined && { includeByokInLimit: body.include_byok_in_limit }),
      ...(expiresMs !== undefined && { expiresMs }),
      ...keyExtras(context, body.switchyard),
    }
    return { data: keyRow(await context.services.accounts.changeKey(accountId, hash, change, actor) ?? missing(hash)) }
  },
}

/** `POST /keys/{hash}/rotate`: a new secret for the key, which stays what it is; the old one lives on for a while. Only this server has it. */
export const rotateKey: Route = {
  method: 'POST', path: '/keys/{hash}/rotate', auth: 'management', operation: 'keys.rotate',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { hash } = await ownKey(context)
    const { overlap_seconds: seconds = OVERLAP_SECONDS } = await readBody(context, ROTATION)
    const { secret, key } = await context.services.accounts.rotateKey(accountId, hash, seconds * 1_000, actor) ?? missing(hash)
    return { data: keyRow(key), key: secret }
  },
}

/** `DELETE /keys/{hash}`: the key is refused from now on, its records stay. */
export const deleteKey: Route = {
  method: 'DELETE', path: '/keys/{hash}', auth: 'management', operation: 'keys.delete',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { hash } = await ownKey(context)
    if (!await context.services.accounts.deleteKey(accountId, hash, actor)) missing(hash)
    return { deleted: true }
  },
}

/** The key that the path names, where this operation reaches it; any other is not there. What can't be a hash is not looked for. */
async function ownKey(context: RouteContext): Promise<KeyRecord> {
  const access = accessIn(context)
  const hash = (context.params['hash'] ?? '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hash)) missing(hash)
  const key = await context.services.accounts.key(access.accountId, hash)
  const owner = ownerOnly(access)
  return key && (owner === undefined || key.creatorUserId === owner) ? key : missing(hash)
}

/** Does not repeat what was asked for: people paste secrets where hashes belong. */
function missing(hash: string): never {
  const hint = hash.startsWith('sk-') ? ' The path needs the hash of the key, not the key.' : ''
  throw new Fault('not_found', `There is no such key.${hint} GET /api/v1/keys lists the hashes.`)
}

/** Whose the new key is: who makes it, unless an admin says otherwise; null: the workspace's own (H25). */
function creatorOf(context: RouteContext, wish: string | null | undefined): string | null {
  const access = accessIn(context)
  const owner = ownerOnly(access)
  if (owner !== undefined && wish !== undefined && wish !== owner) throw new Fault('permission_denied', 'Members make keys for themselves: leave `creator_user_id` out.', { metadata: { field: 'creator_user_id' } })
  return wish === undefined ? access.userId : wish
}

/** An expiry that is over would make a dead key, which is never meant. Throws Fault `invalid_request`. */
export function future({ services }: { readonly services: Pick<Services, 'clock'> }, expiresMs: number | null | undefined): number | null | undefined {
  if (typeof expiresMs === 'number' && expiresMs <= services.clock.wallMs()) {
    throw new Fault('invalid_request', 'The field `expires_at` must be in the future.', { metadata: { field: 'expires_at' } })
  }
  return expiresMs
}
