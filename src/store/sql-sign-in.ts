import type { EmailChanged, EmailRefusal, EmailWish, LeaveRefusal } from '../accounts/own-account.ts'
import type { Change } from '../accounts/people-store.ts'
import type { AttemptRule, LiveSession, RenewedSecret, SessionEntry, SuspendedSession, SignInModel, SignInQuery, SignInRow, SignInStore, WaitingLink } from '../accounts/sign-in-store.ts'
import { forgetBatch } from './account-data.ts'
import { changeEmail, leave, whyNotLeave, wishEmail } from './own-account-rows.ts'
import { findUser } from './people-rows.ts'
import { chooseAccount, claimSecret, countAttempt, endSessions, hasOpenInvitation, keepLink, keepSession, liveSession, renewSecret, sessionsOf, waitingLinks } from './session-rows.ts'
import { addSignIn, countSignIn, deleteSignIn, findSignIn, insertSignIn, isFresh, takeSignIn, updateSignIn } from './sign-in-rows.ts'
import { one, type Database } from './sql.ts'

/** Thrown to take back what was inserted before the one that clashed. */
class Clash extends Error {}

/** What the port of signing in says is stored, in a database: each method is one transaction. */
export class SqlSignIn implements SignInStore {
  constructor(private readonly database: Database) {}

  findSignIn(query: SignInQuery): Promise<readonly SignInRow[]> {
    return this.database.read((sql) => findSignIn(sql, query))
  }

  countSignIn(query: Pick<SignInQuery, 'model' | 'where'>): Promise<number> {
    return this.database.read((sql) => countSignIn(sql, query))
  }

  async insertSignIn(rows: readonly { readonly model: SignInModel; readonly row: SignInRow }[], nowMs: number): Promise<boolean> {
    try {
      await this.database.write(async (sql) => {
        for (const { model, row } of rows) if (!await insertSignIn(sql, model, row, nowMs)) throw new Clash()
      })
      return true
    } catch (error) {
      if (error instanceof Clash) return false
      throw error
    }
  }

  updateSignIn(query: Pick<SignInQuery, 'model' | 'where'>, set: SignInRow, nowMs: number): Promise<{ readonly count: number; readonly first: SignInRow | null }> {
    return this.database.write((sql) => updateSignIn(sql, query, set, nowMs))
  }

  deleteSignIn(query: Pick<SignInQuery, 'model' | 'where'>, nowMs: number): Promise<number> {
    return this.database.write((sql) => deleteSignIn(sql, query, nowMs))
  }

  takeSignIn(query: Pick<SignInQuery, 'model' | 'where'>): Promise<SignInRow | null> {
    return this.database.write((sql) => takeSignIn(sql, query))
  }

  addSignIn(query: Pick<SignInQuery, 'model' | 'where'>, add: Readonly<Record<string, number>>, set: SignInRow): Promise<SignInRow | null> {
    return this.database.write((sql) => addSignIn(sql, query, add, set))
  }

  countAttempt(rules: readonly AttemptRule[], nowMs: number): Promise<number> {
    return this.database.write((sql) => countAttempt(sql, rules, nowMs))
  }

  isFresh(): Promise<boolean> {
    return this.database.read(isFresh)
  }

  isDisabled(userId: string): Promise<boolean> {
    return this.database.read(async (sql) => (await findUser(sql, 'id', userId))?.disabledMs !== null)
  }

  isVerified(userId: string): Promise<boolean> {
    return this.database.read(async (sql) => await one(sql, 'SELECT id FROM users WHERE id = $1 AND email_verified = 1', userId) !== undefined)
  }

  hasOpenInvitation(email: string, nowMs: number): Promise<boolean> {
    return this.database.read((sql) => hasOpenInvitation(sql, email, nowMs))
  }

  liveSession(token: string, nowMs: number): Promise<LiveSession | SuspendedSession | undefined> {
    return this.database.read((sql) => liveSession(sql, token, nowMs))
  }

  keepSession(sessionId: string, untilMs: number): Promise<void> {
    return this.database.writeBeside((sql) => keepSession(sql, sessionId, untilMs))
  }

  wishEmail(wish: EmailWish, nowMs: number): Promise<EmailRefusal | undefined> {
    return this.database.write((sql) => wishEmail(sql, wish, nowMs))
  }

  changeEmail(tokenHash: string, nowMs: number): Promise<EmailChanged | EmailRefusal> {
    return this.database.write((sql) => changeEmail(sql, tokenHash, nowMs))
  }

  whyNotLeave(userId: string): Promise<LeaveRefusal | undefined> {
    return this.database.read((sql) => whyNotLeave(sql, userId))
  }

  leave(userId: string, nowMs: number): Promise<{ readonly accountId: string } | LeaveRefusal> {
    return this.database.write((sql) => leave(sql, userId, nowMs))
  }

  forgetLeft(accountId: string): Promise<number> {
    return this.database.write((sql) => forgetBatch(sql, accountId))
  }

  chooseAccount(sessionId: string, accountId: string): Promise<boolean> {
    return this.database.write((sql) => chooseAccount(sql, sessionId, accountId))
  }

  sessionsOf(userId: string, nowMs: number): Promise<readonly SessionEntry[]> {
    return this.database.read((sql) => sessionsOf(sql, userId, nowMs))
  }

  endSessions(userId: string, which: { readonly id: string } | { readonly exceptId: string }): Promise<number> {
    return this.database.write((sql) => endSessions(sql, userId, which))
  }

  keepLink(link: WaitingLink): Promise<void> {
    return this.database.write((sql) => keepLink(sql, link))
  }

  claimSecret(name: string, old: readonly string[]): Promise<boolean> {
    return this.database.write((sql) => claimSecret(sql, name, old))
  }

  renewSecret(name: string, old: readonly string[], change: Change): Promise<RenewedSecret | undefined> {
    return this.database.write((sql) => renewSecret(sql, name, old, change))
  }

  waitingLinks(nowMs: number): Promise<readonly WaitingLink[]> {
    return this.database.read((sql) => waitingLinks(sql, nowMs))
  }
}
