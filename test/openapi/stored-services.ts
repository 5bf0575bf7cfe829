import type { AccountBook } from '../../src/accounts/account-book.ts'
import type { Snapshot } from '../../src/catalog/endpoint.ts'
import type { LedgerNode } from '../../src/ledger/node.ts'
import { FakeClock } from '../../src/lib/clock.ts'
import { openLedger } from '../../src/store/open.ts'
import { testDirectory } from '../../src/store/store.fixture.ts'
import type { Services } from '../../src/server/route.ts'
import { fakeServices } from './fake-services.ts'

/** As `fakeServices`, on a real store in a directory of its own: for what is kept in it. `close` it. */
export async function storedServices(catalogue: Snapshot): Promise<Services & { readonly accounts: AccountBook; readonly clock: FakeClock; readonly ledger: LedgerNode; close(): Promise<void> }> {
  const clock = new FakeClock()
  const { billing, payments, accounts, appGrants, dataSets, feedback, people, scim, domains, workspaces, instance, sharedBudgets, operator, rules, presets, byok, ownKeys, limits, reports, notices, wallets, ledger, close } = await openLedger({ dataDir: testDirectory(), clock })
  return { ...fakeServices(catalogue), dataSets, feedback, billing, payments, accounts, appGrants, people, scim, domains, workspaces, instance, sharedBudgets, operator, rules, presets, byok, ownKeys, rates: limits, reports, notices, ledger, clock, wallets, close }
}
