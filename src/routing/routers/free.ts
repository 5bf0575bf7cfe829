import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { canServe } from '../can-serve.ts'
import type { Router } from './router.ts'

/** Others that are tried when the drawn one fails. */
const FALLBACKS_MAX = 3

/** `openrouter/free`: any of the free models that can do what the call needs, each as likely (contract C51). */
export const freeRouter: Router = (call, view) => {
  const able = freeModels(view.snapshot).filter((model) => canServe(call, model, view))
  if (able.length === 0) return { strategy: 'free', models: [], none: 'No free model here can do what this request needs.' }
  const start = Math.floor(view.draw() * able.length)
  const models = Array.from({ length: Math.min(able.length, FALLBACKS_MAX + 1) }, (_, index) => able[(start + index) % able.length]?.id ?? '')
  return { strategy: 'free', models }
}

/** Models that cost nothing at every endpoint, for good and not for show: the demo is none. */
function freeModels(snapshot: Snapshot): readonly Model[] {
  const known = free.get(snapshot)
  if (known) return known
  const made = [...snapshot.models.values()].filter((model) => model.outputs.includes('text') && model.endpoints.every(({ price, provider }) => price.state === 'free' && provider.slug !== 'demo'))
  free.set(snapshot, made)
  return made
}

const free = new WeakMap<Snapshot, readonly Model[]>()
