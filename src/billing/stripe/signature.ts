import { createHmac, timingSafeEqual } from 'node:crypto'

/** What is older or newer than this may be somebody's recording (Stripe's own libraries take five minutes, docs.stripe.com/webhooks/signature). */
const TOLERANCE_MS = 300_000

export type SignatureProblem = 'missing' | 'malformed' | 'wrong' | 'old'

/**
 * Whether a body was signed with one of the secrets: `t=…,v1=…`, where v1 is the HMAC-SHA256 of `t.body` and may stand there several times
 * while a secret is changed. undefined: it was.
 */
export function signatureProblem(body: string, header: string | null, secrets: readonly string[], nowMs: number): SignatureProblem | undefined {
  if (header === null || header.trim() === '') return 'missing'
  const parts = header.split(',').map((part) => part.trim().split('=', 2))
  const stamp = parts.find(([name]) => name === 't')?.[1] ?? ''
  const shown = parts.flatMap(([name, value]) => (name === 'v1' && value !== undefined ? [value] : []))
  if (!/^\d{1,12}$/.test(stamp) || shown.length === 0) return 'malformed'
  const right = secrets.map((secret) => createHmac('sha256', secret).update(`${stamp}.${body}`).digest())
  if (!shown.some((text) => right.some((digest) => isSame(digest, text)))) return 'wrong'
  return Math.abs(nowMs - Number(stamp) * 1_000) > TOLERANCE_MS ? 'old' : undefined
}

function isSame(digest: Buffer, text: string): boolean {
  const shown = Buffer.from(text, 'hex')
  return shown.length === digest.length && timingSafeEqual(shown, digest)
}
