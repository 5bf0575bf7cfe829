import type { Instance } from '../accounts/instance.ts'
import type { Mailer } from '../accounts/mailer.ts'
import type { Notices } from '../accounts/notice.ts'
import type { People } from '../accounts/people.ts'
import { Billing } from '../billing/billing.ts'
import { BillingLetters } from '../billing/letters.ts'
import { PaymentJobs } from '../billing/payment-jobs.ts'
import type { PaymentProvider } from '../billing/payment-provider.ts'
import { Payments } from '../billing/payments.ts'
import type { PurchaseStore } from '../billing/purchase-store.ts'
import type { Clock } from '../lib/clock.ts'

/** Who takes cards for this process, and where people see what they bought. */
export interface Selling {
  readonly provider: PaymentProvider | undefined
  readonly pageUrl: () => string
}

export interface OpenBillingOptions {
  readonly selling: Selling | undefined
  readonly instance: Instance
  readonly people: People
  readonly mailer: Mailer
  readonly notices: Notices
  readonly clock: Clock
  readonly settleAll: (accountId: string) => Promise<void>
  readonly log: (line: string) => void
}

export interface OpenBilling { readonly billing: Billing; readonly payments: Payments | undefined; close(): Promise<void> }

/** Puts together what people buy, over a store. Nothing is done by itself where nothing is sold from here. */
export function openBilling(store: PurchaseStore, options: OpenBillingOptions): OpenBilling {
  const { selling, instance, people, mailer, notices, clock, settleAll } = options
  const settings = () => instance.settings
  const log = (what: string, detail: string) => options.log(`${what}: ${detail}`)
  const pageUrl = selling?.pageUrl ?? (() => '')
  const letters = new BillingLetters({ mailer, notices, people, store, pageUrl })
  const provider = selling?.provider
  const payments = provider && new Payments({ store, provider, settings, clock, settleAll, onApplied: (applied) => letters.tell(applied), onPaused: (payer, amountMin) => letters.tellPaused(payer, amountMin), log })
  const jobs = selling && new PaymentJobs({ store, payments, settings, clock, log })
  return { billing: new Billing({ store, provider, payments, settings, clock, returnUrl: pageUrl, settleAll }), payments, close: async () => await jobs?.close() }
}
