import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { Listed, Page } from './people-store.ts'

/** What can be wrong with an answer (contract J7). */
export const FEEDBACK_CATEGORIES = ['latency', 'incoherence', 'incorrect_response', 'formatting', 'billing', 'api_error', 'other'] as const
export type FeedbackCategory = (typeof FEEDBACK_CATEGORIES)[number]

/** What somebody said of an answer. The comment is theirs: it is in no log. */
export interface Feedback {
  readonly id: string
  readonly accountId: string
  readonly generationId: string
  readonly category: FeedbackCategory
  readonly comment: string | null
  /** Who said it; null: a key that is the account's own. */
  readonly userId: string | null
  /** The key that the call was made with. */
  readonly keyHash: string
  readonly createdMs: number
}

/** Which are asked for. Newest first. */
export interface FeedbackPage extends Page {
  /** undefined: of every account. */
  readonly accountId?: string
  /** Only of calls by keys of this person. */
  readonly ownerId?: string
  readonly category?: FeedbackCategory
  readonly generationId?: string
}

/** `no_generation`: the account, or the person, made no such call · `too_many`: enough was said of it. */
export type FeedbackRefusal = 'no_generation' | 'too_many'

/** What feedback needs stored; as `PeopleStore`. */
export interface FeedbackStore {
  /** `ownerId`: the call must be of a key of this person. */
  insertFeedback(feedback: Omit<Feedback, 'keyHash'>, ownerId: string | undefined): Promise<FeedbackRefusal | undefined>
  listFeedback(page: FeedbackPage): Promise<Listed<Feedback>>
}

export interface NewFeedback extends Pick<Feedback, 'accountId' | 'generationId' | 'category' | 'comment' | 'userId'> { readonly ownerId: string | undefined }

/** What people say of answers. */
export class FeedbackBook {
  /** `flush`: brings this process's settlements to the store, so that an answer can be spoken of once it is there. */
  constructor(private readonly options: { readonly store: FeedbackStore; readonly clock: Clock; readonly flush: () => Promise<void> }) {}

  /** Throws Fault `not_found` for a call that is not theirs. */
  async add({ ownerId, ...feedback }: NewFeedback): Promise<void> {
    await this.options.flush()
    const refusal = await this.options.store.insertFeedback({ ...feedback, id: rowId(), createdMs: this.options.clock.wallMs() }, ownerId)
    if (refusal === 'too_many') throw new Fault('rate_limited', 'Enough was said of this answer.')
    if (refusal === 'no_generation') throw new Fault('not_found', `There is no generation \`${feedback.generationId.slice(0, 100)}\` of yours. A call is recorded once it has ended.`)
  }

  list(page: FeedbackPage): Promise<Listed<Feedback>> {
    return this.options.store.listFeedback(page)
  }
}
