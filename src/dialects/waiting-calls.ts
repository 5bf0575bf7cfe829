import { WireIds } from './wire-ids.ts'

/** Tool calls that no message has answered yet, under the ids that they have on the wire. */
export class WaitingCalls {
  /** The client's id of each waiting call → its ids on the wire, in the order of the calls. */
  private readonly waiting = new Map<string, string[]>()
  private readonly ids: WireIds

  /** `idOf`: as in `WireIds`. Some models number their calls afresh each turn. */
  constructor(idOf: (id: string, nth: number) => string) {
    this.ids = new WireIds(idOf)
  }

  /** The id of a call on the wire: no id twice in a conversation. */
  add(id: string): string {
    const name = this.ids.next(id)
    const ids = this.waiting.get(id)
    if (ids) ids.push(name)
    else this.waiting.set(id, [name])
    return name
  }

  /** The id on the wire of the oldest waiting call that the client gave this id; undefined where there is none. */
  answer(id: string): string | undefined {
    const ids = this.waiting.get(id)
    const name = ids?.shift()
    if (ids?.length === 0) this.waiting.delete(id)
    return name
  }

  /** All that were waiting, which are not any more. */
  close(): string[] {
    const names = [...this.waiting.values()].flat()
    this.waiting.clear()
    return names
  }
}
