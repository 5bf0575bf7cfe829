import type { Clock } from '../lib/clock.ts'
import type { Caller } from './caller.ts'
import type { FoundKey } from './key-store.ts'

const LIVE_MAX = 20_000
const UNKNOWN_MAX = 20_000

interface Entry {
  readonly caller: Caller
  readonly endsMs: number | null
  /** When its use was noted last. */
  usedMs: number
}

/** A key's use is noted no more often than this: a write for each call would cost more than the call. */
const NOTE_USE_MS = 60_000

/**
 * Keys seen lately, by the hash of their secret, so that a call's key costs no question to the store. It holds what the store said until it is told
 * of a change (`forget`); what is not a key is remembered too, apart, so that guessing pushes out no key that lives.
 */
export class KeyCache {
  private readonly live = new Map<string, Entry>()
  private readonly unknown = new Set<string>()
  private readonly asking = new Map<string, Promise<Caller | undefined>>()

  /** `onUse` hears of a key that is used, now and then. */
  constructor(private readonly load: (hash: string) => Promise<FoundKey | undefined>, private readonly clock: Clock, private readonly onUse: (caller: Caller, nowMs: number) => void = () => undefined) {}

  find(hash: string): Caller | undefined | Promise<Caller | undefined> {
    const entry = this.live.get(hash)
    if (entry) return this.ifLive(entry)
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
    const answer = this.load(hash).then((found) => {
      const entry = found && { caller: frozen(found.caller), endsMs: found.endsMs, usedMs: Number.NEGATIVE_INFINITY }
      if (this.asking.get(hash) === answer) this.keep(hash, entry)
      return entry && this.ifLive(entry)
    })
    const done = () => { if (this.asking.get(hash) === answer) this.asking.delete(hash) }
    this.asking.set(hash, answer)
    answer.then(done, done)
    return answer
  }

  private keep(hash: string, entry: Entry | undefined): void {
    if (entry) {
      dropOldest(this.live, LIVE_MAX)
      this.live.set(hash, entry)
    } else {
      dropOldest(this.unknown, UNKNOWN_MAX)
      this.unknown.add(hash)
    }
  }

  private ifLive(entry: Entry): Caller | undefined {
    const { caller, endsMs } = entry
    const nowMs = this.clock.wallMs()
    if (caller.key.disabled || (endsMs !== null && nowMs >= endsMs)) return undefined
    if (nowMs - entry.usedMs >= NOTE_USE_MS) {
      entry.usedMs = nowMs
      this.onUse(caller, nowMs)
    }
    return caller
  }
}

/** What many calls share nobody changes. */
function frozen(caller: Caller): Caller {
  Object.freeze(caller.key)
  return Object.freeze(caller)
}

/** Makes room for one more. First in, first out: exact order of use is not worth its cost on every call. */
function dropOldest(entries: { readonly size: number; keys(): IterableIterator<string>; delete(key: string): boolean }, max: number): void {
  if (entries.size < max) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
