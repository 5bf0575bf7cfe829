import { z } from 'zod'
import type { PersonSummary } from '../../accounts/operator-store.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { reason } from './instance-accounts.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { flag, readQuery, text } from './query.ts'

const LIST_QUERY = { ...PAGE, q: text, operator: flag, disabled: flag } as const
const SWITCH = { error: 'must be true or false' }
const CHANGE = z.strictObject({ disabled: z.boolean(SWITCH).optional(), operator: z.boolean(SWITCH).optional(), two_factor: z.literal(false, { error: 'must be false: it takes the second factor away; only the person sets one up' }).optional(), reason: reason.optional() })

/** `GET /instance/people`: everybody who has a place here, those who came last first. */
export const listPeople: Route = {
  method: 'GET', path: '/instance/people', auth: 'operator',
  async handle({ url, services }) {
    const { q, operator, disabled, ...page } = readQuery(url.searchParams, LIST_QUERY)
    const { rows, total } = await services.operator.listPeople({ ...pageOf(page), ...(q !== undefined && { search: q }), ...(operator !== undefined && { isOperator: operator }), ...(disabled !== undefined && { isDisabled: disabled }) })
    return { data: rows.map(personRow), total_count: total }
  },
}

/** `GET /instance/people/{id}`: with the accounts that they are in. */
export const getPerson: Route = {
  method: 'GET', path: '/instance/people/{id}', auth: 'operator',
  async handle(context) {
    const person = await context.services.operator.person(idOf(context))
    const accounts = await context.services.operator.accountsOf(person.id)
    return { data: { ...personRow(person), memberships: accounts.map(({ account, role }) => ({ account_id: account.id, kind: account.kind, name: account.name, role, suspended: account.suspended !== undefined })) } }
  },
}

/** `PATCH /instance/people/{id}`: lets them in or not, makes them an operator or not, takes a second factor that they have lost. */
export const changePerson: Route = {
  method: 'PATCH', path: '/instance/people/{id}', auth: 'operator',
  async handle(context) {
    const { disabled, operator, two_factor: twoFactor, reason: why } = await readBody(context, CHANGE)
    const wish = { ...(disabled !== undefined && { disabled }), ...(operator !== undefined && { operator }), ...(twoFactor !== undefined && { twoFactor }) }
    return { data: personRow(await context.services.operator.changePerson(idOf(context), wish, why, accessIn(context).actor)) }
  },
}

function idOf({ params }: RouteContext): string {
  return params['id'] ?? ''
}

/** A person as the operator sees them. */
export function personRow({ id, email, firstName, lastName, disabledMs, isOperator, accounts, createdMs }: PersonSummary): object {
  return { id, email, first_name: firstName, last_name: lastName, operator: isOperator, disabled: disabledMs !== null, disabled_at: timeOrNull(disabledMs), accounts, created_at: timeOrNull(createdMs) }
}
