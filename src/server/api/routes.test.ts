import { expect, test } from 'bun:test'
import { operations } from '../../../test/openapi.ts'
import { describeShared } from '../../../test/shared.ts'
import { routes } from './routes.ts'

test('who may call what', () => {
  const by = (auth: string): string[] => routes.filter((route) => route.auth === auth).map((route) => `${route.method} ${route.path}`)
  expect(by('public')).toEqual([
    'GET /models', 'GET /models/count', 'GET /model/{author}/{slug}', 'GET /models/{author}/{slug}/endpoints', 'GET /embeddings/models', 'GET /endpoints/zdr', 'GET /providers', 'POST /auth/keys', 'GET /invitations/{token}', 'POST /credits/coinbase',
  ])
  expect(by('key')).toEqual([
    'GET /models/user', 'GET /key', 'POST /auth/keys/code', 'GET /generation', 'GET /generation/content', 'GET /datasets/app-rankings', 'GET /datasets/rankings-daily', 'GET /datasets/session-cost', 'GET /benchmarks', 'GET /classifications/task', 'POST /route/explain', 'GET /presets', 'GET /presets/{slug}', 'GET /presets/{slug}/versions', 'GET /presets/{slug}/versions/{version}',
    'POST /presets/{slug}/chat/completions', 'POST /presets/{slug}/messages', 'POST /presets/{slug}/responses', 'GET /wallet',
  ])
  expect(Object.fromEntries(routes.flatMap(({ auth, method, path, operation }) => (auth === 'management' ? [[`${method} ${path}`, operation]] : [])))).toEqual({
    'GET /keys': 'keys.read', 'POST /keys': 'keys.create', 'GET /keys/{hash}': 'keys.read', 'PATCH /keys/{hash}': 'keys.change', 'DELETE /keys/{hash}': 'keys.delete', 'POST /keys/{hash}/rotate': 'keys.rotate',
    'GET /purchases': 'billing.read', 'POST /purchases': 'billing.change', 'GET /purchases/{id}': 'billing.read', 'POST /purchases/{id}/refund': 'billing.change', 'GET /purchases/{id}/receipt.pdf': 'billing.read',
    'GET /billing': 'billing.read', 'PATCH /billing': 'billing.change', 'GET /billing/cards': 'billing.read', 'POST /billing/cards': 'billing.change', 'POST /billing/cards/{id}/default': 'billing.change', 'DELETE /billing/cards/{id}': 'billing.change',
    'GET /credits': 'credits.read', 'GET /activity': 'analytics.read', 'GET /analytics/meta': 'analytics.read', 'POST /analytics/query': 'analytics.read',
    'GET /forecast': 'forecast.read', 'GET /notifications': 'notifications.read', 'POST /notifications/read': 'notifications.read', 'GET /notifications/settings': 'notification_settings.read',
    'PATCH /notifications/settings': 'notification_settings.change', 'GET /notifications/deliveries': 'notification_settings.read', 'GET /notifications/webhooks': 'webhooks.read', 'POST /notifications/webhooks': 'webhooks.change',
    'GET /notifications/webhooks/{id}': 'webhooks.read', 'PATCH /notifications/webhooks/{id}': 'webhooks.change', 'DELETE /notifications/webhooks/{id}': 'webhooks.change', 'POST /notifications/webhooks/{id}/test': 'webhooks.change',
    'GET /guardrails': 'guardrails.read', 'POST /guardrails': 'guardrails.change', 'GET /guardrails/{id}': 'guardrails.read', 'PATCH /guardrails/{id}': 'guardrails.change', 'DELETE /guardrails/{id}': 'guardrails.change',
    'GET /guardrails/assignments/keys': 'guardrails.read', 'GET /guardrails/assignments/members': 'guardrails.read',
    'GET /guardrails/{id}/assignments/keys': 'guardrails.read', 'GET /guardrails/{id}/assignments/members': 'guardrails.read',
    'POST /guardrails/{id}/assignments/keys': 'guardrails.change', 'POST /guardrails/{id}/assignments/members': 'guardrails.change',
    'POST /guardrails/{id}/assignments/keys/remove': 'guardrails.change', 'POST /guardrails/{id}/assignments/members/remove': 'guardrails.change',
    'GET /byok': 'byok.read', 'POST /byok': 'byok.change', 'GET /byok/{id}': 'byok.read', 'PATCH /byok/{id}': 'byok.change', 'DELETE /byok/{id}': 'byok.change',
    'GET /account/policy': 'account_policy.read', 'PATCH /account/policy': 'account_policy.change', 'GET /keys/{hash}/policy': 'key_policy.read', 'PATCH /keys/{hash}/policy': 'key_policy.change',
    'GET /workspaces': 'workspaces.read', 'POST /workspaces': 'workspaces.create', 'GET /workspaces/{id}': 'workspaces.read', 'PATCH /workspaces/{id}': 'workspaces.change', 'DELETE /workspaces/{id}': 'workspaces.delete',
    'GET /workspaces/{id}/budgets': 'budgets.read', 'GET /workspaces/{id}/budgets/{interval}': 'budgets.read', 'PUT /workspaces/{id}/budgets/{interval}': 'budgets.change', 'DELETE /workspaces/{id}/budgets/{interval}': 'budgets.change',
    ...Object.fromEntries(['GET /wallets', 'GET /wallets/report', 'GET /wallets/{id}', 'GET /wallets/{id}/entries', 'GET /price-lists'].map((route) => [route, 'wallets.read'])),
    ...Object.fromEntries(['POST /wallets', 'PATCH /wallets/{id}', 'DELETE /wallets/{id}', 'POST /wallets/{id}/grant', 'POST /wallets/{id}/take', 'POST /wallets/{id}/transfer', 'PUT /price-lists', 'DELETE /price-lists/{id}'].map((route) => [route, 'wallets.change'])),
    'GET /budgets/tags': 'tag_budgets.read', 'PUT /budgets/tags': 'tag_budgets.change', 'DELETE /budgets/tags/{id}': 'tag_budgets.change',
    'GET /budgets/members': 'member_budgets.read', 'PUT /budgets/members': 'member_budgets.change', 'DELETE /budgets/members/{id}': 'member_budgets.change',
    'GET /workspaces/{id}/members': 'workspace_members.read', 'POST /workspaces/{id}/members/add': 'workspace_members.change', 'POST /workspaces/{id}/members/remove': 'workspace_members.change',
    'GET /organization/members': 'members.read', 'PATCH /organization/members/{id}': 'members.change', 'DELETE /organization/members/{id}': 'members.change',
    'GET /organization/invitations': 'invitations.read', 'POST /organization/invitations': 'invitations.change', 'DELETE /organization/invitations/{id}': 'invitations.change',
    'GET /organization/audit': 'audit.read',
    'POST /generation/feedback': 'feedback.send', 'GET /generation/feedback': 'feedback.read',
    'GET /scim/group-mappings': 'directory.read', 'POST /scim/group-mappings': 'directory.change', 'GET /scim/group-mappings/{id}': 'directory.read', 'PATCH /scim/group-mappings/{id}': 'directory.change', 'DELETE /scim/group-mappings/{id}': 'directory.change',
    'GET /scim/groups': 'directory.read', 'GET /scim/users': 'directory.read', 'POST /scim/refresh': 'directory.change', 'GET /scim/tokens': 'directory.read', 'POST /scim/tokens': 'directory.change', 'DELETE /scim/tokens/{id}': 'directory.change',
    'GET /domains': 'domains.read', 'POST /domains': 'domains.change', 'GET /domains/{id}': 'domains.read', 'POST /domains/{id}/verify': 'domains.change', 'POST /domains/{id}/disable': 'domains.change', 'DELETE /domains/{id}': 'domains.change',
    'GET /sso': 'sso.read', 'POST /sso': 'sso.change', 'GET /sso/{id}': 'sso.read', 'PATCH /sso/{id}': 'sso.change', 'POST /sso/{id}/check': 'sso.read', 'POST /sso/{id}/activate': 'sso.change', 'POST /sso/{id}/disable': 'sso.change', 'DELETE /sso/{id}': 'sso.change',
  })
})

