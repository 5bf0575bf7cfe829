/** Who somebody is, as a provider of identity that we believe says. */
export interface Identity {
  /** Theirs alone at the provider, and never anybody else's. */
  readonly subject: string
  readonly email: string | undefined
  /** Whether the provider says that the address is theirs; undefined where it says nothing of that. */
  readonly isEmailVerified: boolean | undefined
  readonly firstName: string | null
  readonly lastName: string | null
}

/** How requests to a provider go out. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

const NAME_CHARS_MAX = 100

/** A name as we keep it; null where it is none. */
export function nameIn(value: unknown): string | null {
  return typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}]/gu, '').trim().slice(0, NAME_CHARS_MAX) || null : null
}

/** Below `/api/auth`: where a ticket becomes a session. */
export const FINISH_PATH = '/external/finish'

/** Who may have a session, in which account; kept behind a text that works once. */
export interface Ticket { readonly way: typeof FINISH_PATH; readonly userId: string; readonly accountId: string | null }
