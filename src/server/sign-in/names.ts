/** `Ada King Lovelace` is Ada King, and Lovelace: the last word is the last name, where there are several. */
export function splitName(name: string): { readonly firstName: string | null; readonly lastName: string | null } {
  const words = name.trim().split(/\s+/).filter((word) => word !== '')
  const last = words.length > 1 ? words.pop() : undefined
  return { firstName: words.join(' ') || null, lastName: last ?? null }
}

/** The two in one line, as far as they are there. */
export function joinName(firstName: unknown, lastName: unknown): string {
  return [firstName, lastName].filter((part) => typeof part === 'string' && part !== '').join(' ')
}

/** Cookies are `switchyard.session_token` and the like, behind `__Secure-` where they are for https alone. */
export const COOKIE_PREFIX = 'switchyard'
/** A session that nobody uses ends after `idle`, one that is used after `max`; how much longer it lasts is written at most once in `written`. */
export const SESSION_MS = { idle: 30 * 86_400_000, max: 90 * 86_400_000, written: 3_600_000 } as const
/** The header in which we tell the sign-in library where a request comes from. What a client sends in it is taken out. */
export const CLIENT_ADDRESS = 'x-switchyard-client-address'
/** The header in which we tell it what somebody shows to be the first person. Taken out as well. */
export const SET_UP_CODE = 'x-switchyard-setup-code'
/** How long a password is. */
export const PASSWORD_CHARS = { min: 10, max: 256 } as const
