import { closingQuote } from '../lib/json-text.ts'

/** What JSON.parse lets pass and we do not: nesting deeper than `depthMax`, and the same key twice in one object. */
export interface JsonTrouble { readonly what: string; readonly field: string | undefined }

/**
 * Scans a text that is known to be JSON. Linear, and native where it is long: strings are skipped by searching for their
 * closing quote. Undefined when there is nothing to say against it.
 */
export function jsonTrouble(text: string, depthMax: number): JsonTrouble | undefined {
  // For each open container its keys so far (objects), or undefined (arrays).
  const open: (Set<string> | undefined)[] = []
  let keys: Set<string> | undefined
  let expectKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = closingQuote(text, at + 1)
        if (expectKey && keys) {
          const key = text.slice(at + 1, end)
          if (keys.has(key)) return { what: `the key "${key.slice(0, 64)}" stands twice in one object`, field: key.slice(0, 64) }
          keys.add(key)
          expectKey = false
        }
        at = end
        break
      }
      case OPEN_OBJECT: case OPEN_ARRAY:
        if (open.length >= depthMax) return { what: `it is nested deeper than ${depthMax} levels`, field: undefined }
        keys = text.charCodeAt(at) === OPEN_OBJECT ? new Set() : undefined
        expectKey = keys !== undefined
        open.push(keys)
        break
      case CLOSE_OBJECT: case CLOSE_ARRAY:
        open.pop()
        keys = open.at(-1)
        expectKey = false
        break
      case COMMA:
        expectKey = keys !== undefined
        break
      default:
    }
  }
  return undefined
}

const QUOTE = 34
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const COMMA = 44
