import type { JsonObject } from '../../src/core/json.ts'
import Stripe from 'stripe'
import { API_KEY, FakeStripe } from './fake-stripe.ts'

export const WEBHOOK_SECRET = 'whsec_test_0123456789abcdef0123456789'

/** Stripe on a port of this machine, for the real program. */
export interface ServedStripe {
  readonly stripe: FakeStripe
  /** What the program must be started with. */
  readonly env: Readonly<Record<string, string>>
  /** Sends an event to the program, signed as Stripe signs. */
  deliver(gatewayUrl: string, event: JsonObject, change?: { readonly secret?: string; readonly body?: string }): Promise<Response>
  stop(): Promise<void>
}

/** Stripe's clock is that of this process, unless another is said: the program believes no event that is signed minutes away from its own. */
export function serveStripe(nowMs: () => number = Date.now): ServedStripe {
  const stripe = new FakeStripe(nowMs)
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => stripe.handle(request) })
  return {
    stripe, env: { STRIPE_SECRET_KEY: API_KEY, STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, STRIPE_API_URL: `http://127.0.0.1:${server.port}` },
    deliver: async (gatewayUrl, event, { secret = WEBHOOK_SECRET, body = JSON.stringify(event) } = {}) => {
      const signature = await new Stripe(API_KEY).webhooks.generateTestHeaderStringAsync({ payload: JSON.stringify(event), secret, timestamp: Math.floor(nowMs() / 1_000) })
      return await fetch(`${gatewayUrl}/webhooks/stripe`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'stripe-signature': signature } })
    },
    stop: async () => { await server.stop(true) },
  }
}
