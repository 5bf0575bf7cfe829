/** JSON as it is on the wire: what `JSON.parse` can return. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject { [key: string]: Json | undefined }

/** True for a JSON object, false for null, arrays and everything else. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text as a JSON object, or undefined when it is not JSON or not an object. Never throws. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // The caller decides what text that is not JSON means.
    return undefined
  }
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

export function asArray(value: unknown): readonly Json[] | undefined {
  return Array.isArray(value) ? value : undefined
}

/** A count as providers send it: a finite number, never negative; everything else is "not said". */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
