import { z } from 'zod'
import type { ByokChange, ByokFilters, ByokKey } from '../../accounts/byok/byok-key.ts'
import { byokProvider, isByokProvider } from '../../catalog/byok-providers.ts'
import { providerSlug } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { knownModels } from './policy-body.ts'
import { readQuery, text } from './query.ts'
import { workspaceIdOf } from './workspaces.ts'

const LIST_MAX = 100
const NAME_CHARS_MAX = 255
const SECRET_CHARS_MAX = 65_536
const SORT_MAX = 1_000_000

const NAME = { error: `must be a text of at most ${NAME_CHARS_MAX} characters, or null` }
const SECRET = { error: 'must be the credential as the provider gave it, a text' }
const HASHES = { error: `must be a list of 1 to ${LIST_MAX} hashes of API keys (64 lower-case hex digits), or null for any; GET /api/v1/keys lists them` }
const MODELS = { error: `must be a list of at most ${LIST_MAX} ids of models, or null for all` }
const USERS = { error: `must be a list of at most ${LIST_MAX} ids of users, or null for all` }
const ORDER = { error: `must be a whole number from 0 to ${SORT_MAX}` }
const flag = z.boolean({ error: 'must be true or false' }).optional()

const secret = z.string(SECRET).max(SECRET_CHARS_MAX, SECRET).refine((given) => given.trim() !== '', SECRET)

/** What is said of a key when it is brought, and when it is changed. `switchyard`: beyond the contract. */
const FIELDS = {
  name: z.string(NAME).max(NAME_CHARS_MAX, NAME).nullable().optional(),
  allowed_api_key_hashes: z.array(z.string(HASHES).regex(/^[a-f0-9]{64}$/, HASHES), HASHES).min(1, HASHES).max(LIST_MAX, HASHES).nullable().optional(),
  allowed_models: z.array(z.string(MODELS).trim().min(1, MODELS), MODELS).max(LIST_MAX, MODELS).nullable().optional(),
  allowed_user_ids: z.array(z.string(USERS).min(1, USERS), USERS).max(LIST_MAX, USERS).nullable().optional(),
  disabled: flag, is_fallback: flag,
  switchyard: z.strictObject({ always_use: flag, sort_order: z.int(ORDER).min(0, ORDER).max(SORT_MAX, ORDER).optional() }, { error: 'must be an object of always_use and sort_order' }).optional(),
} as const

const NEW_KEY = z.strictObject({
  provider: z.string({ error: 'must be the slug of a provider; GET /api/v1/providers lists them' }),
  key: secret,
  workspace_id: z.uuid({ error: 'must be the id of a workspace; GET /api/v1/workspaces lists them' }).optional(),
  ...FIELDS,
})
const KEY_CHANGE = z.strictObject({ key: secret.optional(), ...FIELDS })

/** `GET /byok`: the keys of a workspace, the default one unless said otherwise, by provider and in the order that they are tried (H12). */
export const listByokKeys: Route = {
  method: 'GET', path: '/byok', auth: 'management', operation: 'byok.read',
  async handle(context) {
    const { accountId } = accessIn(context)
    const query = readQuery(context.url.searchParams, { ...PAGE, workspace_id: text, provider: text })
    const provider = query.provider === undefined ? {} : { provider: knownProvider(context, query.provider) }
    const { rows, total } = await context.services.byok.list(accountId, { ...pageOf(query), ...provider, workspaceId: await workspaceIdOf(context, query.workspace_id) })
    return { data: rows.map(byokRow), total_count: total }
  },
}

/** `POST /byok`: brings a key. Its secret is sealed, and in no answer (H12). */
export const createByokKey: Route = {
  method: 'POST', path: '/byok', auth: 'management', operation: 'byok.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { provider, key, workspace_id: workspaceId, ...body } = await readBody(context, NEW_KEY)
    const wish = { accountId, workspaceId: await workspaceIdOf(context, workspaceId), provider: knownProvider(context, provider), secret: key, ...wishOf(context, body) }
    return Response.json({ data: byokRow(await context.services.byok.create(wish, actor)) }, { status: 201 })
  },
}

