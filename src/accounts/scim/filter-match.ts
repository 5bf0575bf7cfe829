import type { Json, JsonObject } from '../../core/json.ts'
import { isObject } from '../../core/json.ts'
import type { Filter, FilterValue } from './filter.ts'
import type { AttributePath } from './path.ts'
import type { Attribute } from './schema.ts'

/** Whether a resource, as it is shown, is what the filter asks for. */
export function matches(filter: Filter, resource: JsonObject): boolean {
  switch (filter.kind) {
    case 'and': return filter.terms.every((term) => matches(term, resource))
    case 'or': return filter.terms.some((term) => matches(term, resource))
    case 'not': return !matches(filter.term, resource)
    case 'present': return valuesAt(filter.path, resource).some(isPresent)
    case 'has': return listOf(attributeValue(filter.path, resource)).some((value) => isObject(value) && matches(filter.filter, value))
    case 'compare': return compares(filter, resource)
  }
}

function compares({ path, operator, value }: Extract<Filter, { kind: 'compare' }>, resource: JsonObject): boolean {
  const found = valuesAt(path, resource)
  const leaf = leafOf(path)
  // `ne` is the opposite of `eq` over all values; an attribute that is not there differs from every value.
  if (operator === 'ne') return !found.some((one) => isEqual(leaf, one, value)) && (value !== null || found.some(isPresent))
  if (operator === 'eq') return value === null ? !found.some(isPresent) : found.some((one) => isEqual(leaf, one, value))
  return found.some((one) => isOrdered(leaf, operator, one, value))
}

/** A complex attribute that is compared as a whole is compared by its `value` (RFC 7644 §3.4.2.2). */
function leafOf({ attribute, part }: AttributePath): Attribute {
  return part ?? attribute.parts?.find(({ name }) => name === 'value') ?? attribute
}

/** All simple values that a path leads to. */
export function valuesAt(path: AttributePath, resource: JsonObject): readonly Json[] {
  const values = listOf(attributeValue(path, resource))
  if (path.part) return values.flatMap((value) => (isObject(value) ? listOf(value[path.part?.name ?? '']) : []))
  return values.flatMap((value) => (isObject(value) && value['value'] !== undefined ? [value['value']] : [value]))
}

function attributeValue({ extension, attribute }: AttributePath, resource: JsonObject): Json | undefined {
  const owner = extension === undefined ? resource : resource[extension]
  return isObject(owner) ? owner[attribute.name] : undefined
}

function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

function isPresent(value: Json): boolean {
  return value !== null && value !== '' && (!isObject(value) || Object.keys(value).length > 0)
}

function isEqual(leaf: Attribute, found: Json, wanted: FilterValue): boolean {
  if (leaf.type === 'dateTime') return timeOf(found) === timeOf(wanted)
  if (typeof found === 'boolean') return found === asBoolean(wanted)
  if (typeof found === 'string' && typeof wanted === 'string') return folded(leaf, found) === folded(leaf, wanted)
  return found === wanted
}

function isOrdered(leaf: Attribute, operator: string, found: Json, wanted: FilterValue): boolean {
  if (typeof found !== 'string' || typeof wanted !== 'string') return false
  const [one, other] = [folded(leaf, found), folded(leaf, wanted)]
  if (operator === 'co') return one.includes(other)
  if (operator === 'sw') return one.startsWith(other)
  if (operator === 'ew') return one.endsWith(other)
  const order = leaf.type === 'dateTime' ? timeOf(found) - timeOf(wanted) : one < other ? -1 : one > other ? 1 : 0
  if (operator === 'gt') return order > 0
  if (operator === 'ge') return order >= 0
  return operator === 'lt' ? order < 0 : order <= 0
}

function timeOf(value: Json): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}

/** Entra writes "True". */
function asBoolean(value: FilterValue): FilterValue {
  if (typeof value !== 'string') return value
  const word = value.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : value
}

function folded(leaf: Attribute, text: string): string {
  return leaf.isCaseExact ? text : text.toLowerCase()
}

/** A value that the filter lets no resource go without: for a look-up by index before the filter itself. Resources may still not match. */
export function demanded(filter: Filter, name: string): string | undefined {
  if (filter.kind === 'compare') {
    const { path, operator, value } = filter
    return operator === 'eq' && typeof value === 'string' && path.extension === undefined && path.part === undefined && path.attribute.name === name ? value : undefined
  }
  if (filter.kind !== 'and') return undefined
  for (const term of filter.terms) {
    const value = demanded(term, name)
    if (value !== undefined) return value
  }
  return undefined
}
