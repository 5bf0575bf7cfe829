import { z } from 'zod'
import { invitationState, type Invitation } from '../../accounts/invitation.ts'
import type { Account, Member } from '../../accounts/organization.ts'
import { ROLES, type Role } from '../../accounts/roles.ts'
import { userName } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'

/** As answers say it, too. */
const role = z.preprocess((value) => (typeof value === 'string' ? value.replace(/^org:/, '') : value), z.enum(ROLES, { error: 'must be admin or member' }))
const EMAIL = { error: 'must be an e-mail address, as name@example.com' }
const ROLE_CHANGE = z.strictObject({ role })
const INVITATION = z.strictObject({ email: z.string(EMAIL).min(1, EMAIL), role: role.optional() })

/** `GET /organization/members` (H31). 404 on the account of one person. */
export const listMembers: Route = {
  method: 'GET', path: '/organization/members', auth: 'management', operation: 'members.read',
  async handle(context) {
    const accountId = await organizationOf(context)
    const { rows, total } = await context.services.people.listMembers(accountId, pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(memberRow), total_count: total }
  },
}

/** `PATCH /organization/members/{id}`: another role. Only this server has it, as all that follows. */
export const changeMember: Route = {
  method: 'PATCH', path: '/organization/members/{id}', auth: 'management', operation: 'members.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const body = await readBody(context, ROLE_CHANGE)
    return { data: memberRow(await context.services.people.changeRole(accountId, context.params['id'] ?? '', body.role, accessIn(context).actor)) }
  },
}

/** `DELETE /organization/members/{id}`: their keys are disabled. */
export const removeMember: Route = {
  method: 'DELETE', path: '/organization/members/{id}', auth: 'management', operation: 'members.change',
  async handle(context) {
    await context.services.people.removeMember(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

/** `GET /organization/invitations`: newest first. */
export const listInvitations: Route = {
  method: 'GET', path: '/organization/invitations', auth: 'management', operation: 'invitations.read',
  async handle(context) {
    const { rows, total } = await context.services.people.listInvitations(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map((row) => invitationRow(row, context)), total_count: total }
  },
}

/** `POST /organization/invitations`: the only time that its token is shown. A letter has it too. */
export const createInvitation: Route = {
  method: 'POST', path: '/organization/invitations', auth: 'management', operation: 'invitations.change',
  async handle(context) {
    const { session, address, services: { people, signIn } } = context
    const organization = await organizationIn(context)
    const { email, role: wished = 'member' } = await readBody(context, INVITATION)
    await signIn?.countInvitation(email, address)
    const { token, invitation } = await people.invite(organization.id, { email, role: wished }, accessIn(context).actor)
    const { email: to, expiresMs } = invitation
    const sent = await signIn?.sendInvitation(token, { email: to, organization: organization.name, inviter: session && userName(session.user), expiresMs })
    return Response.json({ data: invitationRow(invitation, context), token, ...(sent && { url: sent.url, is_mailed: sent.isByMail }) }, { status: 201 })
  },
}

/** `DELETE /organization/invitations/{id}`: it cannot be accepted any more. */
export const revokeInvitation: Route = {
  method: 'DELETE', path: '/organization/invitations/{id}', auth: 'management', operation: 'invitations.change',
  async handle(context) {
    await context.services.people.revokeInvitation(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

/** The account, if it is an organization; 404 on the account of one person. */
export async function organizationOf(context: RouteContext): Promise<string> {
  return (await organizationIn(context)).id
}

async function organizationIn(context: RouteContext): Promise<Account> {
  const { accountId } = accessIn(context)
  const account = await context.services.people.account(accountId)
  if (account?.kind !== 'organization') throw new Fault('not_found', 'This account is of one person: it has no organization. POST /api/v1/me/account looks at another of your accounts, POST /api/v1/organizations makes an organization.')
  return account
}

const ROLE_NAMES: Readonly<Record<Role, string>> = { admin: 'org:admin', member: 'org:member' }

function memberRow({ userId, role: has, user }: Member): object {
  return { id: userId, email: user.email, first_name: user.firstName, last_name: user.lastName, role: ROLE_NAMES[has] }
}

function invitationRow(invitation: Invitation, { services }: RouteContext): object {
  const { id, email, role: wished, invitedBy, createdMs, expiresMs } = invitation
  return { id, email, role: ROLE_NAMES[wished], state: invitationState(invitation, services.clock.wallMs()), invited_by: invitedBy, created_at: timeOrNull(createdMs), expires_at: timeOrNull(expiresMs) }
}
