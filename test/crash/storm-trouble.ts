import type { Ground } from './storm-ground.ts'

/** What happens to the processes while calls run. */
export type Trouble = 'kill' | 'pause' | 'clock' | 'outage'

/** How often each has happened. */
export type Troubles = Readonly<Record<Trouble, number>>

/** A generator of numbers in [0, 1): the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  // Mulberry32: short, and even enough to choose by.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const PAUSE_MS = [150, 1_500] as const
const BETWEEN_MS = [150, 500] as const
const OUTAGE_MS = [1_000, 2_500] as const
const HOUR_SECONDS = 3_600
const STEPS_SECONDS = [0, HOUR_SECONDS, -HOUR_SECONDS, 26 * HOUR_SECONDS, -26 * HOUR_SECONDS, 40 * 24 * HOUR_SECONDS, -40 * 24 * HOUR_SECONDS] as const

/** Makes trouble of these kinds until `stop`, and leaves everything running and every clock right. */
export function trouble(ground: Ground, kinds: readonly Trouble[], seed: number): { stop(): Promise<Troubles> } {
  const random = seeded(seed)
  const count: Record<Trouble, number> = { kill: 0, pause: 0, clock: 0, outage: 0 }
  const between = ([least, most]: readonly [number, number]): number => least + (most - least) * random()
  const oneOf = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)]
  const does: Readonly<Record<Trouble, () => Promise<void> | void>> = {
    kill: () => signal(oneOf(ground.workers()), 'SIGKILL'),
    pause: async () => {
      const pid = oneOf(ground.workers())
      signal(pid, 'SIGSTOP')
      await Bun.sleep(between(PAUSE_MS))
      signal(pid, 'SIGCONT')
    },
    clock: () => ground.setClock(Math.floor(random() * ground.nodes.length), oneOf(STEPS_SECONDS) ?? 0),
    outage: async () => {
      await ground.server?.stop()
      await Bun.sleep(between(OUTAGE_MS))
      await ground.server?.start()
    },
  }
  let isOver = kinds.length === 0
  const running = (async () => {
    while (!isOver) {
      await Bun.sleep(between(BETWEEN_MS))
      // Each kind in turn, so that a short storm has all of them.
      const kind = kinds[(count.kill + count.pause + count.clock + count.outage) % kinds.length]
      if (isOver || !kind) break
      await does[kind]()
      count[kind] += 1
    }
    for (const node of ground.nodes.keys()) ground.setClock(node, 0)
  })()
  return {
    stop: async () => {
      isOver = true
      await running
      return count
    },
  }
}

function signal(pid: number | undefined, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  if (pid === undefined) return
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}
