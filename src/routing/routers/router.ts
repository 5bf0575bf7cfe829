import type { ModelName } from '../../catalog/names.ts'
import type { Call } from '../../core/call.ts'
import type { Stage, Strategy } from '../plan.ts'
import type { RoutingView } from '../view.ts'

/** What a router makes of a name that is no model's: models to try, the best first, and what people are told. */
export interface Choice {
  readonly strategy: Strategy
  /** Ids as `/models` lists them; a variant may follow. Empty: nothing fits, and `none` says why. */
  readonly models: readonly string[]
  /** What was found out about the call, for router metadata (C50). */
  readonly stage?: Stage
  /** One sentence for the client where `models` is empty. */
  readonly none?: string
  /** Where `models` is empty: ids that would have been chosen, if only they could serve this call. */
  readonly unable?: readonly string[]
}

/** Chooses models for a call. Pure, as all routing is. Throws Fault for settings that cannot be followed. */
export type Router = (call: Call, view: RoutingView, name: ModelName) => Choice
