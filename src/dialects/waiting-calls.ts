/** Tool calls that no message has answered yet, under the ids that they have on the wire. */
export class WaitingCalls {
  /** The client's id of each waiting call → its ids on the wire, in the order of the calls. */
  private readonly waiting = new Map<string, string[]>()
  private readonly used = new Set<string>()
  /** First choice of an id → the choice that was free last: of those before none is ever free again. */
  private readonly reached = new Map<string, number>()

  /** `idOf`: what may be an id on this wire, and the nth choice where the ones before are taken: some models number their calls afresh each turn. */
  constructor(private readonly idOf: (id: string, nth: number) => string) {}

  /** The id of a call on the wire: no id twice in a conversation. */
  add(id: string): string {
    const first = this.idOf(id, 1)
    let nth = this.reached.get(first) ?? 1
    let name = nth === 1 ? first : this.idOf(id, nth)
    while (this.used.has(name)) name = this.idOf(id, ++nth)
    this.reached.set(first, nth)
    this.used.add(name)
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
