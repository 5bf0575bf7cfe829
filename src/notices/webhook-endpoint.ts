import type { NoticeKind } from '../accounts/notice.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'

/** `standard`: the body says what happened, signed · `slack`: a text for a Slack channel, whose address is its secret. */
export const WEBHOOK_FORMATS = ['standard', 'slack'] as const
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number]

/** Where an account has notices posted. */
export interface WebhookEndpoint {
  readonly id: string
  readonly accountId: string
  /** Of a Slack channel only its host: its whole address lets in whoever knows it, and is its secret. */
  readonly url: string
  readonly name: string | null
  readonly format: WebhookFormat
  /** null: all kinds. */
  readonly events: readonly NoticeKind[] | null
  /** Not null: nothing is posted any more. */
  readonly disabledMs: number | null
  /** Why, where it was not a person who did it. */
  readonly disabledReason: string | null
  /** Tries in a row that failed, and since when. */
  readonly failures: number
  readonly failingSinceMs: number | null
  /** When it last took something. */
  readonly deliveredMs: number | null
  /** What went wrong last; null after a success. */
  readonly error: string | null
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** With its secret, sealed: what signs, or the address of a Slack channel. */
export interface SealedWebhookEndpoint extends WebhookEndpoint { readonly sealed: string }

export interface WebhookChange {
  readonly url?: string
  /** Another secret. */
  readonly sealed?: string
  readonly name?: string | null
  readonly events?: readonly NoticeKind[] | null
  /** false: enabled again, and what was given up in the last days is tried again. */
  readonly disabled?: boolean
}

/** What webhooks need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface WebhookStore {
  /** Oldest first. */
  listWebhooks(accountId: string, page: Page): Promise<Listed<WebhookEndpoint>>
  webhook(accountId: string, id: string): Promise<SealedWebhookEndpoint | undefined>
  /** False when the account has as many as it may. */
  insertWebhook(endpoint: SealedWebhookEndpoint, change: Change): Promise<boolean>
  changeWebhook(accountId: string, id: string, wish: WebhookChange, change: Change): Promise<WebhookEndpoint | undefined>
  /** What waits for it goes too. */
  deleteWebhook(accountId: string, id: string, change: Change): Promise<boolean>
  /** How a post went. True when the endpoint was disabled by it. */
  noteDelivery(accountId: string, id: string, result: DeliveryResult, nowMs: number): Promise<boolean>
  /** Of all accounts: those whose secrets are not sealed under this key, the first of them. */
  webhooksSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedWebhookEndpoint[]>
  /** False when it has another secret by now. */
  resealWebhook(accountId: string, id: string, before: string, after: string): Promise<boolean>
}

/** `isGone`: the endpoint says that it wants no more (410). */
export type DeliveryResult = { readonly ok: true } | { readonly ok: false; readonly error: string; readonly isGone: boolean }

/** What an endpoint's secret is sealed for. */
export function webhookContext({ accountId, id }: Pick<WebhookEndpoint, 'accountId' | 'id'>): string {
  return `webhook ${accountId} ${id}`
}

/** An account has at most so many. */
export const WEBHOOKS_MAX = 20
