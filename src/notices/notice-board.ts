import type { Notice, Notices } from '../accounts/notice.ts'
import type { Clock } from '../lib/clock.ts'
import type { Crossing } from './allowance.ts'
import { bodyText, oneLine } from './letter-body.ts'
import type { NoticeStore } from './notice-store.ts'

export interface NoticeBoardOptions {
  readonly store: Pick<NoticeStore, 'announce'>
  readonly clock: Clock
  /** Letters can be sent from here. */
  readonly sendsLetters: boolean
  /** Sends what waits, now. */
  readonly poke: () => void
}

const FOOTER = 'Who is told of what: PATCH /api/v1/notifications/settings, or the page /notifications of the server.'

/** Keeps notices, and puts what goes out of them into the outbox. */
export class NoticeBoard implements Notices {
  constructor(private readonly options: NoticeBoardOptions) {}

  /** `crossing`: told only if nobody has told it. */
  async tell(notice: Notice, crossing?: Crossing): Promise<boolean> {
    const { store, clock, sendsLetters, poke } = this.options
    const nowMs = clock.wallMs()
    const isNew = await store.announce({
      notice, ...(crossing && { crossing }),
      letter: sendsLetters ? { subject: oneLine(notice.title), body: bodyText({ text: `${notice.text}\n\n${FOOTER}` }) } : undefined,
      webhook: { standard: JSON.stringify(webhookBody(notice, nowMs)), slack: JSON.stringify({ text: slackText(notice) }) },
    }, nowMs)
    if (isNew) poke()
    return isNew
  }
}

/** The body of a webhook, as the Standard Webhooks specification has it: type, time, data. */
export function webhookBody({ accountId, kind, title, text, data }: Pick<Notice, 'accountId' | 'kind' | 'title' | 'text' | 'data'> | { readonly accountId: string; readonly kind: 'webhook.test'; readonly title: string; readonly text: string; readonly data: Notice['data'] }, nowMs: number): object {
  return { type: kind, timestamp: new Date(nowMs).toISOString(), data: { account_id: accountId, title, text, ...data } }
}

/** Slack reads three characters as its own (its reference on escaping text). */
export function slackText({ title, text }: Pick<Notice, 'title' | 'text'>): string {
  const plain = (value: string) => value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  return `*${plain(title).replace(/\*/g, '')}*\n${plain(text)}`
}
