import { findModel, isVariant, parseModelName, type FoundModel } from '../catalog/names.ts'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import { noneAble } from './none-able.ts'
import type { Stage, Strategy } from './plan.ts'
import { chooseArm } from './routers/alias.ts'
import { autoBetaRouter, autoRouter } from './routers/auto.ts'
import { bodybuilderRouter } from './routers/bodybuilder.ts'
import { BODYBUILDER_NAMES, FUSION_NAMES } from './routers/composite-names.ts'
import { freeRouter } from './routers/free.ts'
import { fusionRouter } from './routers/fusion.ts'
import { isLatest, latestRouter } from './routers/latest.ts'
import { paretoRouter } from './routers/pareto.ts'
import type { Choice, Router } from './routers/router.ts'
import type { RoutingView } from './view.ts'

/** One model to try, and the name that led to it. */
export interface ResolvedModel {
  /** What the client asked for, or what a router chose for it. */
  readonly requested: string
  readonly found: FoundModel
  /** The newest of the family that the client named, whichever that is by now. */
  readonly isLatest: boolean
}

/** The models of a call in the order to try, once routers have chosen theirs. */
export interface Resolution {
  readonly models: readonly ResolvedModel[]
  /** Names of the client's that are none of ours. */
  readonly unknown: readonly string[]
  readonly strategy: Strategy
  readonly stages: readonly Stage[]
  /** Why a router chose nothing. */
  readonly none?: string
}

/** Names that are no model's but choose one. */
const ROUTERS: ReadonlyMap<string, Router> = new Map([
  ['openrouter/free', freeRouter], ['switchyard/free', freeRouter], ['openrouter/auto', autoRouter], ['switchyard/auto', autoRouter],
  ...[...FUSION_NAMES.keys()].map((name) => [name, fusionRouter] as const), ...[...BODYBUILDER_NAMES].map((name) => [name, bodybuilderRouter] as const),
  ['openrouter/auto-beta', autoBetaRouter], ['switchyard/auto-beta', autoBetaRouter], ['openrouter/pareto-code', paretoRouter], ['switchyard/pareto-code', paretoRouter],
])

/** What the client's names mean, in its order (C25); a model that is led to twice counts once, so that no endpoint is tried twice. Throws the Fault of routers whose models all cannot serve the call. */
export function resolveModels(call: Call, view: RoutingView): Resolution {
  const models: ResolvedModel[] = []
  const unknown: string[] = []
  const stages: Stage[] = []
  let strategy: Strategy = call.models.length > 1 ? 'fallback' : 'direct'
  let none: string | undefined
  const unable: string[] = []
  for (const name of call.models) {
    const choice = choose(call, view, name)
    if (choice && call.models.length === 1) strategy = choice.strategy
    if (choice?.stage) stages.push(choice.stage)
    none ??= choice?.none
    unable.push(...choice?.unable ?? [])
    for (const requested of choice ? choice.models : [name]) {
      const found = find(view.snapshot, requested)
      if (!found) unknown.push(requested)
      else if (!models.some((other) => other.found.model === found.model)) models.push({ requested, found, isLatest: choice?.strategy === 'latest' })
    }
  }
  if (models.length === 0 && unknown.length === 0 && unable.length > 0) throw noneAble(call, none ?? '', unable, view)
  return { models, unknown, strategy, stages, ...(none === undefined ? {} : { none }) }
}

/** True for a name that a router answers to by itself. */
export function isRouter(name: string): boolean {
  return routerNamed(name) !== undefined
}

/** The router that a name means, as it is recorded; undefined for a model's name. */
export function routerNamed(name: string): string | undefined {
  if (!MAY_CHOOSE.test(name)) return undefined
  const { base } = parseModelName(name)
  return ROUTERS.has(base) ? base : undefined
}

/** How names of routers begin: all others are models' (or the operator's aliases), and are not looked at twice. */
const MAY_CHOOSE = /^\s*(?:~|openrouter\/|switchyard\/)/i

function choose(call: Call, view: RoutingView, name: string): Choice | undefined {
  const { ownAliases } = view.snapshot
  if (ownAliases?.size) {
    const parsed = parseModelName(name)
    const alias = ownAliases.get(parsed.base)
    if (alias) return chooseArm(call, view, parsed, alias)
  }
  if (!MAY_CHOOSE.test(name)) return undefined
  const parsed = parseModelName(name)
  if (isLatest(parsed.base)) return find(view.snapshot, name) ? undefined : latestRouter(call, view, parsed)
  const router = ROUTERS.get(parsed.base)
  // A router is free of charge by its own name only: `:free` behind another, or what is no variant, is nobody's name.
  if (!router || !parsed.variants.every(isVariant)) return undefined
  const choice = router(call, view, parsed)
  const sorts = parsed.variants.filter((variant) => SORTS.has(variant))
  return sorts.length === 0 ? choice : { ...choice, models: choice.models.map((model) => [model, ...sorts].join(':')) }
}

/** Variants that say how the chosen models' endpoints are sorted: they hold for every name (C31, C32, C34). */
const SORTS: ReadonlySet<string> = new Set(['floor', 'nitro', 'exacto'])

/** Names that calls have used lately, so that a name is taken apart once. Bounded: clients choose the names. */
const NAMES_MAX = 2_000
const namesOf = new WeakMap<Snapshot, Map<string, FoundModel>>()

function find(snapshot: Snapshot, requested: string): FoundModel | undefined {
  let names = namesOf.get(snapshot)
  if (!names) namesOf.set(snapshot, names = new Map())
  const known = names.get(requested)
  if (known) return known
  const found = findModel(snapshot, requested)
  if (!found) return undefined
  if (names.size >= NAMES_MAX) names.clear()
  names.set(requested, found)
  return found
}
