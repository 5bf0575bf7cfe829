import { ByokKeys, type ReferenceRule, type SealedElsewhere } from '../accounts/byok/byok-keys.ts'
import { OwnKeyBills } from '../accounts/byok/own-key-bills.ts'
import type { ByokStore } from '../accounts/byok/byok-store.ts'
import { MasterKeys } from '../accounts/byok/master-keys.ts'
import { OwnKeys } from '../accounts/byok/own-keys.ts'
import { NO_SECRETS, type Secrets } from '../catalog/secret-reference.ts'
import type { Clock } from '../lib/clock.ts'

export interface ByokOptions {
  readonly dataDir: string
  readonly clock: Clock
  /** SWITCHYARD_MASTER_KEY, under which providers' keys of callers are sealed; a file of the data directory where it is not said. */
  readonly masterKey?: string | undefined
  /** Where secrets are that are kept elsewhere. */
  readonly secrets?: Secrets
  /** Who may bring a reference in place of a secret; nobody where it is not said. */
  readonly referenceRule?: ReferenceRule
  /** What else is sealed under the master keys. */
  readonly others?: readonly SealedElsewhere[]
  /** Told what goes wrong in the background. No secret in it. */
  readonly log?: (line: string) => void
  /** Told what a person should know, and is as it should be. */
  readonly note?: (what: string, detail: string) => void
}

/** Keys of providers that callers bring: for people, for calls, and what calls on them cost. */
export interface OpenByok { readonly byok: ByokKeys; readonly ownKeys: OwnKeys; readonly ownKeyBills: OwnKeyBills }

const nobody: ReferenceRule = () => 'the operator lets nobody name secrets that are kept elsewhere'

/** Puts them together over a store. */
export function openByok(store: ByokStore, options: ByokOptions): OpenByok {
  const { dataDir, clock, masterKey, secrets = NO_SECRETS, log = () => undefined, note = () => undefined, referenceRule = nobody, others = [] } = options
  const masterKeys = new MasterKeys({ dataDir, fromEnvironment: masterKey, onMade: note })
  return {
    byok: new ByokKeys({ store, masterKeys, clock, referenceRule, others }), ownKeyBills: new OwnKeyBills(store, clock),
    ownKeys: new OwnKeys({ store, masterKeys, secrets, onTrouble: (what, detail) => log(`${what}: ${detail}`) }),
  }
}
