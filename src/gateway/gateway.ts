import type { OwnKeyBills } from '../accounts/byok/own-key-bills.ts'
import type { OwnKeys } from '../accounts/byok/own-keys.ts'
import type { WalletBook } from '../accounts/wallet-book.ts'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { Policies } from '../guardrails/rule-book.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limits } from '../limits/limits.ts'
import type { CallLog } from '../lib/log.ts'
import type { Health } from '../upstream/health.ts'
import type { Files } from '../upstream/pdf/files.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Admission } from './admit.ts'
import type { Conversations } from './conversations.ts'
import type { HedgeBudget } from './hedge.ts'
import type { Mirrors } from './mirror.ts'

/** What a call needs in its life. Built once, in main.ts. */
export interface Gateway {
  readonly snapshot: () => Snapshot
  /** What callers may use. */
  readonly policies: Policies
  /** Keys of providers that callers brought. */
  readonly ownKeys?: OwnKeys
  /** What calls on them cost. */
  readonly ownKeyBills?: OwnKeyBills
  /** Whose wallets of a reseller's customers pay for calls too. */
  readonly wallets?: Pick<WalletBook, 'payerOf' | 'pricesOf'>
  readonly ledger: Ledger
  /** How much may pass in a window. */
  readonly rates?: Limits
  readonly health: Health
  readonly conversations: Conversations
  readonly hedges: HedgeBudget
  /** Who asks the mirrors of the operator's aliases. */
  readonly mirrors?: Mirrors
  readonly upstream: Upstream
  /** Who reads PDFs for models that read none. */
  readonly files?: Files
  readonly clock: Clock
  readonly log: CallLog
  /** A number in [0, 1) for the draw among endpoints. */
  readonly draw: () => number
  readonly admission: Admission
  readonly limits: GatewayLimits
}

export interface GatewayLimits {
  /** Provider calls for one client call, at most. */
  readonly attemptsMax: number
}

export const GATEWAY_LIMITS: GatewayLimits = { attemptsMax: 12 }
