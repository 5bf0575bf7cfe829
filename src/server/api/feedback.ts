import { z } from 'zod'
import { FEEDBACK_CATEGORIES, type Feedback, type FeedbackPage } from '../../accounts/feedback.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { oneOf, readQuery, text } from './query.ts'
import { passRequests } from './request-limits.ts'

const ID = { error: 'must be the id of a generation: the `id` of an answer' }
const COMMENT = { error: 'must be a text of at most 1000 characters' }
const FEEDBACK = z.strictObject({
  generation_id: z.string(ID).trim().min(1, ID).max(200, ID),
  category: z.enum(FEEDBACK_CATEGORIES, { error: `must be one of ${FEEDBACK_CATEGORIES.join(', ')}` }),
  comment: z.string(COMMENT).max(1_000, COMMENT).optional(),
})
const LIST = { ...PAGE, category: oneOf(FEEDBACK_CATEGORIES), generation_id: text } as const

/** `POST /generation/feedback`: what somebody says of an answer of theirs (J7). */
export const sendFeedback: Route = {
  method: 'POST', path: '/generation/feedback', auth: 'management', operation: 'feedback.send',
  async handle(context) {
    const access = accessIn(context)
    const body = await readBody(context, FEEDBACK)
    await passRequests(context, access.accountId, 'feedback')
    // As every store keeps it.
    const comment = body.comment?.toWellFormed().replaceAll('\0', '\uFFFD').trim()
    await context.services.feedback.add({ accountId: access.accountId, userId: access.userId, ownerId: ownerOnly(access), generationId: body.generation_id, category: body.category, comment: comment || null })
    return { data: { success: true } }
  },
}

/** `GET /generation/feedback`: what was said, newest first. Only this server has it, as the next. */
export const listFeedback: Route = {
  method: 'GET', path: '/generation/feedback', auth: 'management', operation: 'feedback.read',
  async handle(context) {
    const access = accessIn(context)
    const ownerId = ownerOnly(access)
    return await listed(context, { accountId: access.accountId, ...(ownerId !== undefined && { ownerId }) }, feedbackRow)
  },
}

/** `GET /instance/feedback`: the same of every account, for the operator. */
export const listAllFeedback: Route = {
  method: 'GET', path: '/instance/feedback', auth: 'operator',
  handle: (context) => listed(context, {}, (feedback) => ({ ...feedbackRow(feedback), account_id: feedback.accountId })),
}

async function listed({ url, services }: RouteContext, whose: Pick<FeedbackPage, 'accountId' | 'ownerId'>, row: (feedback: Feedback) => object): Promise<object> {
  const { category, generation_id: generationId, ...page } = readQuery(url.searchParams, LIST)
  const { rows, total } = await services.feedback.list({ ...pageOf(page), ...whose, ...(category && { category }), ...(generationId !== undefined && { generationId }) })
  return { data: rows.map(row), total_count: total }
}

function feedbackRow({ id, generationId, category, comment, userId, keyHash, createdMs }: Feedback): Record<string, unknown> {
  return { id, generation_id: generationId, category, comment, user_id: userId, api_key_hash: keyHash, created_at: timeOrNull(createdMs) }
}
