import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import type { Actor, AuditEntry, AuditPage } from './audit-entry.ts'
import { randomText, rowId } from '../lib/id.ts'
import type { AccountOverrides, AccountPage, AccountSummary, EndedView, NewView, OperatorStore, PersonChange, PersonPage, PersonSummary } from './operator-store.ts'
import type { AccountOfUser } from './organization.ts'
import type { Listed } from './people-store.ts'
import type { SignInStore } from './sign-in-store.ts'

export interface OperatorOptions {
  readonly store: OperatorStore & Pick<SignInStore, 'isFresh'>
  readonly clock: Clock
  /** Brings this process's settlements to the store, so that what is read includes them. */
  readonly flush: () => Promise<void>
}

const REASON_CHARS_MAX = 500
const TOKEN_CHARS = 32

/** What only who runs the install does: accounts and people from above. Each change says why, and is in the log of the account that it is of. */
export class Operator {
  private readonly store: OperatorOptions['store']

  constructor(private readonly options: OperatorOptions) {
    this.store = options.store
  }

  /** Whether nobody runs the install yet: who signs up first will. */
  isWanted(): Promise<boolean> {
    return this.store.isFresh()
  }

  async listAccounts(page: AccountPage): Promise<Listed<AccountSummary>> {
    await this.options.flush()
    return await this.store.listAccounts(page)
  }

  /** Throws Fault `not_found`. */
  async account(id: string): Promise<AccountSummary> {
    await this.options.flush()
    return await this.store.accountSummary(id) ?? noAccount()
  }

  /** As `account`, for one that may be changed: not closed. */
  async openAccount(id: string): Promise<AccountSummary> {
    const account = await this.account(id)
    return account.state === 'closed' ? noAccount() : account
  }

  /** Its keys are refused, and nobody is let in to it, within a second in every process; calls that run end well. */
  async setSuspended(id: string, suspended: boolean, reason: string, by: Actor): Promise<AccountSummary> {
    if (!await this.store.setSuspended(id, suspended, this.change(by, reason))) return noAccount()
    return await this.account(id)
  }

  async setOverrides(id: string, overrides: Partial<AccountOverrides>, reason: string | undefined, by: Actor): Promise<AccountSummary> {
    if (!await this.store.setOverrides(id, overrides, this.change(by, reason))) return noAccount()
    return await this.account(id)
  }

  /** Closes it for ever: its keys die at once, what is personal goes, its books stay. How many records of calls were removed. */
  async close(id: string, reason: string, by: Actor): Promise<number> {
    await this.options.flush()
    if (!await this.store.closeAccount(id, this.change(by, reason))) return noAccount()
    let removed = 0
    for (let batch = 1; batch > 0; removed += batch) batch = await this.store.forgetBatch(id)
    return removed
  }

  listPeople(page: PersonPage): Promise<Listed<PersonSummary>> {
    return this.store.listPeople(page)
  }

  /** Throws Fault `not_found`. */
  async person(id: string): Promise<PersonSummary> {
    return await this.store.person(id) ?? noPerson()
  }

  accountsOf(userId: string): Promise<readonly AccountOfUser[]> {
    return this.store.accountsOf(userId)
  }

  /** Throws Fault `not_found`, and `conflict` where nobody would be left to run the install. */
  async changePerson(id: string, wish: PersonChange, reason: string | undefined, by: Actor): Promise<PersonSummary> {
    const changed = await this.store.changePerson(id, wish, this.change(by, reason))
    if (typeof changed === 'object') return changed
    if (changed === 'no_person') return noPerson()
    throw new Fault('conflict', 'Nothing was changed: this is the last operator who may sign in. Make somebody else an operator first.')
  }

  /** A session of the person for an operator, until then; in the logs. Throws Fault `not_found` or `conflict`. */
  async startView({ lastsMs, ...wish }: Omit<NewView, 'sessionId' | 'token' | 'endsMs'> & { readonly lastsMs: number }, reason: string, by: Actor): Promise<{ readonly token: string; readonly endsMs: number }> {
    const change = this.change(by, reason)
    const [token, endsMs] = [randomText(TOKEN_CHARS), change.nowMs + lastsMs]
    const refusal = await this.store.startView({ ...wish, sessionId: rowId(), token, endsMs }, change)
    if (refusal === 'no_person') return noPerson()
    if (refusal) throw new Fault('conflict', refusal === 'disabled' ? 'This person is disabled: nobody looks through their eyes.' : 'This person is an operator too: what operators may do is not lent.')
    return { token, endsMs }
  }

  /** Throws Fault `conflict` where the session is its person's own. */
  async endView(sessionId: string, by: Actor): Promise<EndedView> {
    const ended = await this.store.endView(sessionId, this.change(by, undefined))
    if (!ended) throw new Fault('conflict', 'You look through your own eyes: there is nothing to end.')
    return ended
  }

  /** What is over has ended by itself: this writes it into the log. Asked once a minute. */
  endOverViews(): Promise<void> {
    return this.store.endOverViews(this.options.clock.wallMs())
  }

  /** The log of everything. */
  audit(page: AuditPage & { readonly accountId?: string }): Promise<Listed<AuditEntry>> {
    return this.store.auditOfAll(page)
  }

  private change(by: Actor, reason: string | undefined): { readonly by: Actor; readonly nowMs: number; readonly reason?: string } {
    return { by, nowMs: this.options.clock.wallMs(), ...(reason !== undefined && { reason: readReason(reason) }) }
  }
}

/** Why somebody does something, in one line. Throws Fault `invalid_request`. */
export function readReason(text: string): string {
  const reason = text.trim()
  if (reason === '' || reason.length > REASON_CHARS_MAX || /\p{Cc}/u.test(reason)) throw new Fault('invalid_request', `\`reason\` must be a text of 1 to ${REASON_CHARS_MAX} characters in one line: why this is done, for the log of changes.`, { metadata: { field: 'reason' } })
  return reason
}

function noAccount(): never {
  throw new Fault('not_found', 'There is no such account, or it is closed. GET /api/v1/instance/accounts lists them.')
}

function noPerson(): never {
  throw new Fault('not_found', 'There is no such person. GET /api/v1/instance/people lists them.')
}
