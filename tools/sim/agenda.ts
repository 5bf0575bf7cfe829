/** What is to be done when: the earliest first, of equals the one that was entered first. A binary heap. */
export class Agenda<T> {
  private readonly items: { readonly atMs: number; readonly entered: number; readonly what: T }[] = []
  private entered = 0

  add(atMs: number, what: T): void {
    this.items.push({ atMs, entered: this.entered++, what })
    for (let at = this.items.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.isBefore(at, parent)) return
      this.swap(at, parent)
      at = parent
    }
  }

  nextMs(): number {
    return this.items[0]?.atMs ?? Infinity
  }

  take(): T | undefined {
    const first = this.items[0]
    const last = this.items.pop()
    if (!first || !last) return undefined
    if (this.items.length === 0) return first.what
    this.items[0] = last
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const least = left + 1 < this.items.length && this.isBefore(left + 1, left) ? left + 1 : left
      if (left >= this.items.length || !this.isBefore(least, at)) return first.what
      this.swap(at, least)
      at = least
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [first, second] = [this.items[a], this.items[b]]
    if (!first || !second) return false
    return first.atMs < second.atMs || (first.atMs === second.atMs && first.entered < second.entered)
  }

  private swap(a: number, b: number): void {
    const [first, second] = [this.items[a], this.items[b]]
    if (!first || !second) return
    this.items[a] = second
    this.items[b] = first
  }
}
