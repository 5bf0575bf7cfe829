import type { Json } from '../core/json.ts'

/** Who did something: a person in the console, a management key, an app that was let, the operator at the command line, or this program by itself. */
export interface Actor {
  readonly kind: 'user' | 'key' | 'app' | 'operator' | 'directory' | 'system'
  /** The id of the person or the app, or the hash of the key; '' for the others. */
  readonly id: string
  /** For people to read, as it was then. */
  readonly name: string
  /** The person behind it, where one is known. */
  readonly userId: string | null
  /** The id of the operator who looks through this person's eyes. */
  readonly impersonatedBy?: string
}

export const OPERATOR: Actor = Object.freeze({ kind: 'operator', id: '', name: 'command line', userId: null })
export const SYSTEM: Actor = Object.freeze({ kind: 'system', id: '', name: 'switchyard', userId: null })

/** Where entries stand that are of no account, but of the whole install. */
export const INSTANCE_ACCOUNT = ''

/** What can happen to what. `docs/accounts.md` has the list for people. */
export const AUDIT_ACTIONS = [
  'key.create', 'key.change', 'key.delete', 'key.rotate',
  'workspace.create', 'workspace.change', 'workspace.delete', 'workspace_member.add', 'workspace_member.remove', 'budget.set', 'budget.delete',
  'wallet.create', 'wallet.change', 'wallet.close', 'wallet.grant', 'wallet.take', 'price_list.set', 'price_list.delete',
  'member_budget.set', 'member_budget.delete', 'tag_budget.set', 'tag_budget.delete',
  'account.create', 'member.add', 'member.change', 'member.remove', 'invitation.create', 'invitation.accept', 'invitation.revoke', 'user.disable', 'user.enable',
  'byok.create', 'byok.change', 'byok.delete',
  'purchase.create', 'purchase.pay', 'purchase.fail', 'purchase.refund', 'purchase.dispute', 'billing.change',
  'policy.change', 'guardrail.create', 'guardrail.change', 'guardrail.delete', 'guardrail.assign', 'guardrail.unassign', 'preset.create', 'preset.change',
  'app.allow',
  'impersonation.start', 'impersonation.end',
  'markup.set', 'markup.delete',
  'instance.change', 'sign_in_secret.renew', 'account.suspend', 'account.resume', 'account.change', 'account.close', 'operator.remove', 'credit.grant', 'credit.take',
  'operator.add', 'user.change', 'email.change', 'password.change', 'two_factor.enable', 'two_factor.disable', 'passkey.add', 'passkey.remove', 'identity.add', 'identity.remove',
  'webhook.create', 'webhook.change', 'webhook.delete', 'alerts.change',
  'workspace_member.change', 'scim_token.create', 'scim_token.revoke', 'directory_user.create', 'directory_user.change', 'directory_user.delete', 'directory_group.create', 'directory_group.change', 'directory_group.delete',
  'group_mapping.create', 'group_mapping.change', 'group_mapping.delete', 'domain.add', 'domain.activate', 'domain.disable', 'domain.delete',
  'sso.create', 'sso.change', 'sso.activate', 'sso.disable', 'sso.delete',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** One change: written in the transaction that made it. `before` and `after` are what could be seen of the thing; no secret is in them. */
export interface AuditEntry {
  readonly id: string
  readonly accountId: string
  readonly atMs: number
  readonly actor: Actor
  readonly action: AuditAction
  /** The id of what was changed. */
  readonly target: string
  /** null: it was not there. */
  readonly before: Json
  readonly after: Json
  /** Why, where who did it said so. */
  readonly reason: string | null
}

/** Which entries are asked for. Newest first. */
export interface AuditPage {
  readonly offset: number
  readonly limit: number
  readonly fromMs?: number
  readonly untilMs?: number
  readonly action?: AuditAction
  readonly target?: string
  /** Only what is older than this entry: for whoever reads all of a log that grows. */
  readonly olderThan?: Pick<AuditEntry, 'atMs' | 'id'>
}
