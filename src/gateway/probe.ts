import type { Snapshot } from '../catalog/endpoint.ts'
import { findModel } from '../catalog/names.ts'
import { Fault, FAULTS } from '../core/fault.ts'
import { readCall } from '../dialects/openai-chat/call-read.ts'
import { systemClock } from '../lib/clock.ts'
import { generationId } from '../lib/id.ts'
import type { Upstream } from '../upstream/upstream.ts'

export type Probe = { readonly ok: true; readonly latencyMs: number } | { readonly ok: false; readonly latencyMs: number; readonly message: string; readonly help?: string }

const PROBE_MS_MAX = 20_000

/** One tiny call of a model at a provider, as the gateway would make it, outside the ledger: for `switchyard doctor`. */
export async function probe(snapshot: Snapshot, upstream: Upstream, providerSlug: string, modelId: string): Promise<Probe> {
  const endpoint = findModel(snapshot, modelId)?.model.endpoints.find((candidate) => candidate.provider.slug === providerSlug)
  if (!endpoint) return { ok: false, latencyMs: 0, message: `${providerSlug} does not serve ${modelId}` }
  const createdMs = systemClock.wallMs()
  const body = { model: modelId, messages: [{ role: 'user', content: 'Say ok.' }], max_tokens: 16 }
  const call = readCall(body, { id: generationId(createdMs), createdMs, headers: {}, bodyBytes: JSON.stringify(body).length })
  const startedMs = systemClock.monotonicMs()
  const passed = () => Math.round(systemClock.monotonicMs() - startedMs)
  try {
    for await (const events of upstream.run(call, endpoint, AbortSignal.timeout(PROBE_MS_MAX))) {
      const failed = events.find((event) => event.type === 'fault')
      if (failed?.type === 'fault') throw failed.fault
    }
    return { ok: true, latencyMs: passed() }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const gone = error.code === 'client_gone'
    return { ok: false, latencyMs: passed(), message: gone ? `no answer within ${PROBE_MS_MAX / 1000} s` : error.message, help: FAULTS[error.code].help }
  }
}
