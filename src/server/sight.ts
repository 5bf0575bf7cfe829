import type { Caller } from '../accounts/caller.ts'
import { customerView } from '../catalog/customer-view.ts'
import type { PriceList } from '../catalog/price-list.ts'
import { seenBy } from '../catalog/visible.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { RouteContext, Services } from './route.ts'

/** What the control plane shows is the catalogue as who asks may see it (C58). */
export function seenServices(services: Services, caller: Caller | undefined): Services {
  return { ...services, snapshot: () => (caller ? seenBy(services.snapshot(), caller.accountId, caller.key.hash) : seenBy(services.snapshot())) }
}

/** As above; to a reseller's customer, and to the reseller's keys with `X-Switchyard-Customer`, at the customer's prices. */
export async function sightOf(request: Request, caller: Caller | undefined, services: Services, gateway: Gateway): Promise<Pick<RouteContext, 'services' | 'customer'>> {
  const seen = seenServices(services, caller)
  const prices = caller && await customerPrices(request, caller, gateway)
  if (!prices) return { services: seen }
  return { services: { ...seen, snapshot: () => customerView(seen.snapshot(), prices) }, customer: { prices, routed: seen.snapshot } }
}

/** undefined: no customer's. Throws Fault `permission_denied` for one that the key is not for. */
async function customerPrices(request: Request, caller: Caller, { wallets }: Gateway): Promise<readonly PriceList[] | undefined> {
  const { accountId, key } = caller
  if (!wallets) return undefined
  if (key.wallet !== undefined) return await wallets.pricesOf(accountId, key.wallet)
  const header = request.headers.get('x-switchyard-customer')?.trim()
  if (!header) return undefined
  // A management key sees all wallets of its account.
  const asking: Caller = key.kind === 'management' ? { ...caller, key: { ...key, customers: true } } : caller
  const { wallet } = await wallets.payerOf(asking, { header, tags: undefined, metadata: undefined })
  return wallet?.prices
}