/** What only this server has, beside all that is the operator's, and for people alone. */
const OURS = [
  'GET /wallet', 'GET /wallets', 'POST /wallets', 'GET /wallets/report', 'GET /wallets/{id}', 'PATCH /wallets/{id}', 'DELETE /wallets/{id}', 'POST /wallets/{id}/grant', 'POST /wallets/{id}/take', 'POST /wallets/{id}/transfer', 'GET /wallets/{id}/entries', 'GET /price-lists', 'PUT /price-lists', 'DELETE /price-lists/{id}',
  'GET /generation/feedback', 'GET /instance/feedback',
  'GET /purchases', 'POST /purchases', 'GET /purchases/{id}', 'POST /purchases/{id}/refund', 'GET /purchases/{id}/receipt.pdf',
  'GET /billing', 'PATCH /billing', 'GET /billing/cards', 'POST /billing/cards', 'POST /billing/cards/{id}/default', 'DELETE /billing/cards/{id}',
  'GET /invitations/{token}',
  'GET /budgets/tags', 'PUT /budgets/tags', 'DELETE /budgets/tags/{id}', 'GET /budgets/members', 'PUT /budgets/members', 'DELETE /budgets/members/{id}',
  'GET /forecast', 'GET /notifications', 'POST /notifications/read', 'GET /notifications/settings', 'PATCH /notifications/settings', 'GET /notifications/deliveries', 'GET /notifications/webhooks', 'POST /notifications/webhooks',
  'GET /notifications/webhooks/{id}', 'PATCH /notifications/webhooks/{id}', 'DELETE /notifications/webhooks/{id}', 'POST /notifications/webhooks/{id}/test',
  'POST /credits/move', 'DELETE /me/impersonation', 'POST /route/explain', 'GET /account/policy', 'PATCH /account/policy', 'GET /keys/{hash}/policy', 'PATCH /keys/{hash}/policy', 'POST /keys/{hash}/rotate',
  'PATCH /organization/members/{id}', 'DELETE /organization/members/{id}', 'GET /organization/invitations', 'POST /organization/invitations', 'DELETE /organization/invitations/{id}', 'GET /organization/audit',
  'GET /scim/users', 'POST /scim/refresh', 'GET /scim/tokens', 'POST /scim/tokens', 'DELETE /scim/tokens/{id}', 'GET /domains', 'POST /domains', 'GET /domains/{id}', 'POST /domains/{id}/verify', 'POST /domains/{id}/disable', 'DELETE /domains/{id}',
  'GET /sso', 'POST /sso', 'GET /sso/{id}', 'PATCH /sso/{id}', 'POST /sso/{id}/check', 'POST /sso/{id}/activate', 'POST /sso/{id}/disable', 'DELETE /sso/{id}',
]

describeShared('by the document', () => {
  test('every route is an operation of it', () => {
    const known = operations().map(([method, path]) => `${method} ${path}`)
    for (const route of routes) if (route.auth !== 'operator' && route.auth !== 'person' && !OURS.includes(`${route.method} ${route.path}`)) expect(known).toContain(`${route.method} ${route.path}`)
  })
})
