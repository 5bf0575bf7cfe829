import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { extensionNamed, readAttributePath, type AttributePath } from './path.ts'
import type { ResourceSchema } from './schema.ts'

/** Which attributes of a resource are shown: these alone, or all but these (RFC 7644 §3.9). */
export interface Projection { readonly attributes?: readonly string[]; readonly excluded?: readonly string[] }

const ALWAYS = ['schemas', 'id']

/** The resource with what was asked for. `schemas` and `id` are always shown; names that nobody knows ask for nothing. */
export function projected(resource: JsonObject, { attributes, excluded }: Projection, schema: ResourceSchema): JsonObject {
  if (attributes && attributes.length > 0) return only(resource, attributes, schema)
  return (excluded ?? []).reduce((rest, name) => without(rest, name, schema), resource)
}

function only(resource: JsonObject, names: readonly string[], schema: ResourceSchema): JsonObject {
  const shown: JsonObject = Object.fromEntries(ALWAYS.map((name) => [name, resource[name]]))
  for (const name of names) {
    const extension = extensionNamed(name, schema)
    if (extension !== undefined && resource[extension] !== undefined) shown[extension] = resource[extension]
    const path = extension === undefined ? readAttributePath(name, schema) : undefined
    if (path) copy(resource, shown, path)
  }
  return shown
}

function copy(from: JsonObject, to: JsonObject, { extension, attribute, part }: AttributePath): void {
  const [source, target] = extension === undefined ? [from, to] : [from[extension], inner(to, extension)]
  if (!isObject(source) || source[attribute.name] === undefined) return
  target[attribute.name] = part ? merged(target[attribute.name], source[attribute.name], part.name) : source[attribute.name]
}

function inner(to: JsonObject, extension: string): JsonObject {
  const known = to[extension]
  if (isObject(known)) return known
  const made: JsonObject = {}
  to[extension] = made
  return made
}

/** One part more of the value that is shown. */
function merged(shown: Json | undefined, value: Json | undefined, part: string): Json {
  const pick = (one: Json, before: Json | undefined): JsonObject => ({ ...(isObject(before) ? before : {}), ...(isObject(one) && one[part] !== undefined && { [part]: one[part] }) })
  if (Array.isArray(value)) return value.map((one: Json, at) => pick(one, Array.isArray(shown) ? shown[at] : undefined))
  return pick(value ?? null, shown)
}

function without(resource: JsonObject, name: string, schema: ResourceSchema): JsonObject {
  const extension = extensionNamed(name, schema)
  if (extension !== undefined) return drop(resource, extension)
  const path = readAttributePath(name, schema)
  if (!path || path.attribute.returned === 'always') return resource
  if (path.extension === undefined) return withoutIn(resource, path)
  const owner = resource[path.extension]
  return isObject(owner) ? { ...resource, [path.extension]: withoutIn(owner, path) } : resource
}

function withoutIn(owner: JsonObject, { attribute: { name }, part }: AttributePath): JsonObject {
  if (!part) return drop(owner, name)
  const value = owner[name]
  if (Array.isArray(value)) return { ...owner, [name]: value.map((one: Json) => (isObject(one) ? drop(one, part.name) : one)) }
  return isObject(value) ? { ...owner, [name]: drop(value, part.name) } : owner
}

function drop(owner: JsonObject, name: string): JsonObject {
  const { [name]: _, ...rest } = owner
  return rest
}
