const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000] as const

/** How long after each try that failed comes the next: two days in all. */
const WAITS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR] as const

/** No wait is longer, with what chance adds to it. */
export const TRY_AGAIN_MS_MAX = 30 * HOUR

/** How long to wait after so many tries; undefined: there are no more. `draw` is in [0, 1): not all come back at once. */
export function waitMs(tries: number, draw: number): number | undefined {
  const wait = WAITS_MS[tries - 1]
  return wait === undefined ? undefined : Math.round(wait * (1 + draw / 5))
}
