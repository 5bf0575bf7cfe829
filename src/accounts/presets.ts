import type { JsonObject } from '../core/json.ts'
import type { Actor } from './audit-entry.ts'

/** A configuration of calls under a name (contract H30): the version that is designated is what calls get. */
export interface Preset {
  readonly id: string
  readonly accountId: string
  readonly slug: string
  readonly createdMs: number
  readonly updatedMs: number
  /** The person who made its first version; null: a key that is nobody's. */
  readonly createdBy: string | null
  readonly designated: PresetVersion
}

/** One state of a preset. `config` is in the chat API's fields, whichever API it was made by. */
export interface PresetVersion {
  readonly id: string
  readonly presetId: string
  readonly version: number
  readonly systemPrompt: string | null
  readonly config: JsonObject
  readonly createdMs: number
  readonly createdBy: string | null
}

export interface NewPresetVersion {
  readonly accountId: string
  readonly slug: string
  /** Ids for the preset, where it is new, and for the version. */
  readonly presetId: string
  readonly versionId: string
  readonly systemPrompt: string | null
  readonly config: JsonObject
  readonly nowMs: number
  readonly by: Actor
}

interface Page { readonly offset: number; readonly limit: number }
interface Listed<T> { readonly rows: readonly T[]; readonly total: number }

/** What presets need stored. Every method is one transaction; a method that fails throws Fault `unavailable`. */
export interface PresetStore {
  preset(accountId: string, slug: string): Promise<Preset | undefined>
  /** The one changed last first. */
  listPresets(accountId: string, page: Page): Promise<Listed<Preset>>
  /** Makes the preset or its next version, and designates that. */
  addPresetVersion(version: NewPresetVersion): Promise<Preset>
  /** Oldest first. */
  listPresetVersions(accountId: string, slug: string, page: Page): Promise<Listed<PresetVersion> | undefined>
  presetVersion(accountId: string, slug: string, version: number): Promise<PresetVersion | undefined>
}
