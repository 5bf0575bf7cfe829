import { parseModelName } from '../../catalog/names.ts'
import type { Preset } from './fusion-settings.ts'

/** Names that ask for a panel, each with the panel that it has when the client names none (contract C53, C54). */
export const FUSION_NAMES: ReadonlyMap<string, Preset> = new Map([
  ['openrouter/fusion', 'general-high'], ['switchyard/fusion', 'general-high'], ['openrouter/fusion-flash', 'general-fast'], ['switchyard/fusion-flash', 'general-fast'],
])

/** Names that ask for requests instead of an answer (contract C52). */
export const BODYBUILDER_NAMES: ReadonlySet<string> = new Set(['openrouter/bodybuilder', 'switchyard/bodybuilder'])

const MAY_BE_ROUTER = /^\s*(?:openrouter|switchyard)\//i

/** True for a name that could be a router's: those of all others are models', and need not be looked at. */
export function mayBeRouter(name: string): boolean {
  return MAY_BE_ROUTER.test(name)
}

/** True for a name that one call is not enough for: what stands for it makes calls of its own. */
export function isComposite(name: string): boolean {
  if (!mayBeRouter(name)) return false
  const { base } = parseModelName(name)
  return FUSION_NAMES.has(base) || BODYBUILDER_NAMES.has(base)
}
