import { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import { oneSpelling } from '../core/tags.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { Actor } from './audit-entry.ts'
import type { SharedBudget, SharedBudgetRecord, SharedBudgetStore } from './shared-budget.ts'
import type { BudgetInterval } from './workspace.ts'

/** An account's budgets on tags: every call of it looks at each of them. */
const TAG_BUDGETS_MAX = 100
/** USD. Nano-dollars of it, and sums of them, fit 64 bits. */
const CAP_MAX: Nano = 1_000_000_000n * 1_000_000_000n
const TAG_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/
const TAG_CHARS_MAX = 256

export interface SharedBudgetsOptions {
  readonly store: SharedBudgetStore
  readonly clock: Clock
  /** Brings this process's settlements to the store, so that what is read includes them. */
  readonly flush: () => Promise<void>
}

/** What is said of a budget when it is set. */
export interface SharedBudgetWish extends Pick<SharedBudget, 'accountId' | 'kind' | 'subject' | 'cap'> {
  readonly value?: string | null
  readonly interval?: BudgetInterval
  readonly mode?: SharedBudget['mode']
  readonly isRequired?: boolean
  readonly includeByok?: boolean
}

/** Budgets of members, and on tags. */
export class SharedBudgets {
  constructor(private readonly options: SharedBudgetsOptions) {}

  async list(accountId: string, kind: SharedBudget['kind']): Promise<readonly SharedBudgetRecord[]> {
    const { store, clock, flush } = this.options
    await flush()
    return await store.listSharedBudgets(accountId, kind, clock.wallMs())
  }

  /** Makes or changes the budget of this subject, value and interval: what is not said is as in a new one. */
  async put(wish: SharedBudgetWish, by: Actor): Promise<SharedBudgetRecord> {
    const { accountId, kind, subject, cap, value = null, interval = 'lifetime', mode = 'cap', isRequired = false, includeByok = false } = wish
    if (cap <= 0n || cap > CAP_MAX) throw wrong('limit_usd', 'more than 0, and 1000000000 at most')
    if (kind === 'tag' && !TAG_NAME.test(subject)) throw wrong('tag', 'the name of a tag: 1 to 64 letters, digits, and _ . - inside')
    if (value !== null && (value === '' || value.length > TAG_CHARS_MAX || /\p{Cc}/u.test(value))) throw wrong('value', `a text of 1 to ${TAG_CHARS_MAX} characters in one line, or null for each value by itself`)
    const nowMs = this.options.clock.wallMs()
    const budget: SharedBudget = { id: rowId(), accountId, kind, subject, value: value && oneSpelling(value), interval, cap, mode, isRequired, includeByok, createdMs: nowMs, updatedMs: nowMs }
    await this.options.flush()
    const set = await this.options.store.putSharedBudget(budget, TAG_BUDGETS_MAX, { by, nowMs })
    if (set === 'no_member') throw new Fault('invalid_request', '`user_id` is not the id of a member. GET /api/v1/organization/members lists them.', { metadata: { field: 'user_id' } })
    if (set === 'too_many') throw new Fault('invalid_request', `An account has at most ${TAG_BUDGETS_MAX} budgets on tags: take one away first, or let one without a value count each value by itself.`)
    return set
  }

  /** Throws Fault `not_found`. */
  async delete(accountId: string, kind: SharedBudget['kind'], id: string, by: Actor): Promise<void> {
    if (await this.options.store.deleteSharedBudget(accountId, kind, id, { by, nowMs: this.options.clock.wallMs() })) return
    throw new Fault('not_found', `There is no such budget. GET /api/v1/budgets/${kind}s lists them.`)
  }
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` must be ${what}.`, { metadata: { field } })
}
