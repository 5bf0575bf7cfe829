/** A provider's key that a workspace brings (contract H12). The secret itself is in none of these. */
export interface ByokKey {
  readonly id: string
  readonly accountId: string
  readonly workspaceId: string
  /** The contract's slug of the provider; ours where the contract has none. */
  readonly provider: string
  readonly name: string | null
  /** `sk-...AbCd`: enough to recognise it. */
  readonly label: string
  /** Keys of one provider are tried in this order, lowest first. */
  readonly sortOrder: number
  /** It comes after the shared endpoints, not before them. */
  readonly isFallback: boolean
  /** What it may be used for is never sent to shared capacity of its provider. */
  readonly alwaysUse: boolean
  readonly disabled: boolean
  readonly filters: ByokFilters
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** Who may use a key, and for what: all of these must match; null restricts nothing (contract H13). */
export interface ByokFilters {
  readonly models: readonly string[] | null
  readonly keyHashes: readonly string[] | null
  readonly userIds: readonly string[] | null
}

export const NO_FILTERS: ByokFilters = Object.freeze({ models: null, keyHashes: null, userIds: null })

/** As it is kept: with its secret, sealed. */
export interface SealedByokKey extends ByokKey { readonly sealed: string }

/** What a new one says. */
export interface NewByokKey {
  readonly accountId: string
  readonly workspaceId: string
  readonly provider: string
  /** The credential, or a reference to where it is kept. */
  readonly secret: string
  readonly name?: string | null
  readonly sortOrder?: number
  readonly isFallback?: boolean
  readonly alwaysUse?: boolean
  readonly disabled?: boolean
  readonly filters?: Partial<ByokFilters>
}

/** What is left out stays as it is. */
export interface ByokChange {
  readonly secret?: string
  readonly name?: string | null
  readonly sortOrder?: number
  readonly isFallback?: boolean
  readonly alwaysUse?: boolean
  readonly disabled?: boolean
  readonly filters?: Partial<ByokFilters>
}

/** What was sealed for one key is worth nothing in the row of another. */
export function sealContext({ accountId, id, provider }: Pick<ByokKey, 'accountId' | 'id' | 'provider'>): string {
  return `byok\n${accountId}\n${id}\n${provider}`
}
