import { z } from 'zod'
import { BUDGET_INTERVALS, type Budget, type BudgetInterval } from '../../accounts/workspace.ts'
import { Fault } from '../../core/fault.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { workspaceIn } from './workspaces.ts'

const LIMIT = { error: 'must be an amount of USD above 0, 1000000000 at most, with at most nine decimals' }
/** The most that may be spent in a window of a budget. */
export const limitUsd = z.number(LIMIT).positive(LIMIT).max(1_000_000_000, LIMIT).refine((amount) => parseUsd(String(amount)) !== undefined, LIMIT).transform((amount) => parseUsd(String(amount)) ?? 0n)
const BUDGET = z.strictObject({
  limit_usd: limitUsd,
  include_byok_in_budgets: z.boolean({ error: 'must be true or false' }).optional(),
})

const PATH = '/workspaces/{id}/budgets/{interval}'

/** `GET /workspaces/{id}/budgets`: up to four (H27). */
export const listBudgets: Route = {
  method: 'GET', path: '/workspaces/{id}/budgets', auth: 'management', operation: 'budgets.read',
  async handle(context) {
    const { rows, includeByok } = await budgetsOf(context)
    return { data: rows.map(budgetRow), include_byok_in_budgets: includeByok }
  },
}

/** `GET /workspaces/{id}/budgets/{interval}`. */
export const getBudget: Route = {
  method: 'GET', path: PATH, auth: 'management', operation: 'budgets.read',
  async handle(context) {
    const interval = intervalOf(context)
    const { rows, includeByok } = await budgetsOf(context)
    const budget = rows.find((one) => one.interval === interval)
    if (!budget) throw new Fault('not_found', `The workspace has no ${interval} budget.`)
    return { data: budgetRow(budget), include_byok_in_budgets: includeByok }
  },
}

/** `PUT /workspaces/{id}/budgets/{interval}`: made, or changed; the flag is the whole workspace's (H29). */
export const putBudget: Route = {
  method: 'PUT', path: PATH, auth: 'management', operation: 'budgets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const interval = intervalOf(context)
    const { id } = await workspaceIn(context)
    const body = await readBody(context, BUDGET)
    const budget = await context.services.workspaces.setBudget({ accountId, workspaceId: id, interval, cap: body.limit_usd, includeByok: body.include_byok_in_budgets }, actor)
    return { data: budgetRow(budget), include_byok_in_budgets: (await context.services.workspaces.budgets(accountId, id)).includeByok }
  },
}

/** `DELETE /workspaces/{id}/budgets/{interval}`: there is none afterwards, whether there was one or not. */
export const deleteBudget: Route = {
  method: 'DELETE', path: PATH, auth: 'management', operation: 'budgets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const interval = intervalOf(context)
    await context.services.workspaces.deleteBudget(accountId, (await workspaceIn(context)).id, interval, actor)
    return { deleted: true }
  },
}

async function budgetsOf(context: RouteContext) {
  return await context.services.workspaces.budgets(accessIn(context).accountId, (await workspaceIn(context)).id)
}

function intervalOf({ params }: RouteContext): BudgetInterval {
  const interval = BUDGET_INTERVALS.find((known) => known === params['interval'])
  if (!interval) throw new Fault('invalid_request', 'The interval of a budget is daily, weekly, monthly or lifetime.', { metadata: { field: 'interval' } })
  return interval
}

/** The contract's `WorkspaceBudget`. */
function budgetRow({ id, workspaceId, interval, cap, createdMs, updatedMs }: Budget): object {
  return {
    id, workspace_id: workspaceId, limit_usd: usdNumber(cap), reset_interval: interval === 'lifetime' ? null : interval,
    created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}
