import type { Actor } from '../accounts/audit-entry.ts'
import type { SealedElsewhere } from '../accounts/byok/byok-keys.ts'
import { resealAll, type Resealed } from '../accounts/byok/reseal.ts'
import type { NoticeKind } from '../accounts/notice.ts'
import type { Listed, Page } from '../accounts/people-store.ts'
import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import { deliver, type Poster } from './courier.ts'
import { slackText, webhookBody } from './notice-board.ts'
import type { Vault } from './vault.ts'
import { newWebhookSecret } from './webhook.ts'
import { webhookContext, WEBHOOKS_MAX, type DeliveryResult, type WebhookChange, type WebhookEndpoint, type WebhookFormat, type WebhookStore } from './webhook-endpoint.ts'

export interface WebhooksOptions {
  readonly store: WebhookStore
  readonly vault: Vault
  readonly clock: Clock
  readonly poster: Poster & { refusal(url: string): string | undefined }
  /** Sends what waits, now. */
  readonly poke: () => void
}

export interface NewWebhook {
  readonly accountId: string
  readonly url: string
  readonly name: string | null
  readonly format: WebhookFormat
  readonly events: readonly NoticeKind[] | null
}


/** Where accounts have notices posted, as people see it: a secret is shown once, when it is made. */
export class Webhooks implements SealedElsewhere {
  constructor(private readonly options: WebhooksOptions) {}

  list(accountId: string, page: Page): Promise<Listed<WebhookEndpoint>> {
    return this.options.store.listWebhooks(accountId, page)
  }

  get(accountId: string, id: string): Promise<WebhookEndpoint | undefined> {
    return this.options.store.webhook(accountId, id)
  }

  /** With the secret that signs; null for a Slack channel, whose address is it. */
  async create({ accountId, url, name, format, events }: NewWebhook, by: Actor): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string | null }> {
    const { store, vault, clock } = this.options
    this.check(url)
    const [id, nowMs] = [rowId(), clock.wallMs()]
    const secret = format === 'slack' ? url : newWebhookSecret()
    const endpoint: WebhookEndpoint = {
      id, accountId, url: shown(url, format), name, format, events, disabledMs: null, disabledReason: null, failures: 0, failingSinceMs: null, deliveredMs: null, error: null, createdMs: nowMs, updatedMs: null,
    }
    const made = await store.insertWebhook({ ...endpoint, sealed: await vault.seal(secret, webhookContext(endpoint)) }, { by, nowMs })
    if (!made) throw new Fault('conflict', `An account has at most ${WEBHOOKS_MAX} webhook endpoints: delete one first.`)
    return { endpoint, secret: format === 'slack' ? null : secret }
  }

  /** Undefined when there is none. */
  async change(accountId: string, id: string, wish: Omit<WebhookChange, 'sealed'>, by: Actor): Promise<WebhookEndpoint | undefined> {
    const { store, vault, clock, poke } = this.options
    const before = await store.webhook(accountId, id)
    if (!before) return undefined
    if (wish.url !== undefined) this.check(wish.url)
    const moved = wish.url === undefined ? {} : before.format === 'slack' ? { url: shown(wish.url, 'slack'), sealed: await vault.seal(wish.url, webhookContext(before)) } : { url: wish.url }
    const changed = await store.changeWebhook(accountId, id, { ...wish, ...moved }, { by, nowMs: clock.wallMs() })
    poke()
    return changed
  }

  delete(accountId: string, id: string, by: Actor): Promise<boolean> {
    return this.options.store.deleteWebhook(accountId, id, { by, nowMs: this.options.clock.wallMs() })
  }

  /** Posts a test now, once, to one that is disabled too. Undefined when there is none. */
  async test(accountId: string, id: string): Promise<(DeliveryResult & { readonly status?: number }) | undefined> {
    const { store, vault, clock, poster } = this.options
    const endpoint = await store.webhook(accountId, id)
    if (!endpoint) return undefined
    const secret = vault.open(endpoint.sealed, webhookContext(endpoint))
    if (secret === undefined) throw new Fault('conflict', 'The secret of this endpoint is sealed under a master key that this node does not have.')
    const said = { accountId, kind: 'webhook.test' as const, title: 'A test', text: 'This webhook endpoint works.', data: {} }
    const body = endpoint.format === 'slack' ? { text: slackText(said) } : webhookBody(said, clock.wallMs())
    return await deliver(poster, { id: rowId(), atMs: clock.wallMs(), body: JSON.stringify(body) }, { url: endpoint.url, format: endpoint.format, secret })
  }

  /** Seals all secrets anew under the newest master key. How many there were, and how many no key here opens. */
  async reseal(currentId: string): Promise<Resealed> {
    const { store, vault } = this.options
    return await resealAll({
      list: (limit) => store.webhooksSealedByOthers(currentId, limit), open: (endpoint) => vault.open(endpoint.sealed, webhookContext(endpoint)), seal: (secret, endpoint) => vault.seal(secret, webhookContext(endpoint)),
      keep: (endpoint, sealed) => store.resealWebhook(endpoint.accountId, endpoint.id, endpoint.sealed, sealed),
    })
  }

  async anySealedByOthers(sealKeyId: string): Promise<boolean> {
    return (await this.options.store.webhooksSealedByOthers(sealKeyId, 1)).length > 0
  }

  private check(url: string): void {
    const refusal = url.length > URL_CHARS_MAX ? `must be an address of at most ${URL_CHARS_MAX} characters` : this.options.poster.refusal(url)
    if (refusal !== undefined) throw new Fault('invalid_request', `The field \`url\` ${refusal}.`, { metadata: { field: 'url' } })
  }
}

const URL_CHARS_MAX = 2_000

/** What of an address people see again. */
function shown(url: string, format: WebhookFormat): string {
  return format === 'slack' ? `${new URL(url).origin}/…` : url
}
