import { Fault } from '../core/fault.ts'

/** A person, in any number of accounts. */
export interface User {
  readonly id: string
  /** In lower case: one person has one. */
  readonly email: string
  readonly firstName: string | null
  readonly lastName: string | null
  readonly createdMs: number
  readonly updatedMs: number | null
  /** Not null: may not sign in, and the keys that are theirs are refused. */
  readonly disabledMs: number | null
}

export interface NewUser { readonly email: string; readonly firstName?: string | null; readonly lastName?: string | null }

/** RFC 5321 allows no longer path. */
const EMAIL_CHARS_MAX = 254

/** The address as it is kept, in lower case. Throws Fault `invalid_request`. What it is for is to be written to: only its shape is checked. */
export function readEmail(text: string): string {
  const email = text.trim().toLowerCase()
  // Only ASCII: letters that look alike make no second address, and not every mail server takes others (RFC 6531).
  if (/[^\0-\x7f]/.test(email)) throw new Fault('invalid_request', 'The e-mail address must be of ASCII letters; a domain with others is written as xn--….', { metadata: { field: 'email' } })
  // No control characters, spaces or brackets: it goes into headers of letters.
  if (email.length > EMAIL_CHARS_MAX || !/^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+$/u.test(email)) {
    throw new Fault('invalid_request', 'The e-mail address must be like name@example.com.', { metadata: { field: 'email' } })
  }
  return email
}

/** A person for people: their name, or their address. */
export function userName({ firstName, lastName, email }: Pick<User, 'firstName' | 'lastName' | 'email'>): string {
  return [firstName, lastName].filter(Boolean).join(' ') || email
}
