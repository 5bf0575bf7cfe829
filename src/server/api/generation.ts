import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { appOf } from '../../core/app.ts'
import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import type { AttemptRecord, Generation } from '../../ledger/generation.ts'
import type { Route } from '../route.ts'
import { callerOf } from './caller.ts'
import { DATA_REGIONS, timeOrNull } from './key.ts'
import { readQuery, text } from './query.ts'

/** `GET /generation?id=`: the record of a finished call of the account. */
export const getGeneration: Route = {
  method: 'GET', path: '/generation', auth: 'key',
  async handle(context) {
    const { id } = readQuery(context.url.searchParams, { id: text })
    if (id === undefined) throw new Fault('invalid_request', 'The query parameter `id` is missing: the `id` of an answer, or its X-Generation-Id header.', { metadata: { field: 'id' } })
    const { accountId, key } = callerOf(context)
    // A customer's books have the call at the customer's price.
    const generation = await context.services.accounts.generation(key.wallet ?? accountId, id)
    if (!generation) throw new Fault('not_found', `There is no generation \`${id.slice(0, 100)}\` of this account. A call is recorded once it has ended.`)
    return { data: generationRow(key.wallet === undefined ? generation : { ...generation, upstreamCost: generation.cost }) }
  },
}

/** The contract's `GenerationResponse`. Counts are the provider's own; what we do not keep is null. */
function generationRow(generation: Generation): object {
  const { usage } = generation
  return {
    id: generation.id,
    upstream_id: generation.upstreamId,
    created_at: timeOrNull(generation.createdMs),
    model: generation.model,
    provider_name: generation.provider === '' ? null : generation.provider,
    api_type: generation.api === 'embeddings' ? 'embeddings' : 'completions',
    streamed: generation.streamed,
    cancelled: generation.cancelled,
    ...finishOf(generation),
    total_cost: usdNumber(generation.cost),
    usage: usdNumber(generation.cost),
    upstream_inference_cost: usdNumber(generation.upstreamCost),
    cache_discount: generation.cacheDiscountNano === undefined ? null : usdNumber(BigInt(generation.cacheDiscountNano)),
    is_byok: generation.byok,
    latency: generation.latencyMs,
    generation_time: generation.generationMs,
    moderation_latency: null,
    tokens_prompt: usage.promptTokens,
    tokens_completion: usage.completionTokens,
    native_tokens_prompt: usage.promptTokens,
    native_tokens_completion: usage.completionTokens,
    native_tokens_completion_images: usage.completionImageTokens,
    native_tokens_reasoning: usage.reasoningTokens,
    native_tokens_cached: usage.cacheReadTokens,
    num_media_prompt: generation.promptMedia ?? null,
    num_input_audio_prompt: generation.promptMedia === undefined ? null : generation.promptAudio ?? 0,
    num_fetches: usage.webFetches,
    web_search_engine: usage.webSearches > 0 ? 'native' : null,
    provider_responses: generation.attempts.map(attemptRow),
    service_tier: generation.serviceTier ?? null,
    preset_id: generation.presetId ?? null,
    request_id: requestId(generation),
    user_agent: generation.userAgent ?? null,
    origin: generation.referer ?? '',
    http_referer: generation.referer,
    app_id: appOf(generation.referer, generation.title)?.id ?? null,
    external_user: generation.user,
    session_id: generation.sessionId,
    data_region: generation.region === undefined ? 'global' : DATA_REGIONS[generation.region],
    workspace_id: generation.workspaceId ?? defaultWorkspaceId(generation.accountId),
    ...((generation.tags || generation.wallet) && { switchyard: { ...(generation.tags && { tags: generation.tags }), ...(generation.wallet && { wallet: { id: generation.wallet.id, cost: usdNumber(generation.wallet.cost) } }) } }),
    ...(generation.mirrorOf !== undefined && { mirror_of: generation.mirrorOf }),
    ...NOT_KEPT,
    router: generation.router ?? null,
    ...composedOf(generation),
  }
}

/** Of a call that was made for another, or that others were made for: whose, and which. Only this server has these two fields. */
function composedOf({ parentId, innerIds }: Generation): object {
  return { ...(parentId === undefined ? {} : { parent_id: parentId }), ...(innerIds && innerIds.length > 0 ? { inner_ids: innerIds } : {}) }
}

/** A call that failed before a provider said why it stopped: the contract has no field for our fault, so it stands here. */
function finishOf({ finishReason, nativeFinishReason, fault, cancelled }: Generation): object {
  if (finishReason !== null || fault === null || cancelled) return { finish_reason: finishReason, native_finish_reason: nativeFinishReason }
  return { finish_reason: 'error', native_finish_reason: nativeFinishReason ?? fault }
}

const NOT_KEPT = { num_media_completion: null, num_search_results: null, response_cache_source_id: null } as const

/**
 * One for all calls of a request: it is named after the call that the client was answered with. Calls of a list of prompts are named
 * after the first, with a number behind.
 */
function requestId({ id, parentId, mirrorOf }: Generation): string {
  return (parentId ?? mirrorOf ?? id).replace(/^gen-([^-]+-[^-]+).*$/, 'req-$1')
}

function attemptRow(attempt: AttemptRecord): object {
  return { endpoint_id: attempt.endpointId, provider_name: attempt.provider, status: attempt.status, latency: attempt.latencyMs, is_byok: attempt.byok === true, ...(attempt.tier && { routed_service_tier: attempt.tier }) }
}
