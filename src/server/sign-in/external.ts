import type { IdentityProvider } from '../../accounts/identity-provider.ts'
import type { SignInRow, SignInStore } from '../../accounts/sign-in-store.ts'
import type { Sso } from '../../accounts/sso.ts'
import type { SsoConnection } from '../../accounts/sso-connection.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { rowId } from '../../lib/id.ts'
import type { Flow, Flows } from './flows.ts'
import { FINISH_PATH, type Fetch, type Identity, type Ticket } from './identity.ts'
import type { OidcAsk, OidcParty } from './oidc.ts'
import type { SamlParty } from './saml.ts'
import type { Site } from './site.ts'
import type { Comes } from './sign-up.ts'

export interface ExternalOptions {
  readonly store: SignInStore
  readonly sso: Sso
  readonly flows: Flows
  /** Those of the whole install. */
  readonly providers: readonly IdentityProvider[]
  readonly site: Site
  readonly clock: Clock
  /** To providers that the operator names. */
  readonly fetch: Fetch
  /** To those that organizations name: not into networks that are not theirs to ask. */
  readonly guardedFetch: Fetch
  /** Plain http to those that organizations name. */
  readonly isHttpAllowed: boolean
  /** Whether somebody who is not here yet may be. */
  readonly maySignUp: (email: string, comes: Comes) => Promise<boolean>
  /** Why not. */
  readonly whyNotSignUp: () => string
}

/** Somebody goes to a provider. */
export interface Going { readonly next: string; readonly setUpCode?: string | undefined; readonly email?: string | undefined }

/** Where to, and what the browser keeps meanwhile. */
export interface Sent { readonly url: string; readonly cookie: string }

/** Somebody is back: what lets them in, and where they wanted to go. */
export interface Back { readonly ticket: string; readonly next: string }

/** What was verified, on its way to the browser that asked for it. */
interface Verified { readonly way: string; readonly next: string; readonly identity: Identity }

/** People who show who they are somewhere else: at a provider of the install's, or of their organization's. */
export class External {
  constructor(private readonly options: ExternalOptions) {}

  get providers(): readonly IdentityProvider[] {
    return this.options.providers
  }

  get isHttpAllowed(): boolean {
    return this.options.isHttpAllowed
  }

  get sso(): Sso {
    return this.options.sso
  }

  /** Throws Fault. */
  async begin(name: string, going: Going): Promise<Sent> {
    const provider = this.provider(name)
    const { newOidcSecrets, beginOidc } = await import('./oidc.ts')
    const secrets = newOidcSecrets()
    const { state, cookie } = await this.options.flows.begin({ way: name, next: going.next, ...secrets, ...(going.setUpCode && { setUpCode: going.setUpCode }) })
    const asked = { redirectUrl: this.backTo(name), state, ...secrets, loginHint: going.email }
    if (provider.kind === 'oidc') return { url: await beginOidc(this.partyOf(provider), asked), cookie }
    const { beginGithub } = await import('./github.ts')
    return { url: await beginGithub({ ...provider, send: this.options.fetch }, asked), cookie }
  }

  /** Throws Fault. */
  async finish(name: string, request: Request): Promise<Back> {
    const provider = this.provider(name)
    const { flow, asked, search } = await this.taken(name, this.backTo(name), request)
    const identity = provider.kind === 'oidc'
      ? await (await import('./oidc.ts')).finishOidc(this.partyOf(provider), asked, search)
      : await (await import('./github.ts')).finishGithub({ ...provider, send: this.options.fetch }, asked, search)
    return { ticket: await this.ticket(await this.personOf(provider, identity, flow.setUpCode), null), next: flow.next }
  }

  /** Throws Fault. */
  async beginSso(id: string, going: Going): Promise<Sent> {
    const connection = await this.connection(id)
    const { flows } = this.options
    const way = wayOf(connection)
    if (connection.settings.kind === 'saml') {
      const { samlRequest } = await import('./saml-request.ts')
      const requestId = `_${rowId()}`
      const { state, cookie } = await flows.begin({ way, next: going.next, requestId })
      return { url: samlRequest(this.samlParty(connection), { requestId, state, atMs: this.options.clock.wallMs() }), cookie }
    }
    const { newOidcSecrets, beginOidc } = await import('./oidc.ts')
    const secrets = newOidcSecrets()
    const { state, cookie } = await flows.begin({ way, next: going.next, ...secrets })
    return { url: await beginOidc(await this.oidcPartyOf(connection), { redirectUrl: this.ssoUrl(id, 'callback'), state, ...secrets, loginHint: going.email }), cookie }
  }

