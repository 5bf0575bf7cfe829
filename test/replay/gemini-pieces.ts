import type { Json, JsonObject } from '../../src/core/json.ts'
import { listOf, textOf } from './meaning.ts'

/** A function call whose arguments come in pieces, each addressed by a path such as `$.steps[0].text`. */
export class PieceFold {
  readonly args: Record<string, unknown> = {}

  add(call: JsonObject): void {
    for (const piece of listOf(call['partialArgs'])) this.put(keysOf(textOf(piece['jsonPath'])), valueOf(piece))
  }

  /** Texts are appended, all else is set. */
  private put(keys: readonly (string | number)[], value: Json | undefined): void {
    let holder: Record<string | number, unknown> = this.args
    for (const [at, key] of keys.entries()) {
      const next = keys[at + 1]
      if (next === undefined) {
        const before = holder[key]
        holder[key] = typeof before === 'string' && typeof value === 'string' ? before + value : value
      } else holder = (holder[key] ??= typeof next === 'number' ? [] : {}) as Record<string | number, unknown>
    }
  }
}

function keysOf(path: string): (string | number)[] {
  return [...path.matchAll(/\.([^.[]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(([, name, index, quoted]) => (index === undefined ? (name ?? quoted ?? '') : Number(index)))
}

function valueOf(piece: JsonObject): Json | undefined {
  for (const kind of ['stringValue', 'numberValue', 'boolValue'] as const) if (piece[kind] !== undefined) return piece[kind]
  return 'nullValue' in piece ? null : ''
}
