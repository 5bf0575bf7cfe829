import type { AttemptRule } from '../../accounts/sign-in-store.ts'
import type { JsonObject } from '../../core/json.ts'

const MINUTE_MS = 60_000

interface Limit { readonly windowMs: number; readonly perAddress: number; readonly perMailbox: number }

const LETTERS: Limit = { windowMs: 60 * MINUTE_MS, perAddress: 60, perMailbox: 5 }
const CODES: Limit = { windowMs: 15 * MINUTE_MS, perAddress: 60, perMailbox: 60 }

/** Letters of one kind to one mailbox, whoever it is that has them sent. */
export function lettersTo(kind: string, email: string): AttemptRule {
  return { key: `${kind} for ${email}`, windowMs: LETTERS.windowMs, max: LETTERS.perMailbox }
}

/** What letters of invitation are counted under. Many of them may come from one address: an organization invites everybody at once. */
export const INVITATION = '/organization/invitations'

/** How often things may be tried from one address, and for one mailbox wherever the tries come from. */
export const LIMITS: Readonly<Record<string, Limit>> = {
  '/sign-in/email': { windowMs: 15 * MINUTE_MS, perAddress: 60, perMailbox: 30 },
  '/sign-up/email': { windowMs: 60 * MINUTE_MS, perAddress: 60, perMailbox: 5 },
  // Beside the library's own: five wrong codes end a sign-in, and ten in a row lock the second factor for a while.
  '/two-factor/verify-totp': CODES, '/two-factor/verify-backup-code': CODES, '/magic-link/verify': CODES, '/reset-password': CODES,
  '/request-password-reset': LETTERS, '/sign-in/magic-link': LETTERS, '/send-verification-email': LETTERS,
  [INVITATION]: { ...LETTERS, perAddress: 300 },
}

/** What a request to the sign-in library counts for; nothing, for most paths. */
export function attemptsOf(path: string, body: JsonObject | undefined, address: string | undefined): AttemptRule[] {
  const limit = Object.hasOwn(LIMITS, path) ? LIMITS[path] : undefined
  if (!limit) return []
  const { windowMs, perAddress, perMailbox } = limit
  const email = body?.['email']
  return [
    { key: `${path} from ${address ?? 'nowhere'}`, windowMs, max: perAddress },
    // No longer than an address may be: nobody fills the table with one request.
    ...(typeof email === 'string' ? [{ key: `${path} for ${email.trim().toLowerCase().slice(0, 254)}`, windowMs, max: perMailbox }] : []),
  ]
}
