import type { Actor } from '../accounts/audit-entry.ts'
import type { Listed, Page } from '../accounts/people-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { AlertChange, AlertSettings } from './alert-settings.ts'
import type { AllowanceScope, PacedAllowance } from './allowance.ts'
import type { NoticePage, NoticeReader, NoticeRow, NoticeStore } from './notice-store.ts'
import type { Delivery, DeliveryState } from './outbox.ts'

export interface NoticeDeskOptions {
  readonly store: NoticeStore
  readonly clock: Clock
  /** Ends when the store has every settlement so far. */
  readonly flush: () => Promise<void>
}

/** What people see of notices: lists, settings, what became of letters, how long allowances last. */
export class NoticeDesk {
  constructor(private readonly options: NoticeDeskOptions) {}

  list(reader: NoticeReader, page: NoticePage): Promise<Listed<NoticeRow> & { readonly unread: number }> {
    return this.options.store.listNotices(reader, page)
  }

  /** How many of these (undefined: all) were not read before. */
  markRead(reader: NoticeReader, ids: readonly string[] | undefined): Promise<number> {
    return this.options.store.markRead(reader, ids, this.options.clock.wallMs())
  }

  settings(accountId: string): Promise<AlertSettings> {
    return this.options.store.alertSettings(accountId)
  }

  changeSettings(accountId: string, wish: AlertChange, by: Actor): Promise<AlertSettings> {
    return this.options.store.changeAlertSettings(accountId, wish, { by, nowMs: this.options.clock.wallMs() })
  }

  deliveries(accountId: string, page: Page & { readonly state?: DeliveryState; readonly target?: string }): Promise<Listed<Delivery>> {
    return this.options.store.listDeliveries(accountId, page)
  }

  /** With every generation that a client of this process has seen the end of. */
  async allowances(accountId: string, scope: AllowanceScope): Promise<readonly PacedAllowance[]> {
    await this.options.flush()
    return await this.options.store.allowances(accountId, scope, this.options.clock.wallMs())
  }
}