  /** The way back of OpenID Connect. Throws Fault. */
  async finishOidcSso(id: string, request: Request): Promise<Back> {
    const connection = await this.connection(id)
    const { flow, asked, search } = await this.taken(wayOf(connection), this.ssoUrl(id, 'callback'), request)
    const { finishOidc } = await import('./oidc.ts')
    return await this.enter(connection, await finishOidc(await this.oidcPartyOf(connection), asked, search), flow.next)
  }

  /**
   * The way back of SAML, part one: the provider's page posts it here, and the browser shows no cookies then. What was verified waits for part two.
   * Where that is. Throws Fault.
   */
  async takeAssertion(id: string, response: string, relayState: string): Promise<string> {
    const connection = await this.connection(id)
    const { flows, clock } = this.options
    const way = wayOf(connection)
    const { readAssertion } = await import('./saml.ts')
    const party = this.samlParty(connection)
    const read = readAssertion(response, party, clock.wallMs())
    const isAsked = read.inResponseTo !== undefined
    if (!isAsked && !party.allowsIdpInitiated) throw new Fault('permission_denied', `${connection.name} sent you here without being asked. Begin at ${this.options.site.url}/sign-in.`)
    const flow = isAsked ? await flows.takeUnseen(relayState, way) : { next: '/', browser: null, requestId: undefined }
    if (flow.requestId !== read.inResponseTo) throw new Fault('permission_denied', 'This sign-in answers another question than we asked. Begin again.')
    // Each assertion lets somebody in once, for as long as it would hold.
    const lastsMs = Math.max(1, read.untilMs - clock.wallMs())
    if (await this.options.store.countAttempt([{ key: `assertion ${read.assertionId} of ${id}`, windowMs: lastsMs, max: 1 }], clock.wallMs()) > 0) throw new Fault('permission_denied', 'This sign-in was used already. Begin again.')
    const waiting: Verified = { way: `${way} verified`, next: flow.next, identity: read.identity }
    return `/sso/${id}/finish?code=${await flows.goOn(waiting, flow.browser)}`
  }

  /** Part two, in the browser that asked. Throws Fault. */
  async finishSamlSso(id: string, code: string, request: Request): Promise<Back> {
    const connection = await this.connection(id)
    const { identity, next, browser } = await this.options.flows.takeUnseen<Verified>(code, `${wayOf(connection)} verified`)
    this.options.flows.checkBrowser(browser, request)
    return await this.enter(connection, identity, next)
  }

  /** What the provider is told of us. Throws Fault. */
  async metadata(id: string): Promise<string> {
    const connection = await this.options.sso.find(id)
    if (connection?.settings.kind !== 'saml') throw new Fault('not_found', 'There is no such connection.')
    return (await import('./saml-request.ts')).samlMetadata(this.samlParty(connection))
  }

  /** Whether the provider answers as it should. Throws Fault. */
  async check(connection: SsoConnection): Promise<void> {
    if (connection.settings.kind === 'oidc') await (await import('./oidc.ts')).checkOidc(await this.oidcPartyOf(connection))
  }

  /** Where the provider sends people: what is entered there. */
  addressesOf({ id, settings }: SsoConnection): Readonly<Record<string, string>> {
    return settings.kind === 'oidc' ? { redirect_uri: this.ssoUrl(id, 'callback') } : { acs_url: this.ssoUrl(id, 'acs'), entity_id: this.ssoUrl(id, 'metadata'), metadata_url: this.ssoUrl(id, 'metadata') }
  }

