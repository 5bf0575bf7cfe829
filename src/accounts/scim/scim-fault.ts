import { Fault } from '../../core/fault.ts'

/** Why a request was refused, in the RFC's words (RFC 7644 §3.12). */
export type ScimType = 'invalidFilter' | 'tooMany' | 'uniqueness' | 'mutability' | 'invalidSyntax' | 'invalidPath' | 'noTarget' | 'invalidValue' | 'invalidVers'

/** A refusal of SCIM: it carries the RFC's word for itself. */
export function scimFault(scimType: ScimType, message: string): Fault {
  return new Fault(scimType === 'uniqueness' ? 'conflict' : 'invalid_request', message, { metadata: { scim_type: scimType } })
}

/** The resource is not what the client last saw (RFC 7644 §3.14). */
export function versionFault(): Fault {
  return new Fault('conflict', 'The resource was changed meanwhile: its version is another one than If-Match names. Read it again.', { status: 412 })
}

/** As a message quotes what a client sent. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
