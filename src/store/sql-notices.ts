import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { AlertChange, AlertSettings } from '../notices/alert-settings.ts'
import type { AllowanceScope, Crossing, PacedAllowance, SweepPlace } from '../notices/allowance.ts'
import type { Announcement, NoticePage, NoticeReader, NoticeRow, NoticeStore } from '../notices/notice-store.ts'
import type { Claim, Delivery, DeliveryState, Message, NewMessage, Outcome } from '../notices/outbox.ts'
import type { DeliveryResult, SealedWebhookEndpoint, WebhookChange, WebhookEndpoint } from '../notices/webhook-endpoint.ts'
import { changeAlertSettings, crossingsOf, listAllowances, pruneAlerts, readAlertSettings, setAlarms, sweep, type Alarm } from './alert-rows.ts'
import { announce, listNotices, markRead, pruneNotices } from './notice-rows.ts'
import { anyDue, claimMessages, enqueue, finishMessage, letGoOfMessages, listDeliveries } from './outbox-rows.ts'
import type { Database } from './sql.ts'
import type { Touched } from './touched.ts'
import { changeWebhook, deleteWebhook, findWebhook, insertWebhook, listWebhooks, noteDelivery, resealWebhook, webhooksSealedByOthers } from './webhook-rows.ts'

/** What the port of notices says is stored, in a database: each method is one transaction, but for the first of a balance's alarms. */
export class SqlNotices implements NoticeStore {
  /** `touched`: what settlements of this process have used. */
  constructor(private readonly database: Database, private readonly touched: Touched) {}

  enqueue(messages: readonly NewMessage[], nowMs: number): Promise<void> {
    return this.database.writeBeside((sql) => enqueue(sql, messages, nowMs))
  }

  async claimMessages(claim: Claim): Promise<readonly Message[]> {
    if (!await this.database.read((sql) => anyDue(sql, claim))) return []
    return this.database.writeBeside((sql) => claimMessages(sql, claim))
  }

  finishMessage(accountId: string, id: string, outcome: Outcome, nowMs: number): Promise<void> {
    return this.database.writeBeside((sql) => finishMessage(sql, accountId, id, outcome, nowMs))
  }

  letGoOfMessages(nodeId: string): Promise<void> {
    return this.database.writeBeside((sql) => letGoOfMessages(sql, nodeId))
  }

  listDeliveries(accountId: string, page: Page & { readonly state?: DeliveryState; readonly target?: string }): Promise<Listed<Delivery>> {
    return this.database.read((sql) => listDeliveries(sql, accountId, page))
  }

  pruneNotices(beforeMs: number): Promise<void> {
    return this.database.writeBeside(async (sql) => {
      await pruneNotices(sql, beforeMs)
      await pruneAlerts(sql, beforeMs)
    })
  }

  listWebhooks(accountId: string, page: Page): Promise<Listed<WebhookEndpoint>> {
    return this.database.read((sql) => listWebhooks(sql, accountId, page))
  }

  webhook(accountId: string, id: string): Promise<SealedWebhookEndpoint | undefined> {
    return this.database.read((sql) => findWebhook(sql, accountId, id))
  }

  insertWebhook(endpoint: SealedWebhookEndpoint, change: Change): Promise<boolean> {
    return this.database.write((sql) => insertWebhook(sql, endpoint, change))
  }

  changeWebhook(accountId: string, id: string, wish: WebhookChange, change: Change): Promise<WebhookEndpoint | undefined> {
    return this.database.write((sql) => changeWebhook(sql, accountId, id, wish, change))
  }

  deleteWebhook(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteWebhook(sql, accountId, id, change))
  }

  noteDelivery(accountId: string, id: string, result: DeliveryResult, nowMs: number): Promise<boolean> {
    return this.database.write((sql) => noteDelivery(sql, accountId, id, result, nowMs))
  }

  webhooksSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedWebhookEndpoint[]> {
    return this.database.read((sql) => webhooksSealedByOthers(sql, sealKeyId, limit))
  }

  resealWebhook(accountId: string, id: string, before: string, after: string): Promise<boolean> {
    return this.database.write((sql) => resealWebhook(sql, accountId, id, before, after))
  }

  alertSettings(accountId: string): Promise<AlertSettings> {
    return this.database.read((sql) => readAlertSettings(sql, accountId))
  }

  changeAlertSettings(accountId: string, wish: AlertChange, change: Change): Promise<AlertSettings> {
    return this.database.write((sql) => changeAlertSettings(sql, accountId, wish, change))
  }

  async crossingsOfTouched(nowMs: number, isMoneyOn: boolean): Promise<readonly Crossing[]> {
    const touches = this.touched.take()
    if (touches.length === 0) return []
    try {
      const { crossings, alarms } = await this.database.read((sql) => crossingsOf(sql, touches, nowMs, isMoneyOn))
      await this.setAlarms(alarms)
      return crossings
    } catch (error) {
      this.touched.putBack(touches)
      throw error
    }
  }

  async sweepCrossings(from: SweepPlace | undefined, nowMs: number, isMoneyOn: boolean): Promise<{ readonly crossings: readonly Crossing[]; readonly next: SweepPlace | undefined }> {
    const { crossings, alarms, next } = await this.database.read((sql) => sweep(sql, from, nowMs, isMoneyOn))
    await this.setAlarms(alarms)
    return { crossings, next }
  }

  allowances(accountId: string, scope: AllowanceScope, nowMs: number): Promise<readonly PacedAllowance[]> {
    return this.database.read((sql) => listAllowances(sql, accountId, scope, nowMs))
  }

  announce(announcement: Announcement, nowMs: number): Promise<boolean> {
    return this.database.write((sql) => announce(sql, announcement, nowMs))
  }

  listNotices(reader: NoticeReader, page: NoticePage): Promise<Listed<NoticeRow> & { readonly unread: number }> {
    return this.database.read((sql) => listNotices(sql, reader, page))
  }

  markRead(reader: NoticeReader, ids: readonly string[] | undefined, nowMs: number): Promise<number> {
    return this.database.write((sql) => markRead(sql, reader, ids, nowMs))
  }

  private async setAlarms(alarms: readonly Alarm[]): Promise<void> {
    if (alarms.length > 0) await this.database.write((sql) => setAlarms(sql, alarms))
  }
}
