import type { Payments } from '../billing/payments.ts'
import { Fault } from '../core/fault.ts'
import { jsonResponse } from './respond.ts'

/** Where the payment provider tells what happened. It shows no key: its signature over the body is what lets it in. */
export const WEBHOOK_PATH = '/webhooks/stripe'

/** Larger than any event of Stripe's (docs.stripe.com: 256 KB). */
const BODY_BYTES_MAX = 1 << 20

/** An event of the payment provider. Any status but 2xx has it sent again, for three days. Throws Fault. */
export async function takePaymentEvent(request: Request, payments: Payments | undefined): Promise<Response> {
  if (!payments) throw new Fault('not_found', 'No payment provider is configured here (docs/billing.md).')
  // As it came: the signature is over these bytes.
  const outcome = await payments.takeEvent(await bodyOf(request), request.headers.get('stripe-signature'))
  return jsonResponse({ received: true, outcome })
}

/** Anybody may send here: no more is read than an event may have, whatever is said of its length. */
async function bodyOf(request: Request): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of request.body ?? []) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function tooLarge(): Fault {
  return new Fault('payload_too_large', `The body is larger than the limit of ${BODY_BYTES_MAX} bytes.`)
}
