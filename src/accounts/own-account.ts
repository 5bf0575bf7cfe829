/** Somebody who wants letters at another address. Who has the token reads what comes there. */
export interface EmailWish { readonly userId: string; readonly email: string; readonly sessionId: string; readonly tokenHash: string; readonly expiresMs: number }

/** `over`: the link was used, or its time is over. */
export type EmailRefusal = 'over' | 'taken' | 'kept_by_directory'

export interface EmailChanged { readonly before: string; readonly after: string }

/** Why somebody cannot go; of which organizations. */
export type LeaveRefusal = { readonly reason: 'last_operator' } | { readonly reason: 'last_admin' | 'kept_by_directory'; readonly organizations: readonly string[] }

/** What people do with their own account; part of `SignInStore`. */
export interface OwnAccountStore {
  /** Keeps the wish until its link is followed, in place of one from before. Nothing is kept where it is refused. */
  wishEmail(wish: EmailWish, nowMs: number): Promise<EmailRefusal | undefined>
  /** The wish of this token comes true, once. All sessions end but the one that it came from, and so does what was sent to the old address. */
  changeEmail(tokenHash: string, nowMs: number): Promise<EmailChanged | EmailRefusal>
  whyNotLeave(userId: string): Promise<LeaveRefusal | undefined>
  /** The person goes, out of their organizations and with their own account, whose books stay. The id of that account. */
  leave(userId: string, nowMs: number): Promise<{ readonly accountId: string } | LeaveRefusal>
  /** Removes a batch of the records of calls of an account that was left; how many there were. */
  forgetLeft(accountId: string): Promise<number>
}
