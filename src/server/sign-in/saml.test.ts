import { expect, test } from 'bun:test'
import { Fault } from '../../core/fault.ts'
import { makeSamlProvider, type AnswerWish } from './saml.fixture.ts'
import { samlMetadata, samlRequest } from './saml-request.ts'
import { readCertificate } from './saml-xml.ts'
import { readAssertion, type ReadAssertion, type SamlParty } from './saml.ts'
import { inflateRawSync } from 'node:zlib'

const NOW_MS = Date.parse('2026-05-04T12:00:00Z')
const provider = makeSamlProvider()
const stranger = makeSamlProvider()
const PARTY: SamlParty = {
  label: 'Acme', entityId: provider.entityId, ssoUrl: 'https://idp.example/sso?a=b', certificates: [provider.certificate], allowsIdpInitiated: false,
  ownEntityId: 'https://gateway.example/sso/c1/metadata', acsUrl: 'https://gateway.example/sso/c1/acs',
}

function read(wish: AnswerWish, { party = PARTY, by = provider, nowMs = NOW_MS } = {}): ReadAssertion {
  return readAssertion(by.answer(PARTY, { atMs: NOW_MS, inResponseTo: '_q1', ...wish }), party, nowMs)
}

/** Why it was refused, as the log has it; the page says nothing of that. */
function why(wish: AnswerWish, more: Parameters<typeof read>[1] = {}): string {
  try {
    read(wish, more)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    expect(error.code).toBe('permission_denied')
    expect(error.message).not.toContain('evil')
    return error.options.detail ?? error.message
  }
  return 'taken'
}

