const last: (() => void | Promise<void>)[] = []

/** Has something done when all tests have run: `bun test` ends without the event `exit`. */
export function atEnd(act: () => void | Promise<void>): void {
  last.push(act)
}

/** Does it, what was asked for last first. For `seed.ts` alone. */
export async function end(): Promise<void> {
  for (const act of last.splice(0).toReversed()) await act()
}
