import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { randomBytes } from './random.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
export const SEAL_KEY_BYTES = 32

/** A key that seals texts. Its id follows from it and tells nothing of it. */
export interface SealKey { readonly id: string; readonly key: Buffer }

/** A key of 32 bytes, with its id: the beginning of its SHA-256. */
export function sealKeyOf(key: Buffer): SealKey {
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 16), key }
}

/** A new random key. */
export function newSealKey(): SealKey {
  // A copy: the pool's bytes are given out once, but its memory is shared.
  return sealKeyOf(Buffer.from(randomBytes(SEAL_KEY_BYTES)))
}

/**
 * The text under AES-256-GCM (NIST SP 800-38D), with a random nonce of 96 bits: enough for billions of texts under one key. `context` is
 * not in it but must be the same to open it, so that what was sealed for one place is worth nothing in another.
 */
export function sealText(text: string, { id, key }: SealKey, context: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `v1.${id}.${sealed.toString('base64url')}`
}

/** The id of the key that a text is sealed under; undefined for what is no sealed text of ours. */
export function sealedBy(sealed: string): string | undefined {
  return /^v1\.([0-9a-f]{16})\./.exec(sealed)?.[1]
}

/** The text again; undefined when the key, the context or a single bit of it is another. */
export function openSealed(sealed: string, { id, key }: SealKey, context: string): string | undefined {
  if (sealedBy(sealed) !== id) return undefined
  const bytes = Buffer.from(sealed.slice(`v1.${id}.`.length), 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    // What does not authenticate is nobody's text: the caller says what that means.
    return undefined
  }
}
