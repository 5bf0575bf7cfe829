/**
 * What was looked up lately, by key, until it is forgotten; who asks together asks once. Bounded: the oldest goes first.
 * What is on its way while its key is forgotten is given to those who wait, and not kept.
 */
export class Remembered<T extends object> {
  private readonly kept = new Map<string, T>()
  private readonly asking = new Map<string, Promise<T>>()

  constructor(private readonly load: (key: string) => Promise<T>, private readonly max: number) {}

  find(key: string): T | Promise<T> {
    return this.kept.get(key) ?? this.asking.get(key) ?? this.ask(key)
  }

  forget(key: string): void {
    this.kept.delete(key)
    this.asking.delete(key)
  }

  private ask(key: string): Promise<T> {
    const answer = this.load(key).then((value) => {
      if (this.asking.get(key) === answer) this.keep(key, value)
      return value
    })
    const done = () => { if (this.asking.get(key) === answer) this.asking.delete(key) }
    this.asking.set(key, answer)
    answer.then(done, done)
    return answer
  }

  private keep(key: string, value: T): void {
    const [oldest] = this.kept.keys()
    if (this.kept.size >= this.max && oldest !== undefined) this.kept.delete(oldest)
    this.kept.set(key, value)
  }
}
