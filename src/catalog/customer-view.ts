import type { Endpoint, Model, Price, Snapshot } from './endpoint.ts'
import { markedUp } from './markup.ts'
import { listedPrice, priceListJson, type PriceList } from './price-list.ts'

/** A whole catalogue for each: those of so many price lists are kept, the rest are made again. */
const VIEWS_MAX = 50

const views = new WeakMap<Snapshot, Map<string, Snapshot>>()
const names = new WeakMap<readonly PriceList[], string>()

/**
 * The catalogue at the prices that a reseller's customer pays, for what shows prices: nothing in it tells what the reseller pays, or what is asked
 * over list price. Calls are routed and charged by the reseller's own. Made once for all customers of the same prices.
 */
export function customerView(snapshot: Snapshot, lists: readonly PriceList[]): Snapshot {
  let known = views.get(snapshot)
  if (!known) views.set(snapshot, known = new Map())
  const name = nameOf(lists)
  const view = known.get(name) ?? viewOf(snapshot, lists)
  known.delete(name)
  const [oldest] = known.keys()
  if (known.size >= VIEWS_MAX && oldest !== undefined) known.delete(oldest)
  known.set(name, view)
  return view
}

/** What a price of the endpoint is for the customer. Whose key of the provider the call goes to is the reseller's affair: the customer pays what the lists show. */
export function customerPrice(endpoint: Endpoint, price: Price, lists: readonly PriceList[]): Price {
  return listedPrice(lists, endpoint.modelId, markedUp(price, endpoint.sharedBasisPoints ?? 0))
}

/** An endpoint at the prices that the customer pays. */
export function customerEndpoint(resellers: Endpoint, lists: readonly PriceList[]): Endpoint {
  const { markup: _, sharedBasisPoints: __, ...endpoint } = resellers
  const asked = (price: Price): Price => customerPrice(resellers, price, lists)
  const { alternatives, tierPrices } = endpoint
  return Object.freeze({
    ...endpoint, price: asked(endpoint.price),
    ...(alternatives && { alternatives: alternatives.map((other) => customerEndpoint(other, lists)) }),
    ...(tierPrices && { tierPrices: new Map([...tierPrices].map(([tier, price]) => [tier, asked(price)])) }),
  })
}

function viewOf(snapshot: Snapshot, lists: readonly PriceList[]): Snapshot {
  const models = new Map([...snapshot.models].map(([id, model]): [string, Model] => [id, Object.freeze({ ...model, endpoints: model.endpoints.map((endpoint) => customerEndpoint(endpoint, lists)) })]))
  const { markups: _, ...rest } = snapshot
  return Object.freeze({ ...rest, models })
}

function nameOf(lists: readonly PriceList[]): string {
  let name = names.get(lists)
  if (name === undefined) names.set(lists, name = JSON.stringify(lists.map(priceListJson)))
  return name
}
