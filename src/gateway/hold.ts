import type { Caller } from '../accounts/caller.ts'
import type { Call } from '../core/call.ts'
import { tagsOf } from '../core/tags.ts'
import { maxNano, type Nano } from '../core/nano.ts'
import { costMax, listPriceMax } from '../routing/bound.ts'
import type { CallNote, Hold, HoldRefusal } from '../ledger/ledger.ts'
import type { Plan } from '../routing/plan.ts'
import { customerMax } from './customer.ts'
import type { Gateway } from './gateway.ts'

/** What was set aside for a call, and the Plan that it is for. */
export interface Held { readonly hold: Hold | HoldRefusal; readonly plan: Plan }

/**
 * Sets aside the worst case of a call. Where the account's credit does not reach for shared endpoints, but the caller has keys of its own,
 * the call goes to those alone: their bill is the caller's, here only the fee is paid.
 */
export function holdFor(call: Call, caller: Caller, plan: Plan, gateway: Pick<Gateway, 'ledger'>): Held | Promise<Held> {
  if (plan.steps.some(({ endpoint }) => endpoint.ownKey)) return holdWithOwnKeys(call, caller, plan, gateway)
  const hold = gateway.ledger.hold(caller, call.id, plan.costMax, noteOf(call, caller, plan.steps))
  return hold instanceof Promise ? hold.then((done) => ({ hold: done, plan })) : { hold, plan }
}

/** What the ledger is told of a call. Its tags only where budgets look at them. */
export function noteOf(call: Call, { key, tagCaps, wallet }: Caller, steps: Plan['steps']): CallNote {
  const tags = tagCaps && tagsOf(key.tags, call.headers.tags, call.body['metadata'])
  return { model: call.models[0] ?? '', streamed: call.stream, ...(tags && { tags }), ...(wallet && { walletMax: customerMax(call, steps, wallet.prices) }) }
}

async function holdWithOwnKeys(call: Call, caller: Caller, plan: Plan, { ledger }: Pick<Gateway, 'ledger'>): Promise<Held> {
  const own = plan.steps.filter(({ endpoint }) => endpoint.ownKey)
  const noted = { ...noteOf(call, caller, plan.steps), ownKeysMax: own.reduce<Nano>((most, step) => maxNano(most, costMax(call, [step]) + listPriceMax(call, step.endpoint)), 0n) }
  const hold = await ledger.hold(caller, call.id, plan.costMax, noted)
  if (hold.ok || hold.code === 'unavailable' || own.length === plan.steps.length) return { hold, plan }
  const alone = { ...plan, steps: own, costMax: costMax(call, own) }
  const again = await ledger.hold(caller, call.id, alone.costMax, noted)
  return again.ok ? { hold: again, plan: alone } : { hold, plan }
}
