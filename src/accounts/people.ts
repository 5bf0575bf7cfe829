import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { randomText, rowId } from '../lib/id.ts'
import { hashSecret } from './account-book.ts'
import type { Actor, AuditEntry, AuditPage } from './audit-entry.ts'
import type { Invitation } from './invitation.ts'
import type { Account, AccountOfUser, Member } from './organization.ts'
import type { InvitationRefusal, Listed, Page, PeopleStore } from './people-store.ts'
import type { Role } from './roles.ts'
import { readEmail, userName, type NewUser, type User } from './user.ts'

const INVITATION_MS = 7 * 86_400_000
const TOKEN_CHARS = 43
const NAME_CHARS_MAX = 100
/** Of a first and a last name together. */
export const FULL_NAME_CHARS_MAX = 2 * NAME_CHARS_MAX + 1

/** People, the organisations that they are in, and the log of what was done there. */
export class People {
  constructor(private readonly store: PeopleStore, private readonly clock: Clock) {}

  user(id: string): Promise<User | undefined> {
    return this.store.user(id)
  }

  async userByEmail(email: string): Promise<User | undefined> {
    return await this.store.userByEmail(readEmail(email))
  }

  /** A new person, with an account of their own. Throws Fault `conflict` where somebody has the address. */
  async addUser(wish: NewUser, by: Actor): Promise<User> {
    const nowMs = this.clock.wallMs()
    const user: User = { id: `user_${rowId()}`, email: readEmail(wish.email), firstName: readName('first_name', wish.firstName), lastName: readName('last_name', wish.lastName), createdMs: nowMs, updatedMs: null, disabledMs: null }
    const account: Account = { id: rowId(), kind: 'personal', name: userName(user), createdMs: nowMs }
    if (!await this.store.insertUser(user, account, { by, nowMs })) throw new Fault('conflict', 'There is a person with this e-mail address already.', { metadata: { field: 'email' } })
    return user
  }

  /** May not sign in from now on, and keys that are theirs are refused; or may again. Throws Fault `not_found`. */
  async setDisabled(userId: string, disabled: boolean, by: Actor): Promise<void> {
    if (!await this.store.setUserDisabled(userId, disabled, this.change(by))) throw noMember()
  }

  account(accountId: string): Promise<Account | undefined> {
    return this.store.account(accountId)
  }

  /** A new organisation, whose first admin is this person. */
  async createOrganization(name: string, ownerId: string, by: Actor): Promise<Account> {
    const account: Account = { id: rowId(), kind: 'organization', name: readName('name', name) ?? '', createdMs: this.clock.wallMs() }
    if (account.name === '') throw new Fault('invalid_request', '`name` is empty: an organization needs a name.', { metadata: { field: 'name' } })
    await this.store.insertAccount(account, ownerId, this.change(by))
    return account
  }

  /** What a person may switch between, their own account first. */
  accountsOf(userId: string): Promise<readonly AccountOfUser[]> {
    return this.store.accountsOf(userId)
  }

  listMembers(accountId: string, page: Page): Promise<Listed<Member>> {
    return this.store.listMembers(accountId, page)
  }

  member(accountId: string, userId: string): Promise<Member | undefined> {
    return this.store.member(accountId, userId)
  }

  /** What a person is in an account; undefined where they are nothing there, or may not sign in. */
  async roleOf(accountId: string, userId: string): Promise<Role | undefined> {
    const member = await this.store.member(accountId, userId)
    return member?.user.disabledMs === null ? member.role : undefined
  }

  /** Lets a known person in. What they were before stays: their role is changed by `changeRole`. */
  async addMember(accountId: string, userId: string, role: Role, by: Actor): Promise<Member> {
    if (await this.store.insertMember({ accountId, userId, role, createdMs: this.clock.wallMs() }, this.change(by)) === 'full') throw full()
    const member = await this.store.member(accountId, userId)
    if (!member) throw noMember()
    return member
  }

  async changeRole(accountId: string, userId: string, role: Role, by: Actor): Promise<Member> {
    const changed = await this.store.changeRole(accountId, userId, role, this.change(by))
    if (typeof changed === 'object') return changed
    throw changed === 'no_member' ? noMember() : lastAdmin()
  }

