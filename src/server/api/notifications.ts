import { z } from 'zod'
import { ALERT_CHANGE, settingsRow } from '../../notices/alert-settings.ts'
import { NOTICE_KINDS } from '../../accounts/notice.ts'
import type { NoticeReader, NoticeRow } from '../../notices/notice-store.ts'
import { DELIVERY_STATES, type Delivery } from '../../notices/outbox.ts'
import type { Access } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { flag, oneOf, readQuery, text } from './query.ts'

const IDS_MAX = 100
const IDS = { error: `must be a list of 1 to ${IDS_MAX} ids of notifications, or left out for all` }
const READ = z.strictObject({ ids: z.array(z.string(IDS).max(64, IDS), IDS).min(1, IDS).max(IDS_MAX, IDS).optional() })

/** `GET /notifications`: what the account's people were told; members see what is about them (J23). */
export const listNotifications: Route = {
  method: 'GET', path: '/notifications', auth: 'management', operation: 'notifications.read',
  async handle(context) {
    const { unread, type: kind, ...page } = readQuery(context.url.searchParams, { ...PAGE, unread: flag, type: oneOf(NOTICE_KINDS) })
    const { rows, total, unread: unreadCount } = await context.services.notices.desk.list(readerOf(accessIn(context)), { ...pageOf(page), ...(unread !== undefined && { unread }), ...(kind && { kind }) })
    return { data: rows.map(noticeRow), total_count: total, unread_count: unreadCount }
  },
}

/** `POST /notifications/read`: marks these as read by who asks, or all that they see. */
export const readNotifications: Route = {
  method: 'POST', path: '/notifications/read', auth: 'management', operation: 'notifications.read',
  async handle(context) {
    const { ids } = await readBody(context, READ)
    return { data: { marked: await context.services.notices.desk.markRead(readerOf(accessIn(context)), ids) } }
  },
}

/** `GET /notifications/settings`: of what the account's people are told, who, and how (J23). */
export const getNotificationSettings: Route = {
  method: 'GET', path: '/notifications/settings', auth: 'management', operation: 'notification_settings.read',
  handle: async (context) => ({ data: settingsRow(await context.services.notices.desk.settings(accessIn(context).accountId)) }),
}

/** `PATCH /notifications/settings`: what is left out stays as it is. */
export const changeNotificationSettings: Route = {
  method: 'PATCH', path: '/notifications/settings', auth: 'management', operation: 'notification_settings.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    return { data: settingsRow(await context.services.notices.desk.changeSettings(accountId, await readBody(context, ALERT_CHANGE), actor)) }
  },
}

/** `GET /notifications/deliveries`: what became of letters and webhooks, with the last error of those that were not taken. */
export const listDeliveries: Route = {
  method: 'GET', path: '/notifications/deliveries', auth: 'management', operation: 'notification_settings.read',
  handle: async (context) => await deliveriesOf(context, accessIn(context).accountId),
}

/** `GET /instance/deliveries`: of letters that are of no account, those of sign-in. */
export const listInstanceDeliveries: Route = {
  method: 'GET', path: '/instance/deliveries', auth: 'operator',
  handle: async (context) => await deliveriesOf(context, ''),
}

async function deliveriesOf({ url, services }: RouteContext, accountId: string): Promise<object> {
  const { state, target, ...page } = readQuery(url.searchParams, { ...PAGE, state: oneOf(DELIVERY_STATES), target: text })
  const { rows, total } = await services.notices.desk.deliveries(accountId, { ...pageOf(page), ...(state && { state }), ...(target !== undefined && { target }) })
  return { data: rows.map(deliveryRow), total_count: total }
}

/** As whom somebody reads notices. */
export function readerOf({ accountId, userId, reach }: Access): NoticeReader {
  return { accountId, userId, isAdmin: reach === 'all' }
}

function noticeRow({ id, kind, title, text: said, data, workspaceId, userId, atMs, readMs }: NoticeRow): object {
  return { id, type: kind, title, text: said, data, workspace_id: workspaceId, user_id: userId, created_at: timeOrNull(atMs), read_at: timeOrNull(readMs) }
}

function deliveryRow({ id, kind, target, subject, state, tries, nextMs, error, createdMs, updatedMs }: Delivery): object {
  return { id, channel: kind === 'letter' ? 'email' : 'webhook', target, subject, state, tries, next_try_at: timeOrNull(nextMs), error, created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs) }
}
