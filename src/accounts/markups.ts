import type { Markup, Snapshot } from '../catalog/endpoint.ts'
import { withMarkups } from '../catalog/priced.ts'
import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { Actor } from './audit-entry.ts'
import type { Change } from './people-store.ts'

const MARKUPS_MAX = 1_000

/** A markup that the operator has made over the API or at the command line, beside those of `switchyard.yaml`. */
export interface KeptMarkup extends Markup { readonly id: string; readonly createdMs: number; readonly updatedMs: number }

/** As the store keeps all of them together. */
export function readMarkupList(json: string | undefined): readonly KeptMarkup[] {
  // Written by the store, from the same type.
  return json === undefined ? [] : JSON.parse(json) as KeptMarkup[]
}

/** Whom and what a markup is of: there is one for each. */
export function isSameMarkup(a: Markup, b: Markup): boolean {
  return a.account === b.account && a.model === b.model && a.provider === b.provider
}

/** What markups need stored; as `InstanceStore`. */
export interface MarkupStore {
  markups(): Promise<readonly KeptMarkup[]>
  /** Makes it, or replaces the one of the same account, model and provider. */
  putMarkup(markup: KeptMarkup, markupsMax: number, change: Change): Promise<KeptMarkup | 'too_many'>
  /** False: there is none. */
  deleteMarkup(id: string, change: Change): Promise<boolean>
}

/** What the operator asks over list price, as far as it is kept in the store: right within a second in every process, wherever it is changed. */
export class Markups {
  private kept: readonly KeptMarkup[] = []
  /** As of `Instance`. */
  private asked = 0
  private answered = 0

  constructor(private readonly store: MarkupStore, private readonly clock: Clock) {}

  /** Asks the store: at the start, and when it says that they were changed. */
  async load(): Promise<void> {
    const asked = ++this.asked
    const kept = await this.store.markups()
    if (asked < this.answered) return
    this.answered = asked
    // The same ones stay the same list: what was made of the catalogue with them stays good.
    if (JSON.stringify(kept) !== JSON.stringify(this.kept)) this.kept = Object.freeze(kept)
  }

  /** The catalogue with them. The same one where there are none. */
  in(snapshot: Snapshot): Snapshot {
    return withMarkups(snapshot, this.kept)
  }

  async list(): Promise<readonly KeptMarkup[]> {
    return await this.store.markups()
  }

  /** Throws Fault `invalid_request`. */
  async put(markup: Markup, by: Actor): Promise<KeptMarkup> {
    const nowMs = this.clock.wallMs()
    const made = await this.store.putMarkup({ ...markup, id: rowId(), createdMs: nowMs, updatedMs: nowMs }, MARKUPS_MAX, { by, nowMs })
    if (made === 'too_many') throw new Fault('invalid_request', `There are at most ${MARKUPS_MAX} markups. Take one back: DELETE /api/v1/instance/markups/{id}.`)
    await this.load()
    return made
  }

  /** Throws Fault `not_found`. */
  async delete(id: string, by: Actor): Promise<void> {
    if (!await this.store.deleteMarkup(id, { by, nowMs: this.clock.wallMs() })) throw new Fault('not_found', 'There is no such markup. GET /api/v1/instance/markups lists them; those of `switchyard.yaml` are changed there.')
    await this.load()
  }
}
