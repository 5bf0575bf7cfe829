import type { Change } from './people-store.ts'
import type { Role } from './roles.ts'

/** `pending`: being set up · `active`: people sign in with it · `disabled`: they do not any more. */
export type SsoState = 'pending' | 'active' | 'disabled'

/** OpenID Connect: the rest is found at the issuer. */
export interface OidcSettings { readonly kind: 'oidc'; readonly issuer: string; readonly clientId: string }

/** SAML 2.0: who the provider is, where people are sent, and by which keys its assertions are signed (PEM). */
export interface SamlSettings {
  readonly kind: 'saml'
  readonly entityId: string
  readonly ssoUrl: string
  readonly certificates: readonly string[]
  /** Whether people may come from the provider without having asked here first. */
  readonly allowsIdpInitiated: boolean
}

export type SsoSettings = OidcSettings | SamlSettings

/** How an organisation signs its people in (contract H21). One is active at a time, for all domains that the organisation has proven. */
export interface SsoConnection {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly settings: SsoSettings
  readonly state: SsoState
  /** What new members are. */
  readonly defaultRole: Role
  /** People of its domains sign in this way and no other. */
  readonly isEnforced: boolean
  readonly createdMs: number
  readonly updatedMs: number | null
  readonly activatedMs: number | null
  readonly disabledMs: number | null
}

/** With its secret, sealed; null where it has none. */
export interface SealedSso extends SsoConnection { readonly sealed: string | null }

/** What somebody wants of a connection. */
export interface SsoWish {
  readonly name: string
  readonly settings: SsoSettings
  readonly secret?: string | undefined
  readonly defaultRole?: Role | undefined
  readonly isEnforced?: boolean | undefined
}

/** What is changed of one. What is not said stays. */
export type SsoChange = Partial<Omit<SsoWish, 'secret'>> & { readonly sealed?: string }

/** `inactive`: the organisation's directory says that they have left · `full`: it has as many members as it may have. */
export type JoinRefusal = 'inactive' | 'full'

/** What single sign-on needs stored; every method is one transaction. */
export interface SsoStore {
  /** Oldest first. */
  listSso(accountId: string): Promise<readonly SsoConnection[]>
  sso(id: string): Promise<SsoConnection | undefined>
  sealedSso(id: string): Promise<SealedSso | undefined>
  /** False where the organisation has as many as it may have. */
  insertSso(connection: SealedSso, change: Change): Promise<boolean>
  changeSso(accountId: string, id: string, wish: SsoChange, change: Change): Promise<SsoConnection | undefined>
  setSsoState(accountId: string, id: string, state: SsoState, change: Change): Promise<SsoConnection | 'other_active' | undefined>
  /** With what shows who people are at it. */
  deleteSso(accountId: string, id: string, change: Change): Promise<boolean>
  /** Whether it is the address of an operator of the install. */
  isOperatorAddress(email: string): Promise<boolean>
  joinRefusal(accountId: string, email: string): Promise<JoinRefusal | undefined>
  joinBySso(accountId: string, userId: string, role: Role, nowMs: number): Promise<JoinRefusal | undefined>
  ssoSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedSso[]>
  resealSso(id: string, before: string, after: string): Promise<boolean>
}
