import type { Generation } from '../ledger/generation.ts'
import { writeGeneration, type End } from '../ledger/line.ts'

/**
 * What a line settles: the call in its account; and where a reseller's customer pays too, the same call in the wallet's own books, at the
 * customer's price. Both are in one line and one transaction, each once for its account and the call's id.
 */
export function sidesOf(end: End): readonly End[] {
  const { generation, walletLeaseId, atMs } = end
  if (!generation.wallet) return [end]
  const record = customerRecord(generation, generation.wallet)
  const side: End = {
    callId: `${end.callId} ${record.accountId}`, atMs, leaseId: walletLeaseId ?? null, keyLeaseId: null, counted: record.cost, budgets: [], workspaceId: null, generation: record, record: writeGeneration(record),
  }
  return [end, side]
}

/** The call as it stands in the wallet's books. `upstreamCost` is what it cost the reseller: so their sums have the margin, and nobody shows it to the customer. */
function customerRecord(generation: Generation, { id, cost }: NonNullable<Generation['wallet']>): Generation {
  const { wallet: _, tags: __, workspaceId: ___, parentId: ____, innerIds: _____, byok: ______, cacheDiscountNano: _______, presetId: ________, ...rest } = generation
  return { ...rest, accountId: id, cost, upstreamCost: generation.cost, byok: false, endpointId: withoutOwnKey(rest.endpointId), attempts: rest.attempts.map(({ byok: _own, endpointId, ...attempt }) => ({ ...attempt, endpointId: withoutOwnKey(endpointId) })) }
}

/** An endpoint on a key that the reseller brought is named after it (`catalog/own-keys.ts`), which is the reseller's. */
function withoutOwnKey(endpointId: string): string {
  const at = endpointId.indexOf('#')
  return at === -1 ? endpointId : endpointId.slice(0, at)
}
