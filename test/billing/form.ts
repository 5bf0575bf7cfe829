import type { JsonObject } from '../../src/core/json.ts'

/** What Stripe refuses. */
export class FormError extends Error {
  constructor(readonly status: number, message: string, readonly code: string | null = null, readonly type = 'invalid_request_error') {
    super(message)
  }
}

/** The fields of a form: `line_items[0][quantity]=1`. */
export class Fields {
  constructor(private readonly pairs: ReadonlyMap<string, string>) {}

  text(name: string): string {
    const value = this.pairs.get(name)
    if (value === undefined) throw new FormError(400, `Missing required param: ${name}.`, 'parameter_missing')
    return value
  }

  /** Undefined where it is not said. */
  textIf(name: string): string | undefined {
    return this.pairs.get(name)
  }

  number(name: string): number {
    const value = Number(this.text(name))
    if (!Number.isInteger(value) || value < 0) throw new FormError(400, `Invalid integer: ${this.text(name)}`, 'parameter_invalid_integer')
    return value
  }

  /** The fields of these names as objects; any other is refused, as Stripe does. */
  take(...names: readonly string[]): JsonObject {
    const out: Record<string, unknown> = {}
    for (const [name, value] of this.pairs) {
      const path = [name.replace(/\[.*/, ''), ...[...name.matchAll(/\[([^\]]+)\]/g)].map((match) => match[1] ?? '')]
      if (!names.includes(path[0] ?? '')) throw new FormError(400, `Received unknown parameter: ${name}`, 'parameter_unknown')
      put(out, path, value)
    }
    // Built here of texts and objects alone.
    return out as JsonObject
  }
}

export function readForm(text: string): Fields {
  return new Fields(new Map(new URLSearchParams(text)))
}

function put(out: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    out[name] = value
    return
  }
  // An object, or nothing yet: a name is either a text or has names in it.
  const inner = (out[name] ??= {}) as Record<string, unknown>
  put(inner, rest, value)
}
