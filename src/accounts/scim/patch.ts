import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { parsePatchPath, type Filter, type PatchPath } from './filter.ts'
import { matches } from './filter-match.ts'
import { extensionNamed, readAttributePath } from './path.ts'
import { readResource, readValue } from './read-resource.ts'
import { attributeNamed, type ResourceSchema } from './schema.ts'
import { quoted, scimFault } from './scim-fault.ts'

/** One thing to do to a resource (RFC 7644 §3.5.2). */
export interface PatchOperation { readonly op: 'add' | 'replace' | 'remove'; readonly path: string | undefined; readonly value: Json | undefined }

const OPERATIONS_MAX = 1_000

/** The operations of a PATCH's body. Throws Fault `invalidSyntax`. */
export function readPatch(body: JsonObject): readonly PatchOperation[] {
  const found = Object.entries(body).find(([name]) => name.toLowerCase() === 'operations')?.[1]
  if (!Array.isArray(found) || found.length === 0) throw scimFault('invalidSyntax', 'The body has no `Operations`: a list of what is to be done.')
  if (found.length > OPERATIONS_MAX) throw scimFault('tooMany', `A request has at most ${OPERATIONS_MAX} operations.`)
  return found.map((one: Json) => {
    const { op, path, value } = isObject(one) ? one : {}
    // Entra writes "Add", "Replace", "Remove".
    const word = typeof op === 'string' ? op.toLowerCase() : ''
    if (word !== 'add' && word !== 'replace' && word !== 'remove') throw scimFault('invalidSyntax', 'The `op` of an operation must be add, replace or remove.')
    if (path !== undefined && path !== null && typeof path !== 'string') throw scimFault('invalidPath', 'The `path` of an operation must be a text.')
    return { op: word, path: path === null || path === '' ? undefined : path, value }
  })
}

/** The resource after the operations, one after the other; all of them are done, or none. Throws Faults of SCIM. */
export function patched(resource: JsonObject, operations: readonly PatchOperation[], schema: ResourceSchema): JsonObject {
  return readResource(operations.reduce((before, operation) => apply(before, operation, schema), resource), schema)
}

function apply(resource: JsonObject, { op, path, value }: PatchOperation, schema: ResourceSchema): JsonObject {
  if (path === undefined) return applyWhole(resource, op, value, schema)
  const extension = extensionNamed(path, schema)
  if (extension !== undefined) return applyExtension(resource, op, extension, value, schema)
  const target = parsePatchPath(path, schema)
  const { attribute, part } = target
  if (attribute.mutability === 'readOnly' || attribute.name === 'schemas' || part?.mutability === 'readOnly') throw scimFault('mutability', `The attribute ${quoted(path)} is ours to say.`)
  if (op === 'remove') return remove(resource, target, value)
  if (value === undefined) throw scimFault('invalidValue', `The operation on ${quoted(path)} has no \`value\`.`)
  return set(resource, target, value, op)
}

/** Without a path the value is a resource, or a part of one. Okta and Entra put paths in the place of its names. */
function applyWhole(resource: JsonObject, op: PatchOperation['op'], value: Json | undefined, schema: ResourceSchema): JsonObject {
  if (op === 'remove') throw scimFault('noTarget', 'An operation that removes has a `path`.')
  if (!isObject(value)) throw scimFault('invalidValue', 'An operation without a `path` has an object as its `value`.')
  let result = resource
  for (const [name, inner] of Object.entries(value)) {
    if (extensionNamed(name, schema) !== undefined || !isOurs(name, schema)) result = apply(result, { op, path: name, value: inner }, schema)
  }
  return result
}

/** Names in a whole that are skipped and no mistake: Okta sends a group's `id` along. */
function isOurs(name: string, schema: ResourceSchema): boolean {
  if (name.includes('[')) return false
  const path = readAttributePath(name, schema)
  return !path || path.attribute.mutability === 'readOnly' || path.attribute.name === 'schemas'
}

function applyExtension(resource: JsonObject, op: PatchOperation['op'], extension: string, value: Json | undefined, schema: ResourceSchema): JsonObject {
  const { [extension]: before, ...rest } = resource
  if (op === 'remove') return rest
  if (!isObject(value)) throw scimFault('invalidValue', `The value of ${quoted(extension)} must be an object.`)
  return Object.entries(value).filter(([name]) => !isOurs(`${extension}:${name}`, schema)).reduce((result, [name, inner]) => apply(result, { op, path: `${extension}:${name}`, value: inner }, schema), before === undefined ? rest : { ...rest, [extension]: before })
}

