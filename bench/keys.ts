// What finding the caller of a key costs, and whether it tells how much of a guess was right: `node bin/bun.mjs bench/keys.ts`.
// Nanoseconds for each, warm, in this process alone; guesses are remembered as keys are, so that no store is asked.
import { hashSecret } from '../src/accounts/account-book.ts'
import type { Caller } from '../src/accounts/caller.ts'
import { KeyCache } from '../src/accounts/key-cache.ts'
import { systemClock } from '../src/lib/clock.ts'
import { keySecret } from '../src/lib/id.ts'

const KEYS = 10_000
const ROUNDS = 41

function callerOf(hash: string): Caller {
  return { accountId: 'a', key: { hash, accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null } }
}

/** The secret with another character at a place. */
function wrongAt(secret: string, at: number): string {
  return secret.slice(0, at) + (secret[at] === 'x' ? 'y' : 'x') + secret.slice(at + 1)
}

if (import.meta.main) {
  const secrets = Array.from({ length: KEYS }, () => keySecret())
  const live = new Set(secrets.map(hashSecret))
  const cache = new KeyCache(async (hash) => (live.has(hash) ? { caller: callerOf(hash), endsMs: null } : undefined), systemClock)
  const start = 'sk-sw-v1-'.length
  const cases = [
    ['a live key', secrets],
    ['a guess, wrong in its first character', secrets.slice(0, KEYS / 4).map((secret) => wrongAt(secret, start))],
    ['a guess, wrong in the middle', secrets.slice(0, KEYS / 4).map((secret) => wrongAt(secret, start + 32))],
    ['a guess, wrong in its last character', secrets.slice(0, KEYS / 4).map((secret) => wrongAt(secret, secret.length - 1))],
  ] as const
  const times = new Map<string, number[]>()
  for (const [, list] of cases) for (const secret of list) await cache.find(hashSecret(secret))
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that what else the machine does meets all of them.
    for (const [name, list] of cases) {
      const startMs = systemClock.monotonicMs()
      for (const secret of list) void cache.find(hashSecret(secret))
      const found = times.get(name) ?? []
      found.push((systemClock.monotonicMs() - startMs) * 1e6 / list.length)
      times.set(name, found)
    }
  }
  for (const [name, all] of times) {
    const sorted = all.toSorted((a, b) => a - b)
    const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(0)
    console.log(`${name.padEnd(40)} median ${at(0.5)} ns, a quarter each below ${at(0.25)} and above ${at(0.75)}`)
  }
}