test('says who comes, by the signed bytes alone', () => {
  expect(read({ id: '_a1' })).toEqual({ assertionId: '_a1', inResponseTo: '_q1', untilMs: NOW_MS + 360_000, identity: { subject: 'ada@acme.example', email: 'ada@acme.example', isEmailVerified: undefined, firstName: null, lastName: null } })
  const attributes = { email: 'ada@acme.example', firstName: 'Ada', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'Lovelace' }
  expect(read({ nameId: 'u-1', attributes }).identity).toMatchObject({ subject: 'u-1', email: 'ada@acme.example', firstName: 'Ada', lastName: 'Lovelace' })
  expect(read({ nameId: 'x7', nameFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient', attributes }).identity.subject).toBe('address ada@acme.example')
  expect(read({ nameId: 'u-1' }).identity.email).toBeUndefined()
  expect(read({ signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512' }).assertionId).toBeString()
})

test('of several certificates any may have signed, while a provider changes its own', () => {
  expect(read({}, { party: { ...PARTY, certificates: [stranger.certificate, provider.certificate] } }).inResponseTo).toBe('_q1')
})

test('nothing that is not signed, or signed by another key', () => {
  expect(why({ isUnsigned: true })).toContain('no Signature')
  // The stranger's certificate stands in the signature itself: nobody asks it.
  expect(why({}, { by: makeSamlProvider(provider.entityId) })).toContain('signature does not hold')
})

test('nothing that was changed after it was signed', () => {
  expect(why({ after: (xml) => xml.replace('ada@acme.example', 'evil@acme.example') })).toContain('signature does not hold')
  expect(why({ after: (xml) => xml.replace('<saml:Conditions', '<saml:Conditions evil="1"') })).toContain('signature does not hold')
})

test('no other algorithm: none, SHA-1, or a MAC whose key everybody knows', () => {
  expect(why({ after: (xml) => xml.replaceAll('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'none') })).toContain('signature does not hold')
  expect(why({ after: (xml) => xml.replace(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>') })).toContain('signature does not hold')
  expect(why({ signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' })).toContain('signature does not hold')
  expect(why({ digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' })).toContain('signature does not hold')
  expect(why({ signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1' })).toContain('signature does not hold')
})

test('no signature that is of something else: eight ways to wrap one', () => {
  const assertionOf = (xml: string) => /<saml:Assertion[^]*<\/saml:Assertion>/.exec(xml)?.[0] ?? ''
  const evilOf = (xml: string) => assertionOf(xml).replace(/<ds:Signature[^]*<\/ds:Signature>/, '').replace(/ID="[^"]*"/, 'ID="_evil"').replace('ada@acme.example', 'evil@acme.example')
  const signatureOf = (xml: string) => /<ds:Signature[^]*<\/ds:Signature>/.exec(xml)?.[0] ?? ''
  const wraps: ((xml: string) => string)[] = [
    // The signed one beside, before and after.
    (xml) => xml.replace(assertionOf(xml), evilOf(xml) + assertionOf(xml)),
    (xml) => xml.replace(assertionOf(xml), assertionOf(xml) + evilOf(xml)),
    // The signed one inside the other, in its signature, or in an extension of the answer.
    (xml) => xml.replace(assertionOf(xml), evilOf(xml).replace('</saml:Assertion>', `${assertionOf(xml)}</saml:Assertion>`)),
    (xml) => xml.replace(assertionOf(xml), evilOf(xml).replace('</saml:Issuer>', `</saml:Issuer>${signatureOf(xml).replace('</ds:Signature>', `<ds:Object>${assertionOf(xml).replace(signatureOf(xml), '')}</ds:Object></ds:Signature>`)}`)),
    (xml) => xml.replace(assertionOf(xml), `<samlp:Extensions>${assertionOf(xml)}</samlp:Extensions>${evilOf(xml)}`),
    // The other with the signature of the signed one, which lies elsewhere.
    (xml) => xml.replace(assertionOf(xml), evilOf(xml).replace('</saml:Issuer>', `</saml:Issuer>${signatureOf(xml)}`) + `<samlp:Extensions>${assertionOf(xml).replace(signatureOf(xml), '')}</samlp:Extensions>`),
    // Two of one id.
    (xml) => xml.replace(assertionOf(xml), evilOf(xml).replace('_evil', /ID="([^"]*)"/.exec(assertionOf(xml))?.[1] ?? '') + assertionOf(xml)),
    // As a whole answer within another.
    (xml) => `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${evilOf(xml)}${xml}</samlp:Response>`,
  ]
  for (const [at, after] of wraps.entries()) expect([at, why({ after })]).not.toEqual([at, 'taken'])
})

test('a comment cuts no name short', () => {
  // Signed, so that it is the provider's own word: the whole of it counts.
  const cut = { before: (xml: string) => xml.replace('ada@acme.example', 'admin@acme.example<!-- -->.evil.example') }
  expect(read(cut).identity.email).toBe('admin@acme.example.evil.example')
  // Put in afterwards it changes nothing, since comments are not signed.
  expect(read({ nameId: 'admin@acme.example.evil.example', after: (xml) => xml.replace('admin@acme.example.evil', 'admin@acme.example<!---->.evil') }).identity.email).toBe('admin@acme.example.evil.example')
  expect(why({ before: (xml) => xml.replace('ada@acme.example', '<b>admin@acme.example</b>.evil.example') })).toContain('NameID has elements in it')
})

test('no document types: neither files nor bombs', () => {
  const start = (doctype: string) => (xml: string) => `${doctype}${xml}`
  for (const doctype of ['<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '<!doctype r SYSTEM "http://evil.example/x.dtd">', '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>']) {
    expect(why({ after: start(doctype) })).toContain('document type')
  }
  for (const after of [() => '', () => 'no xml', (xml: string) => xml.slice(0, -20), (xml: string) => xml.replace('samlp:Status>', 'samlp:Statu>'), () => '<a/>', () => 'x'.repeat(300_000)]) expect(why({ after })).not.toBe('taken')
})

test('only what is for us, of our provider, now', () => {
  expect(why({ audience: 'https://other.example/' })).toContain('another audience')
  expect(why({ before: (xml) => xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, '') })).toContain('another audience')
  expect(why({ recipient: 'https://other.example/acs' })).toContain('no confirmation')
  expect(why({ before: (xml) => xml.replace(/ Recipient="[^"]*"/, '') })).toContain('no confirmation')
  expect(why({ before: (xml) => xml.replace('cm:bearer', 'cm:sender-vouches') })).toContain('no confirmation')
  expect(why({ destination: 'https://other.example/acs' })).toContain('another place')
  expect(why({ issuer: 'https://other.example/saml' })).toContain('another issuer')
  expect(why({ status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' })).toContain('did not let you in')
  expect(why({ before: (xml) => xml.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, '') })).toContain('anybody signed in')
  expect(why({ before: (xml) => xml.replace(/<saml:Conditions .*<\/saml:Conditions>/, '') })).toContain('no Conditions')
})

test('times hold to the minute that clocks may be apart', () => {
  expect(why({}, { nowMs: NOW_MS + 359_000 })).toBe('taken')
  expect(why({}, { nowMs: NOW_MS + 360_000 })).toContain('no confirmation')
  expect(why({}, { nowMs: NOW_MS - 59_000 })).toBe('taken')
  expect(why({}, { nowMs: NOW_MS - 61_000 })).toContain('not hold yet')
  expect(why({ before: (xml) => xml.replace(/(<saml:Conditions.*NotOnOrAfter=")[^"]*/, '$12026-05-04T11:58:59Z') })).toContain('not hold any more')
  expect(why({ before: (xml) => xml.replace('AuthnInstant', 'SessionNotOnOrAfter="2026-05-04T11:58:59Z" AuthnInstant') })).toContain('session')
  expect(why({ before: (xml) => xml.replace(/NotOnOrAfter="[^"]*"/, 'NotOnOrAfter="2099"') })).toContain('no time in UTC')
})

test('we ask by a redirect, and say what we are', () => {
  const url = new URL(samlRequest(PARTY, { requestId: '_q1', state: 's1', atMs: NOW_MS }))
  expect([url.origin + url.pathname, url.searchParams.get('a'), url.searchParams.get('RelayState')]).toEqual(['https://idp.example/sso', 'b', 's1'])
  const request = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  for (const words of ['ID="_q1"', 'IssueInstant="2026-05-04T12:00:00.000Z"', 'AssertionConsumerServiceURL="https://gateway.example/sso/c1/acs"', '<saml:Issuer>https://gateway.example/sso/c1/metadata</saml:Issuer>']) expect(request).toContain(words)
  expect(samlMetadata({ ...PARTY, acsUrl: 'https://x/"><y' })).toContain('Location="https://x/&#34;&#62;&#60;y"')
})

test('certificates are read as PEM and as metadata have them; others are none', () => {
  const bare = provider.certificate.replace(/-----[^-]*-----/g, '')
  expect(readCertificate(bare)).toBe(readCertificate(provider.certificate) ?? '')
  for (const text of ['', 'x', provider.privateKey]) expect(readCertificate(text)).toBeUndefined()
})
