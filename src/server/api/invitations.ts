import { z } from 'zod'
import { invitationState } from '../../accounts/invitation.ts'
import { userName } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { timeOrNull } from './key.ts'
import { sessionOf } from './me.ts'

const NAME = { error: 'must be a text of 1 to 100 characters in one line' }
const ORGANIZATION = z.strictObject({ name: z.string(NAME) })

/** `POST /organizations`: whoever makes it is its first admin (contract H20). Only this server has it, as all that follows. */
export const createOrganization: Route = {
  method: 'POST', path: '/organizations', auth: 'person',
  async handle(context) {
    const { user } = sessionOf(context)
    const { name } = await readBody(context, ORGANIZATION)
    if (!await context.services.signIn?.store.isVerified(user.id)) throw new Fault('permission_denied', 'Confirm your e-mail address first: an organization is made by somebody who can be written to.')
    const account = await context.services.people.createOrganization(name, user.id, { kind: 'user', id: user.id, name: userName(user), userId: user.id })
    return Response.json({ data: { id: account.id, kind: account.kind, name: account.name, role: 'admin', created_at: timeOrNull(account.createdMs) } }, { status: 201 })
  },
}

/** `GET /invitations/{token}`: what it invites to. Whoever has the token was written to. */
export const getInvitation: Route = {
  method: 'GET', path: '/invitations/{token}', auth: 'public',
  async handle({ params, services }) {
    const invitation = await services.people.invitation(params['token'] ?? '')
    const account = invitation && await services.people.account(invitation.accountId)
    if (!invitation || !account) throw new Fault('not_found', 'There is no such invitation.')
    const { email, role, expiresMs } = invitation
    return { data: { organization: { id: account.id, name: account.name }, email, role, state: invitationState(invitation, services.clock.wallMs()), expires_at: timeOrNull(expiresMs) } }
  },
}

/** `POST /invitations/{token}/accept`: once, by who has the address. */
export const acceptInvitation: Route = {
  method: 'POST', path: '/invitations/{token}/accept', auth: 'person',
  async handle(context: RouteContext) {
    const { user } = sessionOf(context)
    const { accountId, role } = await context.services.people.acceptInvitation(context.params['token'] ?? '', user)
    return { data: { account_id: accountId, role } }
  },
}
