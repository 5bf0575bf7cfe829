// Loaded with the first assertion.
import type { SamlSettings } from '../../accounts/sso-connection.ts'
import { Fault } from '../../core/fault.ts'
import { nameIn, type Identity } from './identity.ts'
import { children, elementsOf, only, parseXml, textOf, verifiedBytes, type XmlElement } from './saml-xml.ts'

/** We, at a provider that speaks SAML. */
export interface SamlParty extends Omit<SamlSettings, 'kind'> {
  /** For people. */
  readonly label: string
  /** What we are called there. */
  readonly ownEntityId: string
  /** Where its answers come. */
  readonly acsUrl: string
}

/** What an assertion says, all of it signed. */
export interface ReadAssertion {
  readonly assertionId: string
  /** The id of our question; undefined: nobody asked. */
  readonly inResponseTo: string | undefined
  /** It lets nobody in after this. */
  readonly untilMs: number
  readonly identity: Identity
}

const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol'
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion'
const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success'
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
/** How far clocks may be apart. */
const SKEW_MS = 60_000
const RESPONSE_CHARS_MAX = 350_000

const EMAIL = ['email', 'mail', 'emailaddress', 'user.email', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress', 'urn:oid:0.9.2342.19200300.100.1.3']
const FIRST_NAME = ['firstname', 'givenname', 'given_name', 'first_name', 'user.firstname', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname', 'urn:oid:2.5.4.42']
const LAST_NAME = ['lastname', 'surname', 'sn', 'family_name', 'last_name', 'user.lastname', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname', 'urn:oid:2.5.4.4']

/** Why an assertion is not believed: for the log. */
class Untrusted extends Error {}

/** Who comes with this answer (`SAMLResponse`, in base64). Nothing outside the signature of its assertion is believed. Throws Fault `permission_denied`. */
export function readAssertion(response: string, party: SamlParty, nowMs: number): ReadAssertion {
  try {
    return read(response, party, nowMs)
  } catch (error) {
    if (error instanceof Fault) throw error
    // The XML libraries' own errors too: what cannot be read is not believed.
    throw new Fault('permission_denied', `${party.label} did not show who you are in a way that we can trust. Begin again; if it stays so, tell an admin of your organization.`, { detail: `${party.label}: ${error instanceof Error ? error.message.slice(0, 300) : 'unreadable'}`, cause: error })
  }
}

function read(response: string, party: SamlParty, nowMs: number): ReadAssertion {
  if (response.length > RESPONSE_CHARS_MAX) throw new Untrusted('the answer is too long')
  const xml = Buffer.from(response, 'base64').toString('utf8')
  const root = parseXml(xml)
  if (root.localName !== 'Response' || root.namespaceURI !== PROTOCOL) throw new Untrusted('it is no Response')
  checkEnvelope(root, party)
  const assertion = parseXml(verifiedBytes(xml, assertionIn(root), party.certificates))
  if (assertion.localName !== 'Assertion' || assertion.namespaceURI !== ASSERTION) throw new Untrusted('what is signed is no Assertion')
  if (textOf(only(assertion, ASSERTION, 'Issuer')) !== party.entityId) throw new Untrusted('it is of another issuer')
  const subject = only(assertion, ASSERTION, 'Subject')
  const { inResponseTo, untilMs } = confirmationOf(subject, party, nowMs)
  checkConditions(only(assertion, ASSERTION, 'Conditions'), party, nowMs)
  checkSessions(assertion, nowMs)
  const assertionId = assertion.getAttribute('ID')
  if (!assertionId) throw new Untrusted('it has no ID')
  return { assertionId, inResponseTo, untilMs: untilMs + SKEW_MS, identity: identityOf(subject, assertion) }
}

/** What stands around the assertion is signed by nobody: it can only be a reason to refuse. */
function checkEnvelope(root: XmlElement, { label, acsUrl, entityId }: SamlParty): void {
  const status = children(root, PROTOCOL, 'Status').flatMap((element) => children(element, PROTOCOL, 'StatusCode'))[0]?.getAttribute('Value')
  if (status !== SUCCESS) throw new Fault('permission_denied', `${label} did not let you in, or you stopped there.`)
  const destination = root.getAttribute('Destination')
  if (destination && destination !== acsUrl) throw new Untrusted('it is meant for another place')
  const [issuer] = children(root, ASSERTION, 'Issuer')
  if (issuer && textOf(issuer) !== entityId) throw new Untrusted('the answer is of another issuer')
}

function assertionIn(root: XmlElement): XmlElement {
  if (children(root, ASSERTION, 'EncryptedAssertion').length > 0) throw new Untrusted('it is encrypted; set the provider to sign assertions and not to encrypt them')
  const all = elementsOf(root, ASSERTION, 'Assertion')
  const [direct] = children(root, ASSERTION, 'Assertion')
  // One, in its place: with two, one could be signed and the other read.
  if (all.length !== 1 || !direct) throw new Untrusted(`it has ${all.length} assertions`)
  return direct
}

/** The one bearer confirmation that is for us, now. */
function confirmationOf(subject: XmlElement, { acsUrl }: SamlParty, nowMs: number): { readonly inResponseTo: string | undefined; readonly untilMs: number } {
  const bearers = children(subject, ASSERTION, 'SubjectConfirmation').filter((element) => element.getAttribute('Method') === BEARER)
  for (const data of bearers.flatMap((element) => children(element, ASSERTION, 'SubjectConfirmationData'))) {
    const untilMs = timeOf(data, 'NotOnOrAfter')
    const fromMs = timeOf(data, 'NotBefore')
    if (data.getAttribute('Recipient') !== acsUrl || untilMs === undefined || untilMs + SKEW_MS <= nowMs || (fromMs !== undefined && fromMs - SKEW_MS > nowMs)) continue
    return { inResponseTo: data.getAttribute('InResponseTo') || undefined, untilMs }
  }
  throw new Untrusted('no confirmation of its subject is for us, and holds now')
}

function checkConditions(conditions: XmlElement, { ownEntityId }: SamlParty, nowMs: number): void {
  const [fromMs, untilMs] = [timeOf(conditions, 'NotBefore'), timeOf(conditions, 'NotOnOrAfter')]
  if (fromMs !== undefined && fromMs - SKEW_MS > nowMs) throw new Untrusted('it does not hold yet')
  if (untilMs !== undefined && untilMs + SKEW_MS <= nowMs) throw new Untrusted('it does not hold any more')
  const restrictions = children(conditions, ASSERTION, 'AudienceRestriction')
  const isForUs = (restriction: XmlElement) => children(restriction, ASSERTION, 'Audience').some((audience) => textOf(audience) === ownEntityId)
  if (restrictions.length === 0 || !restrictions.every(isForUs)) throw new Untrusted('it is for another audience')
}

function checkSessions(assertion: XmlElement, nowMs: number): void {
  const statements = children(assertion, ASSERTION, 'AuthnStatement')
  if (statements.length === 0) throw new Untrusted('it does not say that anybody signed in')
  for (const statement of statements) {
    const untilMs = timeOf(statement, 'SessionNotOnOrAfter')
    if (untilMs !== undefined && untilMs + SKEW_MS <= nowMs) throw new Untrusted('the session at the provider is over')
  }
}

function identityOf(subject: XmlElement, assertion: XmlElement): Identity {
  const nameId = only(subject, ASSERTION, 'NameID')
  const name = textOf(nameId)
  if (name === '') throw new Untrusted('it names nobody')
  const said = (names: readonly string[]) => attributeOf(assertion, names)
  const email = said(EMAIL) ?? (name.includes('@') ? name : undefined)
  // A transient name is another one each time.
  const subjectId = nameId.getAttribute('Format') === TRANSIENT ? `address ${(email ?? '').toLowerCase()}` : name
  return { subject: subjectId, email, isEmailVerified: undefined, firstName: nameIn(said(FIRST_NAME)), lastName: nameIn(said(LAST_NAME)) }
}

function attributeOf(assertion: XmlElement, names: readonly string[]): string | undefined {
  for (const attribute of children(assertion, ASSERTION, 'AttributeStatement').flatMap((statement) => children(statement, ASSERTION, 'Attribute'))) {
    const [value] = children(attribute, ASSERTION, 'AttributeValue')
    if (value && names.includes((attribute.getAttribute('Name') ?? '').toLowerCase())) return textOf(value)
  }
  return undefined
}

/** A time of SAML, which is in UTC. Throws where it is none. */
function timeOf(element: XmlElement, name: string): number | undefined {
  const text = element.getAttribute(name)
  if (!text) return undefined
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw new Untrusted(`${name} is no time in UTC`)
  return ms
}