  /** Their keys are disabled; what they did stays on record. */
  async removeMember(accountId: string, userId: string, by: Actor): Promise<void> {
    const refusal = await this.store.removeMember(accountId, userId, this.change(by))
    if (refusal === 'kept_by_directory') throw new Fault('conflict', "The organization's directory keeps this member: remove or deactivate them there.")
    if (refusal) throw refusal === 'no_member' ? noMember() : lastAdmin()
  }

  /** An invitation for a week, and its token: for the letter, and never to be had again. One before, to the same address, is over. */
  async invite(accountId: string, wish: { readonly email: string; readonly role: Role }, by: Actor): Promise<{ readonly token: string; readonly invitation: Invitation }> {
    const nowMs = this.clock.wallMs()
    const token = randomText(TOKEN_CHARS)
    const invitation: Invitation = {
      id: rowId(), accountId, email: readEmail(wish.email), role: wish.role, invitedBy: by.userId, createdMs: nowMs, expiresMs: nowMs + INVITATION_MS, acceptedMs: null, revokedMs: null,
    }
    const known = await this.store.userByEmail(invitation.email)
    if (known && await this.store.member(accountId, known.id)) throw new Fault('conflict', 'This person is a member already.', { metadata: { field: 'email' } })
    await this.store.insertInvitation(invitation, hashSecret(token), { by, nowMs })
    return { token, invitation }
  }

  listInvitations(accountId: string, page: Page): Promise<Listed<Invitation>> {
    return this.store.listInvitations(accountId, page)
  }

  /** What a token invites to, for the page that asks whether to accept. */
  invitation(token: string): Promise<Invitation | undefined> {
    return this.store.invitation(hashSecret(token))
  }

  async revokeInvitation(accountId: string, id: string, by: Actor): Promise<Invitation> {
    const revoked = await this.store.revokeInvitation(accountId, id, this.change(by))
    if (typeof revoked === 'object') return revoked
    throw invitationFault(revoked)
  }

  /** The person becomes a member, once. Only who has the address that was invited can accept. */
  async acceptInvitation(token: string, user: User): Promise<Member> {
    const by: Actor = { kind: 'user', id: user.id, name: userName(user), userId: user.id }
    const accepted = await this.store.acceptInvitation(hashSecret(token), user.id, this.change(by))
    if (typeof accepted === 'object') return accepted
    throw invitationFault(accepted)
  }

  audit(accountId: string, page: AuditPage): Promise<Listed<AuditEntry>> {
    return this.store.audit(accountId, page)
  }

  private change(by: Actor): { readonly by: Actor; readonly nowMs: number } {
    return { by, nowMs: this.clock.wallMs() }
  }
}

/** Signs that turn the direction of a text or are not seen: one name must not look like another. Joiners stay, for the scripts and emoji that need them. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\u2060\ufeff]/u

/** A name in one line, without spaces around it; null where nothing is left. Throws Fault `invalid_request`. */
export function readName(field: string, text: string | null | undefined, charsMax = NAME_CHARS_MAX): string | null {
  const name = text?.trim() ?? ''
  if (name.length > charsMax || UNSEEN.test(name)) throw new Fault('invalid_request', `\`${field}\` is a text of at most ${charsMax} characters in one line, without signs that cannot be seen.`, { metadata: { field } })
  return name === '' ? null : name
}

function noMember(): Fault {
  return new Fault('not_found', 'There is no such member. GET /api/v1/organization/members lists them.')
}

function lastAdmin(): Fault {
  return new Fault('conflict', 'This is the only admin who may sign in: make somebody else an admin first.')
}

function full(): Fault {
  return new Fault('conflict', 'The organization has as many members as it may have. Its operator can raise that: `members_max`.')
}

function invitationFault(refusal: InvitationRefusal): Fault {
  if (refusal === 'no_invitation') return new Fault('not_found', 'There is no such invitation.')
  if (refusal === 'full') return full()
  if (refusal === 'other_person') return new Fault('permission_denied', 'This invitation is for another e-mail address.')
  return new Fault('conflict', 'This invitation is not open any more: it was accepted, revoked, or a week has passed.')
}
