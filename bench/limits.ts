// What limits cost a call: `node bin/bun.mjs bench/limits.ts`. Nanoseconds, warm, in this process alone, over a bank in memory.
import type { Caller } from '../src/accounts/caller.ts'
import { buildSnapshot } from '../src/catalog/snapshot.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../src/catalog/rate-limits.ts'
import { NO_USAGE } from '../src/core/usage.ts'
import { readCall } from '../src/dialects/openai-chat/call-read.ts'
import { NO_COST } from '../src/gateway/add-cost.ts'
import { passLimits } from '../src/gateway/rate-limits.ts'
import { systemClock } from '../src/lib/clock.ts'
import { Limits } from '../src/limits/limits.ts'
import { NO_AFFINITY } from '../src/routing/affinity.ts'
import { UNKNOWN_HEALTH } from '../src/routing/health.ts'
import { route } from '../src/routing/route.ts'

const ROUNDS = 7
const CALLS = 200_000

const CALLER: Caller = {
  accountId: 'a',
  key: { hash: 'h'.repeat(64), accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null },
}

/** Grants all that is asked: what is measured is this process. */
function openHandedLimits(): Limits {
  return new Limits({
    nodeId: 'bench', clock: systemClock,
    bank: {
      takeSlices: async (asks) => asks.map(({ least, asked, limit }) => ({ granted: asked > least ? asked : least, free: limit, left: 0n, limit, nodes: 1 })),
      recallSlices: async () => undefined, pruneWindows: async () => undefined, windowUse: async () => ({ used: 0n, limit: 0n }),
    },
  })
}

const MANY = { requestsPerMinute: 1_000_000_000n, tokensPerMinute: 100_000_000_000n, usdPerMinute: 1_000_000_000_000_000n }
const CASES: readonly (readonly [string, RateLimits])[] = [
  ['no limits', DEFAULT_RATE_LIMITS],
  ['requests of a key', { ...DEFAULT_RATE_LIMITS, perKey: { requestsPerMinute: MANY.requestsPerMinute } }],
  ['requests and tokens of a key', { ...DEFAULT_RATE_LIMITS, perKey: { requestsPerMinute: MANY.requestsPerMinute, tokensPerMinute: MANY.tokensPerMinute } }],
  ['requests, tokens and dollars of key and account', { ...DEFAULT_RATE_LIMITS, perKey: MANY, perAccount: MANY }],
  ['the same, and of the model', { ...DEFAULT_RATE_LIMITS, perKey: MANY, perAccount: MANY, perModel: [{ pattern: '*', rates: MANY }] }],
]

if (import.meta.main) {
  const limits = openHandedLimits()
  const call = readCall({ model: 'demo/echo', max_tokens: 500, messages: [{ role: 'user', content: 'How many minutes does the train need for 240 km at 80 km per hour?' }] }, { id: 'gen-1', createdMs: systemClock.wallMs(), headers: {}, bodyBytes: 300 })
  const plan = route(call, { snapshot: buildSnapshot({ env: {}, version: 1 }), health: { of: () => UNKNOWN_HEALTH }, affinity: NO_AFFINITY, draw: () => 0.5, nowMs: call.createdMs })
  const meter = { tried: [], served: () => plan.steps[0]?.endpoint }
  const usage = { ...NO_USAGE, promptTokens: 20, completionTokens: 100 }
  for (const [name, rateLimits] of CASES) {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = systemClock.monotonicMs()
      let asked = 0
      for (let done = 0; done < CALLS; done++) {
        const found = passLimits(call, CALLER, plan, { rateLimits }, limits)
        if (found instanceof Promise) asked++
        const pass = found instanceof Promise ? await found : found
        pass.settle(meter, usage, NO_COST)
      }
      times.push((systemClock.monotonicMs() - startMs) * 1e6 / CALLS)
      if (asked > CALLS / 1000) console.log(`  ${asked} of ${CALLS} calls asked the store`)
    }
    console.log(`${name.padEnd(48)} ${(times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN).toFixed(0).padStart(6)} ns a call`)
  }
  await limits.close()
}
