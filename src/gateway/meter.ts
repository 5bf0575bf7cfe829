import type { OwnKeyFees } from '../accounts/byok/own-key-bills.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Endpoint, Price } from '../catalog/endpoint.ts'
import { besidesOf } from '../catalog/fees.ts'
import { costOf, partsOf, priceAt, shareOf } from '../catalog/price.ts'
import type { Call, Warning } from '../core/call.ts'
import type { Cost, Event, FinishReason } from '../core/event.ts'
import { assert, type Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { minNano, type Nano } from '../core/nano.ts'
import { tagsOf } from '../core/tags.ts'
import { believed, NO_USAGE, type Usage } from '../core/usage.ts'
import type { AttemptRecord, Generation } from '../ledger/generation.ts'
import type { Clock } from '../lib/clock.ts'
import { completionTokensMax } from '../routing/bound.ts'
import type { Tried } from '../routing/plan.ts'
import { routerNamed } from '../routing/resolve.ts'
import { customerPart } from './customer.ts'
import { possible } from './possible-usage.ts'
import { ToolCalls } from './tool-calls.ts'

/** Characters of text that a token is taken for, where a provider did not count. */
const CHARS_PER_TOKEN = 4

/** No tokenizer of text makes tokens this long on average; and what comes in few pieces, however large, comes to an end. */
const RUNAWAY_CHARS_PER_TOKEN = 16
const RUNAWAY_PIECES_MIN = 256

/** Two categories of thirty characters, and many more. */
const CATEGORIES_CHARS_MAX = 300

/** As long as those of browsers, which say most. */
const USER_AGENT_CHARS_MAX = 256

/** Longer than any tier's name. */
const TIER_CHARS_MAX = 32
const WHOLE_BASIS_POINTS = 10_000

const NOTHING = { total: 0n, prompt: 0n, completion: 0n }

/** An amount in two parts, cut to a cap: the prompt's part first. */
function within(amount: typeof NOTHING, cap: Nano): typeof NOTHING {
  const total = minNano(amount.total, cap)
  const prompt = minNano(amount.prompt, total)
  return { total, prompt, completion: total - prompt }
}

/** What the tier costs that the provider says it used (C39); without its word, the one that was asked for. */
function tierPrice(endpoint: Endpoint, served: string | undefined): Price {
  const tier = served === 'priority' || served === 'fast' ? 'priority' : served === 'flex' ? 'flex' : served === 'default' || served === 'standard' ? 'default' : endpoint.tier ?? 'default'
  return endpoint.tierPrices?.get(tier) ?? endpoint.price
}

/** The router that stood in the place of a model, and what other calls this one belongs to. */
function composedOf({ composed, models }: Call): Pick<Generation, 'router' | 'parentId' | 'innerIds'> | undefined {
  const router = composed ? composed.router : routerNamed(models[0] ?? '')
  if (router === undefined && !composed) return undefined
  return { ...(router === undefined ? {} : { router }), ...(composed?.parentId === undefined ? {} : { parentId: composed.parentId }), ...(composed?.innerIds ? { innerIds: composed.innerIds } : {}) }
}

/** Counts one call: what the provider says it used, or a stated estimate; when it spoke; how it ended. */
export class Meter {
  readonly attempts: AttemptRecord[] = []
  readonly tried: Tried[] = []
  warnings: readonly Warning[] = []
  /** What each attempt was told, where the client asked to see it. */
  readonly echoes: Event[] = []
  private readonly startedMs: number
  private beganMs: number
  private final: Event | undefined
  private endpoint: Endpoint | undefined
  private requested: string
  private usage: Usage | undefined
  /** The service tier that the provider says it used. */
  private tier: string | undefined
  /** The one that it named when it began to answer. */
  private firstTier: string | undefined
  private chars = 0
  private pieces = 0
  private firstMs: number | undefined
  private finish: FinishReason | null = null
  private native: string | null = null
  private providerId: string | null = null
  private fault: Fault | undefined
  private cancelled = false
  /** What the customer pays, where there is one. */
  private customer: Cost | undefined
  private tools: ToolCalls | undefined

  constructor(private readonly call: Call, private readonly caller: Caller, private readonly clock: Clock, private readonly region?: 'eu' | 'us', private readonly fees?: OwnKeyFees) {
    this.startedMs = clock.monotonicMs()
    this.beganMs = this.startedMs
    this.requested = call.models[0] ?? ''
  }

  /** A new attempt begins: nothing of an earlier one counts. */
  begin(endpoint: Endpoint, requested: string, beganMs = this.clock.monotonicMs()): void {
    this.endpoint = endpoint
    this.requested = requested
    this.usage = undefined
    this.tier = undefined
    this.firstTier = undefined
    this.chars = 0
    this.pieces = 0
    this.providerId = null
    this.tools = this.call.body.tools?.length ? new ToolCalls() : undefined
    this.beganMs = beganMs
  }

  count(events: readonly Event[]): void {
    this.tools?.take(events)
    for (const event of events) {
      switch (event.type) {
        case 'raw':
          this.wrote(event.contentChars)
          if (event.finishReason !== undefined) this.end(event.finishReason, event.nativeFinishReason ?? null)
          break
        case 'text': case 'refusal': this.wrote(event.text.length); break
        case 'tool': this.wrote(event.arguments.length + (event.name?.length ?? 0)); break
        case 'reasoning': this.wrote(String(event.detail['text'] ?? event.detail['summary'] ?? '').length + 1); break
        case 'image': case 'annotation': case 'extra': case 'embeddings': this.wrote(1); break
        case 'finish': this.end(event.reason, event.native); break
        case 'usage':
          this.usage = believed(event.usage) ?? this.usage
          this.tier = event.serviceTier ?? this.tier
          break
        case 'start':
          this.providerId = event.providerId ?? null
          this.firstTier = event.serviceTier
          break
        case 'fault': this.fault = event.fault; break
        case 'served': this.warnings = event.warnings; break
        default:
      }
    }
  }

  /** The call ends for this reason, before or in the middle of an answer. */
  fail(fault: Fault): void {
    this.fault ??= fault
    if (fault.code === 'client_gone') this.cancelled = true
  }

  /** What the answer used. Zero is a number: only what nobody counted is estimated, and marked so. */
  used(): Usage {
    const cut = this.finish === null && this.chars > 0
    const said = this.usage && this.endpoint ? possible(this.usage, { call: this.call, endpoint: this.endpoint, answerChars: this.chars }) : this.usage
    if (said && !cut) return said
    if (this.chars === 0) return said ?? NO_USAGE
    const { promptTokensGuess = 0, maxTokens = Infinity, choices } = this.call.needs
    const counted = said ?? { ...NO_USAGE, promptTokens: promptTokensGuess }
    const written = Math.min(Math.ceil(this.chars / CHARS_PER_TOKEN), maxTokens * choices)
    return { ...counted, completionTokens: Math.max(counted.completionTokens, written), estimated: true }
  }

  /**
   * What the client pays: nothing for an answer that failed, or that never came (zero-completion insurance, I9); by an
   * estimate of ours never more than was held for it.
   */
  cost(usage: Usage, held: Nano): Cost {
    const price = this.endpoint ? this.priced(this.endpoint, usage) : NOTHING
    const free = this.isFree(usage)
    if (this.endpoint?.ownKey) return this.ownKeyCost(price, free ? NOTHING : price, held)
    const { total, prompt, completion } = free ? NOTHING : usage.estimated ? within(price, held) : price
    const list = this.endpoint?.markup?.list
    // The parts are of the provider's charge, as on a key of the caller's own; the total is what the operator asks for it.
    if (list) return this.markedUpCost(this.priced(list, usage), total, free)
    return { total, prompt, completion, byok: false, upstream: price.total }
  }

  /** What the customer pays whose wallet the call is charged to, for the record; by an estimate of ours never more than was held for it. */
  charged(usage: Usage, held: Nano): Generation['wallet'] {
    const { caller: { wallet }, endpoint } = this
    if (!wallet) return undefined
    const part = endpoint && !this.isFree(usage) ? customerPart(endpoint, usage, { price: tierPrice(endpoint, this.tier), besides: this.besides(endpoint, usage), lists: wallet.prices, atMs: this.call.createdMs }) : NOTHING
    const { total, prompt, completion } = usage.estimated ? within(part, held) : part
    this.customer = { total, prompt, completion, byok: false, upstream: total }
    return { id: wallet.id, cost: total }
  }

  /** Nothing is paid for an answer that failed, or that never came. */
  private isFree({ completionTokens }: Usage): boolean {
    const unfinished = this.finish === null || this.native === null || this.native === ''
    return this.failed() || (completionTokens === 0 && unfinished)
  }

  /** On a key of the caller's own the provider's bill is the caller's: the parts are of that bill, the total is the fee (I8). */
  private ownKeyCost(bill: typeof NOTHING, charged: typeof NOTHING, held: Nano): Cost {
    const total = minNano(this.fees?.fee(charged.total) ?? 0n, held)
    return { total, prompt: bill.prompt, completion: bill.completion, byok: true, upstream: bill.total }
  }

  private markedUpCost(list: typeof NOTHING, total: Nano, free: boolean): Cost {
    const { prompt, completion } = free ? NOTHING : list
    return { total, prompt, completion, byok: false, upstream: list.total }
  }

  /** What is known at the end beside the warnings: that something was used at a price that nobody knows. */
  notes(): readonly Warning[] {
    const usage = this.used()
    const { endpoint, usage: said } = this
    if (!endpoint) return this.warnings
    const notes: Warning[] = []
    if (besidesOf(endpoint.price, usage, 0n).unknown) {
      notes.push({ field: 'usage.server_tool_use', why: `${endpoint.provider.name} made ${usage.webSearches} searches, whose price is not known: they are not charged (the operator can set web_search in the model's price)` })
    }
    if (said && (said.promptTokens > usage.promptTokens || said.completionTokens > usage.completionTokens)) {
      notes.push({ field: 'usage', why: `${endpoint.provider.name} counted ${said.promptTokens} tokens of prompt and ${said.completionTokens} of answer, more than its window and this call can hold: the most that they can is charged, and no more than was held` })
    }
    return notes.length === 0 ? this.warnings : [...this.warnings, ...notes]
  }

  /** By the catalogue's prices, and what was billed beside tokens at a price that only the provider knows. */
  private priced(endpoint: Endpoint, usage: Usage): typeof NOTHING {
    const { total, prompt, completion } = costOf(priceAt(tierPrice(endpoint, this.tier), this.call.createdMs), usage)
    const more = this.besides(endpoint, usage)
    return { total: total + more, prompt: prompt + more, completion }
  }

  /** What reports tell apart of the provider's charge. */
  private parts(usage: Usage, { upstream }: Cost): Pick<Generation, 'cacheNano' | 'cacheDiscountNano' | 'webNano'> | undefined {
    const hasParts = upstream > 0n && usage.cacheReadTokens + usage.cacheWriteTokens + usage.webSearches > 0
    const parts = this.endpoint && hasParts ? partsOf(priceAt(tierPrice(this.endpoint.markup?.list ?? this.endpoint, this.tier), this.call.createdMs), usage) : undefined
    return parts && { ...(parts.cache > 0n && { cacheNano: Number(minNano(parts.cache, upstream)) }), ...(parts.cacheDiscount !== 0n && { cacheDiscountNano: Number(parts.cacheDiscount) }), ...(parts.web > 0n && { webNano: Number(minNano(parts.web, upstream)) }) }
  }

  /** The tier that was used, in the contract's words (B48), whatever the provider calls it. */
  private servedTier(): string | undefined {
    const tier = this.tier ?? this.firstTier
    if (tier === undefined) return undefined
    return tier === 'standard' ? 'default' : tier === 'fast' ? 'priority' : tier.slice(0, TIER_CHARS_MAX)
  }

  /** What a provider billed beside tokens has the markup too. */
  private besides(endpoint: Endpoint, usage: Usage): Nano {
    // Of most calls there is nothing, and nothing to reckon.
    if (usage.webSearches === 0 && usage.serverToolCalls === 0) return 0n
    const { list, basisPoints } = endpoint.markup ?? { list: endpoint, basisPoints: 0 }
    const { total } = costOf(priceAt(tierPrice(list, this.tier), this.call.createdMs), usage)
    return shareOf(besidesOf(list.price, usage, total).more, WHOLE_BASIS_POINTS + basisPoints)
  }

  /** The model writes far more than it was asked for: whatever sends this will not end by itself. */
  isRunaway(): boolean {
    if (!this.endpoint) return false
    const tokens = completionTokensMax(this.call, this.endpoint) * this.call.needs.choices
    return this.pieces > RUNAWAY_PIECES_MIN && this.chars > tokens * RUNAWAY_CHARS_PER_TOKEN
  }

  /** The record of the call, to settle and to keep. */
  generation(usage: Usage, cost: Cost, wallet?: Generation['wallet']): Generation {
    const { call, endpoint } = this
    const nowMs = this.clock.monotonicMs()
    const tags = tagsOf(this.caller.key.tags, call.headers.tags, call.body['metadata'])
    return {
      id: call.id, accountId: this.caller.accountId, keyHash: this.caller.key.hash, workspaceId: this.caller.key.workspaceId, ...(tags && { tags }), createdMs: call.createdMs,
      model: endpoint?.modelId ?? this.requested, requestedModel: this.requested, endpointId: endpoint?.id ?? '', provider: endpoint?.provider.name ?? '',
      upstreamId: this.providerId, api: call.api, streamed: call.stream, cancelled: this.cancelled,
      finishReason: this.failed() ? 'error' : this.finish, nativeFinishReason: this.native, usage, cost: cost.total, upstreamCost: cost.upstream, byok: cost.byok,
      attempts: this.attempts, latencyMs: this.firstMs === undefined ? null : Math.round(this.firstMs - this.startedMs),
      generationMs: this.firstMs === undefined ? null : Math.round(nowMs - this.firstMs), fault: this.fault?.code ?? null,
      referer: call.headers.referer ?? null, title: call.headers.title ?? null, user: typeof call.body.user === 'string' ? call.body.user : null, sessionId: call.headers.sessionId ?? null,
      userAgent: call.headers.userAgent?.slice(0, USER_AGENT_CHARS_MAX), presetId: call.presetId, serviceTier: this.servedTier(),
      promptMedia: call.needs.media?.items ?? 0, promptAudio: call.needs.media?.audio,
      ...(this.region && { region: this.region }), ...(call.headers.categories !== undefined && { categories: call.headers.categories.slice(0, CATEGORIES_CHARS_MAX) }),
      ...this.parts(usage, cost), ...composedOf(call), ...(wallet && { wallet }),
    }
  }

  /** ms from the attempt's start to its first token, and its tokens a second: for health (C22). */
  speed(): { latencyMs?: number; throughput?: number } {
    if (this.firstMs === undefined) return {}
    const seconds = (this.clock.monotonicMs() - this.beganMs) / 1000
    const tokens = this.used().completionTokens
    return { latencyMs: this.firstMs - this.beganMs, ...(seconds > 0 && tokens > 0 ? { throughput: tokens / seconds } : {}) }
  }

  /** The calls of tools that the answer ended in. */
  calledTools(): ToolCalls | undefined {
    return this.finish === 'tool_calls' ? this.tools : undefined
  }

  /** The endpoint that answered, if one did. */
  served(): Endpoint | undefined {
    return this.firstMs === undefined && this.finish === null ? undefined : this.endpoint
  }

  /** The endpoint whose answer came whole. */
  answered(): Endpoint | undefined {
    return this.finish !== null && this.fault === undefined && !this.failed() ? this.endpoint : undefined
  }

  /** The HTTP status that the call came to, for the log. */
  status(): number {
    return this.fault?.status ?? 200
  }

  settled(usage: Usage, cost: Cost, router: JsonObject | undefined): void {
    if (cost.byok) this.fees?.note(cost.upstream)
    // A customer is shown what the customer pays, and nothing of what it costs the reseller.
    const shown = this.caller.key.wallet === undefined ? cost : this.customer ?? cost
    this.final = { type: 'end', usage, cost: shown, ...(router ? { router } : {}) }
  }

  /** The `end` Event, once settled. */
  last(): Event {
    assert(this.final, 'a call is settled before its end is said')
    return this.final
  }

  private failed(): boolean {
    return this.finish === 'error' || (this.fault !== undefined && !this.cancelled)
  }

  private wrote(chars: number): void {
    if (chars === 0) return
    this.chars += chars
    this.pieces++
    this.firstMs ??= this.clock.monotonicMs()
  }

  private end(reason: FinishReason, native: string | null): void {
    this.finish ??= reason
    this.native ??= native
  }
}