function set(resource: JsonObject, target: PatchPath, value: Json, op: 'add' | 'replace'): JsonObject {
  return at(resource, target, (before) => {
    const { attribute, part, filter } = target
    if (filter) return setWhere(target, filter, listOf(before), value, op)
    if (part && attribute.isMany) return listOf(before).map((one) => (isObject(one) ? { ...one, [part.name]: value } : one))
    if (part) return { ...(isObject(before) ? before : {}), [part.name]: value }
    if (attribute.isMany) return op === 'add' ? [...listOf(before), ...listOf(readValue(attribute, value))] : listOf(readValue(attribute, value))
    // A complex value is changed by the parts that are named, not exchanged (RFC 7644 §3.5.2.3).
    if (attribute.type === 'complex' && isObject(before) && isObject(value)) return { ...before, ...byName(value, target) }
    return readValue(attribute, value) ?? null
  })
}

function byName(value: JsonObject, { attribute }: PatchPath): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [attributeNamed(attribute.parts ?? [], name)?.name ?? name, inner]))
}

function setWhere({ attribute, part }: PatchPath, filter: Filter, values: readonly Json[], value: Json, op: 'add' | 'replace'): readonly Json[] {
  const change = (one: JsonObject): Json => {
    if (part) return { ...one, [part.name]: value }
    if (!isObject(value)) throw scimFault('invalidValue', `The value for ${quoted(attribute.name)} must be an object.`)
    return op === 'add' ? { ...one, ...value } : value
  }
  if (values.some((one) => isObject(one) && matches(filter, one))) return values.map((one) => (isObject(one) && matches(filter, one) ? change(one) : one))
  // To add to a value that is not there makes it: so Entra gives somebody a first address for work.
  const made = op === 'add' ? likeFilter(filter) : undefined
  if (!made) throw scimFault('noTarget', `No value of ${quoted(attribute.name)} is as the path says.`)
  return [...values, change(made)]
}

/** The value that a filter of equalities describes. */
function likeFilter(filter: Filter): JsonObject | undefined {
  if (filter.kind === 'compare') return filter.operator === 'eq' && !filter.path.part ? { [filter.path.attribute.name]: filter.value } : undefined
  if (filter.kind !== 'and') return undefined
  const parts = filter.terms.map(likeFilter)
  return parts.every((part) => part !== undefined) ? Object.assign({}, ...parts) as JsonObject : undefined
}

function remove(resource: JsonObject, target: PatchPath, value: Json | undefined): JsonObject {
  const { attribute, part, filter } = target
  if (attribute.isRequired && !part) throw scimFault('mutability', `The attribute ${quoted(attribute.name)} is required: it can be replaced, and not removed.`)
  return at(resource, target, (before) => {
    if (before === undefined) return null
    const chosen = (one: Json): boolean => isObject(one) && (!filter || matches(filter, one))
    if (part) return attribute.isMany ? listOf(before).map((one) => (chosen(one) && isObject(one) ? { ...one, [part.name]: null } : one)) : { ...(isObject(before) ? before : {}), [part.name]: null }
    if (filter) return listOf(before).filter((one) => !chosen(one))
    // Entra names the members to remove in the value, and not in the path.
    const named = attribute.isMany && value !== undefined && value !== null ? listOf(readValue(attribute, value)) : []
    if (named.length === 0) return null
    const ids = new Set(named.flatMap(keyOf))
    return listOf(before).filter((one) => !keyOf(one).some((key) => ids.has(key)))
  })
}

function keyOf(value: Json): readonly Json[] {
  return isObject(value) ? (value['value'] === undefined ? [JSON.stringify(value)] : [value['value']]) : [value]
}

/** The resource with the attribute's value changed, wherever it stands. null: it has none any more. */
function at(resource: JsonObject, { extension, attribute }: PatchPath, change: (before: Json | undefined) => Json): JsonObject {
  if (extension === undefined) return { ...resource, [attribute.name]: change(resource[attribute.name]) }
  const before = resource[extension]
  const owner = isObject(before) ? before : {}
  return { ...resource, [extension]: { ...owner, [attribute.name]: change(owner[attribute.name]) } }
}

function listOf(value: Json | undefined): readonly Json[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}
