import type { Change, Listed, Page } from './people-store.ts'

/** `pending`: not proven yet · `active`: proven · `disabled`: it was, and counts no more until it is proven anew. */
export const DOMAIN_STATES = ['pending', 'active', 'disabled'] as const
export type DomainState = (typeof DOMAIN_STATES)[number]

/** A domain of e-mail addresses, and whether it is proven to be the organisation's (contract H21). */
export interface Domain {
  readonly id: string
  readonly accountId: string
  /** In lower case, without a dot at the end. */
  readonly domain: string
  readonly state: DomainState
  /** What the TXT record must say. */
  readonly proof: string
  readonly createdMs: number
  readonly activatedMs: number | null
  readonly disabledMs: number | null
}

/** What domains need stored; every method is one transaction. */
export interface DomainStore {
  /** Oldest first. */
  listDomains(accountId: string, page: Page): Promise<Listed<Domain>>
  domain(accountId: string, id: string): Promise<Domain | undefined>
  /** The organisation that has proven it. */
  activeDomain(domain: string): Promise<Domain | undefined>
  /** False when the organisation has it already. */
  insertDomain(domain: Domain, change: Change): Promise<boolean>
  /**
   * Makes it active. `proofs` are all that its records say: another organisation whose proof is still among them keeps it, and one whose proof is gone
   * loses it.
   */
  activateDomain(accountId: string, id: string, proofs: readonly string[], change: Change): Promise<Domain | 'no_domain' | 'taken'>
  disableDomain(accountId: string, id: string, change: Change): Promise<Domain | undefined>
  deleteDomain(accountId: string, id: string, change: Change): Promise<boolean>
}