/** `GET /byok/{id}`. */
export const getByokKey: Route = {
  method: 'GET', path: '/byok/{id}', auth: 'management', operation: 'byok.read',
  handle: async (context) => ({ data: byokRow(await context.services.byok.key(accessIn(context).accountId, idOf(context)) ?? missing()) }),
}

/** `PATCH /byok/{id}`: what is left out stays as it is, null takes a restriction back; `key` puts another secret in place (H13). */
export const changeByokKey: Route = {
  method: 'PATCH', path: '/byok/{id}', auth: 'management', operation: 'byok.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const id = idOf(context)
    const { key, ...body } = await readBody(context, KEY_CHANGE)
    const wish: ByokChange = { ...wishOf(context, body), ...(key !== undefined && { secret: key }) }
    return { data: byokRow(await context.services.byok.change(accountId, id, wish, actor) ?? missing()) }
  },
}

/** `DELETE /byok/{id}`: its secret is wiped. */
export const deleteByokKey: Route = {
  method: 'DELETE', path: '/byok/{id}', auth: 'management', operation: 'byok.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    if (!await context.services.byok.delete(accountId, idOf(context), actor)) missing()
    return { deleted: true }
  },
}

/** A key as the contract shows it, and in `switchyard` what only this server knows of it. */
export function byokRow(key: ByokKey): object {
  return {
    id: key.id, workspace_id: key.workspaceId, provider: key.provider, name: key.name, label: key.label, sort_order: key.sortOrder, is_fallback: key.isFallback, disabled: key.disabled,
    allowed_models: key.filters.models, allowed_api_key_hashes: key.filters.keyHashes, allowed_user_ids: key.filters.userIds, created_at: timeOrNull(key.createdMs),
    switchyard: { always_use: key.alwaysUse, updated_at: timeOrNull(key.updatedMs) },
  }
}

type Body = Omit<z.output<typeof KEY_CHANGE>, 'key'>

/** What is not said is not there: then it stays, or is what a new key has. */
function wishOf({ services }: RouteContext, body: Body): Omit<ByokChange, 'secret'> {
  const filters: { -readonly [K in keyof ByokFilters]?: ByokFilters[K] } = {}
  if (body.allowed_models !== undefined) filters.models = knownModels('allowed_models', body.allowed_models, services.snapshot())
  if (body.allowed_api_key_hashes !== undefined) filters.keyHashes = body.allowed_api_key_hashes
  if (body.allowed_user_ids !== undefined) filters.userIds = body.allowed_user_ids
  const { always_use: alwaysUse, sort_order: sortOrder } = body.switchyard ?? {}
  return {
    filters,
    ...(body.name !== undefined && { name: body.name }), ...(body.disabled !== undefined && { disabled: body.disabled }), ...(body.is_fallback !== undefined && { isFallback: body.is_fallback }),
    ...(alwaysUse !== undefined && { alwaysUse }), ...(sortOrder !== undefined && { sortOrder }),
  }
}

/** One of the contract's, or one that is here: the operator's own too. */
function knownProvider({ services }: RouteContext, given: string): string {
  if (isByokProvider(given) || services.snapshot().providers.has(providerSlug(given))) return byokProvider(given)
  throw new Fault('invalid_request', `\`provider\` is no provider's slug: ${JSON.stringify(given.slice(0, 100))}. GET /api/v1/providers lists them.`, { metadata: { field: 'provider' } })
}

function idOf({ params }: RouteContext): string {
  const id = (params['id'] ?? '').toLowerCase()
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : missing()
}

function missing(): never {
  throw new Fault('not_found', 'There is no such key. GET /api/v1/byok lists those there are.')
}
