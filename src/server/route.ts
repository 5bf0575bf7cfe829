import type { Accounts } from '../accounts/accounts.ts'
import type { AppGrants } from '../accounts/apps/app-grants.ts'
import type { ByokKeys } from '../accounts/byok/byok-keys.ts'
import type { OwnKeys } from '../accounts/byok/own-keys.ts'
import type { Instance } from '../accounts/instance.ts'
import type { Markups } from '../accounts/markups.ts'
import type { Billing } from '../billing/billing.ts'
import type { Payments } from '../billing/payments.ts'
import type { PresetBook } from '../accounts/preset-book.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Operator } from '../accounts/operator.ts'
import type { People } from '../accounts/people.ts'
import type { FeedbackBook } from '../accounts/feedback.ts'
import type { Operation } from '../accounts/roles.ts'
import type { SharedBudgets } from '../accounts/shared-budgets.ts'
import type { Domains } from '../accounts/domains.ts'
import type { Scim } from '../accounts/scim/scim.ts'
import type { Wallets } from '../accounts/wallets.ts'
import type { Workspaces } from '../accounts/workspaces.ts'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { PriceList } from '../catalog/price-list.ts'
import type { Conversations } from '../gateway/conversations.ts'
import type { RuleBook } from '../guardrails/rule-book.ts'
import type { DataStore } from '../ledger/data-sets.ts'
import type { Reports } from '../ledger/reports.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limits } from '../limits/limits.ts'
import type { NoticeBoard } from '../notices/notice-board.ts'
import type { NoticeDesk } from '../notices/notice-desk.ts'
import type { Webhooks } from '../notices/webhooks.ts'
import type { HealthStats } from '../routing/health.ts'
import type { Access } from './access.ts'
import type { Session, Sessions } from './session.ts'
import type { SignIn } from './sign-in/sign-in.ts'

/** What the control plane stands on. Built once, in main.ts. */
export interface Services {
  readonly snapshot: () => Snapshot
  readonly accounts: Accounts
  readonly people: People
  /** Keys that people let apps have. */
  readonly appGrants: AppGrants
  /** What people say of answers. */
  readonly feedback: FeedbackBook
  readonly workspaces: Workspaces
  /** Balances and prices of resellers' customers. */
  readonly wallets: Wallets
  /** People and groups as organisations' directories keep them, and domains that are proven to be an organisation's. */
  readonly scim: Scim
  readonly domains: Domains
  /** Budgets of members, and on tags. */
  readonly sharedBudgets: SharedBudgets
  /** What the operator has decided for the whole install. */
  readonly instance: Instance
  /** What the operator asks over list price, beside what its file says. */
  readonly markups: Markups
  /** Accounts and people, from above. */
  readonly operator: Operator
  /** How much may pass in a window, for those who ask what has. */
  readonly rates: Pick<Limits, 'freeUse' | 'pass' | 'ratesOf'>
  /** What callers may use. */
  readonly rules: RuleBook
  readonly presets: PresetBook
  /** Keys of providers that workspaces bring: for people, and what callers see with them. */
  readonly byok: ByokKeys
  readonly ownKeys: OwnKeys
  readonly health: HealthStats
  /** What calls cost, by what people care about. */
  readonly reports: Pick<Reports, 'report' | 'tagNames' | 'knownKeys'>
  /** What models and apps are used for how much, without whose calls they were. */
  readonly dataSets: DataStore
  /** Where conversations were answered last, for those who explain a Plan. */
  readonly conversations: Pick<Conversations, 'affinity'>
  readonly clock: Clock
  /** Credit that is bought. */
  readonly billing: Billing
  /** Who brings payments into the books; absent where nobody takes cards. */
  readonly payments?: Payments | undefined
  /** Notices, webhooks, alerts, forecasts. */
  readonly notices: { readonly board: NoticeBoard; readonly desk: NoticeDesk; readonly webhooks: Webhooks }
  /** Who is signed in; absent where nobody can be. */
  readonly sessions?: Sessions
  /** How people make themselves known; absent as `sessions`. */
  readonly signIn?: SignIn
}

/** Who sees a customer's prices. */
export interface CustomerSight { readonly prices: readonly PriceList[]; readonly routed: () => Snapshot }

export interface RouteContext {
  readonly request: Request
  readonly url: URL
  /** What stands for `{name}` in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** undefined on public routes called without a key. */
  readonly caller: Caller | undefined
  /** Who is signed in, where no key was shown. */
  readonly session: Session | undefined
  /** On management routes: who asks, and how far this operation reaches for them. */
  readonly access: Access | undefined
  readonly services: Services
  /** Where a reseller's customer asks, or its reseller for it: what the customer pays, which is what the services' catalogue shows, and the catalogue by which its calls are routed. */
  readonly customer?: CustomerSight | undefined
  /** Where the request comes from, where that is known. */
  readonly address?: string | undefined
  /** The body as a JSON object; throws the contract's faults. */
  readonly body: () => Promise<Record<string, unknown>>
}

/**
 * `public`: with or without a key · `key`: any live key · `management`: a management key (403 for others, H4), or somebody who is signed in ·
 * `person`: somebody who is signed in, whatever account they are in · `operator`: the operator, signed in, or a management key of the first
 * account that is of nobody.
 */
export type RouteAuth = 'public' | 'key' | 'management' | 'person' | 'operator'

/** One operation of the control plane. The table of them is the contract: `src/server/api/routes.ts`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** Below `/api/v1`: `/models/{author}/{slug}/endpoints`. */
  readonly path: string
  readonly auth: RouteAuth
  /** Of management routes: what it is, in the table of what roles may do. Only admins may do what is not said. */
  readonly operation?: Operation
  /** Of management routes: a key of a wallet may ask too, for what is its own. It has a caller then, and no access. */
  readonly isForWallets?: true
  /** The JSON body of a 200 (or a Response for anything else). Throws Fault. */
  readonly handle: (context: RouteContext) => Promise<object | Response> | object | Response
}
