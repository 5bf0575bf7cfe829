import type { Caller, Key } from '../accounts/caller.ts'
import type { FreeLimits, RateLimits, Rates } from '../catalog/rate-limits.ts'
import type { Cap } from './slice-bank.ts'
import { glob } from '../lib/glob.ts'

export type Metric = 'requests' | 'tokens' | 'usd'
export type Period = 'minute' | 'day'

/** Whose limit it is. `free`: an account's, on all free models together. */
export type LimitScope = 'key' | 'account' | 'model' | 'free'

/** One limit on one counter: so many of a metric in each window, minutes and days of UTC. */
export interface Rule {
  readonly scope: LimitScope
  readonly metric: Metric
  readonly period: Period
  readonly accountId: string
  /** As `WindowRef` has it. */
  readonly counter: string
  /** Account and counter as one text, to be found by. */
  readonly id: string
  readonly cap: Cap
  /** The model's id, where the limit is a model's. */
  readonly model?: string
}

/** The rules that hold for whatever a caller asks, and those for free models. */
export interface CallerRules { readonly always: readonly Rule[]; readonly free: readonly Rule[] }

const NO_RULES: readonly Rule[] = Object.freeze([])
const METRICS = [['requests', 'requestsPerMinute'], ['tokens', 'tokensPerMinute'], ['usd', 'usdPerMinute']] as const satisfies readonly (readonly [Metric, keyof Rates])[]

/** Makes rules of what key and operator say, once for each key and model. */
export class CompiledRules {
  private readonly callers = new WeakMap<Key, { readonly settings: RateLimits; readonly rules: CallerRules }>()
  private readonly models = new WeakMap<RateLimits, Map<string, readonly Rule[]>>()

  of({ key, accountId, accountRates }: Caller, settings: RateLimits): CallerRules {
    const known = this.callers.get(key)
    if (known?.settings === settings) return known.rules
    const rules = Object.freeze({
      always: [
        ...rulesOf('key', accountId, `key:${key.hash}`, { ...settings.perKey, ...key.rateLimits }),
        ...rulesOf('account', accountId, 'account', { ...settings.perAccount, ...accountRates }),
      ],
      free: freeRules(accountId, settings.free),
    })
    this.callers.set(key, { settings, rules })
    return rules
  }

  ofModel(modelId: string, settings: RateLimits): readonly Rule[] {
    if (settings.perModel.length === 0) return NO_RULES
    let models = this.models.get(settings)
    if (!models) this.models.set(settings, models = new Map())
    let rules = models.get(modelId)
    if (!rules) models.set(modelId, rules = modelRules(modelId, settings))
    return rules
  }
}

function modelRules(modelId: string, settings: RateLimits): readonly Rule[] {
  const found = settings.perModel.find(({ pattern }) => glob(pattern)(modelId.toLowerCase()))
  return found ? rulesOf('model', '', `model:${modelId}`, found.rates, modelId) : NO_RULES
}

function rulesOf(scope: LimitScope, accountId: string, subject: string, rates: Rates, model?: string): Rule[] {
  return METRICS.flatMap(([metric, name]) => {
    const limit = rates[name]
    return limit === undefined ? [] : [ruleOf(scope, metric, 'minute', accountId, subject, { limit }, model)]
  })
}

function freeRules(accountId: string, { requestsPerMinute, requestsPerDay, requestsPerDayWithCredits, creditsMin }: FreeLimits): readonly Rule[] {
  const minute = requestsPerMinute === null ? [] : [ruleOf('free', 'requests', 'minute', accountId, 'free', { limit: requestsPerMinute })]
  if (requestsPerDay === null && requestsPerDayWithCredits === null) return minute
  const raised = { limit: requestsPerDayWithCredits ?? UNLIMITED, creditsMin }
  return [...minute, ruleOf('free', 'requests', 'day', accountId, 'free', { limit: requestsPerDay ?? UNLIMITED, raised })]
}

/** More than anybody asks in a day, and room above it in 64 bits. */
export const UNLIMITED = 1n << 53n

/** So many requests of a kind, beside calls: of whoever asks in a minute, of their account in a day. */
export function requestRules({ accountId, kind, who, perMinute, perDay }: { readonly accountId: string; readonly kind: string; readonly who: string; readonly perMinute: number; readonly perDay: number }): readonly Rule[] {
  return [
    ruleOf('key', 'requests', 'minute', accountId, `${kind} key:${who}`, { limit: BigInt(perMinute) }),
    ruleOf('account', 'requests', 'day', accountId, `${kind} account`, { limit: BigInt(perDay) }),
  ]
}

function ruleOf(scope: LimitScope, metric: Metric, period: Period, accountId: string, subject: string, cap: Cap, model?: string): Rule {
  const counter = `${subject} ${metric}/${period}`
  return Object.freeze({ scope, metric, period, accountId, counter, id: `${accountId} ${counter}`, cap, ...(model !== undefined && { model }) })
}
