// What the tests of a ledger do again and again: calls that hold, and calls that spend.
import type { Key } from '../accounts/caller.ts'
import type { Nano } from '../core/nano.ts'
import type { Hold } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { ACCOUNT, callerOf, generationOf, type TestBench } from './store.fixture.ts'

let lastId = 0

/** The id of a call that was not there before. */
export function nextId(): string {
  return `gen-1-${++lastId}`
}

/** Holds for one call; throws where that is refused. */
export async function held(ledger: LedgerNode, key: Key, amount: Nano): Promise<Hold> {
  const hold = await ledger.hold(callerOf(key), nextId(), amount)
  if (!hold.ok) throw new Error(`refused: ${hold.code}`)
  return hold
}

/** One call, from hold to settlement. */
export async function spend(ledger: LedgerNode, key: Key, amount: Nano, cost: Nano = amount): Promise<void> {
  const hold = await held(ledger, key, amount)
  ledger.settle(hold, generationOf(key, hold.callId, { cost, upstreamCost: cost }))
}

/** What the account had and has used, once all is settled. */
export async function credits(bench: TestBench): Promise<{ total: Nano; used: Nano }> {
  await bench.flush()
  return bench.store.credits(ACCOUNT)
}
