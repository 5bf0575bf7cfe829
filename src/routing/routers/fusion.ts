import type { Endpoint, Model, Snapshot } from '../../catalog/endpoint.ts'
import { findModel, parseModelName } from '../../catalog/names.ts'
import type { Call, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { windowOf } from '../bound.ts'
import { unknownModel } from '../unknown-model.ts'
import { FUSION_NAMES, isComposite, mayBeRouter } from './composite-names.ts'
import { fusionSettings, NO_SETTINGS, PRESETS, type FusionSettings, type Preset } from './fusion-settings.ts'
import { isLatest, newestOf } from './latest.ts'
import type { Router } from './router.ts'

/** One question to several models, and who writes the answer from theirs. */
export interface Fusion {
  /** The router's name; undefined where the plugin asks for a panel beside a model of the client's own. */
  readonly router?: string
  /** As they were named. Empty: nobody is asked. */
  readonly panel: readonly string[]
  /** Who writes the answer, and who does if that one fails. */
  readonly writers: readonly string[]
  /** Of the preset: models that cannot be called here, and why. */
  readonly leftOut: readonly LeftOut[]
  readonly settings: FusionSettings
}

export interface LeftOut { readonly model: string; readonly why: string }

/** True for a call that names a router of this kind, or has the plugin beside a model of its own. Throws Fault naming a field of the plugin. */
export function asksPanel(call: Call): boolean {
  const [first = ''] = call.models
  return (mayBeRouter(first) && FUSION_NAMES.has(parseModelName(first).base)) || fusionSettings(call)?.enabled === true
}

/** How a call is to be put to a panel. Throws Fault naming the field, or `no_endpoints` when nobody could be asked. */
export function fusionOf(call: Call, snapshot: Snapshot): Fusion {
  const [first = '', ...others] = call.models
  const { base, variants } = parseModelName(first)
  const preset = FUSION_NAMES.get(base)
  const settings = fusionSettings(call) ?? NO_SETTINGS
  checkNames(call, settings, snapshot)
  const { panel, leftOut } = panelOf(settings, preset ?? 'general-high', snapshot)
  if (panel.length === 0) throw nobody(call, leftOut)
  // Two models of a panel cannot both be first: with a name of one's own, the panel only advises.
  const writers = preset === undefined ? call.models : [...writersOf(settings, preset, panel, snapshot).map((name) => [name, ...variants].join(':')), ...others]
  return { ...(preset === undefined ? {} : { router: base }), panel: settings.enabled ? panel : [], writers, leftOut, settings }
}

/** For those who only want to know where a call would go: the one who writes. The gateway asks the panel before. */
export const fusionRouter: Router = (call, { snapshot }, { base }) => {
  const [first = ''] = call.models
  if (parseModelName(first).base !== base) throw new Fault('invalid_request', `models: ${base} can only be the first of them, for all its panel is asked before anybody answers`, { metadata: { field: 'models' } })
  const fusion = fusionOf(call, snapshot)
  const models = fusion.writers.flatMap((name) => modelOf(snapshot, name)?.id ?? [])
  return { strategy: 'fusion', models, stage: { type: 'plugin', name: 'fusion', summary: `asks ${fusion.panel.length} models first`, data: { panel: [...fusion.panel], left_out: fusion.leftOut.map((one) => ({ ...one })) } } }
}

/** What the settings asked for in vain, and who of a preset was not asked. */
export function fusionWarnings({ settings, leftOut }: Fusion): readonly Warning[] {
  return [...settings.unsaid, ...leftOut.map(({ model, why }) => ({ field: `${settings.field}.analysis_models`, why: `${model} of the preset was not asked: ${why}` }))]
}

function panelOf(settings: FusionSettings, preset: Preset, snapshot: Snapshot): { readonly panel: readonly string[]; readonly leftOut: readonly LeftOut[] } {
  if (settings.panel) return { panel: settings.panel, leftOut: [] }
  const own = settings.preset === undefined && preset === 'general-high' ? snapshot.routers?.fusion?.panel : undefined
  const looked = (own ?? PRESETS[settings.preset ?? preset]).map((model) => ({ model, why: whyNot(snapshot, model) }))
  return { panel: looked.flatMap(({ model, why }) => (why === undefined ? [model] : [])), leftOut: looked.flatMap(({ model, why }) => (why === undefined ? [] : [{ model, why }])) }
}

/** The client's writer; else the operator's; else the panel, the first of it first. */
function writersOf(settings: FusionSettings, preset: Preset, panel: readonly string[], snapshot: Snapshot): readonly string[] {
  if (settings.writer !== undefined) return [settings.writer]
  const own = preset === 'general-high' && settings.preset === undefined ? snapshot.routers?.fusion?.writer : undefined
  const first = own !== undefined && whyNot(snapshot, own) === undefined ? [own] : []
  return [...new Set([...first, ...panel])]
}

/** The most tokens that a model can be asked to write, half of its window where nobody knows; no bound for what is no model. */
export function answerTokensMax(snapshot: Snapshot, name: string): number {
  const model = modelOf(snapshot, name)
  return model ? Math.max(...model.endpoints.map((endpoint) => endpoint.outputMax ?? Math.ceil(windowOf(endpoint) / 2))) : Infinity
}

function modelOf(snapshot: Snapshot, name: string): Model | undefined {
  const { base } = parseModelName(name)
  return isLatest(base) ? newestOf(snapshot, base) : findModel(snapshot, name)?.model
}

/** Why nothing of this name can be called now; undefined when it can. */
function whyNot(snapshot: Snapshot, name: string): string | undefined {
  const model = modelOf(snapshot, name)
  if (!model) return 'it is not in the catalogue'
  if (model.endpoints.some((endpoint) => canCall(endpoint, snapshot))) return undefined
  return model.endpoints.find(({ provider }) => provider.notReady !== undefined)?.provider.notReady ?? 'its price is not known'
}

/** True for an endpoint that is ready, and whose price is known or does not matter. */
export function canCall({ provider, price, deprecated }: Endpoint, { unpricedAllowed = false }: Snapshot): boolean {
  return provider.notReady === undefined && !deprecated && (price.state !== 'unpriced' || unpricedAllowed)
}

function checkNames(call: Call, settings: FusionSettings, snapshot: Snapshot): void {
  settings.panel?.forEach((name, index) => checkName(call, name, `${settings.field}.analysis_models[${index}]`, snapshot))
  if (settings.writer !== undefined) checkName(call, settings.writer, `${settings.field}.model`, snapshot)
}

/** A model that there is; no router that would ask several models again. */
function checkName(call: Call, name: string, field: string, snapshot: Snapshot): void {
  const { base } = parseModelName(name)
  if (isComposite(name)) throw new Fault('invalid_request', `${field}: ${base} asks other models itself and cannot be one of those that are asked; name a model`, { metadata: { field } })
  if (mayBeRouter(name) || modelOf(snapshot, name)) return
  const fault = unknownModel(call, name, snapshot)
  throw new Fault('invalid_request', `${field}: ${fault.message}`, { ...fault.options, metadata: { field } })
}

function nobody(call: Call, leftOut: readonly LeftOut[]): Fault {
  const reasons = leftOut.map(({ model, why }) => `${model}: ${why}`).join('; ')
  return new Fault('no_endpoints', `${call.models[0] ?? ''} has nobody to ask here (${reasons}). Name models that are ready in analysis_models of the plugin fusion, or add a credential for one of these.`)
}
