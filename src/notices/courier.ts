import type { Notices } from '../accounts/notice.ts'
import type { Clock } from '../lib/clock.ts'
import type { PostAnswer } from '../upstream/egress/outbound.ts'
import { readBody } from './letter-body.ts'
import { LETTER_CONTEXT } from './mailer.ts'
import type { Message, OutboxStore, Outcome } from './outbox.ts'
import { LetterRefused, type Smtp } from './smtp.ts'
import type { Vault } from './vault.ts'
import { waitMs } from './waits.ts'
import { signatureHeaders } from './webhook.ts'
import { webhookContext, type DeliveryResult, type WebhookStore } from './webhook-endpoint.ts'

/** Posts to an address that somebody has named. Throws PostFailed. */
export interface Poster { post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostAnswer> }

export interface CourierOptions {
  readonly nodeId: string
  readonly store: OutboxStore & Pick<WebhookStore, 'webhook' | 'noteDelivery'>
  readonly smtp: Pick<Smtp, 'send'> | undefined
  readonly poster: Poster
  readonly vault: Vault
  readonly clock: Clock
  /** In [0, 1): how much later than it must be a message is tried again. */
  readonly draw: () => number
  /** Told when an endpoint was disabled. */
  readonly notices: Notices
  /** Told what goes wrong in the background. No content in it. */
  readonly log: (line: string) => void
}

const LOOK_MS = 1_000
const CLAIM_MAX = 10
const CLOSE_MS_MAX = 10_000

interface Unfinished { readonly message: Message; readonly outcome: Outcome }

/** Sends what waits in the outbox, from one process of several: each message is claimed before it is tried. */
export class Courier {
  private timer: Timer | undefined
  private passing: Promise<void> | undefined
  private again = false
  private closed = false
  /** What was tried and could not be written down: the store was away. Kept, so that it is not sent twice. */
  private unfinished: Unfinished[] = []
  /** A claim was asked for and its answer never came: what it may have claimed is let go before the next. */
  private isUnsure = false

  constructor(private readonly options: CourierOptions) {}

  start(): void {
    this.timer = setInterval(() => this.poke(), LOOK_MS)
    this.timer.unref()
  }

  /** Looks for what is due, now. */
  poke(): void {
    if (this.closed) return
    this.again = true
    this.passing ??= this.passes().finally(() => { this.passing = undefined })
  }

  /** Sends all that is due now. How many were tried. */
  async pass(): Promise<number> {
    const { nodeId, store, smtp, clock } = this.options
    await this.writeDown()
    if (this.isUnsure) await store.letGoOfMessages(nodeId)
    let tried = 0
    for (;;) {
      this.isUnsure = true
      const messages = this.closed ? [] : await store.claimMessages({ nodeId, without: smtp ? undefined : 'letter', limit: CLAIM_MAX, nowMs: clock.wallMs() })
      this.isUnsure = false
      if (messages.length === 0) return tried
      tried += messages.length
      await Promise.all(messages.map(async (message) => this.unfinished.push({ message, outcome: await this.outcomeOf(message) })))
      await this.writeDown()
    }
  }

