import { createHash } from 'node:crypto'

/** A client's end-user id as providers see it: hashed, never raw (contract B37). Always the same for the same id. */
export function hashedUser(user: string): string {
  return `user_${createHash('sha256').update(user).digest('hex').slice(0, 32)}`
}