  /** The person at a provider of the install. Throws Fault `permission_denied`. */
  private async personOf(provider: IdentityProvider, identity: Identity, setUpCode: string | undefined): Promise<string> {
    const { name, label } = provider
    const isTheirs = identity.isEmailVerified ?? provider.trustsAddresses
    const known = await this.known(name, identity.subject)
    if (known) {
      await this.refuseEnforced(String(known['email']))
      return String(known['id'])
    }
    const email = emailOf(identity, label)
    await this.refuseEnforced(email)
    if (!isTheirs) throw new Fault('permission_denied', `${label} does not say that the address ${email} is yours: confirm it there first. Until then, sign in here with what you have used before.`)
    const user = await this.byEmail(email)
    // Who confirms an address first runs the install, whether or not the command line knew it.
    const isFirst = user?.['emailVerified'] !== true && await this.options.store.isFresh()
    if ((!user || isFirst) && !await this.options.maySignUp(email, { setUpCode, isByLetter: false })) throw isFirst ? nobodyYet() : new Fault('permission_denied', this.options.whyNotSignUp())
    return user ? await this.link(user, name, identity) : await this.insert(email, name, identity)
  }

  /** A member of the connection's organization, whoever they were before. Throws Fault. */
  private async enter(connection: SsoConnection, identity: Identity, next: string): Promise<Back> {
    const { sso, store } = this.options
    // Whoever confirms an address first runs the install: that is nobody's whom an organization vouches for.
    if (await store.isFresh()) throw nobodyYet()
    const email = emailOf(identity, connection.name)
    const outside = () => new Fault('permission_denied', `${connection.name} says that you are ${email}, which is no address of a domain that its organization has proven.`)
    if (!await sso.isOf(connection, email)) throw outside()
    // In their own directory somebody may have written any address into their profile.
    if (identity.isEmailVerified === false) throw new Fault('permission_denied', `${connection.name} says that the address ${email} is not confirmed there.`)
    const refusal = await sso.refusal(connection, email)
    if (refusal) throw notLetIn(refusal)
    const provider = wayOf(connection)
    const known = await this.known(provider, identity.subject)
    // Whose address has moved away since is nobody's whom this organization may sign in.
    if (known && !await sso.isOf(connection, String(known['email']))) throw outside()
    const user = known ?? await this.byEmail(email)
    const userId = known ? String(known['id']) : user ? await this.link(user, provider, identity) : await this.insert(email, provider, identity)
    const full = await sso.join(connection, userId)
    if (full) throw notLetIn(full)
    return { ticket: await this.ticket(userId, connection.accountId), next }
  }

  private async refuseEnforced(email: string): Promise<void> {
    const connection = await this.options.sso.enforced(email)
    if (connection) throw new Fault('permission_denied', `Your organization signs you in with ${connection.name}: enter your address on the sign-in page.`)
  }

