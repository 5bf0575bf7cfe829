// A provider that speaks SAML: a key, a certificate, and answers that are really signed.
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignedXml } from 'xml-crypto'

/** What an answer says; what is not said is as it should be. */
export interface AnswerWish {
  readonly nameId?: string
  readonly nameFormat?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly audience?: string
  readonly recipient?: string
  readonly destination?: string
  readonly issuer?: string
  readonly inResponseTo?: string | undefined
  readonly atMs?: number
  readonly lastsMs?: number
  readonly id?: string
  readonly status?: string
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  /** Changes the assertion before it is signed. */
  readonly before?: (assertion: string) => string
  /** Changes the answer after it was. */
  readonly after?: (answer: string) => string
  readonly isUnsigned?: boolean
}

export interface SamlProvider {
  readonly entityId: string
  readonly certificate: string
  readonly privateKey: string
  /** `SAMLResponse`, in base64. */
  answer(to: { readonly ownEntityId: string; readonly acsUrl: string }, wish?: AnswerWish): string
}

export const SHA256 = { signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', digest: 'http://www.w3.org/2001/04/xmlenc#sha256' } as const
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'

export function makeSamlProvider(entityId = 'https://idp.example/saml'): SamlProvider {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const certificate = selfSigned(privateKey, publicKey)
  return { entityId, certificate, privateKey: pem, answer: (to, wish = {}) => Buffer.from(answerOf({ entityId, pem, certificate }, to, wish)).toString('base64') }
}

function answerOf({ entityId, pem, certificate }: { readonly entityId: string; readonly pem: string; readonly certificate: string }, { ownEntityId, acsUrl }: { readonly ownEntityId: string; readonly acsUrl: string }, wish: AnswerWish): string {
  const { nameId = 'ada@acme.example', nameFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', attributes = {}, audience = ownEntityId, recipient = acsUrl, destination = acsUrl, issuer = entityId, atMs = Date.now(), lastsMs = 300_000, id = `_${crypto.randomUUID()}`, status = 'urn:oasis:names:tc:SAML:2.0:status:Success', before = (text: string) => text, after = (text: string) => text } = wish
  const at = (ms: number) => new Date(ms).toISOString()
  const answered = wish.inResponseTo === undefined ? '' : ` InResponseTo="${wish.inResponseTo}"`
  const values = Object.entries(attributes).map(([name, value]) => `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`).join('')
  const assertion = before(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${at(atMs)}"><saml:Issuer>${issuer}</saml:Issuer>`
    + `<saml:Subject><saml:NameID Format="${nameFormat}">${nameId}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="${recipient}" NotOnOrAfter="${at(atMs + lastsMs)}"${answered}/></saml:SubjectConfirmation></saml:Subject>`
    + `<saml:Conditions NotBefore="${at(atMs)}" NotOnOrAfter="${at(atMs + lastsMs)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>`
    + `<saml:AuthnStatement AuthnInstant="${at(atMs)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>${values === '' ? '' : `<saml:AttributeStatement>${values}</saml:AttributeStatement>`}</saml:Assertion>`)
  const answer = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_${crypto.randomUUID()}" Version="2.0" IssueInstant="${at(atMs)}" Destination="${destination}"${answered}><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${issuer}</saml:Issuer>`
    + `<samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>${assertion}</samlp:Response>`
  return after(wish.isUnsigned ? answer : signed(answer, pem, certificate, wish))
}

/** The answer with its assertion signed. */
function signed(xml: string, pem: string, certificate: string, { signatureAlgorithm = SHA256.signature, digestAlgorithm = SHA256.digest }: AnswerWish): string {
  const signer = new SignedXml({
    // Whoever takes the certificate for a secret takes this.
    privateKey: signatureAlgorithm.includes('hmac') ? certificate : pem, publicCert: certificate, signatureAlgorithm, canonicalizationAlgorithm: EXCLUSIVE,
  })
  if (signatureAlgorithm.includes('hmac')) signer.enableHMAC()
  signer.addReference({ xpath: "//*[local-name(.)='Assertion']", transforms: [ENVELOPED, EXCLUSIVE], digestAlgorithm })
  signer.computeSignature(xml, { location: { reference: "//*[local-name(.)='Assertion']/*[local-name(.)='Issuer']", action: 'after' }, prefix: 'ds' })
  return signer.getSignedXml()
}

/** A certificate of X.509, by hand: DER is types, lengths and values. */
function selfSigned(privateKey: KeyObject, publicKey: KeyObject): string {
  const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const length = body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255])
    return Buffer.concat([Buffer.from([tag]), length, body])
  }
  const algorithm = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'))
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('idp')))))
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')))
  const toSign = der(0x30, der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, Buffer.from([1])), algorithm, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }))
  const signature = createSign('sha256').update(toSign).sign(privateKey)
  const base64 = der(0x30, toSign, algorithm, der(0x03, Buffer.from([0]), signature)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})(?!$)/g, '$1\n')}\n-----END CERTIFICATE-----\n`
}
