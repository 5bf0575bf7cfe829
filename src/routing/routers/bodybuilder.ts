import type { Endpoint, Snapshot } from '../../catalog/endpoint.ts'
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

/**
 * The operator's model where there is one; else the cheapest that is known to answer by a schema; else the cheapest that is not known not to. Never
 * the demo, which makes things up.
 */
export function builderOf(snapshot: Snapshot): string | undefined {
  const own = snapshot.routers?.bodybuilder?.model
  if (own !== undefined && (findModel(snapshot, own) || (isLatest(own.toLowerCase()) && newestOf(snapshot, own)))) return own
  const able = (knows: (endpoint: Endpoint) => boolean): string | undefined => cheapest(snapshot, (endpoint) => canCall(endpoint, snapshot) && endpoint.provider.slug !== 'demo' && endpoint.tier === undefined && knows(endpoint))
  return able(({ parameters }) => parameters?.has('structured_outputs') === true) ?? able(({ parameters }) => parameters === null)
}

function cheapest(snapshot: Snapshot, fits: (endpoint: Endpoint) => boolean): string | undefined {
  let best: { readonly id: string; readonly price: bigint } | undefined
  for (const model of snapshot.models.values()) {
    if (!model.outputs.includes('text')) continue
    for (const endpoint of model.endpoints) {
      if (endpoint.price.state === 'unpriced' || !fits(endpoint)) continue
      const price = comparablePrice(endpoint.price)
      if (best === undefined || price < best.price) best = { id: model.id, price }
    }
  }
  return best?.id
}
