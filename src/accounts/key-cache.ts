import type { Clock } from '../lib/clock.ts'
import type { Caller, Key } from './caller.ts'

const LIVE_MAX = 20_000
const UNKNOWN_MAX = 20_000

/**
 * Keys seen lately, so that a call's key costs no question to the store. It holds what the store said until it is told
 * of a change (`forget`); what is not a key is remembered too, apart, so that guessing pushes out no key that lives.
 */
export class KeyCache {
  private readonly live = new Map<string, Caller>()
  private readonly unknown = new Set<string>()
  private readonly asking = new Map<string, Promise<Caller | undefined>>()

  constructor(private readonly load: (hash: string) => Promise<Key | undefined>, private readonly clock: Clock) {}

  find(hash: string): Caller | undefined | Promise<Caller | undefined> {
    const caller = this.live.get(hash)
    if (caller) return this.ifLive(caller)
    if (this.unknown.has(hash)) return undefined
    return this.asking.get(hash) ?? this.ask(hash)
  }

  forget(hash: string): void {
    this.live.delete(hash)
    this.unknown.delete(hash)
    // An answer on its way may be older than the change: the next call asks again.
    this.asking.delete(hash)
  }

  private ask(hash: string): Promise<Caller | undefined> {
    const answer = this.load(hash).then((key) => {
      const caller = key && Object.freeze({ key: Object.freeze(key), accountId: key.accountId })
      if (this.asking.get(hash) === answer) this.keep(hash, caller)
      return caller && this.ifLive(caller)
    })
    const done = () => { if (this.asking.get(hash) === answer) this.asking.delete(hash) }
    this.asking.set(hash, answer)
    answer.then(done, done)
    return answer
  }

  private keep(hash: string, caller: Caller | undefined): void {
    if (caller) {
      dropOldest(this.live, LIVE_MAX)
      this.live.set(hash, caller)
    } else {
      dropOldest(this.unknown, UNKNOWN_MAX)
      this.unknown.add(hash)
    }
  }

  private ifLive(caller: Caller): Caller | undefined {
    const { disabled, expiresMs } = caller.key
    if (disabled || (expiresMs !== null && this.clock.wallMs() >= expiresMs)) return undefined
    return caller
  }
}

/** Makes room for one more. First in, first out: exact order of use is not worth its cost on every call. */
function dropOldest(entries: { readonly size: number; keys(): IterableIterator<string>; delete(key: string): boolean }, max: number): void {
  if (entries.size < max) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
