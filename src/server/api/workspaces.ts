import { z } from 'zod'
import { defaultWorkspaceId, type Workspace, type WorkspaceSettings } from '../../accounts/workspace.ts'
import { SORTS } from '../../catalog/policy-rules.ts'
import { Fault } from '../../core/fault.ts'
import { defaultGuardrailId } from '../../guardrails/guardrail.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { knownModels } from './policy-body.ts'
import { readQuery } from './query.ts'

const NAME = { error: 'must be a text of 1 to 100 characters' }
const SLUG = { error: 'must be 1 to 50 lower-case letters and digits, with single hyphens between them' }
const DESCRIPTION = { error: 'must be a text of at most 500 characters, or null' }
const MODEL = { error: 'must be the id of a model, or null' }
const RATE = { error: 'must be a number from 0.0001 to 1' }
const KEY_IDS = { error: 'must be a list of whole numbers, or null' }
const flag = z.boolean({ error: 'must be true or false' }).optional()

const SETTINGS = {
  description: z.string(DESCRIPTION).max(500, DESCRIPTION).nullable().optional(),
  default_text_model: z.string(MODEL).min(1, MODEL).nullable().optional(),
  default_image_model: z.string(MODEL).min(1, MODEL).nullable().optional(),
  default_provider_sort: z.enum(SORTS, { error: `must be one of ${SORTS.join(', ')}, or null` }).nullable().optional(),
  io_logging_api_key_ids: z.array(z.int(KEY_IDS), KEY_IDS).nullable().optional(),
  io_logging_sampling_rate: z.number(RATE).min(0.0001, RATE).max(1, RATE).optional(),
  is_data_discount_logging_enabled: flag,
  is_observability_broadcast_enabled: flag,
  is_observability_io_logging_enabled: flag,
} as const

const name = z.string(NAME).trim().min(1, NAME).max(100, NAME)
const slug = z.string(SLUG).max(50, SLUG).regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, SLUG)
const NEW_WORKSPACE = z.strictObject({ name, slug, ...SETTINGS })
const WORKSPACE_CHANGE = z.strictObject({ name: name.optional(), slug: slug.optional(), ...SETTINGS })

/** `GET /workspaces`: the default one first (H23). A member sees those that they are in. */
export const listWorkspaces: Route = {
  method: 'GET', path: '/workspaces', auth: 'management', operation: 'workspaces.read',
  async handle(context) {
    const access = accessIn(context)
    const memberId = ownerOnly(access)
    const { rows, total } = await context.services.workspaces.list(access.accountId, { ...pageOf(readQuery(context.url.searchParams, PAGE)), ...(memberId !== undefined && { memberId }) })
    return { data: rows.map(workspaceRow), total_count: total }
  },
}

/** `POST /workspaces` (H24). */
export const createWorkspace: Route = {
  method: 'POST', path: '/workspaces', auth: 'management', operation: 'workspaces.create',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const body = await readBody(context, NEW_WORKSPACE)
    const workspace = await context.services.workspaces.create({ accountId, name: body.name, slug: body.slug, ...wishOf(context, body) }, actor)
    return Response.json({ data: workspaceRow(workspace) }, { status: 201 })
  },
}

/** `GET /workspaces/{id}`: by UUID or slug. */
export const getWorkspace: Route = {
  method: 'GET', path: '/workspaces/{id}', auth: 'management', operation: 'workspaces.read',
  handle: async (context) => ({ data: workspaceRow(await workspaceIn(context)) }),
}

/** `PATCH /workspaces/{id}`: what is left out stays as it is. */
export const changeWorkspace: Route = {
  method: 'PATCH', path: '/workspaces/{id}', auth: 'management', operation: 'workspaces.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { id } = await workspaceIn(context)
    const body = await readBody(context, WORKSPACE_CHANGE)
    const wish = { ...(body.name !== undefined && { name: body.name }), ...(body.slug !== undefined && { slug: body.slug }), ...wishOf(context, body) }
    return { data: workspaceRow(await context.services.workspaces.change(accountId, id, wish, actor)) }
  },
}

