import { customerPrice } from '../catalog/customer-view.ts'
import type { Endpoint, Price } from '../catalog/endpoint.ts'
import { costOf, priceAt, shareOf, worstCost } from '../catalog/price.ts'
import { markupOf, type PriceList } from '../catalog/price-list.ts'
import type { Call } from '../core/call.ts'
import { maxNano, type Nano } from '../core/nano.ts'
import type { Usage } from '../core/usage.ts'
import { completionTokensMax, promptTokensMax } from '../routing/bound.ts'
import { searchesMax } from '../routing/searches.ts'

/** All of it, in hundredths of a percent. */
const WHOLE = 10_000

/** How a call is priced for a customer: the endpoint's price at the tier that was used, and what its provider billed beside tokens, as the reseller pays it. */
export interface CustomerTerms { readonly price: Price; readonly besides: Nano; readonly lists: readonly PriceList[]; readonly atMs: number }

/** What a reseller's customer pays for this usage, by the reseller's prices. What a provider bills beside tokens has the markup too. */
export function customerPart(endpoint: Endpoint, usage: Usage, { price, besides, lists, atMs }: CustomerTerms): { readonly total: Nano; readonly prompt: Nano; readonly completion: Nano } {
  const { total, prompt, completion } = costOf(priceAt(customerPrice(endpoint, price, lists), atMs), usage)
  const extra = shareOf(shareOf(besides, WHOLE + (endpoint.sharedBasisPoints ?? 0)), WHOLE + markupOf(lists))
  return { total: total + extra, prompt: prompt + extra, completion }
}

/** What a call costs a customer at most, at the dearest of these endpoints. */
export function customerMax(call: Call, steps: readonly { readonly endpoint: Endpoint }[], lists: readonly PriceList[]): Nano {
  return steps.reduce<Nano>((most, { endpoint }) => maxNano(most, customerMaxAt(call, endpoint, lists, completionTokensMax(call, endpoint))), 0n)
}

/** As `customerMax`, at one endpoint and with an answer of so many tokens. */
export function customerMaxAt(call: Call, endpoint: Endpoint, lists: readonly PriceList[], completionTokens: number): Nano {
  const price = priceAt(customerPrice(endpoint, endpoint.price, lists), call.createdMs)
  return worstCost(price, promptTokensMax(call, endpoint), completionTokens, call.needs.choices, 0, searchesMax(call))
}
