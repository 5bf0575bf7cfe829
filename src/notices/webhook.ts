import { createHmac } from 'node:crypto'
import { randomBytes } from '../lib/random.ts'

/** Bytes of a new secret; the specification wants 24 to 64. */
const SECRET_BYTES = 32
const PREFIX = 'whsec_'

/** A secret that is shared with an endpoint, in the form of the Standard Webhooks specification. */
export function newWebhookSecret(): string {
  return `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** One webhook as it is signed: the id stays the same however often it is posted, the time is that of the try. */
export interface Signed { readonly id: string; readonly atMs: number; readonly body: string }

/** The headers of the Standard Webhooks specification (1.0.0): HMAC-SHA256 over id, time and body. */
export function signatureHeaders({ id, atMs, body }: Signed, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000))
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
