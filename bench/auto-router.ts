import { classify } from '../src/routing/auto/classify.ts'
import type { Message } from '../src/core/call.ts'

const ENGLISH = 'Our order service fails when a customer pays 12.50 dollars twice. If the first payment is still open, which of the two should we refund, and why? '
const FILLED = (bytes: number): string => ENGLISH.repeat(Math.ceil(bytes / ENGLISH.length)).slice(0, bytes)

const CASES: readonly { readonly name: string; readonly messages: readonly Message[] }[] = [
  { name: '100 B', messages: [{ role: 'user', content: FILLED(100) }] },
  { name: '4 KB', messages: [{ role: 'user', content: FILLED(4096) }] },
  { name: '1 MB', messages: [{ role: 'user', content: FILLED(1_048_576) }] },
  { name: '1 MB of blanks', messages: [{ role: 'user', content: `1${' '.repeat(1_048_576)}a` }] },
  { name: '2,000 messages of 1 KB', messages: Array.from({ length: 2000 }, (_, at): Message => ({ role: at % 2 === 0 ? 'user' : 'assistant', content: FILLED(1024) })) },
]

const ROUNDS = 2000
/** Calls before the clock runs: a gateway is warm after its first hundreds. */
const WARM_UP = 500

/** Microseconds of one classification: the middle and the slowest in a hundred of many. */
function measure(messages: readonly Message[]): { readonly p50Us: number; readonly p99Us: number } {
  for (let round = 0; round < WARM_UP; round++) classify(messages)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    classify(messages)
    times.push((performance.now() - start) * 1000)
  }
  times.sort((a, b) => a - b)
  return { p50Us: times[Math.floor(ROUNDS * 0.5)] ?? Number.NaN, p99Us: times[Math.floor(ROUNDS * 0.99)] ?? Number.NaN }
}

if (import.meta.main) {
  for (const { name, messages } of CASES) {
    const { p50Us, p99Us } = measure(messages)
    console.log(`${name.padEnd(24)} p50 ${p50Us.toFixed(0).padStart(5)} µs   p99 ${p99Us.toFixed(0).padStart(5)} µs`)
  }
}