/** `DELETE /workspaces/{id}`: not while keys in it live, and not the default one (H24). */
export const deleteWorkspace: Route = {
  method: 'DELETE', path: '/workspaces/{id}', auth: 'management', operation: 'workspaces.delete',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    await context.services.workspaces.delete(accountId, (await workspaceIn(context)).id, actor)
    return { deleted: true }
  },
}

/** The workspace that the path names; 404 for one that this operation does not reach. */
export async function workspaceIn(context: RouteContext): Promise<Workspace> {
  const access = accessIn(context)
  return await context.services.workspaces.get(access.accountId, context.params['id'] ?? '', ownerOnly(access))
}

/** The id of the workspace that a field named `workspace_id` means; the default one where it says none. 400 for one that this operation does not reach. */
export async function workspaceIdOf(context: RouteContext, id: string | undefined): Promise<string> {
  const access = accessIn(context)
  if (id === undefined || id === defaultWorkspaceId(access.accountId)) return defaultWorkspaceId(access.accountId)
  const workspace = await context.services.workspaces.get(access.accountId, id, ownerOnly(access)).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'not_found') throw error
    throw new Fault('invalid_request', '`workspace_id` must be the id of a workspace; GET /api/v1/workspaces lists them.', { metadata: { field: 'workspace_id' } })
  })
  return workspace.id
}

function wishOf({ services }: RouteContext, body: Omit<z.output<typeof WORKSPACE_CHANGE>, 'name' | 'slug'>): { readonly description?: string | null; readonly settings: Partial<WorkspaceSettings> } {
  const model = (field: 'default_text_model' | 'default_image_model') => knownModels(field, body[field] ? [body[field]] : null, services.snapshot())?.[0] ?? null
  return {
    ...(body.description !== undefined && { description: body.description }),
    settings: {
      ...(body.default_text_model !== undefined && { defaultTextModel: model('default_text_model') }),
      ...(body.default_image_model !== undefined && { defaultImageModel: model('default_image_model') }),
      ...(body.default_provider_sort !== undefined && { defaultProviderSort: body.default_provider_sort }),
      ...(body.io_logging_api_key_ids !== undefined && { ioLoggingApiKeyIds: body.io_logging_api_key_ids }),
      ...(body.io_logging_sampling_rate !== undefined && { ioLoggingSamplingRate: body.io_logging_sampling_rate }),
      ...(body.is_data_discount_logging_enabled !== undefined && { dataDiscountLogging: body.is_data_discount_logging_enabled }),
      ...(body.is_observability_broadcast_enabled !== undefined && { observabilityBroadcast: body.is_observability_broadcast_enabled }),
      ...(body.is_observability_io_logging_enabled !== undefined && { observabilityIoLogging: body.is_observability_io_logging_enabled }),
    },
  }
}

/** The contract's `Workspace`. */
export function workspaceRow({ id, slug, name, description, settings, includeByokInBudgets, createdBy, createdMs, updatedMs }: Workspace): object {
  return {
    id, name, slug, description,
    default_guardrail_id: defaultGuardrailId(id),
    default_text_model: settings.defaultTextModel,
    default_image_model: settings.defaultImageModel,
    default_provider_sort: settings.defaultProviderSort,
    include_byok_in_budgets: includeByokInBudgets,
    io_logging_api_key_ids: settings.ioLoggingApiKeyIds,
    io_logging_sampling_rate: settings.ioLoggingSamplingRate,
    is_data_discount_logging_enabled: settings.dataDiscountLogging,
    is_observability_broadcast_enabled: settings.observabilityBroadcast,
    is_observability_io_logging_enabled: settings.observabilityIoLogging,
    created_by: createdBy,
    created_at: timeOrNull(createdMs),
    updated_at: timeOrNull(updatedMs),
  }
}
