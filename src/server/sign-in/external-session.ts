// Loaded with the sign-in library.
import type { BetterAuthPlugin } from 'better-auth'
import { APIError, createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import type { Flows } from './flows.ts'
import { FINISH_PATH, type Ticket } from './identity.ts'

/** A session for whom a provider of identity has shown: what `External` has checked, it keeps behind a ticket that works once. */
export function externalSession(flows: Pick<Flows, 'takeUnseen'>): BetterAuthPlugin {
  return {
    id: 'external',
    endpoints: {
      finishExternal: createAuthEndpoint(FINISH_PATH, { method: 'POST', body: z.object({ ticket: z.string() }) }, async (asked) => {
        const { userId, accountId } = await flows.takeUnseen<Ticket>(asked.body.ticket, FINISH_PATH).catch((error: unknown) => {
          throw error instanceof Fault ? new APIError('FORBIDDEN', { code: error.code, message: error.message }) : error
        })
        const { internalAdapter } = asked.context
        const user = await internalAdapter.findUserById(userId)
        if (!user) throw new APIError('FORBIDDEN', { code: 'USER_NOT_FOUND', message: 'This person is not here any more.' })
        const session = await internalAdapter.createSession(user.id, false, { accountId })
        await setSessionCookie(asked, { session, user })
        return asked.json({ status: true })
      }),
    },
  }
}
