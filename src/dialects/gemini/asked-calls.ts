import type { Message } from '../../core/call.ts'

/** A call that a result may answer: its function, and its place among all calls. */
export interface Asked { readonly name: string; readonly order: number }

/** The calls of a conversation, for the results that follow them: found by their ids, and where a result has none of those by the name of their function. */
export class AskedCalls {
  /** Of two calls with one id the later: hosts use the same ids again in a later turn. */
  private readonly byId = new Map<string, Asked>()
  /** The last call of each function. */
  private readonly byName = new Map<string, Asked>()
  /** Ids of the last turn's calls that have no result yet, by function, the oldest first. */
  private readonly waiting = new Map<string, Set<string>>()
  /** Counts calls, not ids. */
  private count = 0

  add(id: string, name: string): void {
    const before = this.byId.get(id)
    if (before) this.waiting.get(before.name)?.delete(id)
    const call = { name, order: this.count++ }
    this.byId.set(id, call)
    this.byName.set(name, call)
    const ids = this.waiting.get(name)
    if (ids) ids.add(id)
    else this.waiting.set(name, new Set([id]))
  }

  /** The call that a result is of; behind all of them where only its function is known. undefined: nothing is. */
  of({ tool_call_id: id, name }: Message): Asked | undefined {
    const call = id === undefined ? undefined : this.byId.get(id)
    return call ?? (name ? this.byName.get(name) ?? { name, order: this.count } : undefined)
  }

  /** A result has come: of the call with its id, or of the oldest that waits of its function. */
  answer({ tool_call_id: id, name = '' }: Message): void {
    const call = id === undefined ? undefined : this.byId.get(id)
    const ids = this.waiting.get(call?.name ?? name)
    const [answered] = call ? [id] : ids ?? []
    if (answered !== undefined) ids?.delete(answered)
  }

  /** The ids of all that have no result, which do not wait any more. */
  close(): string[] {
    const ids = [...this.waiting.values()].flatMap((one) => [...one])
    this.waiting.clear()
    return ids
  }
}
