/**
 * How a figure of many calls was spread: counts in buckets, each a tenth wider than the one before, kept as text
 * (`12:5,13:40`). What is told of it is at most 10% off, whatever the figures; a day's is a few hundred characters.
 */
export type Spread = Map<number, number>

const GROWTH = 1.1
const BUCKET_MAX = 250
const LOG = Math.log(GROWTH)

/** The bucket of a figure; all below 1 are in the first. */
export function bucketOf(value: number): number {
  return value < 1 ? 0 : Math.min(BUCKET_MAX, Math.floor(Math.log(value) / LOG))
}

/** Adds to a bucket. */
export function addTo(spread: Spread, bucket: number, count: number): void {
  spread.set(bucket, (spread.get(bucket) ?? 0) + count)
}

/** Adds what `writeSpread` wrote. */
export function addSpread(spread: Spread, text: string): void {
  if (text === '') return
  for (const part of text.split(',')) {
    const at = part.indexOf(':')
    addTo(spread, Number(part.slice(0, at)), Number(part.slice(at + 1)))
  }
}

/** As text: '' for none. */
export function writeSpread(spread: Spread): string {
  return [...spread].sort(([a], [b]) => a - b).map(([bucket, count]) => `${bucket}:${count}`).join(',')
}

/** The figure that this part of the calls (0.9: nine of ten) does not pass; null of none. Within a bucket they are taken to be spread evenly. */
export function percentileOf(spread: Spread, part: number): number | null {
  let left = part * [...spread.values()].reduce((sum, count) => sum + count, 0)
  let last: number | null = null
  for (const [bucket, count] of [...spread].sort(([a], [b]) => a - b)) {
    last = GROWTH ** (bucket + Math.min(1, Math.max(0, left / count)))
    if (left <= count) return last
    left -= count
  }
  return last
}

/** Prompts by their size in tokens: the largest of each bucket, as the contract names them. */
export const CONTEXT_BUCKETS = { '1K': 1_000, '10K': 10_000, '100K': 100_000, '1M': 1_000_000, '10M': 10_000_000 } as const
export type ContextBucket = keyof typeof CONTEXT_BUCKETS
const CONTEXT_SIZES: readonly number[] = Object.values(CONTEXT_BUCKETS)

/** Beside the tokens of each size stands, so far behind, how many calls they are of. */
export const CONTEXT_COUNTS = 100

/** The number of the bucket that a prompt is in; beyond the last is the last. */
export function contextBucketOf(promptTokens: number): number {
  const at = CONTEXT_SIZES.findIndex((size) => promptTokens <= size)
  return at === -1 ? CONTEXT_SIZES.length - 1 : at
}
