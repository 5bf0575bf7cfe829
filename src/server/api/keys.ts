import { z } from 'zod'
import type { KeyChange, KeyRecord } from '../../accounts/accounts.ts'
import { Fault } from '../../core/fault.ts'
import { parseUsd } from '../../core/nano.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { callerOf } from './caller.ts'
import { allowanceOf, timeOrNull } from './key.ts'
import { flag, oneOf, readQuery, whole } from './query.ts'
import { DEFAULT_WORKSPACE } from './workspace.ts'

const PAGE_KEYS = 100
const NAME_CHARS_MAX = 256
/** USD. Nano-dollars of this fit a 64-bit integer. */
const LIMIT_MAX = 1_000_000_000

const name = z.string({ error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` }).trim()
  .min(1, { error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` })
  .max(NAME_CHARS_MAX, { error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` })

const LIMIT_ERROR = { error: `must be an amount of USD from 0 to ${LIMIT_MAX} with at most nine decimals, or null for no limit` }
const limit = z.number(LIMIT_ERROR).min(0, LIMIT_ERROR).max(LIMIT_MAX, LIMIT_ERROR)
  .refine((amount) => parseUsd(String(amount)) !== undefined, LIMIT_ERROR)
  .transform((amount) => parseUsd(String(amount)) ?? 0n).nullable()

const limitReset = z.enum(['daily', 'weekly', 'monthly'], { error: 'must be daily, weekly, monthly or null' }).nullable()
const includeByok = z.boolean({ error: 'must be true or false' })

const EXPIRES_ERROR = { error: 'must be a time in UTC like 2027-12-31T23:59:59Z, or null for never' }
const expires = z.iso.datetime({ offset: true, ...EXPIRES_ERROR })
  .refine((text) => /(?:Z|[+-]00:00)$/.test(text) && !Number.isNaN(Date.parse(text)), EXPIRES_ERROR)
  .transform((text) => Date.parse(text)).nullable()

const workspace = z.literal(DEFAULT_WORKSPACE, { error: `must be the default workspace, ${DEFAULT_WORKSPACE}; there is no other` })

const NEW_KEY = z.strictObject({
  name,
  limit: limit.optional(),
  limit_reset: limitReset.optional(),
  include_byok_in_limit: includeByok.optional(),
  expires_at: expires.optional(),
  workspace_id: workspace.optional(),
  // It names a member of an organisation; on the account of one person the contract gives it no meaning.
  creator_user_id: z.string({ error: 'must be the id of a user, or null' }).min(1, { error: 'must be the id of a user, or null' }).nullable().optional(),
})

const KEY_CHANGE = z.strictObject({
  name: name.optional(),
  disabled: z.boolean({ error: 'must be true or false' }).optional(),
  limit: limit.optional(),
  limit_reset: limitReset.optional(),
  include_byok_in_limit: includeByok.optional(),
  expires_at: expires.optional(),
})

const LIST_QUERY = { offset: whole(0), include_disabled: flag, workspace_id: oneOf([DEFAULT_WORKSPACE]) } as const

/** `GET /keys`: the account's keys, 100 at a time, newest first (H5). */
export const listKeys: Route = {
  method: 'GET', path: '/keys', auth: 'management',
  async handle(context) {
    const query = readQuery(context.url.searchParams, LIST_QUERY)
    const page = { offset: query.offset ?? 0, limit: PAGE_KEYS, includeDisabled: query.include_disabled ?? false }
    const keys = await context.services.accounts.listKeys(callerOf(context).accountId, page)
    return { data: keys.map(keyRow) }
  },
}

/** `POST /keys`: a new key; the only time that its secret is shown (H1). */
export const createKey: Route = {
  method: 'POST', path: '/keys', auth: 'management',
  async handle(context) {
    const body = await readBody(context, NEW_KEY)
    const { secret, key } = await context.services.accounts.createKey({
      accountId: callerOf(context).accountId,
      name: body.name,
      limit: body.limit ?? null,
      limitReset: body.limit_reset ?? null,
      includeByokInLimit: body.include_byok_in_limit ?? false,
      expiresMs: future(context, body.expires_at) ?? null,
    })
    return Response.json({ data: keyRow(key), key: secret }, { status: 201 })
  },
}

/** `GET /keys/{hash}`. */
export const getKey: Route = {
  method: 'GET', path: '/keys/{hash}', auth: 'management',
  async handle(context) {
    const hash = hashOf(context)
    return { data: keyRow(await context.services.accounts.key(callerOf(context).accountId, hash) ?? missing(hash)) }
  },
}

/** `PATCH /keys/{hash}`: what is left out stays as it is. */
export const changeKey: Route = {
  method: 'PATCH', path: '/keys/{hash}', auth: 'management',
  async handle(context) {
    const hash = hashOf(context)
    const body = await readBody(context, KEY_CHANGE)
    const expiresMs = future(context, body.expires_at)
    const change: KeyChange = {
      ...(body.name !== undefined && { name: body.name }),
      ...(body.disabled !== undefined && { disabled: body.disabled }),
      ...(body.limit !== undefined && { limit: body.limit }),
      ...(body.limit_reset !== undefined && { limitReset: body.limit_reset }),
      ...(body.include_byok_in_limit !== undefined && { includeByokInLimit: body.include_byok_in_limit }),
      ...(expiresMs !== undefined && { expiresMs }),
    }
    return { data: keyRow(await context.services.accounts.changeKey(callerOf(context).accountId, hash, change) ?? missing(hash)) }
  },
}

/** `DELETE /keys/{hash}`: the key is refused from now on, its records stay. */
export const deleteKey: Route = {
  method: 'DELETE', path: '/keys/{hash}', auth: 'management',
  async handle(context) {
    const hash = hashOf(context)
    if (!await context.services.accounts.deleteKey(callerOf(context).accountId, hash)) missing(hash)
    return { deleted: true }
  },
}

/** The hash that the path names; what can't be one is not looked for. */
function hashOf({ params }: RouteContext): string {
  const hash = (params['hash'] ?? '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(hash) ? hash : missing(hash)
}

/** Does not repeat what was asked for: people paste secrets where hashes belong. */
function missing(hash: string): never {
  const hint = hash.startsWith('sk-') ? ' The path needs the hash of the key, not the key.' : ''
  throw new Fault('not_found', `There is no such key.${hint} GET /api/v1/keys lists the hashes.`)
}

/** An expiry that is over would make a dead key, which is never meant. */
function future({ services }: RouteContext, expiresMs: number | null | undefined): number | null | undefined {
  if (typeof expiresMs === 'number' && expiresMs <= services.clock.wallMs()) {
    throw new Fault('invalid_request', 'The field `expires_at` must be in the future.', { metadata: { field: 'expires_at' } })
  }
  return expiresMs
}

function keyRow(key: KeyRecord): object {
  return {
    hash: key.hash,
    name: key.name,
    label: key.label,
    disabled: key.disabled,
    ...allowanceOf(key),
    created_at: timeOrNull(key.createdMs),
    updated_at: timeOrNull(key.updatedMs),
    creator_user_id: null,
    // Newer than the contract's document; the official client refuses an answer without it.
    external_user: null,
    workspace_id: DEFAULT_WORKSPACE,
    is_management_key: key.kind === 'management',
  }
}
