import { randomBytes as nodeRandomBytes } from 'node:crypto'

const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

/** Cryptographic random bytes, from a pool: a system call once in many calls. */
export function randomBytes(count: number): Buffer {
  if (count > POOL_BYTES) return nodeRandomBytes(count)
  if (used + count > pool.length) {
    pool = nodeRandomBytes(POOL_BYTES)
    used = 0
  }
  const bytes = pool.subarray(used, used + count)
  used += count
  return bytes
}

/** A float in [0, 1) for draws that no secret hangs on. Routing takes it as an argument, so that a Plan is pure. */
export function draw(): number {
  return Math.random()
}

/** UUID, version 7 (RFC 9562): sorts by time. */
export function randomUUIDv7(): string {
  return Bun.randomUUIDv7()
}
