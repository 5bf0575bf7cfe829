import { z } from 'zod'
import { invalidMethod } from '../../accounts/apps/app-grants.ts'
import { CHALLENGE_METHODS, type Challenge, type KeyWish } from '../../accounts/apps/auth-code.ts'
import { readCallback } from '../../accounts/apps/callback.ts'
import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { appOfCallback } from '../../core/app.ts'
import { Fault } from '../../core/fault.ts'
import type { Services } from '../route.ts'
import { expires, future, limit, limitReset } from './keys.ts'

const LABEL = { error: 'must be a text of at most 100 characters in one line' }
const URL_TEXT = { error: 'must be a URL' }
const WORKSPACE = { error: 'must be the id of a workspace; GET /api/v1/workspaces lists them' }
/** RFC 7636 (4.1, 4.2). */
const PLAIN = /^[A-Za-z0-9._~-]{43,128}$/
const S256 = /^[A-Za-z0-9_-]{43}=?$/

/** What an app says of the key that it wants: in the query of the page, or in the body of `POST /auth/keys/code` (contract H7, H10). */
export const KEY_WISH = z.strictObject({
  callback_url: z.string(URL_TEXT).optional(),
  code_challenge: z.string({ error: 'must be a text' }).optional(),
  code_challenge_method: z.unknown().optional(),
  key_label: z.string(LABEL).trim().max(100, LABEL).regex(/^\P{Cc}*$/u, LABEL).optional(),
  limit: limit.optional(),
  usage_limit_type: limitReset.optional(),
  expires_at: expires.optional(),
  workspace_id: z.uuid(WORKSPACE).optional(),
  // For OpenRouter's own statistics; nothing here.
  spawn_agent: z.unknown().optional(),
  spawn_cloud: z.unknown().optional(),
})

/** Who is asked, or asks by themselves. `memberId`: only workspaces that this person is in. */
export interface Asked { readonly accountId: string; readonly userId: string | null; readonly memberId: string | undefined }

/** What a wish is checked with. */
export type WishServices = Pick<Services, 'workspaces' | 'clock'>

/** The wish, checked. Throws Fault `invalid_request` that names the field. */
export async function wishOf(said: z.output<typeof KEY_WISH>, asked: Asked, services: WishServices): Promise<KeyWish> {
  const callback = said.callback_url === undefined ? undefined : readCallback(said.callback_url)
  const challenge = challengeOf(said.code_challenge, said.code_challenge_method)
  if (!callback && !challenge) throw wrong('code_challenge', 'is missing: without `callback_url` the code is shown to the person, and only the challenge says who may use it.')
  const app = callback ? appOfCallback(callback) : null
  return {
    accountId: asked.accountId, userId: asked.userId, workspaceId: await workspaceOf(said.workspace_id, asked, services), callbackUrl: callback?.href ?? null, app, challenge,
    keyName: said.key_label || app?.title || 'App without a site', limit: said.limit ?? null, limitReset: said.usage_limit_type ?? null, keyExpiresMs: future({ services }, said.expires_at) ?? null,
  }
}

function challengeOf(text: string | undefined, said: unknown): Challenge | null {
  // RFC 7636 (4.3): who says nothing means plain.
  const method = said === undefined || said === null ? 'plain' : CHALLENGE_METHODS.find((known) => known === said)
  if (!method) throw invalidMethod()
  if (text === undefined || text === '') {
    if (said === undefined || said === null) return null
    throw wrong('code_challenge', 'is missing: `code_challenge_method` says how it was made.')
  }
  if (method === 'S256' && !S256.test(text)) throw wrong('code_challenge', 'must be base64url(SHA-256(code_verifier)): 43 letters, digits, - and _.')
  if (method === 'plain' && !PLAIN.test(text)) throw wrong('code_challenge', 'must be the code_verifier itself for the method plain: 43 to 128 letters, digits, and - . _ ~.')
  return { method, text }
}

async function workspaceOf(id: string | undefined, { accountId, memberId }: Asked, { workspaces }: WishServices): Promise<string> {
  if (id === undefined || id === defaultWorkspaceId(accountId)) return defaultWorkspaceId(accountId)
  const workspace = await workspaces.get(accountId, id, memberId).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'not_found') throw error
    throw wrong('workspace_id', `${WORKSPACE.error}.`)
  })
  return workspace.id
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` ${what}`, { metadata: { field } })
}
