import type { Actor } from '../../accounts/audit-entry.ts'
import type { Caller } from '../../accounts/caller.ts'
import { presetOf } from '../../accounts/preset-config.ts'
import type { Preset, PresetVersion } from '../../accounts/presets.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { generationId, rowId } from '../../lib/id.ts'
import { OWNER } from '../../guardrails/guardrail.ts'
import type { Route, RouteContext } from '../route.ts'
import { callHeaders, type CallEndpoint } from '../v1/call-endpoint.ts'
import { chatCompletions } from '../v1/chat-completions.ts'
import { messages } from '../v1/messages.ts'
import { responses } from '../v1/responses.ts'
import { callerOf } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'
import { defaultWorkspaceId } from '../../accounts/workspace.ts'

/** `GET /presets`: the account's presets, the one changed last first (H30). */
export const listPresets: Route = {
  method: 'GET', path: '/presets', auth: 'key',
  async handle(context) {
    const { rows, total } = await context.services.presets.store.listPresets(ownerOf(context).accountId, pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(presetRow), total_count: total }
  },
}

/** `GET /presets/{slug}`: a preset with the version that calls get. */
export const getPreset: Route = {
  method: 'GET', path: '/presets/{slug}', auth: 'key',
  async handle(context) {
    const preset = await context.services.presets.store.preset(ownerOf(context).accountId, slugOf(context)) ?? missing(context)
    return { data: { ...presetRow(preset), designated_version: versionRow(preset.designated) } }
  },
}

/** `GET /presets/{slug}/versions`: oldest first. */
export const listPresetVersions: Route = {
  method: 'GET', path: '/presets/{slug}/versions', auth: 'key',
  async handle(context) {
    const page = pageOf(readQuery(context.url.searchParams, PAGE))
    const { rows, total } = await context.services.presets.store.listPresetVersions(ownerOf(context).accountId, slugOf(context), page) ?? missing(context)
    return { data: rows.map(versionRow), total_count: total }
  },
}

/** `GET /presets/{slug}/versions/{version}`. */
export const getPresetVersion: Route = {
  method: 'GET', path: '/presets/{slug}/versions/{version}', auth: 'key',
  async handle(context) {
    const text = context.params['version'] ?? ''
    if (!/^\d{1,9}$/.test(text)) throw new Fault('invalid_request', 'The version of a preset is a number: 1, 2, ….', { metadata: { field: 'version' } })
    const version = await context.services.presets.store.presetVersion(ownerOf(context).accountId, slugOf(context), Number(text))
    if (!version) throw new Fault('not_found', `There is no version ${text} of such a preset. GET /api/v1/presets/{slug}/versions lists them.`)
    return { data: versionRow(version) }
  },
}

/** `POST /presets/{slug}/…`: the configuration in a request's body becomes the next version of the preset, or its first (A28). */
export const capturePresets: readonly Route[] = [captureFrom('/chat/completions', chatCompletions), captureFrom('/messages', messages), captureFrom('/responses', responses)]

function captureFrom(path: string, endpoint: CallEndpoint): Route {
  return {
    method: 'POST', path: `/presets/{slug}${path}`, auth: 'key',
    async handle(context) {
      const slug = slugOf(context)
      const nowMs = context.services.clock.wallMs()
      // What `body` gives is JSON, read from the request.
      const { config, systemPrompt } = presetOf(chatBodyOf(await context.body() as JsonObject, endpoint, context, nowMs))
      const { accountId, key } = ownerOf(context)
      const by: Actor = { kind: 'key', id: key.hash, name: key.name, userId: key.creatorUserId }
      const made = { accountId, slug, presetId: rowId(), versionId: rowId(), systemPrompt, config, nowMs, by }
      const preset = await context.services.presets.store.addPresetVersion(made)
      return { data: { ...presetRow(preset), designated_version: versionRow(preset.designated) } }
    },
  }
}

/** Stands for the model that a preset need not name while its request is read. */
const ANY_MODEL = 'demo/echo'

/** The request in the chat API's words, checked as a call of it would be. */
function chatBodyOf(body: JsonObject, endpoint: CallEndpoint, { request }: RouteContext, createdMs: number): JsonObject {
  const isNamed = (body['model'] ?? body['models'] ?? null) !== null
  const origin = { id: generationId(createdMs), createdMs, headers: callHeaders(request.headers), bodyBytes: JSON.stringify(body).length }
  const call = endpoint.read(isNamed ? body : { ...body, model: ANY_MODEL }, origin, {})
  if (call.models.some((model) => model.includes('@preset/'))) throw new Fault('invalid_request', 'model: a preset does not build on another; name a model', { metadata: { field: 'model' } })
  const { model: _model, models: _models, ...rest } = call.body
  const [first, ...others] = isNamed ? call.models : []
  return { ...rest, ...(first !== undefined && { model: first }), ...(others.length > 0 && { models: [...call.models] }) }
}

function slugOf({ params }: RouteContext): string {
  const slug = (params['slug'] ?? '').toLowerCase()
  if (!/^[a-z0-9][a-z0-9_-]{0,99}$/.test(slug)) throw new Fault('invalid_request', 'The slug of a preset is letters, digits, dashes and underscores, at most 100, as email-copywriter.', { metadata: { field: 'slug' } })
  return slug
}

function missing({ params }: RouteContext): never {
  throw new Fault('not_found', `There is no preset "${(params['slug'] ?? '').slice(0, 100)}" of this account. GET /api/v1/presets lists those there are.`)
}

function presetRow({ id, accountId, slug, designated, createdBy, createdMs, updatedMs }: Preset): object {
  return {
    id, slug, name: slug, description: null, status: 'active', status_updated_at: null, designated_version_id: designated.id,
    creator_user_id: createdBy ?? OWNER, workspace_id: defaultWorkspaceId(accountId), created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}

function versionRow({ id, presetId, version, systemPrompt, config, createdBy, createdMs }: PresetVersion): object {
  return { id, preset_id: presetId, version, system_prompt: systemPrompt, config, creator_id: createdBy ?? OWNER, created_at: timeOrNull(createdMs), updated_at: timeOrNull(createdMs) }
}

/** Presets are the account's: who only has a key of a customer's may call with them, and sees nothing of what is in them. */
function ownerOf(context: RouteContext): Caller {
  const caller = callerOf(context)
  if (caller.key.wallet !== undefined) throw new Fault('permission_denied', 'Presets are for whoever gave you this key. A call may name one as its model: @preset/<slug>.')
  return caller
}
