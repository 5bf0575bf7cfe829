import type { Endpoint, Model, Price, Snapshot } from '../../src/catalog/endpoint.ts'
import { at, seeded } from './random.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
export const ENDPOINTS = 20
export const MODEL_ID = 'sim/model'
/** What a provider that hangs is given before we let go. */
const HANG_MS = 30 * SECOND_MS
const COMPLETION_TOKENS = 300

/** What is wrong with an endpoint for a while. */
type Trouble = 'errors' | 'hangs' | 'half' | 'slow'
interface Episode { readonly fromMs: number; readonly toMs: number; readonly trouble: Trouble }

interface Nature {
  readonly episodes: readonly Episode[]
  readonly latencyMs: number
  readonly tokensPerSecond: number
  readonly errorRate: number
  readonly callsPerMinuteMax: number
  /** It says when to come back. */
  readonly saysWhen: boolean
}

/** How one attempt goes: the time to the first word, then to the end; or to the fault. */
export type Fate =
  | { readonly kind: 'answer'; readonly firstMs: number; readonly lastMs: number; readonly isCut: boolean }
  | { readonly kind: 'error' | 'timeout'; readonly lastMs: number }
  | { readonly kind: 'limited'; readonly lastMs: number; readonly retryAfterMs?: number }

/**
 * Twenty endpoints of one model, with all that will happen to them, from a seed. What happens does not hang on what the
 * router does, but for the rate limits: those count what comes.
 */
export class World {
  private readonly natures: readonly Nature[]
  private readonly minutes: { minute: number; calls: number }[]

  constructor(private readonly seed: number, readonly lengthMs: number) {
    this.natures = Array.from({ length: ENDPOINTS }, (_, index) => natureOf(seed, index, lengthMs))
    this.minutes = this.natures.map(() => ({ minute: -1, calls: 0 }))
  }

  /** What becomes of attempt `attempt` of call `call`, sent to endpoint `index` at `nowMs`. */
  send(index: number, nowMs: number, call: number, attempt: number): Fate {
    const nature = this.nature(index)
    const chance = (what: number): number => at(this.seed + call, index * 16 + attempt, what)
    const limited = this.limit(index, nature, nowMs, 30 + 90 * chance(0))
    if (limited) return limited
    const trouble = troubleAt(nature.episodes, nowMs)
    if (trouble === 'hangs') return { kind: 'timeout', lastMs: HANG_MS }
    if (trouble === 'errors' || (trouble === 'half' && chance(1) < 0.5) || chance(2) < nature.errorRate) return { kind: 'error', lastMs: 40 + 400 * chance(3) }
    const slowness = trouble === 'slow' ? 8 : 1
    const firstMs = nature.latencyMs * slowness * Math.exp(0.5 * normal(chance(4), chance(5)))
    const lastMs = firstMs + (COMPLETION_TOKENS / nature.tokensPerSecond) * SECOND_MS * (trouble === 'slow' ? 4 : 1)
    return { kind: 'answer', firstMs, lastMs, isCut: at(this.seed + call, 0, 6) < 0.0005 }
  }

  /** A provider's limit of calls in a minute, by the clock's minutes. */
  private limit(index: number, nature: Nature, nowMs: number, lastMs: number): Fate | undefined {
    const window = this.minutes[index]
    if (!window) return undefined
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (window.minute !== minute) Object.assign(window, { minute, calls: 0 })
    if (window.calls < nature.callsPerMinuteMax) {
      window.calls++
      return undefined
    }
    return { kind: 'limited', lastMs, ...(nature.saysWhen ? { retryAfterMs: (minute + 1) * MINUTE_MS - nowMs } : {}) }
  }

  private nature(index: number): Nature {
    const nature = this.natures[index]
    if (!nature) throw new Error(`there is no endpoint ${index}`)
    return nature
  }
}

/** Of uneven quality, as providers are: some fail once a day, some every hour; some take all, some a few calls a second. */
function natureOf(seed: number, index: number, lengthMs: number): Nature {
  const next = seeded(seed * 1_000 + index)
  const meanHealthyMs = (0.5 + 4 * next()) * HOUR_MS
  const episodes: Episode[] = []
  for (let fromMs = exponential(next, meanHealthyMs); fromMs < lengthMs;) {
    const pick = next()
    const trouble: Trouble = pick < 0.4 ? 'errors' : pick < 0.55 ? 'hangs' : pick < 0.75 ? 'half' : 'slow'
    const toMs = fromMs + Math.max(20 * SECOND_MS, exponential(next, 4 * MINUTE_MS))
    episodes.push({ fromMs, toMs, trouble })
    fromMs = toMs + exponential(next, meanHealthyMs)
  }
  return {
    episodes, latencyMs: 250 + 900 * next(), tokensPerSecond: 30 + 120 * next(), errorRate: 0.001 + 0.009 * next() ** 2,
    callsPerMinuteMax: next() < 0.5 ? Infinity : Math.round(60 + 900 * next()), saysWhen: next() < 0.5,
  }
}

function troubleAt(episodes: readonly Episode[], nowMs: number): Trouble | undefined {
  for (const { fromMs, toMs, trouble } of episodes) {
    if (nowMs < fromMs) return undefined
    if (nowMs < toMs) return trouble
  }
  return undefined
}

/** The catalogue as it changes: prices of 0.3 to 3 USD a million tokens, one of them anew about every quarter of an hour. */
export function* snapshots(seed: number, lengthMs: number): Generator<{ readonly fromMs: number; readonly snapshot: Snapshot }> {
  const next = seeded(seed + 77)
  const usual = Array.from({ length: ENDPOINTS }, () => 0.3 + 2.7 * next() ** 1.5)
  let usd = [...usual]
  let version = 1
  for (let fromMs = 0; fromMs < lengthMs; fromMs += exponential(next, 15 * MINUTE_MS)) {
    yield { fromMs, snapshot: snapshotOf(usd, version++) }
    const changed = Math.floor(next() * ENDPOINTS)
    usd = usd.with(changed, (usual[changed] ?? 1) * (0.5 + 1.5 * next()))
  }
}

function snapshotOf(usd: readonly number[], version: number): Snapshot {
  const endpoints = usd.map((price, index) => endpointOf(index, price))
  const model: Model = Object.freeze({
    id: MODEL_ID, canonicalSlug: MODEL_ID, name: 'Model', description: '', created: 0, inputs: ['text'], outputs: ['text'], contextMax: 128_000, tokenizer: 'Other', endpoints,
  } as const)
  return Object.freeze({ version, models: new Map([[MODEL_ID, model]]), providers: new Map(endpoints.map(({ provider }) => [provider.slug, provider])), aliases: new Map() })
}

function endpointOf(index: number, usdPerMillion: number): Endpoint {
  const slug = `p${index}`
  const price: Price = { state: 'priced', prompt: BigInt(Math.round(usdPerMillion * 1e9)), completion: BigInt(Math.round(usdPerMillion * 4e9)) }
  return {
    id: `${MODEL_ID}@${slug}`, modelId: MODEL_ID, tag: slug, upstreamId: 'model', price, contextMax: 128_000, outputMax: 8_192, parameters: null, inputs: null, outputs: new Set(['text']),
    quantization: 'unknown', deprecated: false,
    provider: { slug, name: slug, baseUrl: 'http://127.0.0.1:1', dialect: 'openai-chat', auth: 'none', env: [], quirks: new Set(), headers: {}, retainsPrompts: false, mayTrain: false },
  }
}

function exponential(next: () => number, mean: number): number {
  return -Math.log(1 - next()) * mean
}

/** Box and Muller's. */
function normal(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second)
}
