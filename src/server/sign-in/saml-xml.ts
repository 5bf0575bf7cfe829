// XML and its signatures, as far as SAML needs them. Loaded with the first assertion.
import { X509Certificate } from 'node:crypto'
import { DOMParser } from '@xmldom/xmldom'
import { SignedXml } from 'xml-crypto'

/** An element, as far as we read it. */
export interface XmlElement {
  readonly nodeType: number
  readonly localName: string
  readonly namespaceURI: string | null
  readonly textContent: string | null
  readonly childNodes: { readonly length: number; item(at: number): XmlElement | null }
  getAttribute(name: string): string | null
  getElementsByTagNameNS(namespace: string, name: string): { readonly length: number; item(at: number): XmlElement | null }
}

const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
/** No SHA-1, no HMAC (its key would be the certificate, which everybody has), and nothing that is called `none`. */
const SIGNATURES = ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512']
const DIGESTS = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512']
const ELEMENT = 1
const RSA_BITS_MIN = 2048

/** The root element. Throws on what is not well-formed, and on a document type: entities would be read from elsewhere, or grow without end. */
export function parseXml(xml: string): XmlElement {
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) throw new Error('it has a document type')
  const wrong = (message: string) => { throw new Error(`it is not well-formed: ${message.slice(0, 100)}`) }
  const { documentElement } = new DOMParser({ errorHandler: { warning: wrong, error: wrong, fatalError: wrong } }).parseFromString(xml, 'text/xml')
  if (!documentElement) throw new Error('it is empty')
  // The library's element has all of ours.
  return documentElement as unknown as XmlElement
}

/** Elements directly below. */
export function children(element: XmlElement, namespace: string, name: string): XmlElement[] {
  return Array.from({ length: element.childNodes.length }, (_, at) => element.childNodes.item(at)).filter((node): node is XmlElement => node?.nodeType === ELEMENT && node.localName === name && node.namespaceURI === namespace)
}

/** Elements anywhere below. */
export function elementsOf(element: XmlElement, namespace: string, name: string): XmlElement[] {
  const found = element.getElementsByTagNameNS(namespace, name)
  return Array.from({ length: found.length }, (_, at) => found.item(at)).filter((node) => node !== null)
}

/** The one element of this name directly below. Throws where there is none, or are several. */
export function only(element: XmlElement, namespace: string, name: string): XmlElement {
  const [found, ...more] = children(element, namespace, name)
  if (!found || more.length > 0) throw new Error(`it has ${found ? 'several' : 'no'} ${name}`)
  return found
}

/** The text in an element that has nothing but text in it. */
export function textOf(element: XmlElement): string {
  for (let at = 0; at < element.childNodes.length; at += 1) if (element.childNodes.item(at)?.nodeType === ELEMENT) throw new Error(`${element.localName} has elements in it`)
  return (element.textContent ?? '').trim()
}

/**
 * The bytes of an element that its own signature is of, in canonical form (so without comments), signed by one of the certificates. Only what is given
 * back was signed: what else stands in the document is not to be read. Throws.
 */
export function verifiedBytes(xml: string, element: XmlElement, certificates: readonly string[]): string {
  const signature = only(element, SIGNATURE, 'Signature')
  const id = element.getAttribute('ID')
  if (!id) throw new Error('it has no ID')
  const why: string[] = []
  for (const certificate of certificates) {
    const signed = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null })
    // Only what is left here can be used: a name that is not in the list is an error.
    signed.SignatureAlgorithms = picked(signed.SignatureAlgorithms, SIGNATURES)
    signed.HashAlgorithms = picked(signed.HashAlgorithms, DIGESTS)
    signed.CanonicalizationAlgorithms = picked(signed.CanonicalizationAlgorithms, [EXCLUSIVE, ENVELOPED])
    try {
      // The library's own element: it came from its parser.
      signed.loadSignature(signature as unknown as Parameters<SignedXml['loadSignature']>[0])
      const references = signed.checkSignature(xml) ? signed.getSignedReferences() : []
      const [bytes] = references
      if (references.length !== 1 || bytes === undefined) throw new Error(`${references.length} things are signed`)
      if (parseXml(bytes).getAttribute('ID') !== id) throw new Error('its signature is of something else')
      return bytes
    } catch (error) {
      // Another certificate may be the one: providers have two while they change them.
      why.push(error instanceof Error ? error.message.slice(0, 100) : 'unreadable')
    }
  }
  throw new Error(`its signature does not hold: ${why.join('; ')}`)
}

function picked<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}

/** A certificate as PEM, from PEM or from the base64 in metadata; undefined where it is none that we can trust in. */
export function readCertificate(text: string): string | undefined {
  const base64 = text.replace(/-----(?:BEGIN|END) CERTIFICATE-----/g, '').replace(/\s+/g, '')
  try {
    const { publicKey, raw } = new X509Certificate(Buffer.from(base64, 'base64'))
    if (publicKey.asymmetricKeyType !== 'rsa' || (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) return undefined
    return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64').replace(/(.{64})(?!$)/g, '$1\n')}\n-----END CERTIFICATE-----\n`
  } catch {
    // No certificate at all.
    return undefined
  }
}
