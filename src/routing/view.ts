import type { Snapshot } from '../catalog/endpoint.ts'
import type { PriceList } from '../catalog/price-list.ts'
import type { Policy } from '../guardrails/policy.ts'
import type { Affinity } from './affinity.ts'
import type { HealthView } from './health.ts'

/** All that a Plan depends on beside the call. The same call in the same view gives the same Plan. */
export interface RoutingView {
  /** As the caller of this call may see it. */
  readonly snapshot: Snapshot
  /** What the caller may use; absent where nobody restricts anybody. */
  readonly policy?: Policy
  /** What the customer pays whose key calls: ceilings that the request names are of these prices; where to go first is still by what the reseller pays. */
  readonly prices?: readonly PriceList[]
  /** A limit, a budget or a customer's wallet counts what the caller's calls cost: what nobody knows the price of it could not count. */
  readonly isBudgeted?: boolean
  readonly health: HealthView
  /** Where the conversation of this call was answered last, for the caller of this call. */
  readonly affinity: Affinity
  /** Who calls, where the call says neither user nor conversation: what an alias with several arms keeps to. */
  readonly stickyId?: string
  /** Floats in [0, 1), one for each model whose load is balanced. */
  readonly draw: () => number
  /** ms since the epoch. */
  readonly nowMs: number
}
