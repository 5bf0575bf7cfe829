import type { Endpoint, Provider } from '../catalog/endpoint.ts'
import type { Call, DialectName, Warning } from '../core/call.ts'
import { isEmbeddingsCall } from '../core/embeddings.ts'
import { Fault } from '../core/fault.ts'
import type { ProviderDialect, WireRequest } from '../dialects/dialect.ts'

/** An endpoint by one of its provider's dialects. `wire`: the call in it, where it was written to find that out. */
export interface Spoken {
  readonly endpoint: Endpoint
  readonly wire?: WireRequest
}

/**
 * The endpoint by that dialect of its provider's which loses least of this call: the one whose writer has the fewest
 * warnings. Of equals the client's own dialect goes first, for its bytes are carried, then the provider's main one. Pure, so that
 * one client with the same wishes stays on one dialect, where its prompts are cached and its signatures are known.
 */
export function spokenFor(call: Call, endpoint: Endpoint, dialects: ReadonlyMap<DialectName, ProviderDialect>): Spoken {
  if (!endpoint.alternatives || isEmbeddingsCall(call)) return { endpoint }
  let best: Spoken = { endpoint }
  let fewest = Infinity
  for (const candidate of inOrder(call, [endpoint, ...endpoint.alternatives])) {
    const dialect = dialects.get(candidate.provider.dialect)
    const wire = dialect && writtenIn(dialect, call, candidate)
    const losses = wire ? lossesOf(warningsOf(call, candidate.provider, wire)) : Infinity
    if (losses >= fewest) continue
    best = { endpoint: candidate, ...(wire && { wire }) }
    fewest = losses
    if (losses === 0) break
  }
  return best
}

/** A dialect as it says this call: of embeddings, the part of it that makes them. Throws Fault where it has none. */
export function voiceOf(dialect: ProviderDialect, call: Call, { name, dialect: spoken }: Provider): ProviderDialect {
  if (!isEmbeddingsCall(call)) return dialect
  const { embeddings } = dialect
  if (!embeddings) throw new Fault('invalid_request', `${name} makes no embeddings: it is spoken to in ${spoken}, which has none`, { provider: name, retry: 'next' })
  return { ...dialect, writeCall: (_, endpoint) => embeddings.writeCall(call, endpoint), readReply: (_, endpoint, body) => embeddings.readReply(call, endpoint, body) }
}

/** What a provider is not told of a call that it was sent in these words. */
export function warningsOf(call: Call, provider: Provider, wire: WireRequest): readonly Warning[] {
  const isNative = wire.isNative === true || (call.native !== undefined && call.dialect === provider.dialect)
  const unheeded = provider.lacks ? unheededBy(provider, provider.lacks, call, isNative) : []
  const unsaid = isNative ? undefined : call.unsaid
  return unheeded.length === 0 && !unsaid ? wire.warnings : [...(unsaid ?? []), ...wire.warnings, ...unheeded]
}

function unheededBy({ name, dialect }: Provider, lacks: ReadonlySet<string>, call: Call, isNative: boolean): Warning[] {
  const sent = isNative && call.native ? call.native : call.body
  const inputs: readonly string[] = call.needs.inputs
  return [...lacks].filter((field) => (sent[field] ?? null) !== null || inputs.includes(field)).map((field) => ({ field, why: `${name} does not heed it in ${dialect}` }))
}

function inOrder(call: Call, endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const own = endpoints.find(({ provider }) => provider.dialect === call.dialect)
  return own ? [own, ...endpoints.filter((endpoint) => endpoint !== own)] : endpoints
}

function writtenIn(dialect: ProviderDialect, call: Call, endpoint: Endpoint): WireRequest | undefined {
  try {
    return dialect.writeCall(call, endpoint)
  } catch (error) {
    // What one dialect cannot say at all, another may; where none can, the main one says why when it is sent.
    if (error instanceof Fault) return undefined
    throw error
  }
}

/** Kinds of losses: the same in ten messages is one, or a long conversation would change its dialect on the way. */
function lossesOf(warnings: readonly Warning[]): number {
  return new Set(warnings.map(({ field, why }) => `${field.replace(/\[\d+\]/g, '[]')} ${why}`)).size
}