  /** Ends once nothing is on its way, or after ten seconds. What waits is sent by others, or after the next start. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    if (this.passing) await Promise.race([this.passing, Bun.sleep(CLOSE_MS_MAX)])
    // The store lets go of the claims of a node that has ended: where it is away now, that is enough.
    if (this.timer) await this.options.store.letGoOfMessages(this.options.nodeId).catch(() => undefined)
  }

  private async passes(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false
      await this.pass().catch((error: unknown) => this.options.log(`letters and webhooks wait: ${String(error)}`))
    }
  }

  private async writeDown(): Promise<void> {
    while (this.unfinished.length > 0) {
      const [{ message: { accountId, id }, outcome }] = this.unfinished as [Unfinished]
      await this.options.store.finishMessage(accountId, id, outcome, this.options.clock.wallMs())
      // Whose address it is, and what the mail server says of it, is not for the log.
      if (!outcome.sent && outcome.nextMs === undefined && accountId === '') this.options.log('a letter was given up: GET /api/v1/instance/deliveries?state=dead says which, and why')
      this.unfinished.shift()
    }
  }

  /** A try that ends in a bug of ours is a failed one: nothing is lost, and the others go on. */
  private async outcomeOf(message: Message): Promise<Outcome> {
    const failed = (error: string, isFinal: boolean): Outcome => ({ sent: false, error: error.slice(0, 500), nextMs: isFinal ? undefined : this.nextMs(message.tries + 1) })
    try {
      return message.kind === 'letter' ? await this.sendLetter(message, failed) : await this.postWebhook(message, failed)
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error), error instanceof LetterRefused && error.isFinal)
    }
  }

  private async sendLetter({ id, target, subject, body, sealed }: Message, failed: (error: string, isFinal: boolean) => Outcome): Promise<Outcome> {
    const { smtp, vault, clock } = this.options
    const opened = sealed === '' ? body : vault.open(sealed, LETTER_CONTEXT)
    if (!smtp) return failed('No mail server is configured on this node.', false)
    if (opened === undefined) return failed('It is sealed under a master key that this node does not have.', false)
    const { text, html, untilMs } = readBody(opened)
    if (untilMs !== undefined && clock.wallMs() > untilMs) return failed('It came too late: what it leads to is over.', true)
    await smtp.send({ to: target, subject, text, ...(html !== undefined && { html }) }, id)
    return { sent: true }
  }

  private async postWebhook(message: Message, failed: (error: string, isFinal: boolean) => Outcome): Promise<Outcome> {
    const { store, vault, clock, notices } = this.options
    const { accountId, target } = message
    const endpoint = await store.webhook(accountId, target)
    if (!endpoint) return failed('The endpoint was deleted.', true)
    if (endpoint.disabledMs !== null) return failed('The endpoint is disabled.', true)
    const secret = vault.open(endpoint.sealed, webhookContext(endpoint))
    if (secret === undefined) return failed('Its secret is sealed under a master key that this node does not have.', false)
    const result = await deliver(this.options.poster, { id: message.id, atMs: clock.wallMs(), body: message.body }, { url: endpoint.url, format: endpoint.format, secret })
    const isDisabled = await store.noteDelivery(accountId, target, result, clock.wallMs())
    if (isDisabled) await notices.tell(disabledNotice(endpoint, result, clock.wallMs()))
    return result.ok ? { sent: true } : failed(result.error, isDisabled || result.isGone)
  }

  private nextMs(tries: number): number | undefined {
    const wait = waitMs(tries, this.options.draw())
    return wait === undefined ? undefined : this.options.clock.wallMs() + wait
  }
}

/** One post, signed where it is one of ours. A redirect is a failure: what is signed is for one place. */
export async function deliver(poster: Poster, signed: { readonly id: string; readonly atMs: number; readonly body: string }, { url, format, secret }: { readonly url: string; readonly format: 'standard' | 'slack'; readonly secret: string }): Promise<DeliveryResult & { readonly status?: number }> {
  try {
    const answer = format === 'slack' ? await poster.post(secret, {}, signed.body) : await poster.post(url, signatureHeaders(signed, secret), signed.body)
    if (answer.status >= 200 && answer.status < 300) return { ok: true, status: answer.status }
    return { ok: false, status: answer.status, error: `It answered with ${answer.status}.`, isGone: answer.status === 410 }
  } catch (error) {
    return { ok: false, error: `It could not be posted: ${error instanceof Error ? error.message : String(error)}.`, isGone: false }
  }
}

function disabledNotice({ accountId, id, url, name, failingSinceMs }: { readonly accountId: string; readonly id: string; readonly url: string; readonly name: string | null; readonly failingSinceMs: number | null }, result: DeliveryResult, nowMs: number) {
  const error = result.ok ? '' : result.error
  return {
    accountId, kind: 'webhook.disabled' as const, reference: `webhook.disabled:${id}:${nowMs}`, title: `The webhook endpoint ${name ?? url} was disabled`,
    text: `Nothing is posted to ${url} any more: it has failed since ${new Date(failingSinceMs ?? nowMs).toISOString()}. Last: ${error}\n\nWhen it works again, enable it: PATCH /api/v1/notifications/webhooks/${id} with {"disabled": false}. What was given up in the last seven days is posted then.`,
    data: { endpoint: { id, url, name }, error },
  }
}
