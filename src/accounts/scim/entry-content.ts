import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Fault } from '../../core/fault.ts'
import { readEmail } from '../user.ts'
import { quoted, scimFault } from './scim-fault.ts'
import type { EntryContent } from './scim-store.ts'

const NAME_CHARS_MAX = 100

/** What the resource of a person means to us; whether they are active stays as it was where it does not say. Throws Fault `invalidValue` for an address that is none. */
export function entryContent(body: JsonObject, wasActive: boolean): EntryContent {
  const [userName, externalId] = [body['userName'], body['externalId']]
  return {
    userName: typeof userName === 'string' ? userName : '', externalId: typeof externalId === 'string' ? externalId : null, email: emailOf(body), active: typeof body['active'] === 'boolean' ? body['active'] : wasActive,
    ...namesOf(body), body,
  }
}

/** The person's first and last name, as an account has them. */
export function namesOf({ name }: JsonObject): Pick<EntryContent, 'firstName' | 'lastName'> {
  const part = (key: string): string | null => {
    const text = isObject(name) ? name[key] : undefined
    // They go into headers of letters: in one line.
    return typeof text === 'string' ? text.replace(/\p{Cc}+/gu, ' ').trim().slice(0, NAME_CHARS_MAX) || null : null
  }
  return { firstName: part('givenName'), lastName: part('familyName') }
}

/** The primary address, or that for work, or the first; a userName that is like one where there is none. */
function emailOf({ emails, userName }: JsonObject): string | null {
  const list = Array.isArray(emails) ? emails.filter((one: Json): one is JsonObject => isObject(one) && typeof one['value'] === 'string') : []
  const chosen = list.find((one) => one['primary'] === true) ?? list.find((one) => String(one['type']).toLowerCase() === 'work') ?? list[0]
  if (chosen) return readAddress(String(chosen['value']))
  try {
    return readEmail(String(userName))
  } catch {
    // A userName need not be an address.
    return null
  }
}

function readAddress(text: string): string {
  try {
    return readEmail(text)
  } catch (error) {
    // readEmail throws nothing else.
    throw scimFault('invalidValue', `${quoted(text)} is no e-mail address. ${(error as Fault).message}`)
  }
}
