import { z } from 'zod'
import { NOTICE_KINDS } from '../../accounts/notice.ts'
import { Fault } from '../../core/fault.ts'
import { WEBHOOK_FORMATS, type WebhookEndpoint } from '../../notices/webhook-endpoint.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'

const NAME_CHARS_MAX = 255
const URL_TEXT = { error: 'must be an https address' }
const NAME = { error: `must be a text of at most ${NAME_CHARS_MAX} characters, or null` }
const EVENTS = { error: `must be a list of ${NOTICE_KINDS.join(', ')}, or null for all` }
const FORMAT = { error: `must be one of ${WEBHOOK_FORMATS.join(', ')}` }
const FIELDS = {
  name: z.string(NAME).max(NAME_CHARS_MAX, NAME).nullable().optional(),
  events: z.array(z.enum(NOTICE_KINDS, EVENTS), EVENTS).min(1, EVENTS).max(NOTICE_KINDS.length, EVENTS).nullable().optional(),
} as const
const NEW_WEBHOOK = z.strictObject({ url: z.string(URL_TEXT), format: z.enum(WEBHOOK_FORMATS, FORMAT).optional(), ...FIELDS })
const WEBHOOK_CHANGE = z.strictObject({ url: z.string(URL_TEXT).optional(), disabled: z.boolean({ error: 'must be true or false' }).optional(), ...FIELDS })

const PATH = '/notifications/webhooks'

/** `GET /notifications/webhooks`: where notices are posted. */
export const listWebhooks: Route = {
  method: 'GET', path: PATH, auth: 'management', operation: 'webhooks.read',
  async handle(context) {
    const { rows, total } = await context.services.notices.webhooks.list(accessIn(context).accountId, pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(webhookRow), total_count: total }
  },
}

/** `POST /notifications/webhooks`: the secret that signs is in this answer, and in no other. */
export const createWebhook: Route = {
  method: 'POST', path: PATH, auth: 'management', operation: 'webhooks.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { url, format = 'standard', name = null, events = null } = await readBody(context, NEW_WEBHOOK)
    const { endpoint, secret } = await context.services.notices.webhooks.create({ accountId, url, format, name, events }, actor)
    return Response.json({ data: webhookRow(endpoint), secret }, { status: 201 })
  },
}

/** `GET /notifications/webhooks/{id}`. */
export const getWebhook: Route = {
  method: 'GET', path: `${PATH}/{id}`, auth: 'management', operation: 'webhooks.read',
  handle: async (context) => ({ data: webhookRow(await context.services.notices.webhooks.get(accessIn(context).accountId, idOf(context)) ?? missing()) }),
}

/** `PATCH /notifications/webhooks/{id}`: `disabled: false` enables one that failed, and posts what was given up in the last days. */
export const changeWebhook: Route = {
  method: 'PATCH', path: `${PATH}/{id}`, auth: 'management', operation: 'webhooks.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { url, name, events, disabled } = await readBody(context, WEBHOOK_CHANGE)
    const wish = { ...(url !== undefined && { url }), ...(name !== undefined && { name }), ...(events !== undefined && { events }), ...(disabled !== undefined && { disabled }) }
    return { data: webhookRow(await context.services.notices.webhooks.change(accountId, idOf(context), wish, actor) ?? missing()) }
  },
}

/** `DELETE /notifications/webhooks/{id}`: what waits for it goes too. */
export const deleteWebhook: Route = {
  method: 'DELETE', path: `${PATH}/{id}`, auth: 'management', operation: 'webhooks.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    if (!await context.services.notices.webhooks.delete(accountId, idOf(context), actor)) missing()
    return { deleted: true }
  },
}

/** `POST /notifications/webhooks/{id}/test`: posts a test now, and says how it went. */
export const testWebhook: Route = {
  method: 'POST', path: `${PATH}/{id}/test`, auth: 'management', operation: 'webhooks.change',
  async handle(context) {
    const result = await context.services.notices.webhooks.test(accessIn(context).accountId, idOf(context)) ?? missing()
    return { data: { delivered: result.ok, status: result.status ?? null, error: result.ok ? null : result.error } }
  },
}

function webhookRow({ id, url, name, format, events, disabledMs, disabledReason, failures, failingSinceMs, deliveredMs, error, createdMs, updatedMs }: WebhookEndpoint): object {
  return {
    id, url, name, format, events, disabled: disabledMs !== null, disabled_at: timeOrNull(disabledMs), disabled_reason: disabledReason, failures, failing_since: timeOrNull(failingSinceMs),
    last_delivered_at: timeOrNull(deliveredMs), last_error: error, created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}

function idOf({ params }: RouteContext): string {
  return (params['id'] ?? '').toLowerCase()
}

function missing(): never {
  throw new Fault('not_found', 'There is no such webhook endpoint. GET /api/v1/notifications/webhooks lists those there are.')
}
