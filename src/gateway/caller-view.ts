import type { Caller } from '../accounts/caller.ts'
import { seenBy } from '../catalog/visible.ts'
import type { Call } from '../core/call.ts'
import type { RoutingView } from '../routing/view.ts'
import type { Gateway } from './gateway.ts'

/** All that a call is routed by, as its caller may see and use it: one frozen view of catalogue, own keys, policies and providers. */
export async function callerView(call: Call, caller: Caller, gateway: Pick<Gateway, 'snapshot' | 'policies' | 'health' | 'conversations' | 'draw' | 'ownKeys' | 'ownKeyBills'>): Promise<RoutingView> {
  const shared = seenBy(gateway.snapshot(), caller.accountId, caller.key.hash)
  const found = gateway.policies.of(caller, shared, call.headers.region)
  const policy = found instanceof Promise ? await found : found
  const own = gateway.ownKeys?.of(caller, shared) ?? shared
  const snapshot = own instanceof Promise ? await own : own
  if (snapshot !== shared) await gateway.ownKeyBills?.ready(caller.accountId, shared.byok)
  const { key, wallet } = caller
  return { snapshot, policy, ...(isBudgeted(caller) && { isBudgeted: true }), ...(key.wallet !== undefined && wallet && { prices: wallet.prices }), health: gateway.health, affinity: gateway.conversations.affinity(caller, call), stickyId: caller.key.hash, draw: gateway.draw, nowMs: call.createdMs }
}

/** Whether anything bounds what the caller's calls may cost, beside the account's credit. */
function isBudgeted({ key, budgets, caps, tagCaps, wallet }: Caller): boolean {
  return key.limit !== null || budgets !== undefined || caps !== undefined || wallet !== undefined || (tagCaps?.some(({ isAlert }) => !isAlert) ?? false)
}
