import type { Listed, Page } from '../accounts/people-store.ts'

/** A letter or the body of a webhook, on its way. */
export interface Message {
  /** '' for letters to people of no account. */
  readonly accountId: string
  readonly id: string
  readonly kind: 'letter' | 'webhook'
  /** The address, or the id of the endpoint. */
  readonly target: string
  /** What it is about, in one line; no secret. */
  readonly subject: string
  /** JSON: of a letter its text and HTML, of a webhook what is posted. '' where it is sealed. */
  readonly body: string
  /** The body, sealed; '' where it is not. */
  readonly sealed: string
  /** How often it was tried. */
  readonly tries: number
  readonly createdMs: number
}

export interface NewMessage extends Pick<Message, 'accountId' | 'kind' | 'target' | 'subject' | 'body' | 'sealed'> {
  /** The same is taken once for one target; null: always. */
  readonly reference: string | null
}

/** `waiting` to be tried, or tried again · `sent` · `dead`: given up, with the last error. */
export const DELIVERY_STATES = ['waiting', 'sent', 'dead'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** What became of a message, for people. */
export interface Delivery extends Pick<Message, 'id' | 'kind' | 'target' | 'subject' | 'tries' | 'createdMs'> {
  readonly state: DeliveryState
  readonly nextMs: number | null
  readonly error: string | null
  readonly updatedMs: number
}

/** How a try ended. `nextMs` undefined: it is not tried again. */
export type Outcome = { readonly sent: true } | { readonly sent: false; readonly error: string; readonly nextMs: number | undefined }

/** `without`: the kind that this node cannot send. */
export interface Claim { readonly nodeId: string; readonly without: Message['kind'] | undefined; readonly limit: number; readonly nowMs: number }

/** What the outbox needs stored. Every method is one transaction; a method that fails throws Fault `unavailable`. */
export interface OutboxStore {
  enqueue(messages: readonly NewMessage[], nowMs: number): Promise<void>
  /** Takes messages that are due, for this node alone. It lets go of them when it has ended. */
  claimMessages(claim: Claim): Promise<readonly Message[]>
  finishMessage(accountId: string, id: string, outcome: Outcome, nowMs: number): Promise<void>
  /** Lets go of what a node has claimed and did not send. */
  letGoOfMessages(nodeId: string): Promise<void>
  /** Newest first. */
  listDeliveries(accountId: string, page: Page & { readonly state?: DeliveryState; readonly target?: string }): Promise<Listed<Delivery>>
  /** Removes what was sent or given up before then, and notices of before then. */
  pruneNotices(beforeMs: number): Promise<void>
}
