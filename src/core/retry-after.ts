type Lookup = Pick<Headers, 'get'>

/** Kinds of limits that providers keep apart: OpenAI and those who follow it, then Anthropic. */
const OPENAI_KINDS = ['requests', 'tokens'] as const
const ANTHROPIC_KINDS = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** Numbers from here on are times and no durations: seconds, then milliseconds since the epoch. */
const EPOCH_SECONDS_MIN = 1e9
const EPOCH_MS_MIN = 1e12

/**
 * When the limit that has run out is refilled, where a provider sends no `Retry-After` and says it in its reset headers.
 * Only what says that nothing remains counts: the others refill too, and nobody waits for them.
 */
export function resetMs(headers: Lookup): number | undefined {
  const waits = [
    ...OPENAI_KINDS.map((kind) => isSpent(headers.get(`x-ratelimit-remaining-${kind}`)) ? untilMs(headers.get(`x-ratelimit-reset-${kind}`), headers) : undefined),
    ...ANTHROPIC_KINDS.map((kind) => isSpent(headers.get(`anthropic-ratelimit-${kind}-remaining`)) ? untilMs(headers.get(`anthropic-ratelimit-${kind}-reset`), headers) : undefined),
    ...['x-ratelimit', 'ratelimit'].map((name) => isSpent(headers.get(`${name}-remaining`) ?? '0') ? untilMs(headers.get(`${name}-reset`), headers) : undefined),
  ].filter((wait) => wait !== undefined)
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function isSpent(remaining: string | null): boolean {
  return remaining !== null && remaining.trim() !== '' && Number(remaining) <= 0
}

/** `12`, `1.5s`, `6m0s`, `20ms`, seconds or milliseconds since the epoch, or a date. Times need the answer's own `Date`. */
function untilMs(text: string | null, headers: Lookup): number | undefined {
  const said = text?.trim() ?? ''
  if (said === '') return undefined
  const number = Number(said)
  if (!Number.isFinite(number)) return durationMs(said) ?? since(Date.parse(said), headers)
  if (number < 0) return undefined
  return number >= EPOCH_MS_MIN ? since(number, headers) : number >= EPOCH_SECONDS_MIN ? since(number * MS.s, headers) : Math.round(number * MS.s)
}

function durationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    // The pattern lets no other unit through.
    ms += Number(amount) * MS[unit as keyof typeof MS]
  }
  return Math.round(ms)
}

function since(atMs: number, headers: Lookup): number | undefined {
  const fromMs = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(atMs) || Number.isNaN(fromMs) ? undefined : Math.max(0, atMs - fromMs)
}
