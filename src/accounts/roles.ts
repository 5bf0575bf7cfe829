import { Fault } from '../core/fault.ts'

/** What a person is in an organisation (contract H20). */
export const ROLES = ['admin', 'member'] as const
export type Role = (typeof ROLES)[number]

/** How much of an account an operation reaches: everything, only what is the person's own, or nothing. */
export type Reach = 'all' | 'own' | 'none'

/** Everything that can be asked of the control plane on behalf of an account, and how far each role gets (contract H20, H23, H24). */
export const OPERATIONS = {
  // Members make keys of their own and see no others.
  'keys.read': { admin: 'all', member: 'own' },
  'keys.create': { admin: 'all', member: 'own' },
  'keys.change': { admin: 'all', member: 'own' },
  'keys.delete': { admin: 'all', member: 'own' },
  'keys.rotate': { admin: 'all', member: 'own' },
  'key_policy.read': { admin: 'all', member: 'own' },
  'key_policy.change': { admin: 'all', member: 'none' },
  // A member's own workspaces are those that they were added to, and the default one.
  'workspaces.read': { admin: 'all', member: 'own' },
  'workspaces.create': { admin: 'all', member: 'none' },
  'workspaces.change': { admin: 'all', member: 'none' },
  'workspaces.delete': { admin: 'all', member: 'none' },
  'budgets.read': { admin: 'all', member: 'own' },
  'budgets.change': { admin: 'all', member: 'none' },
  // Wallets are a reseller's customers and their money.
  'wallets.read': { admin: 'all', member: 'none' },
  'wallets.change': { admin: 'all', member: 'none' },
  // What customers and features cost is what keys of others did.
  'tag_budgets.read': { admin: 'all', member: 'none' },
  'tag_budgets.change': { admin: 'all', member: 'none' },
  'member_budgets.read': { admin: 'all', member: 'own' },
  'member_budgets.change': { admin: 'all', member: 'none' },
  'workspace_members.read': { admin: 'all', member: 'own' },
  'workspace_members.change': { admin: 'all', member: 'none' },
  'members.read': { admin: 'all', member: 'all' },
  'members.change': { admin: 'all', member: 'none' },
  'invitations.read': { admin: 'all', member: 'none' },
  'invitations.change': { admin: 'all', member: 'none' },
  'audit.read': { admin: 'all', member: 'none' },
  // Credit is shared: everybody may see it, admins buy it.
  'credits.read': { admin: 'all', member: 'all' },
  // Members see what is about their own keys and the workspaces that they are in.
  'forecast.read': { admin: 'all', member: 'own' },
  'notifications.read': { admin: 'all', member: 'own' },
  'notification_settings.read': { admin: 'all', member: 'none' },
  'notification_settings.change': { admin: 'all', member: 'none' },
  'webhooks.read': { admin: 'all', member: 'none' },
  'webhooks.change': { admin: 'all', member: 'none' },
  'billing.read': { admin: 'all', member: 'none' },
  'billing.change': { admin: 'all', member: 'none' },
  // Members see what their own keys did.
  'analytics.read': { admin: 'all', member: 'own' },
  'feedback.send': { admin: 'all', member: 'own' },
  'feedback.read': { admin: 'all', member: 'own' },
  'guardrails.read': { admin: 'all', member: 'all' },
  'guardrails.change': { admin: 'all', member: 'none' },
  // Whoever sees them may not see their secrets: nobody may.
  'byok.read': { admin: 'all', member: 'none' },
  'byok.change': { admin: 'all', member: 'none' },
  'account_policy.read': { admin: 'all', member: 'all' },
  'account_policy.change': { admin: 'all', member: 'none' },
  // Whom a directory keeps, its tokens, what its groups may do, and the domains that are proven.
  'directory.read': { admin: 'all', member: 'none' },
  'directory.change': { admin: 'all', member: 'none' },
  'domains.read': { admin: 'all', member: 'none' },
  'domains.change': { admin: 'all', member: 'none' },
  'sso.read': { admin: 'all', member: 'none' },
  'sso.change': { admin: 'all', member: 'none' },
  /** What no row above is for. */
  'account.administer': { admin: 'all', member: 'none' },
} as const satisfies Readonly<Record<string, Readonly<Record<Role, Reach>>>>

export type Operation = keyof typeof OPERATIONS

/** Whether the role gets anywhere with the operation: for what is shown to people. */
export function mayDo(role: Role, operation: Operation): boolean {
  return OPERATIONS[operation][role] !== 'none'
}

/** How far the role gets with the operation. Throws Fault `permission_denied` where that is nowhere. The only place that decides it. */
export function reachOf(role: Role, operation: Operation): 'all' | 'own' {
  const reach: Reach = OPERATIONS[operation][role]
  if (reach === 'none') throw new Fault('permission_denied', `A ${role} of the organization may not do this (${operation}); ask one of its admins.`, { metadata: { operation, role } })
  return reach
}
