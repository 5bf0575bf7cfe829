import { z } from 'zod'
import { userName } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import type { Session } from '../session.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import { readBody } from './body.ts'
import { timeOrNull } from './key.ts'

const CHOICE = z.strictObject({ account_id: z.string({ error: 'must be the id of an account of GET /api/v1/me/accounts' }) })

/** `GET /me`: who is signed in, and in which account. Only this server has it, as all that follows. */
export const getMe: Route = {
  method: 'GET', path: '/me', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    const { user, isOperator, impersonatedBy } = session
    const accounts = await context.services.people.accountsOf(user.id)
    const current = accounts.find(({ account }) => account.id === session.accountId)
    return { data: {
      id: user.id, email: user.email, first_name: user.firstName, last_name: user.lastName, name: userName(user), is_operator: isOperator, impersonated_by: impersonatedBy, created_at: timeOrNull(user.createdMs),
      account: { id: session.accountId, kind: current?.account.kind ?? null, name: current?.account.name ?? null, role: session.role },
    } }
  },
}

/** `GET /me/accounts`: what they may switch between, their own first. */
export const listOwnAccounts: Route = {
  method: 'GET', path: '/me/accounts', auth: 'person',
  async handle(context) {
    const { user, accountId } = sessionOf(context)
    const accounts = await context.services.people.accountsOf(user.id)
    return { data: accounts.map(({ account, role }) => ({ id: account.id, kind: account.kind, name: account.name, role, is_current: account.id === accountId })) }
  },
}

/** `POST /me/account`: what this session does is of another account from now on. */
export const chooseOwnAccount: Route = {
  method: 'POST', path: '/me/account', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    const { account_id: accountId } = await readBody(context, CHOICE)
    if (!await signInOf(context).store.chooseAccount(session.id, accountId)) throw new Fault('not_found', 'You are in no such account, or it is suspended. GET /api/v1/me/accounts lists yours.')
    return { data: { account_id: accountId } }
  },
}

/** `DELETE /me/accounts/{id}`: they are in this organization no more. Their keys there are disabled, as where an admin removes them. */
export const leaveAccount: Route = {
  method: 'DELETE', path: '/me/accounts/{id}', auth: 'person',
  async handle(context) {
    const { user } = sessionOf(context)
    const { people } = context.services
    const id = context.params['id'] ?? ''
    const found = (await people.accountsOf(user.id)).find(({ account }) => account.id === id)
    if (!found) throw new Fault('not_found', 'You are in no such account. GET /api/v1/me/accounts lists yours.')
    if (found.account.kind === 'personal') throw new Fault('conflict', 'This account is your own: nobody leaves it. /security/delete deletes you, and it.')
    await people.removeMember(id, user.id, { kind: 'user', id: user.id, name: userName(user), userId: user.id })
    return { deleted: true }
  },
}

/** `GET /me/sessions`: where they are signed in, newest first. */
export const listOwnSessions: Route = {
  method: 'GET', path: '/me/sessions', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    const sessions = await signInOf(context).store.sessionsOf(session.user.id, context.services.clock.wallMs())
    return { data: sessions.map(({ id, ipAddress, userAgent, createdMs, expiresMs }) => ({ id, ip_address: ipAddress || null, user_agent: userAgent || null, is_current: id === session.id, created_at: timeOrNull(createdMs), expires_at: timeOrNull(expiresMs) })) }
  },
}

/** `DELETE /me/sessions`: all but this one. */
export const endOtherSessions: Route = {
  method: 'DELETE', path: '/me/sessions', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    return { deleted: await signInOf(context).store.endSessions(session.user.id, { exceptId: session.id }) }
  },
}

/** `DELETE /me/sessions/{id}`. */
export const endOwnSession: Route = {
  method: 'DELETE', path: '/me/sessions/{id}', auth: 'person',
  async handle(context) {
    const ended = await signInOf(context).store.endSessions(sessionOf(context).user.id, { id: context.params['id'] ?? '' })
    if (ended === 0) throw new Fault('not_found', 'You have no such session. GET /api/v1/me/sessions lists yours.')
    return { deleted: true }
  },
}

/** `GET /instance/links`: what no letter took along, for the operator to pass on. */
export const listWaitingLinks: Route = {
  method: 'GET', path: '/instance/links', auth: 'operator',
  async handle(context) {
    const links = await signInOf(context).letters.waiting()
    return { data: links.map(({ id, email, purpose, url, createdMs, expiresMs }) => ({ id, email, purpose, url, created_at: timeOrNull(createdMs), expires_at: timeOrNull(expiresMs) })) }
  },
}

/** Who is signed in: routes for persons are reached by nobody else. */
export function sessionOf({ session }: RouteContext): Session {
  if (!session) throw new Fault('unauthenticated', 'Nobody is signed in: this is for people, not for keys.')
  return session
}

/** How people sign in here; a server that nobody can sign in at has none. */
function signInOf({ services }: RouteContext): SignIn {
  if (!services.signIn) throw new Fault('not_found', 'Nobody can sign in at this server.')
  return services.signIn
}
