import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { canServe } from '../can-serve.ts'
import type { Router } from './router.ts'

/** Others that are tried when the drawn one fails. */
const FALLBACKS_MAX = 3

/** `openrouter/free`: any of the free models that can do what the call needs, each as likely (contract C51). */
export const freeRouter: Router = (call, view) => {
  const free = freeModels(view.snapshot)
  const able = free.filter((model) => canServe(call, model, view))
  if (able.length === 0) return { strategy: 'free', models: [], none: 'No free model here can do what this request needs.', unable: free.filter(isReady).map(({ id }) => id) }
  const start = Math.floor(view.draw() * able.length)
  const models = Array.from({ length: Math.min(able.length, FALLBACKS_MAX + 1) }, (_, index) => able[(start + index) % able.length]?.id ?? '')
  return { strategy: 'free', models }
}

function isReady({ endpoints }: Model): boolean {
  return endpoints.some(({ provider }) => provider.notReady === undefined)
}

/** Models that cost nothing at every endpoint, for good and not for show: the demo is none. */
function freeModels(snapshot: Snapshot): readonly Model[] {
  const known = freeOf.get(snapshot)
  if (known) return known
  const made = [...snapshot.models.values()].filter((model) => model.outputs.includes('text') && model.endpoints.every(({ price, provider }) => price.state === 'free' && provider.slug !== 'demo'))
  freeOf.set(snapshot, made)
  return made
}

const freeOf = new WeakMap<Snapshot, readonly Model[]>()
