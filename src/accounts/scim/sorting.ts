import type { Json, JsonObject } from '../../core/json.ts'
import { isObject } from '../../core/json.ts'
import { valuesAt } from './filter-match.ts'
import type { AttributePath } from './path.ts'

/** By which attribute a list is sorted (RFC 7644 §3.4.2.3). */
export interface Sorting { readonly path: AttributePath; readonly isDescending: boolean }

/** In the order of the attribute; those that have none come last when it rises, first when it falls. */
export function order<T extends { readonly resource: JsonObject }>(rows: readonly T[], { path, isDescending }: Sorting): readonly T[] {
  const leaf = path.part ?? path.attribute
  const keyed = rows.map((row) => ({ row, key: keyOf(path, row.resource, leaf.isCaseExact ?? false) }))
  return keyed.toSorted((one, other) => compared(one.key, other.key) * (isDescending ? -1 : 1)).map(({ row }) => row)
}

/** Of several values the primary one, or the first. */
function keyOf(path: AttributePath, resource: JsonObject, isCaseExact: boolean): string | undefined {
  const owner = path.extension === undefined ? resource : resource[path.extension]
  const list = isObject(owner) ? owner[path.attribute.name] : undefined
  const primary = Array.isArray(list) ? list.find((one: Json) => isObject(one) && one['primary'] === true) : undefined
  const [value] = primary !== undefined && isObject(primary) ? [primary[path.part?.name ?? 'value']] : valuesAt(path, resource)
  if (value === undefined || value === null || isObject(value) || Array.isArray(value)) return undefined
  return isCaseExact ? String(value) : String(value).toLowerCase()
}

function compared(one: string | undefined, other: string | undefined): number {
  if (one === other) return 0
  if (one === undefined) return 1
  if (other === undefined) return -1
  return one < other ? -1 : 1
}
