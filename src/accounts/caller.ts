import type { PriceList } from '../catalog/price-list.ts'
import type { Rates } from '../catalog/rate-limits.ts'
import type { Nano } from '../core/nano.ts'

export type LimitReset = 'daily' | 'weekly' | 'monthly'

/** A window that moves on with time: the so many hours until now. */
export type RollingWindow = `${number}h`

/** What a key may spend in any so many hours. */
export interface RollingLimit { readonly window: RollingWindow; readonly limit: Nano }

/** An API key as we keep it. The secret itself is nowhere: `hash` is its lower-case SHA-256 in hex (contract H1). */
export interface Key {
  readonly hash: string
  readonly accountId: string
  readonly name: string
  /** `sk-sw-v1-abc…xyz`: enough to recognise it. */
  readonly label: string
  readonly kind: 'inference' | 'management'
  readonly disabled: boolean
  /** null: no limit of its own. */
  readonly limit: Nano | null
  readonly limitReset: LimitReset | null
  /** What may pass in a minute, where the key says it itself; for the rest the operator's rates of keys hold. */
  readonly rateLimits?: Rates
  readonly includeByokInLimit: boolean
  /** Beside its limit: what it may spend in windows that move on with time, the shortest first; absent: none. */
  readonly rollingLimits?: readonly RollingLimit[]
  /** ms since the epoch, null: never. */
  readonly expiresMs: number | null
  /** Where it belongs: its calls count towards this workspace's budgets. */
  readonly workspaceId: string
  /** The member that it is of; null: it is the workspace's own (contract H25). */
  readonly creatorUserId: string | null
  /** The app that it was made for; absent: a person's own doing. */
  readonly appId?: number
  /** Networks (CIDR) that it may be shown from; absent: from anywhere. */
  readonly ipRanges?: readonly string[]
  /** What it adds to all of its calls' records, for reports. */
  readonly tags?: Tags
  /** The id of the wallet that all its calls are charged to: it is one of the reseller's customers' (`accounts/wallet.ts`). */
  readonly wallet?: string
  /** Customers whose wallets its calls may be charged to, by a header or tag; true: any. */
  readonly customers?: true | readonly string[]
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** Labels of a call by which its cost is reported: `feature`, `customer`, `env`. */
export type Tags = Readonly<Record<string, string>>

/** What a workspace's calls may cost in a window. `ever`: a lifetime budget. */
export interface BudgetCap { readonly period: 'ever' | LimitReset; readonly cap: Nano }

/** A bound that is neither the key's limit nor the workspace's budget: a guardrail's, a member's, one on a tag, or a rolling limit of the key. How much it is only the store knows. */
export interface CallerCap {
  readonly kind: 'guardrail' | 'member' | 'tag' | 'rolling'
  /** The guardrail with whom it is assigned to, the budget, with the call's value where each value of a tag has its own; or the key's hash. */
  readonly id: string
  readonly period: 'ever' | LimitReset | RollingWindow
  /** Costs on a provider's own account count towards it too. */
  readonly includeByok: boolean
  /** As people know it: whose it is, for a refusal. */
  readonly name: string
}

/** A budget on what calls are tagged with. */
export interface TagCap extends CallerCap {
  readonly tag: string
  /** null: each value has a window of its own. */
  readonly value: string | null
  /** A call without the tag is refused. */
  readonly isRequired: boolean
  /** Counts, and refuses nothing. */
  readonly isAlert: boolean
}

/** The wallet of a reseller's customer, for one call. */
export interface CallerWallet {
  readonly id: string
  readonly externalId: string
  /** What the customer pays: the first that says it. */
  readonly prices: readonly PriceList[]
}

/** Who calls: resolved from the key that the client shows. */
export interface Caller {
  readonly key: Key
  readonly accountId: string
  /** Why the operator has suspended the account: none of its keys is let in. Absent: it is live. */
  readonly suspended?: string
  /** What may pass in a minute of the account, where it has rates of its own; for the rest the operator's hold. */
  readonly accountRates?: Rates
  /** Budgets of the key's workspace, the broadest first; absent: none. */
  readonly budgets?: readonly BudgetCap[]
  /** Charged too, at its own price. */
  readonly wallet?: CallerWallet
  /** Of guardrails, of the key's member, and rolling ones of the key; absent: none. */
  readonly caps?: readonly CallerCap[]
  /** Budgets on tags that the account has; absent: none. */
  readonly tagCaps?: readonly TagCap[]
  /** The model that a call of the key's workspace has where it names none (contract B1). */
  readonly defaultModel?: string
  /** Costs on a provider's own account count towards them too (contract H29). */
  readonly includeByokInBudgets?: boolean
}
