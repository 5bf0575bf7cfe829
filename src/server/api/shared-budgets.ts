import { z } from 'zod'
import type { SharedBudgetRecord } from '../../accounts/shared-budget.ts'
import { usdNumber, type Nano } from '../../core/nano.ts'
import { windowAt } from '../../ledger/window.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { limitUsd } from './workspace-budgets.ts'

const resetInterval = z.enum(['daily', 'weekly', 'monthly'], { error: 'must be daily, weekly, monthly, or null for never' }).nullable().default(null)
const flag = z.boolean({ error: 'must be true or false' }).default(false)
const VALUE = { error: 'must be a text, or null for each value by itself' }

const TAG_BUDGET = z.strictObject({
  tag: z.string({ error: 'must be the name of a tag' }), value: z.string(VALUE).nullable().default(null), limit_usd: limitUsd, reset_interval: resetInterval,
  kind: z.enum(['cap', 'alert'], { error: 'must be cap or alert' }).default('cap'), required: flag, include_byok_in_budgets: flag,
})
const MEMBER_BUDGET = z.strictObject({ user_id: z.string({ error: 'must be the id of a member; GET /api/v1/organization/members lists them' }), limit_usd: limitUsd, reset_interval: resetInterval, include_byok_in_budgets: flag })

/** `GET /budgets/tags`: what calls with a tag may cost together. Only this server has them, as all that follows. */
export const listTagBudgets: Route = {
  method: 'GET', path: '/budgets/tags', auth: 'management', operation: 'tag_budgets.read',
  handle: async (context) => ({ data: (await context.services.sharedBudgets.list(accessIn(context).accountId, 'tag')).map((budget) => tagRow(budget, context)) }),
}

/** `PUT /budgets/tags`: made, or changed where there is one of the same tag, value and interval. */
export const putTagBudget: Route = {
  method: 'PUT', path: '/budgets/tags', auth: 'management', operation: 'tag_budgets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { tag, value, limit_usd: cap, reset_interval: interval, kind, required, include_byok_in_budgets: includeByok } = await readBody(context, TAG_BUDGET)
    const budget = await context.services.sharedBudgets.put({ accountId, kind: 'tag', subject: tag, value, cap, interval: interval ?? 'lifetime', mode: kind, isRequired: required, includeByok }, actor)
    return { data: tagRow(budget, context) }
  },
}

/** `DELETE /budgets/tags/{id}`. */
export const deleteTagBudget: Route = removal('tag', '/budgets/tags/{id}')

/** `GET /budgets/members`: what the keys of a member may cost together. Members see their own. */
export const listMemberBudgets: Route = {
  method: 'GET', path: '/budgets/members', auth: 'management', operation: 'member_budgets.read',
  async handle(context) {
    const access = accessIn(context)
    const own = ownerOnly(access)
    const budgets = await context.services.sharedBudgets.list(access.accountId, 'member')
    return { data: budgets.filter(({ subject }) => own === undefined || subject === own).map((budget) => memberRow(budget, context)) }
  },
}

/** `PUT /budgets/members`: made, or changed where there is one of the same member and interval. */
export const putMemberBudget: Route = {
  method: 'PUT', path: '/budgets/members', auth: 'management', operation: 'member_budgets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { user_id: subject, limit_usd: cap, reset_interval: interval, include_byok_in_budgets: includeByok } = await readBody(context, MEMBER_BUDGET)
    return { data: memberRow(await context.services.sharedBudgets.put({ accountId, kind: 'member', subject, cap, interval: interval ?? 'lifetime', includeByok }, actor), context) }
  },
}

/** `DELETE /budgets/members/{id}`. */
export const deleteMemberBudget: Route = removal('member', '/budgets/members/{id}')

function removal(kind: 'member' | 'tag', path: string): Route {
  return {
    method: 'DELETE', path, auth: 'management', operation: `${kind}_budgets.change`,
    async handle(context) {
      const { accountId, actor } = accessIn(context)
      await context.services.sharedBudgets.delete(accountId, kind, context.params['id'] ?? '', actor)
      return { deleted: true }
    },
  }
}

function tagRow(budget: SharedBudgetRecord, context: RouteContext): object {
  const { subject, value, mode, isRequired, use, cap } = budget
  return {
    id: budget.id, tag: subject, value, kind: mode, required: isRequired, ...bodyRow(budget, context),
    ...(value === null && { values: use.map((one) => ({ value: one.value, ...usedRow(one.used, cap) })) }),
  }
}

function memberRow(budget: SharedBudgetRecord, context: RouteContext): object {
  return { id: budget.id, user_id: budget.subject, ...bodyRow(budget, context) }
}

function bodyRow({ kind, value, interval, cap, includeByok, use, createdMs, updatedMs }: SharedBudgetRecord, { services }: RouteContext): object {
  const { endMs } = windowAt(interval === 'lifetime' ? 'ever' : interval, services.clock.wallMs())
  return {
    limit_usd: usdNumber(cap), reset_interval: interval === 'lifetime' ? null : interval, include_byok_in_budgets: includeByok,
    ...(kind === 'member' || value !== null ? usedRow(use[0]?.used ?? 0n, cap) : {}),
    resets_at: timeOrNull(Number.isFinite(endMs) ? endMs : null), created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}

function usedRow(used: Nano, cap: Nano): object {
  return { used_usd: usdNumber(used), remaining_usd: usdNumber(used < cap ? cap - used : 0n) }
}
