import { parseFilter } from '../../accounts/scim/filter.ts'
import { PAGE_MAX } from '../../accounts/scim/discovery.ts'
import type { ListWish } from '../../accounts/scim/directory.ts'
import { readAttributePath } from '../../accounts/scim/path.ts'
import type { Projection } from '../../accounts/scim/projection.ts'
import type { ResourceSchema } from '../../accounts/scim/schema.ts'
import { quoted, scimFault, versionFault } from '../../accounts/scim/scim-fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'

const PAGE_DEFAULT = 100
const NAMES_MAX = 100

/** What a list or a search asks for, by its names in RFC 7644 §3.4.2. */
export type Asked = Readonly<Record<string, Json | undefined>>

/** What the query of a URL asks for. */
export function askedIn(query: URLSearchParams): Asked {
  return Object.fromEntries(query)
}

/** Which resources, in which order, from where. `startIndex` counts from 1. */
export function readList(asked: Asked, schema: ResourceSchema, projection: Projection): ListWish & { readonly startIndex: number } {
  const filter = textOf(asked, 'filter')
  const sortBy = textOf(asked, 'sortBy')
  const startIndex = Math.max(1, wholeOf(asked, 'startIndex') ?? 1)
  const limit = Math.min(PAGE_MAX, Math.max(0, wholeOf(asked, 'count') ?? PAGE_DEFAULT))
  return {
    startIndex, page: { offset: startIndex - 1, limit }, withMembers: shows(projection, 'members'),
    ...(filter !== undefined && { filter: parseFilter(filter, schema) }),
    ...(sortBy !== undefined && { sorting: { path: sortPath(sortBy, schema), isDescending: textOf(asked, 'sortOrder')?.toLowerCase() === 'descending' } }),
  }
}

/** Which attributes of a resource are wanted. */
export function readProjection(asked: Asked): Projection {
  const [attributes, excluded] = [namesOf(asked['attributes']), namesOf(asked['excludedAttributes'])]
  return { ...(attributes.length > 0 && { attributes }), ...(excluded.length > 0 && { excluded }) }
}

/** Whether anything of an attribute is shown at all. */
export function shows({ attributes, excluded }: Projection, name: string): boolean {
  const isOf = (path: string): boolean => (path.slice(path.lastIndexOf(':') + 1).split('.')[0] ?? '').toLowerCase() === name
  return attributes ? attributes.some(isOf) : !(excluded ?? []).some((path) => isOf(path) && !path.slice(path.lastIndexOf(':')).includes('.'))
}

/** The version that `If-Match` names; undefined where any will do. Throws for what names none of ours. */
export function versionAsked(request: Request): number | undefined {
  const header = request.headers.get('if-match')?.trim()
  if (header === undefined || header === '' || header === '*') return undefined
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(header)?.[1]
  if (version === undefined) throw versionFault()
  return Number(version)
}

function sortPath(text: string, schema: ResourceSchema) {
  const path = readAttributePath(text, schema)
  if (!path) throw scimFault('invalidPath', `The resources cannot be sorted by ${quoted(text)}: there is no such attribute.`)
  return path
}

function textOf(asked: Asked, name: string): string | undefined {
  const value = asked[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw scimFault('invalidValue', `The parameter ${quoted(name)} must be a text.`)
  return value
}

function wholeOf(asked: Asked, name: string): number | undefined {
  const value = asked[name]
  if (value === undefined || value === null || value === '') return undefined
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(number)) throw scimFault('invalidValue', `The parameter ${quoted(name)} must be a whole number.`)
  return number
}

function namesOf(value: Json | undefined): readonly string[] {
  const list = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  const names = list.flatMap((one: Json) => (typeof one === 'string' && one.trim() !== '' ? [one.trim()] : []))
  if (names.length > NAMES_MAX) throw scimFault('tooMany', `At most ${NAMES_MAX} attributes are named.`)
  return names
}

/** A list as SCIM answers it (RFC 7644 §3.4.2). */
export function listResponse(resources: readonly JsonObject[], total: number, startIndex: number): JsonObject {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: total, startIndex, itemsPerPage: resources.length, Resources: resources }
}
