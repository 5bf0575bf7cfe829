import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { glob } from '../../lib/glob.ts'

/** The client's settings of a router: the plugin of this id, unless it is turned off. */
export function settingsOf(call: Call, id: string): JsonObject {
  const plugins: readonly unknown[] = Array.isArray(call.body['plugins']) ? call.body['plugins'] : []
  const found = plugins.find((plugin) => isObject(plugin) && plugin['id'] === id)
  return isObject(found) && found['enabled'] !== false ? found : {}
}

/** Throws the Fault of a setting that is not what it must be. */
export function refuseSetting(plugin: string, field: string, expected: string): never {
  throw new Fault('invalid_request', `plugins: ${field} of ${plugin} must be ${expected}`, { metadata: { field: `plugins.${plugin}.${field}` } })
}

const PATTERNS_MAX = 1_024
const PATTERN_CHARS_MAX = 1_024
const PATTERNS_CHARS_MAX = 65_536

/** True for ids that one of a list of patterns means (C47): `anthropic/*`, `*` stands for anything. Undefined where there is no list. */
export function patternsOf(settings: JsonObject, plugin: string, field: string): ((id: string) => boolean) | undefined {
  const value = settings[field]
  if (value === undefined || value === null) return undefined
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  if (!Array.isArray(value) || texts.length !== value.length || texts.length > PATTERNS_MAX || texts.some((text) => text.length > PATTERN_CHARS_MAX)
    || texts.reduce((sum, text) => sum + text.length, 0) > PATTERNS_CHARS_MAX) {
    return refuseSetting(plugin, field, `at most ${PATTERNS_MAX} patterns as "anthropic/*", of ${PATTERN_CHARS_MAX} characters each and ${PATTERNS_CHARS_MAX} together`)
  }
  const exact = new Set(texts.filter((text) => !text.includes('*')).map((text) => text.toLowerCase()))
  const wild = texts.filter((text) => text.includes('*')).map((text) => glob(text.toLowerCase()))
  return (id) => exact.has(id.toLowerCase()) || wild.some((means) => means(id.toLowerCase()))
}

/** A number within bounds, or undefined when it is not said. */
export function numberOf(settings: JsonObject, plugin: string, field: string, min: number, max: number): number | undefined {
  const value = settings[field]
  if (value === undefined || value === null) return undefined
  return typeof value === 'number' && value >= min && value <= max ? value : refuseSetting(plugin, field, max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`)
}

/** One of these words, or undefined when it is not said. */
export function wordOf<const T extends string>(settings: JsonObject, plugin: string, field: string, words: readonly T[]): T | undefined {
  const value = settings[field]
  if (value === undefined || value === null) return undefined
  return words.find((word) => word === value) ?? refuseSetting(plugin, field, `one of ${words.join(', ')}`)
}
