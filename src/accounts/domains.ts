import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { randomText, rowId } from '../lib/id.ts'
import type { Actor } from './audit-entry.ts'
import type { Domain, DomainStore } from './domain.ts'
import type { Listed, Page } from './people-store.ts'

/** Asks the DNS for TXT records. */
export interface TxtResolver {
  /** The texts of all records of the name; none where there is no such name. Throws where the DNS gives no answer. */
  txt(name: string): Promise<readonly string[]>
}

const PROOF_CHARS = 43
const PROOF_START = 'switchyard-domain-verification='
const DOMAIN_CHARS_MAX = 253
/** Labels of letters, digits and hyphens; at least two. Other alphabets are written in their ASCII form (xn--…). */
const DOMAIN = /^(?=.*[a-z])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/** Domains of e-mail addresses that organisations prove to be theirs by a TXT record: what directories and single sign-on may rely on. */
export class Domains {
  constructor(private readonly store: DomainStore, private readonly resolver: TxtResolver, private readonly clock: Clock) {}

  list(accountId: string, page: Page): Promise<Listed<Domain>> {
    return this.store.listDomains(accountId, page)
  }

  /** Throws Fault `not_found`. */
  async get(accountId: string, id: string): Promise<Domain> {
    const domain = await this.store.domain(accountId, id)
    if (!domain) throw missing()
    return domain
  }

  /** The organisation that the domain of an address is proven to be of. */
  async ownerOf(email: string): Promise<string | undefined> {
    return (await this.store.activeDomain(email.slice(email.lastIndexOf('@') + 1).toLowerCase()))?.accountId
  }

  async add(accountId: string, name: string, by: Actor): Promise<Domain> {
    const nowMs = this.clock.wallMs()
    const domain: Domain = { id: rowId(), accountId, domain: readDomain(name), state: 'pending', proof: `${PROOF_START}${randomText(PROOF_CHARS)}`, createdMs: nowMs, activatedMs: null, disabledMs: null }
    if (!await this.store.insertDomain(domain, { by, nowMs })) throw new Fault('conflict', `${domain.domain} is in the list already.`, { metadata: { field: 'domain' } })
    return domain
  }

  /** Looks for the TXT record; with it the domain is active. Throws Fault `conflict` where it is not there, or another organisation's is. */
  async verify(accountId: string, id: string, by: Actor): Promise<Domain> {
    const { domain, proof } = await this.get(accountId, id)
    const name = recordName(domain)
    const found = await this.resolver.txt(name).catch((error: unknown) => {
      throw new Fault('conflict', `The DNS gives no answer for ${name}; try again in a minute.`, { detail: String(error), cause: error })
    })
    const texts = found.map((text) => text.trim())
    if (!texts.includes(proof)) throw new Fault('conflict', `${name} has no TXT record that says ${proof}${texts.length > 0 ? ` (it has ${texts.length} others)` : ''}. A new record can take as long to be seen as its zone lets others remember the old state.`, { metadata: { field: 'domain' } })
    const active = await this.store.activateDomain(accountId, id, texts, { by, nowMs: this.clock.wallMs() })
    if (active === 'no_domain') throw missing()
    if (active === 'taken') throw new Fault('conflict', `${domain} is proven to be another organization's, whose TXT record still stands: remove that record first.`, { metadata: { field: 'domain' } })
    return active
  }

  /** It counts no more until it is verified anew. */
  async disable(accountId: string, id: string, by: Actor): Promise<Domain> {
    const domain = await this.store.disableDomain(accountId, id, { by, nowMs: this.clock.wallMs() })
    if (!domain) throw missing()
    return domain
  }

  async remove(accountId: string, id: string, by: Actor): Promise<void> {
    if (!await this.store.deleteDomain(accountId, id, { by, nowMs: this.clock.wallMs() })) throw missing()
  }
}

/** Where the TXT record of a domain is looked for. */
export function recordName(domain: string): string {
  return `_switchyard.${domain}`
}

function readDomain(text: string): string {
  const domain = text.trim().toLowerCase().replace(/^@/, '').replace(/\.$/, '')
  if (domain.length > DOMAIN_CHARS_MAX || !DOMAIN.test(domain)) throw new Fault('invalid_request', 'The field `domain` must be a domain like example.com.', { metadata: { field: 'domain' } })
  return domain
}

function missing(): Fault {
  return new Fault('not_found', 'There is no such domain. GET /api/v1/domains lists them.')
}
