import type { Call } from '../../core/call.ts'
import { asString, type JsonObject } from '../../core/json.ts'
import { classify, type Classification } from '../auto/classify.ts'
import { difficultyAbove } from '../auto/difficulty.ts'
import { canServe } from '../can-serve.ts'
import type { RoutingView } from '../view.ts'
import { numberOf, patternsOf, settingsOf, wordOf } from './settings.ts'
import type { Choice, Router } from './router.ts'
import { choosableModels, type Choosable } from './strength.ts'

/** The best of the band, and others that are tried when it fails. */
const MODELS_MAX = 3

/** Bands of cost, as percentiles of the prices of the models that could be chosen (C48): from the first to below the second. */
const BANDS = { low: [0, 20], medium: [20, 40], high: [40, 60], xhigh: [60, 80], max: [80, 101] } as const
type CostTier = keyof typeof BANDS
const COST_TIERS: readonly CostTier[] = ['low', 'medium', 'high', 'xhigh', 'max']

/** Where the client says nothing of cost: of the prompts that a router sees, this share is hard enough for the band. */
const HARD_SHARE = 0.2
const MIDDLING_SHARE = 0.5

/** `openrouter/auto`: the task and its difficulty choose a band of cost, and the best model of it answers (C45–C50). */
export const autoRouter: Router = (call, view) => choose(call, view, 'auto-router')

/** `openrouter/auto-beta`: the same, with settings of its own (C46). */
export const autoBetaRouter: Router = (call, view) => choose(call, view, 'auto-beta-router')

interface Band { readonly from: number; readonly to: number; readonly name: string; readonly why: string }

function choose(call: Call, view: RoutingView, plugin: string): Choice {
  const settings = settingsOf(call, plugin)
  const allowed = patternsOf(settings, plugin, 'allowed_models')
  const excluded = patternsOf(settings, plugin, 'excluded_models')
  const known = classify(call.body.messages)
  const band = bandOf(settings, plugin, known)
  const ready = choosableModels(view.snapshot).filter(({ priceUsd }) => priceUsd !== Infinity)
  const pool = ready.filter(({ model: { id } }) => (allowed?.(id) ?? true) && excluded?.(id) !== true)
  const able = bestOf(pool, band, call, view)
  if (able.length === 0) return { strategy: 'auto', models: [], none: noneOf(ready.length, pool.length), unable: pool.map(({ model }) => model.id) }
  const kept = settings['pin_model'] === true ? pinned(call) : view.affinity.of(call.models[0] ?? '')
  const chosen = able.some(({ model }) => model.id === kept) ? able.toSorted((a, b) => Number(b.model.id === kept) - Number(a.model.id === kept)) : able
  const models = chosen.map(({ model }) => model.id)
  const data: JsonObject = {
    ...(known.taskType === undefined ? {} : { task_type: known.taskType }), ...(known.difficulty === undefined ? {} : { difficulty: Number(known.difficulty.toFixed(3)) }),
    cost_tier: band.name, cost_tier_because: band.why, because: [...known.reasons], candidates: pool.length, models, ...(models[0] === kept ? { kept_for_conversation: true } : {}),
  }
  return { strategy: 'auto', models, stage: { type: 'router', name: plugin, summary: `${known.taskType ?? 'task not known'}, ${band.name} cost: ${models[0] ?? ''}`, data } }
}

function bandOf(settings: JsonObject, plugin: string, { difficulty }: Classification): Band {
  const asked = wordOf(settings, plugin, 'cost_tier', COST_TIERS)
  if (asked) return named(asked, 'cost_tier of the request')
  const tradeoff = numberOf(settings, plugin, 'cost_quality_tradeoff', 0, 10)
  if (tradeoff !== undefined) return { from: 0, to: 90 - 8 * tradeoff, name: `up to the ${90 - 8 * tradeoff}th percentile`, why: 'cost_quality_tradeoff of the request' }
  if (difficulty === undefined) return named('low', 'no text to judge')
  if (difficulty > difficultyAbove(HARD_SHARE)) return named('high', 'looks hard')
  return difficulty > difficultyAbove(MIDDLING_SHARE) ? named('medium', 'looks neither easy nor hard') : named('low', 'looks easy')
}

function named(tier: CostTier, why: string): Band {
  return { from: BANDS[tier][0], to: BANDS[tier][1], name: tier, why }
}

/** The strongest of the band that can serve the call; where the band has none, the nearest ones in price: a band never fails a call. */
function bestOf(pool: readonly Choosable[], band: Band, call: Call, view: RoutingView): readonly Choosable[] {
  const byPrice = pool.toSorted((a, b) => a.priceUsd - b.priceUsd)
  const placeOf = new Map(byPrice.map((one, at) => [one, (at / byPrice.length) * 100]))
  const away = (one: Choosable): number => {
    const place = placeOf.get(one) ?? 0
    return place < band.from ? band.from - place : place >= band.to ? place - band.to + 1 : 0
  }
  const able: Choosable[] = []
  for (const one of pool.toSorted((a, b) => away(a) - away(b) || b.strength - a.strength)) {
    // What lies outside of the band comes in only while nothing within it can serve.
    if (able.length >= MODELS_MAX || (able.length > 0 && away(one) > 0)) break
    if (canServe(call, one.model, view)) able.push(one)
  }
  return able
}

/** The model of the client's own last answer, where it keeps such names in its history. */
function pinned({ body }: Call): string | undefined {
  return asString(body.messages.findLast(({ role }) => role === 'assistant')?.['model'])
}

function noneOf(ready: number, left: number): string {
  if (ready === 0) return 'No provider here is ready whose models could be chosen: set a credential (`switchyard doctor` says which).'
  return left === 0 ? 'allowed_models and excluded_models leave none of the models here.' : 'None of the models here can do what this request needs.'
}
