import { z } from 'zod'
import { ACCOUNT_SORTS, ACCOUNT_STATES, type AccountSummary } from '../../accounts/operator-store.ts'
import { readReason } from '../../accounts/operator.ts'
import { parseRates, ratesJson } from '../../catalog/rate-limits.ts'
import { Fault } from '../../core/fault.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { RATES } from './key-extras.ts'
import { PAGE, pageOf } from './page.ts'
import { oneOf, readQuery, text } from './query.ts'

const LIST_QUERY = { ...PAGE, q: text, state: oneOf(ACCOUNT_STATES), kind: oneOf(['personal', 'organization']), sort: oneOf(ACCOUNT_SORTS) } as const

const REASON = { error: 'must be a text: why this is done, for the log of changes' }
export const reason = z.string(REASON)
const MEMBERS = { error: 'must be a whole number from 1 to 1000000, or null for what holds for all' }
const USD = { error: 'must be an amount of USD from -1000000000 to 1000000000 with at most nine decimals, and not 0' }
const USD_MAX = 1_000_000_000_000_000_000n
const REFERENCE = { error: 'must be a text of 1 to 200 characters' }

const CHANGE = z.strictObject({ members_max: z.int(MEMBERS).min(1, MEMBERS).max(1_000_000, MEMBERS).nullable().optional(), rate_limits: RATES, reason: reason.optional() })
const CREDIT = z.strictObject({
  amount_usd: z.union([z.string(USD), z.number(USD)], USD).transform((value) => parseUsd(String(value)) ?? 0n).refine((amount) => amount !== 0n && amount <= USD_MAX && amount >= -USD_MAX, USD),
  reason, reference: z.string(REFERENCE).min(1, REFERENCE).max(200, REFERENCE).optional(),
})
const WHY = z.strictObject({ reason })
const CLOSE = z.strictObject({ reason, confirm: z.string({ error: "must be the account's id: it is closed for ever" }) })

/** `GET /instance/accounts`: every account of the install, with its balance. */
export const listAccounts: Route = {
  method: 'GET', path: '/instance/accounts', auth: 'operator',
  async handle({ url, services }) {
    const { q, state, kind, sort, ...page } = readQuery(url.searchParams, LIST_QUERY)
    const { rows, total } = await services.operator.listAccounts({ ...pageOf(page), ...(q !== undefined && { search: q }), ...(state && { state }), ...(kind && { kind }), ...(sort && { sort }) })
    return { data: rows.map(accountRow), total_count: total }
  },
}

/** `GET /instance/accounts/{id}`. */
export const getAccount: Route = {
  method: 'GET', path: '/instance/accounts/{id}', auth: 'operator',
  handle: async (context) => ({ data: await accountWithMembers(context, await context.services.operator.account(idOf(context))) }),
}

/** `PATCH /instance/accounts/{id}`: what holds for it in place of what holds for all. */
export const changeAccount: Route = {
  method: 'PATCH', path: '/instance/accounts/{id}', auth: 'operator',
  async handle(context) {
    const { members_max: membersMax, rate_limits: rates, reason: why } = await readBody(context, CHANGE)
    const overrides = { ...(membersMax !== undefined && { membersMax }), ...(rates !== undefined && { rates: rates && parseRates(rates) }) }
    return { data: accountRow(await context.services.operator.setOverrides(idOf(context), overrides, why, accessIn(context).actor)) }
  },
}

/** `POST /instance/accounts/{id}/credit`: gives credit, or takes it where the amount is negative. */
export const grantCredit: Route = {
  method: 'POST', path: '/instance/accounts/{id}/credit', auth: 'operator',
  async handle(context) {
    const { operator, accounts } = context.services
    const { amount_usd: amount, reason: why, reference } = await readBody(context, CREDIT)
    const { id } = await operator.openAccount(idOf(context))
    const { isRepeated = false } = await accounts.grant(id, amount, readReason(why), reference, accessIn(context).actor)
    return { data: { ...accountRow(await operator.account(id)), repeated: isRepeated } }
  },
}

/** `POST /instance/accounts/{id}/suspend`: none of its keys is let in any more, anywhere, within a second. */
export const suspendAccount: Route = {
  method: 'POST', path: '/instance/accounts/{id}/suspend', auth: 'operator',
  async handle(context) {
    const { reason: why } = await readBody(context, WHY)
    return { data: accountRow(await context.services.operator.setSuspended(othersOnly(context, 'suspend'), true, why, accessIn(context).actor)) }
  },
}

/** `POST /instance/accounts/{id}/resume`. */
export const resumeAccount: Route = {
  method: 'POST', path: '/instance/accounts/{id}/resume', auth: 'operator',
  async handle(context) {
    const { reason: why } = await readBody(context, WHY)
    return { data: accountRow(await context.services.operator.setSuspended(idOf(context), false, why, accessIn(context).actor)) }
  },
}

/** `DELETE /instance/accounts/{id}`: closes it for ever; its books stay, what is personal goes. */
export const closeAccount: Route = {
  method: 'DELETE', path: '/instance/accounts/{id}', auth: 'operator',
  async handle(context) {
    const { reason: why, confirm } = await readBody(context, CLOSE)
    const id = othersOnly(context, 'close')
    if (confirm !== id) throw new Fault('invalid_request', "The field `confirm` must be the account's id: it is closed for ever.", { metadata: { field: 'confirm' } })
    return { deleted: true, calls_removed: await context.services.operator.close(id, why, accessIn(context).actor) }
  },
}

/** The id in the path, which is not that of the account that the operator acts in: who does that locks themselves out. */
function othersOnly(context: RouteContext, verb: string): string {
  const id = idOf(context)
  if (id === accessIn(context).accountId) throw new Fault('conflict', `You cannot ${verb} the account that you act in; at the command line of the server you can: switchyard accounts.`)
  return id
}

function idOf({ params }: RouteContext): string {
  return params['id'] ?? ''
}

async function accountWithMembers({ services }: RouteContext, account: AccountSummary): Promise<object> {
  const { rows } = await services.people.listMembers(account.id, { offset: 0, limit: 100 })
  return { ...accountRow(account), first_members: rows.map(({ userId, role, user }) => ({ id: userId, email: user.email, role, disabled: user.disabledMs !== null })) }
}

/** An account as the operator sees it. */
export function accountRow({ id, kind, name, state, total, used, members, membersMax, rates, suspendedMs, suspendedReason, createdMs }: AccountSummary): object {
  return {
    id, kind, name, state, balance: usdNumber(total - used), total_credits: usdNumber(total), total_usage: usdNumber(used), members,
    members_max: membersMax, rate_limits: rates && ratesJson(rates), suspended_at: timeOrNull(suspendedMs), suspended_reason: suspendedReason, created_at: timeOrNull(createdMs),
  }
}
