import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import { accessOfSession } from '../session.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { reason } from './instance-accounts.ts'
import { timeOrNull } from './key.ts'
import { sessionOf } from './me.ts'

const MINUTES_DEFAULT = 30
const MINUTES = { error: 'must be a whole number from 1 to 240' }
const VIEW = z.strictObject({ reason, minutes: z.int(MINUTES).min(1, MINUTES).max(240, MINUTES).optional() })

/** `POST /instance/people/{id}/impersonate`: this browser looks through the person's eyes, for a while. Only for operators who are signed in. */
export const startImpersonation: Route = {
  method: 'POST', path: '/instance/people/{id}/impersonate', auth: 'operator',
  async handle(context) {
    const { session, services, params, request, address } = context
    if (!session) throw new Fault('permission_denied', 'Sign in to look through somebody’s eyes: a key has none.')
    const { reason: why, minutes = MINUTES_DEFAULT } = await readBody(context, VIEW)
    const { token, endsMs } = await services.operator.startView({
      userId: params['id'] ?? '', operatorId: session.user.id, returnSessionId: session.id, address: address ?? '', userAgent: (request.headers.get('user-agent') ?? '').slice(0, 500), lastsMs: minutes * 60_000,
    }, why, accessIn(context).actor)
    return withCookie({ data: { user_id: params['id'], impersonated_by: session.user.id, expires_at: timeOrNull(endsMs) } }, await signInOf(context).sessions.cookieFor(token, minutes * 60_000))
  },
}

/** `DELETE /me/impersonation`: the operator is themselves again, in the session that they came from. */
export const endImpersonation: Route = {
  method: 'DELETE', path: '/me/impersonation', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    const { endsMs, token } = await context.services.operator.endView(session.id, accessOfSession(session, 'credits.read').actor)
    const { sessions } = signInOf(context)
    // Without a session to go back to, the cookie ends.
    const lastsMs = token === undefined || endsMs === undefined ? 0 : endsMs - context.services.clock.wallMs()
    return withCookie({ deleted: true, signed_in: token !== undefined }, await sessions.cookieFor(token ?? 'none', lastsMs))
  },
}

function withCookie(body: object, cookie: string): Response {
  return Response.json(body, { headers: { 'set-cookie': cookie } })
}

function signInOf({ services }: RouteContext): SignIn {
  if (!services.signIn) throw new Fault('not_found', 'Nobody can sign in here.')
  return services.signIn
}
