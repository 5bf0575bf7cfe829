import type { MasterKeys } from '../accounts/byok/master-keys.ts'

/** Seals what lets somebody in, under the master key that providers' keys are sealed under too. */
export interface Vault {
  /** Throws Fault `conflict` where others have sealed under a key that is not here. */
  seal(text: string, context: string): Promise<string>
  /** undefined: the key is not here. */
  open(sealed: string, context: string): string | undefined
}

/** A vault over the master keys. A first one may be made only where nobody has sealed anything yet. */
export function vaultOf(masterKeys: MasterKeys, hasSealed: () => Promise<boolean>): Vault {
  return {
    seal: async (text, context) => masterKeys.seal(text, context, masterKeys.currentId === undefined && !await hasSealed()),
    open: (sealed, context) => masterKeys.open(sealed, context),
  }
}
