import type { Clock } from '../../lib/clock.ts'
import { Directory } from './directory.ts'
import { GroupMappings } from './mappings.ts'
import type { ScimStore } from './scim-store.ts'
import { ScimTokens } from './tokens.ts'

/** What an organisation's directory does here, and what its admins do about it. */
export interface Scim { readonly directory: Directory; readonly tokens: ScimTokens; readonly mappings: GroupMappings }

/** All of it on one store. */
export function scimOn(store: ScimStore, clock: Clock): Scim {
  const directory = new Directory(store, clock)
  return { directory, tokens: new ScimTokens(store, clock), mappings: new GroupMappings(store, directory, clock) }
}
