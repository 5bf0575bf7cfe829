import type { Notice, NoticeKind } from '../accounts/notice.ts'
import type { Listed, Page } from '../accounts/people-store.ts'
import type { JsonObject } from '../core/json.ts'
import type { AlertSettingsStore } from './alert-settings.ts'
import type { AllowanceStore, Crossing } from './allowance.ts'
import type { OutboxStore } from './outbox.ts'
import type { WebhookStore } from './webhook-endpoint.ts'

/** A notice as people see it. */
export interface NoticeRow {
  readonly id: string
  readonly kind: NoticeKind
  readonly title: string
  readonly text: string
  readonly data: JsonObject
  readonly workspaceId: string | null
  readonly userId: string | null
  readonly atMs: number
  /** When who asks has read it. */
  readonly readMs: number | null
}

/** Who reads: `isAdmin` sees everything of the account, others what is about them or a workspace that they are in. */
export interface NoticeReader { readonly accountId: string; readonly userId: string | null; readonly isAdmin: boolean }

export interface NoticePage extends Page { readonly unread?: boolean; readonly kind?: NoticeKind }

/** How a notice is said to each channel. */
export interface Announcement {
  readonly notice: Notice
  /** undefined: no letters are sent here. */
  readonly letter: { readonly subject: string; readonly body: string } | undefined
  readonly webhook: { readonly standard: string; readonly slack: string }
  /** With it, it is told only if nobody has told it. */
  readonly crossing?: Crossing
}

/** What notices need stored. */
export interface NoticeStore extends OutboxStore, WebhookStore, AlertSettingsStore, AllowanceStore {
  /** Keeps the notice, and what goes out of it to whom the account's settings name, in one transaction. False: it was told before. */
  announce(announcement: Announcement, nowMs: number): Promise<boolean>
  /** Newest first, and how many of all are not read. */
  listNotices(reader: NoticeReader, page: NoticePage): Promise<Listed<NoticeRow> & { readonly unread: number }>
  /** How many of these (undefined: all) were not read before. */
  markRead(reader: NoticeReader, ids: readonly string[] | undefined, nowMs: number): Promise<number>
}
