import type { BrowserContext } from 'playwright-core'
import { CARDS } from '../billing/fake-stripe.ts'
import type { ServedStripe } from '../billing/serve.ts'

const PAGES = 'https://checkout.stripe.com/c/pay/'

/** Puts a page to pay on where a browser expects Stripe's: it takes the test card, has the signed event delivered, and leads back. */
export async function serveCheckout(context: BrowserContext, { stripe, deliver }: ServedStripe, gatewayUrl: string): Promise<void> {
  await context.route(`${PAGES}*`, async (route) => {
    const id = route.request().url().slice(PAGES.length)
    const session = stripe.get(id)
    if (route.request().method() === 'GET') {
      return await route.fulfill({ contentType: 'text/html', body: `<h1>Pay $${(Number(session['amount_total']) / 100).toFixed(2)}</h1><form method="post"><input name="card" aria-label="Card number"><button>Pay</button></form>` })
    }
    const card = new URLSearchParams(route.request().postData() ?? '').get('card')?.replaceAll(' ', '')
    if (card !== CARDS.visa.number) return await route.fulfill({ contentType: 'text/html', body: '<h1>Your card was declined.</h1>' })
    const delivered = await deliver(gatewayUrl, stripe.pay(id))
    if (!delivered.ok) return await route.fulfill({ contentType: 'text/html', body: `<h1>The event was refused with ${delivered.status}</h1>` })
    await route.fulfill({ contentType: 'text/html', body: `<script>location.replace(${JSON.stringify(session['success_url'])})</script>` })
  })
}
