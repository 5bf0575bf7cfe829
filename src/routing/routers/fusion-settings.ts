import { EFFORTS, type Call, type ReasoningWish, type Warning } from '../../core/call.ts'
import { asObject, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../../dialects/openai-chat/check.ts'

/** The id of the plugin whose settings these are (contract D12). */
export const FUSION = 'fusion'

/** Panels by the contract's names of presets, the first of each its writer. `~…-latest` names, so that they do not age. */
export const PRESETS = {
  'general-high': ['~anthropic/claude-opus-latest', '~openai/gpt-latest', '~google/gemini-pro-latest'],
  'general-budget': ['~google/gemini-flash-latest', '~openai/gpt-mini-latest', '~deepseek/deepseek-latest'],
  'general-fast': ['~anthropic/claude-haiku-latest', '~openai/gpt-mini-latest', '~google/gemini-flash-lite-latest'],
} as const
export type Preset = keyof typeof PRESETS

/** What a client says of how its question is put to a panel; undefined fields were not said. */
export interface FusionSettings {
  /** False: the plugin is turned off for this request. */
  readonly enabled: boolean
  readonly preset?: Preset
  readonly panel?: readonly string[]
  /** Who writes the answer. */
  readonly writer?: string
  /** Tokens that each of the panel may write. */
  readonly maxTokens: number
  readonly temperature?: number
  readonly reasoning?: ReasoningWish
  /** What was asked that this server cannot do. */
  readonly unsaid: readonly Warning[]
  /** Where the settings stand, for errors: `plugins[0]`. */
  readonly field: string
}

const PANEL_MAX = 8
const TOOLS_MAX = 8
const TOOL_CALLS_MAX = 16
const MAX_TOKENS = 16_000
const MODEL_CHARS_MAX = 200

/** What holds where a client says nothing. */
export const NO_SETTINGS: FusionSettings = Object.freeze({ enabled: true, maxTokens: MAX_TOKENS, unsaid: [], field: 'plugins' })

/** The settings that a request gives with the plugin `fusion`; undefined: it names no such plugin. Throws Fault naming the field. */
export function fusionSettings({ body }: Pick<Call, 'body'>): FusionSettings | undefined {
  const plugins: readonly Json[] = Array.isArray(body['plugins']) ? body['plugins'] : []
  const at = plugins.findIndex((plugin) => isObject(plugin) && plugin['id'] === FUSION)
  const plugin = asObject(plugins[at])
  return plugin && readSettings(plugin, `plugins[${at}]`)
}

function readSettings(plugin: JsonObject, field: string): FusionSettings {
  const { enabled, preset } = plugin
  if (said(enabled) && typeof enabled !== 'boolean') refuse(`${field}.enabled`, 'true or false', enabled)
  const known = (Object.keys(PRESETS) as Preset[]).find((name) => name === preset)
  if (said(preset) && known === undefined) refuse(`${field}.preset`, `one of ${Object.keys(PRESETS).map((name) => `"${name}"`).join(', ')}`, preset)
  const panel = readPanel(plugin['analysis_models'], `${field}.analysis_models`)
  const writer = said(plugin['model']) ? readName(plugin['model'], `${field}.model`) : undefined
  const temperature = readNumber(plugin['temperature'], `${field}.temperature`, 2)
  const reasoning = readReasoning(plugin['reasoning'], `${field}.reasoning`)
  return {
    enabled: enabled !== false, field, maxTokens: readMaxTokens(plugin['max_completion_tokens'], `${field}.max_completion_tokens`), unsaid: [...readTools(plugin['tools'], `${field}.tools`), ...readToolCalls(plugin['max_tool_calls'], `${field}.max_tool_calls`)],
    ...(known === undefined ? {} : { preset: known }), ...(panel === undefined ? {} : { panel }), ...(writer === undefined ? {} : { writer }),
    ...(temperature === undefined ? {} : { temperature }), ...(reasoning === undefined ? {} : { reasoning }),
  }
}

function said(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

function readPanel(models: Json | undefined, field: string): readonly string[] | undefined {
  if (!said(models)) return undefined
  if (!Array.isArray(models) || models.length < 1 || models.length > PANEL_MAX) refuse(field, `an array of 1 to ${PANEL_MAX} model ids`, Array.isArray(models) ? models.length : models)
  return models.map((name: unknown, index) => readName(name, `${field}[${index}]`))
}

function readName(name: unknown, field: string): string {
  return typeof name === 'string' && name.trim() !== '' && name.length <= MODEL_CHARS_MAX ? name : refuse(field, 'the id of a model', name)
}

function readNumber(value: unknown, field: string, max: number): number | undefined {
  if (!said(value)) return undefined
  return typeof value === 'number' && value >= 0 && value <= max ? value : refuse(field, `a number from 0 to ${max}`, value)
}

function readMaxTokens(value: unknown, field: string): number {
  if (!said(value)) return MAX_TOKENS
  return isWhole(value, 1, Number.MAX_SAFE_INTEGER) ? value : refuse(field, 'a whole number of at least 1', value)
}

function readReasoning(value: unknown, field: string): ReasoningWish | undefined {
  if (!said(value)) return undefined
  if (!isObject(value)) refuse(field, 'an object with effort or max_tokens', value)
  const effort = EFFORTS.find((name) => name === value['effort'])
  if (said(value['effort']) && effort === undefined) refuse(`${field}.effort`, `one of ${EFFORTS.map((name) => `"${name}"`).join(', ')}`, value['effort'])
  const budget = value['max_tokens']
  if (said(budget) && !isWhole(budget, 0, Number.MAX_SAFE_INTEGER)) refuse(`${field}.max_tokens`, 'a whole number', budget)
  if (effort !== undefined && said(budget)) refuse(field, 'an effort or max_tokens, not both', value)
  if (effort !== undefined) return { enabled: effort !== 'none', effort, exclude: false }
  return isWhole(budget, 0, Number.MAX_SAFE_INTEGER) ? { enabled: budget > 0, maxTokens: budget, exclude: false } : undefined
}

/** The panel answers from what it knows: it has no tools here. An empty list asks for just that. */
function readTools(tools: Json | undefined, field: string): readonly Warning[] {
  if (!said(tools)) return []
  if (!Array.isArray(tools) || tools.length > TOOLS_MAX) refuse(field, `an array of at most ${TOOLS_MAX} tools`, Array.isArray(tools) ? tools.length : tools)
  tools.forEach((tool: unknown, index) => {
    if (!isObject(tool) || typeof tool['type'] !== 'string') refuse(`${field}[${index}]`, 'an object with a type', tool)
  })
  return tools.length === 0 ? [] : [{ field, why: 'this server has no tools for a panel: its models answer from what they know' }]
}

function readToolCalls(calls: Json | undefined, field: string): readonly Warning[] {
  if (!said(calls)) return []
  if (!isWhole(calls, 1, TOOL_CALLS_MAX)) refuse(field, `a whole number from 1 to ${TOOL_CALLS_MAX}`, calls)
  return [{ field, why: 'the panel has no tools on this server, so it calls none' }]
}
