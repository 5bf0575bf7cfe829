import { z } from 'zod'
import { invalidMethod } from '../../accounts/apps/app-grants.ts'
import { CHALLENGE_METHODS } from '../../accounts/apps/auth-code.ts'
import type { Actor } from '../../accounts/audit-entry.ts'
import type { Caller } from '../../accounts/caller.ts'
import { assert, Fault } from '../../core/fault.ts'
import { accessOf } from '../access.ts'
import type { Route, Services } from '../route.ts'
import { readBody } from './body.ts'
import { callerOf } from './caller.ts'
import { timeOrNull } from './key.ts'
import { KEY_WISH, wishOf } from './key-wish.ts'

const TEXT = { error: 'must be a text' }
const EXCHANGE = z.strictObject({ code: z.string(TEXT).min(1, { error: 'must be the code that the app was given' }), code_verifier: z.string(TEXT).nullish(), code_challenge_method: z.unknown().optional() })

/** `POST /auth/keys`: a code becomes a key, once. Whoever has it may ask: it is all that an app has (H9). */
export const exchangeCode: Route = {
  method: 'POST', path: '/auth/keys', auth: 'public',
  async handle(context) {
    const body = await readBody(context, EXCHANGE)
    const method = body.code_challenge_method ?? null
    const known = CHALLENGE_METHODS.find((one) => one === method) ?? null
    if (method !== null && known === null) throw invalidMethod()
    const { secret, userId } = await context.services.appGrants.exchange({ code: body.code, verifier: body.code_verifier ?? undefined, method: known, address: context.address })
    return { key: secret, user_id: userId }
  },
}

/** `POST /auth/keys/code`: a code for an app, without a page (H10). */
export const createCode: Route = {
  method: 'POST', path: '/auth/keys/code', auth: 'key',
  async handle(context) {
    const { services } = context
    const caller = callerOf(context)
    const { actor, userId, memberId } = await makerOf(caller, services)
    const said = await readBody(context, KEY_WISH)
    if (said.callback_url === undefined) throw new Fault('invalid_request', 'The field `callback_url` is missing.', { metadata: { field: 'callback_url' } })
    const wish = await wishOf(said, { accountId: caller.accountId, userId, memberId }, services)
    // A key of a workspace makes keys of that workspace.
    const isElsewhere = caller.key.kind === 'inference' && said.workspace_id !== undefined && wish.workspaceId !== caller.key.workspaceId
    if (isElsewhere) throw new Fault('permission_denied', 'This key makes codes for its own workspace only: leave `workspace_id` out, or use a management key.')
    const workspaceId = said.workspace_id === undefined ? caller.key.workspaceId : wish.workspaceId
    assert(wish.app, 'a callback has an app')
    const { code, createdMs } = await services.appGrants.makeCode({ ...wish, workspaceId }, caller.key.hash, actor)
    return { data: { id: code, app_id: wish.app.id, created_at: timeOrNull(createdMs) } }
  },
}

/** Who makes a code by a key. Throws Fault `permission_denied` for a key whose bounds the new one would not have. */
async function makerOf(caller: Caller, services: Services): Promise<{ readonly actor: Actor; readonly userId: string | null; readonly memberId: string | undefined }> {
  const { key, accountId } = caller
  if (key.kind === 'management') {
    const access = await accessOf(caller, 'keys.create', services.people)
    return { actor: access.actor, userId: access.userId, memberId: access.userId ?? undefined }
  }
  const { keys, assignments } = await services.rules.accountRules(accountId)
  const bounds = [
    key.limit !== null && 'a limit', key.expiresMs !== null && 'an expiry', key.ipRanges && 'networks', key.rateLimits && 'rate limits', key.tags && 'tags', key.wallet !== undefined && 'a wallet',
    Object.keys(keys.get(key.hash) ?? {}).length > 0 && 'a policy', assignments.some(({ kind, target }) => kind === 'key' && target === key.hash) && 'a guardrail',
  ].filter((bound) => typeof bound === 'string')
  if (bounds.length > 0) throw new Fault('permission_denied', `This key has ${bounds.join(', ')}, which a key that it lets an app have would not: use a management key, or one without bounds.`)
  return { actor: { kind: 'key', id: key.hash, name: key.name, userId: key.creatorUserId }, userId: key.creatorUserId, memberId: key.creatorUserId ?? undefined }
}
