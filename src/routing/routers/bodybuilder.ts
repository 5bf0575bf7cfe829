import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { findModel } from '../../catalog/names.ts'
import { comparablePrice } from '../../catalog/price.ts'
import { canCall } from './fusion.ts'
import { isLatest, newestOf } from './latest.ts'
import type { Router } from './router.ts'

/** Why nobody here can write requests. */
export const NO_BUILDER = 'It needs a model that is ready and answers by a JSON schema (structured_outputs): add a credential of one, or name a model in routers.bodybuilder.model of switchyard.yaml.'

/** `openrouter/bodybuilder` (contract C52): the model that writes the requests. */
export const bodybuilderRouter: Router = (_call, { snapshot }) => {
  const model = builderOf(snapshot)
  return model === undefined ? { strategy: 'bodybuilder', models: [], none: NO_BUILDER } : { strategy: 'bodybuilder', models: [model] }
}

/** The operator's model where there is one, else the cheapest that can answer by a schema; never the demo, which makes things up. */
export function builderOf(snapshot: Snapshot): string | undefined {
  const own = snapshot.routers?.bodybuilder?.model
  if (own !== undefined && (findModel(snapshot, own) || (isLatest(own.toLowerCase()) && newestOf(snapshot, own)))) return own
  let cheapest: { readonly id: string; readonly price: bigint } | undefined
  for (const model of snapshot.models.values()) {
    const price = priceOf(model, snapshot)
    if (price !== undefined && (cheapest === undefined || price < cheapest.price)) cheapest = { id: model.id, price }
  }
  return cheapest?.id
}

function priceOf(model: Model, snapshot: Snapshot): bigint | undefined {
  if (!model.outputs.includes('text')) return undefined
  const prices = model.endpoints
    .filter((endpoint) => canCall(endpoint, snapshot) && endpoint.parameters?.has('structured_outputs') && endpoint.provider.slug !== 'demo' && endpoint.tier === undefined && endpoint.price.state !== 'unpriced')
    .map(({ price }) => comparablePrice(price))
  return prices.length === 0 ? undefined : prices.reduce((least, price) => (price < least ? price : least))
}
