type Native = (this: { readonly length?: number }, ...args: unknown[]) => unknown

/** Methods that look at all of what they are called on, or may: a sum of strings is made one text by any of these. */
const OF_STRINGS = ['trim', 'startsWith', 'endsWith', 'includes', 'indexOf', 'lastIndexOf', 'split', 'replace', 'replaceAll', 'match', 'slice', 'substring'] as const
const OF_LISTS = ['some', 'every', 'find', 'findIndex', 'findLast', 'findLastIndex', 'filter', 'map', 'flatMap', 'forEach', 'indexOf', 'includes', 'join', 'reduce', 'slice', 'concat', 'entries'] as const

/**
 * Runs something and gives how much it did: characters of JSON parsed and written, characters of strings and items of
 * lists looked at. Not time: the same at every run. What it counts are the ways in which code looks again and again at
 * what it has already seen.
 */
export function workOf(run: () => void): number {
  let work = 0
  const restore: (() => void)[] = []
  const patch = (owner: object, name: PropertyKey, cost: (self: { readonly length?: number }, args: unknown[], result: unknown) => number): void => {
    const own = Object.getOwnPropertyDescriptor(owner, name)
    const native = own?.value as Native
    restore.push(() => Object.defineProperty(owner, name, own ?? {}))
    Object.defineProperty(owner, name, {
      ...own,
      value(this: { readonly length?: number }, ...args: unknown[]) {
        const result = native.apply(this, args)
        work += cost(this, args, result)
        return result
      },
    })
  }
  const lengthOf = (value: unknown): number => (typeof value === 'string' || Array.isArray(value) ? value.length : 0)
  for (const name of OF_STRINGS) patch(String.prototype, name, (self) => self.length ?? 0)
  for (const name of [...OF_LISTS, Symbol.iterator] as const) patch(Array.prototype, name, (self) => self.length ?? 0)
  patch(RegExp.prototype, 'exec', (_self, [text]) => lengthOf(text))
  for (const name of ['keys', 'values', 'entries'] as const) patch(Object, name, (_self, _args, result) => lengthOf(result))
  patch(JSON, 'parse', (_self, [text]) => lengthOf(text))
  patch(JSON, 'stringify', (_self, _args, result) => lengthOf(result))
  try {
    run()
  } finally {
    for (const undo of restore) undo()
  }
  return work
}