  /** Whom the provider has shown before. */
  private async known(provider: string, subject: string): Promise<SignInRow | undefined> {
    const [row] = await this.options.store.findSignIn({ model: 'account', where: [{ field: 'providerId', operator: 'eq', value: provider, isOr: false }, { field: 'accountId', operator: 'eq', value: subject, isOr: false }] })
    return row && (await this.options.store.findSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: row['userId'] ?? '', isOr: false }] }))[0]
  }

  private async byEmail(email: string): Promise<SignInRow | undefined> {
    return (await this.options.store.findSignIn({ model: 'user', where: [{ field: 'email', operator: 'eq', value: email, isOr: false }] }))[0]
  }

  /** From now on the provider's word is theirs. Where nobody had shown yet that the address is theirs, whatever else opens the account goes: a stranger may have put it there. */
  private async link(user: SignInRow, provider: string, { subject }: Identity): Promise<string> {
    const { store, clock } = this.options
    const [userId, nowMs] = [String(user['id']), clock.wallMs()]
    const mine = [{ field: 'userId', operator: 'eq', value: userId, isOr: false }] as const
    if (user['emailVerified'] !== true) {
      await store.deleteSignIn({ model: 'account', where: mine }, nowMs)
      await store.deleteSignIn({ model: 'session', where: mine }, nowMs)
      await store.updateSignIn({ model: 'user', where: [{ ...mine[0], field: 'id' }] }, { emailVerified: true }, nowMs)
    }
    if (!await store.insertSignIn([{ model: 'account', row: identityRow(userId, provider, subject, nowMs) }], nowMs)) throw taken()
    return userId
  }

  private async insert(email: string, provider: string, { subject, firstName, lastName }: Identity): Promise<string> {
    const { store, clock } = this.options
    const [userId, nowMs] = [`user_${rowId()}`, clock.wallMs()]
    const user = { id: userId, email, firstName, lastName, emailVerified: true, image: null }
    if (!await store.insertSignIn([{ model: 'user', row: user }, { model: 'account', row: identityRow(userId, provider, subject, nowMs) }], nowMs)) throw taken()
    return userId
  }

  private async ticket(userId: string, accountId: string | null): Promise<string> {
    return await this.options.flows.goOn<Ticket>({ way: FINISH_PATH, userId, accountId }, null)
  }

  private async taken(way: string, redirectUrl: string, request: Request): Promise<{ readonly flow: Flow; readonly asked: OidcAsk; readonly search: string }> {
    const { search, searchParams } = new URL(request.url)
    const state = searchParams.get('state') ?? ''
    const flow = await this.options.flows.take(state, way, request)
    return { flow, search, asked: { redirectUrl, state, verifier: flow.verifier ?? '', nonce: flow.nonce ?? '' } }
  }

  private provider(name: string): IdentityProvider {
    const provider = this.options.providers.find((one) => one.name === name)
    if (!provider) throw new Fault('not_found', 'People do not sign in that way here.')
    return provider
  }

  private async connection(id: string): Promise<SsoConnection> {
    const connection = await this.options.sso.active(id)
    if (!connection) throw new Fault('not_found', 'Nobody signs in that way: the connection is not active, or not there.')
    return connection
  }

  private partyOf({ label, url, clientId, clientSecret }: IdentityProvider): OidcParty {
    return { label, issuer: url, clientId, clientSecret, send: this.options.fetch, clock: this.options.clock, isHttpAllowed: url.startsWith('http:') }
  }

  private async oidcPartyOf(connection: SsoConnection): Promise<OidcParty> {
    const { settings, name } = connection
    if (settings.kind !== 'oidc') throw new Fault('not_found', 'This connection speaks SAML.')
    const { guardedFetch, isHttpAllowed, sso, clock } = this.options
    return { label: name, issuer: settings.issuer, clientId: settings.clientId, clientSecret: await sso.secretOf(connection), send: guardedFetch, clock, isHttpAllowed }
  }

  private samlParty({ id, name, settings }: SsoConnection): SamlParty {
    if (settings.kind !== 'saml') throw new Fault('not_found', 'This connection speaks OpenID Connect.')
    return { ...settings, label: name, ownEntityId: this.ssoUrl(id, 'metadata'), acsUrl: this.ssoUrl(id, 'acs') }
  }

  private backTo(name: string): string {
    return `${this.options.site.url}/sign-in/callback/${name}`
  }

  private ssoUrl(id: string, path: string): string {
    return `${this.options.site.url}/sso/${id}/${path}`
  }
}

/** Of a flow, and of the identities that come of it. */
function wayOf({ id }: Pick<SsoConnection, 'id'>): string {
  return `sso:${id}`
}

function identityRow(userId: string, provider: string, subject: string, nowMs: number): SignInRow {
  return { id: rowId(), userId, providerId: provider, accountId: subject, createdAt: nowMs, updatedAt: nowMs }
}

function emailOf({ email }: Identity, label: string): string {
  try {
    return readEmail(email ?? '')
  } catch {
    // What stands there is no address, and is repeated to nobody.
    throw new Fault('permission_denied', `${label} says no e-mail address of yours: it has to, for you to sign in here.`)
  }
}

function notLetIn(refusal: 'inactive' | 'full'): Fault {
  return new Fault('permission_denied', refusal === 'full' ? 'Your organization has as many members as it may have: ask one of its admins.' : 'Your organization’s directory says that you are not active: ask one of its admins.')
}

function nobodyYet(): Fault {
  return new Fault('permission_denied', 'Nobody runs this server yet: its first person comes with the link in its log.')
}

function taken(): Fault {
  return new Fault('conflict', 'Somebody was first: begin again.')
}
