import type { Call } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import { canServe } from '../can-serve.ts'
import type { RoutingView } from '../view.ts'
import { numberOf, settingsOf, wordOf } from './settings.ts'
import type { Router } from './router.ts'
import { choosableModels, type Choosable } from './strength.ts'

const PLUGIN = 'pareto-router'
/** The chosen one and two of the same tier, which are tried when it fails (C55). */
const MODELS_MAX = 3

/** Tiers of coders, as shares of all that there are, the strongest first. */
const TIERS = { high: [0, 0.15], medium: [0.15, 0.35], low: [0.35, 0.5] } as const
type Tier = keyof typeof TIERS
/** Where a tier has nobody, its neighbours, the better one first. */
const NEIGHBOURS: Readonly<Record<Tier, readonly Tier[]>> = { high: ['medium', 'low'], medium: ['high', 'low'], low: ['medium', 'high'] }

/** `openrouter/pareto-code`: the cheapest model, or with `:nitro` the fastest, that is good enough at code (contract C55, N8). */
export const paretoRouter: Router = (call, view, { variants }) => {
  const settings = settingsOf(call, PLUGIN)
  const coders = choosableModels(view.snapshot).filter(({ model }) => model.endpoints.some(({ parameters, reasoning }) => reasoning && (parameters === null || parameters.has('tools'))))
  const cap = numberOf(settings, PLUGIN, 'max_price', 0, Infinity)
  wordOf(settings, PLUGIN, 'price_source', ['prompt', 'weighted_avg'])
  const { models, how } = cap === undefined ? ofTier(coders, settings, call, view, variants.includes('nitro')) : underPrice(coders, cap, call, view)
  if (models.length === 0) {
    const [within, none] = cap === undefined ? [coders, 'No model here that codes can serve this request.'] : [coders.filter((one) => promptUsd(one) <= cap), `No model here that codes and costs at most ${cap} USD per million prompt tokens can serve this request.`]
    return { strategy: 'pareto', models: [], none, unable: within.filter(({ priceUsd }) => priceUsd !== Infinity).map(({ model }) => model.id) }
  }
  const ids = keptFirst(models.map(({ model }) => model.id), view.affinity.of(call.models[0] ?? ''))
  const data: JsonObject = { ...how, models: ids }
  return { strategy: 'pareto', models: ids, stage: { type: 'router', name: PLUGIN, summary: `${String(how['tier'] ?? 'under the price cap')}: ${ids[0] ?? ''}`, data } }
}

interface Found { readonly models: readonly Choosable[]; readonly how: JsonObject }

function ofTier(coders: readonly Choosable[], settings: JsonObject, call: Call, view: RoutingView, byspeed: boolean): Found {
  const score = numberOf(settings, PLUGIN, 'min_coding_score', 0, 1) ?? 1
  const asked: Tier = score >= 0.66 ? 'high' : score >= 0.33 ? 'medium' : 'low'
  for (const tier of [asked, ...NEIGHBOURS[asked]]) {
    const [from, to] = TIERS[tier]
    const able = coders.slice(Math.floor(coders.length * from), Math.ceil(coders.length * to)).filter((one) => one.priceUsd !== Infinity && canServe(call, one.model, view))
    if (able.length === 0) continue
    const order = byspeed ? able.toSorted((a, b) => speedOf(b, view) - speedOf(a, view) || a.priceUsd - b.priceUsd) : able.toSorted((a, b) => a.priceUsd - b.priceUsd)
    return { models: order.slice(0, MODELS_MAX), how: { tier, ...(tier === asked ? {} : { asked_tier: asked }), by: byspeed ? 'speed' : 'price' } }
  }
  return { models: [], how: {} }
}

/** Best first: the frontier below the cap, then what is weaker at the same price or more. */
function underPrice(coders: readonly Choosable[], cap: number, call: Call, view: RoutingView): Found {
  const able = coders.filter((one) => promptUsd(one) <= cap && canServe(call, one.model, view))
  // `coders` stand strongest first: of what follows only what is cheaper than all before it is on the frontier.
  let least = Infinity
  const frontier = able.filter((one) => {
    const isOn = promptUsd(one) < least
    if (isOn) least = promptUsd(one)
    return isOn
  })
  const rest = able.filter((one) => !frontier.includes(one))
  return { models: [...frontier, ...rest].slice(0, MODELS_MAX), how: { max_price: cap, on_frontier: frontier.length } }
}

const NANO_PER_USD = 1e9

function promptUsd({ model }: Choosable): number {
  const ready = model.endpoints.filter(({ price, provider, tier }) => price.state !== 'unpriced' && provider.notReady === undefined && tier === undefined)
  return Math.min(...ready.map(({ price }) => Number(price.prompt) / NANO_PER_USD))
}

function speedOf({ model }: Choosable, { health }: RoutingView): number {
  return Math.max(...model.endpoints.map(({ id }) => health.of(id).throughput?.p50 ?? 0))
}

/** C44: the model that answered this conversation before, while it is still among those that would be tried. */
function keptFirst(ids: readonly string[], kept: string | undefined): string[] {
  return ids.toSorted((a, b) => Number(b === kept) - Number(a === kept))
}
