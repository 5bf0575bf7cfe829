/** Ids on the wire, no id twice. What is tried grows with the ids that are asked for, however many of them are alike. */
export class WireIds {
  private readonly used = new Set<string>()
  /** First choice of an id → the choice that was free last: of those before none is ever free again. */
  private readonly reached = new Map<string, number>()

  /** `idOf`: what may be an id on this wire, and the nth choice where the ones before are taken. */
  constructor(private readonly idOf: (id: string, nth: number) => string) {}

  /** An id of its own for this one. */
  next(id: string): string {
    const first = this.idOf(id, 1)
    let nth = this.reached.get(first) ?? 1
    let name = nth === 1 ? first : this.idOf(id, nth)
    while (this.used.has(name)) name = this.idOf(id, ++nth)
    this.reached.set(first, nth)
    this.used.add(name)
    return name
  }
}
