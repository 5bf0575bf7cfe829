import type { JsonObject } from '../core/json.ts'

/** What a notice can be about; webhooks choose among them. */
export const NOTICE_KINDS = ['balance.low', 'allowance.threshold', 'webhook.disabled', 'payment.failed'] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** Something that people of an account should know: in the console, by letter and by webhook, as its settings say. */
export interface Notice {
  readonly accountId: string
  readonly kind: NoticeKind
  /** One line. */
  readonly title: string
  /** What happened, and what to do about it; plain text. */
  readonly text: string
  /** The same for programs. No secret in it. */
  readonly data: JsonObject
  /** Whom it is about, beside the admins: they see it, and get it where the settings say so. */
  readonly userId?: string | null
  /** The workspace whose members see it. */
  readonly workspaceId?: string | null
  /** The same reference is told once. */
  readonly reference: string
}

/** Tells people of an account something. */
export interface Notices {
  /** False: its reference was told before. Throws Fault `unavailable`. */
  tell(notice: Notice): Promise<boolean>
}
