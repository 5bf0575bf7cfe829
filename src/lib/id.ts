import { randomBytes, randomUUIDv7 as uuidv7 } from './random.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Random letters and digits. Not biased: bytes past the last whole multiple of the alphabet are thrown away. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    const bytes = randomBytes(length)
    for (let at = 0; at < length && text.length < length; at++) {
      const byte = bytes[at] ?? 255
      if (byte < 248) text += ALPHABET[byte % 62]
    }
  }
  return text
}

/** A generation's id, in the contract's form: `gen-1762179802-UN8pkJI4AGZvryk0kFnb`. */
export function generationId(nowMs: number): string {
  return `gen-${Math.floor(nowMs / 1000)}-${randomText(20)}`
}

/** A new API key: 64 random hex digits behind the prefix. Shown once, kept as its hash. */
export function keySecret(): string {
  return `sk-sw-v1-${randomBytes(32).toString('hex')}`
}

/** The namespace of ids that follow from a name (RFC 9562, version 5): a random one, ours. */
const NAMES = '7a0a3c1e-2d5b-4a51-9d0e-0c8f1f6c8b52'

/** A UUID that is the same for the same name, always. */
export function nameId(name: string): string {
  return Bun.randomUUIDv5(name, NAMES)
}

/** A row id that sorts by time. */
export function rowId(): string {
  return uuidv7()
}
