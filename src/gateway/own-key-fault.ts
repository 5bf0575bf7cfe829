import type { OwnKeys } from '../accounts/byok/own-keys.ts'
import type { Endpoint } from '../catalog/endpoint.ts'
import { Fault } from '../core/fault.ts'

/** A fault of a call on the caller's own key: what only its owner can mend is said so, and is not the operator's. One that is kept elsewhere is read again. */
export function ownKeyFault(fault: Fault, { ownKey, provider: { name } }: Endpoint, ownKeys: OwnKeys | undefined): Fault {
  if (!ownKey || (fault.code !== 'provider_credential' && fault.code !== 'provider_payment')) return fault
  const { label, id } = ownKey
  if (fault.code === 'provider_credential') ownKeys?.refused(ownKey)
  const message = fault.code === 'provider_credential'
    ? `${name} refused your own key ${label}: replace it by PATCH /api/v1/byok/${id}, or disable it`
    : `${name} says that the account of your own key ${label} has no credit`
  return new Fault(fault.code, message, fault.options)
}
