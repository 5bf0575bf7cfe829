import type { Endpoint, Snapshot } from '../catalog/endpoint.ts'
import { comparablePrice } from '../catalog/price.ts'
import type { Config } from '../config.ts'
import type { CliContext, ProbeResult } from './context.ts'

/** What a tiny call of one provider came to, and with which model. */
export type ProbeReport = ProbeResult & { readonly provider: string; readonly model: string }

const PROBES_AT_ONCE_MAX = 8

/** Calls the cheapest chat model of each provider that is ready, a few providers at a time. */
export async function probeProviders(snapshot: Snapshot, config: Config, context: CliContext): Promise<ProbeReport[]> {
  const endpoints = cheapestEndpoints(snapshot)
  const reports: ProbeReport[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < endpoints.length; at = next++) {
      const endpoint = endpoints[at]
      if (endpoint) reports[at] = { ...await context.probe(config, endpoint.provider.slug, endpoint.modelId, snapshot), provider: endpoint.provider.slug, model: endpoint.modelId }
    }
  }
  await Promise.all(Array.from({ length: PROBES_AT_ONCE_MAX }, work))
  return reports
}

/** One endpoint for each ready provider: a current one that writes text, with a known price before one without, the cheapest of them. */
function cheapestEndpoints(snapshot: Snapshot): Endpoint[] {
  const best = new Map<string, Endpoint>()
  for (const model of snapshot.models.values()) {
    for (const endpoint of model.endpoints) {
      if (endpoint.provider.notReady !== undefined || endpoint.deprecated || !endpoint.outputs.has('text')) continue
      const other = best.get(endpoint.provider.slug)
      if (!other || isBetter(endpoint, other)) best.set(endpoint.provider.slug, endpoint)
    }
  }
  return [...best.values()].toSorted((a, b) => (a.provider.slug < b.provider.slug ? -1 : 1))
}

function isBetter(endpoint: Endpoint, than: Endpoint): boolean {
  if (endpoint.price.state === 'unpriced' || than.price.state === 'unpriced') return than.price.state === 'unpriced' && endpoint.price.state !== 'unpriced'
  return comparablePrice(endpoint.price) < comparablePrice(than.price)
}
