import type { Tags } from '../accounts/caller.ts'
import type { End } from '../ledger/line.ts'
import { APP_TAG } from '../ledger/reports.ts'
import { AppBook, appOfCall } from './app-book.ts'
import { isSummed } from './summed.ts'
import { groupBy, sorted, valueOf } from './groups.ts'
import { one, text, type Sql } from './sql.ts'

const DAY_MS = 86_400_000

/** What an account may bring to its sums in a day (UTC). Beyond it a value counts as `other`; records keep what was said. */
export const TAG_LIMITS = { namesMax: 32, valuesMax: 500, setsMax: 2_000 } as const
export type TagLimits = { readonly [K in keyof typeof TAG_LIMITS]: number }

/** What is summed together where there is no room for more. */
const OTHER = 'other'
/** What was seen of older days limits nothing any more. */
const DAYS_KEPT = 3
/** Days of accounts whose tags are remembered. */
const REMEMBERED_MAX = 64

/** What an account has in a day. */
interface Seen { readonly values: Map<string, Set<string>>; readonly sets: Set<string> }

/**
 * The sets of tags that generations are summed under, so that no account has more of them than it may. What is known of a day
 * is remembered from what was committed, never from what this process is about to write. Nodes that meet new tags in the same
 * moment do not see each other's: a limit may be passed by what they bring in one batch.
 */
export class TagBook {
  private readonly remembered = new Map<string, Seen>()
  private readonly apps = new AppBook()

  constructor(private readonly limits: TagLimits = TAG_LIMITS) {}

  /** The set of each call that has tags or an app, by the call's id. Writes what is new of them. */
  async setsOf(sql: Sql, ends: readonly End[]): Promise<Map<string, string>> {
    const sets = new Map<string, string>()
    const tagged = ends.filter((end) => isSummed(end) && summedTags(end))
    for (const [place, ofPlace] of sorted(groupBy(tagged, ({ generation }) => `${String(dayOf(generation)).padStart(9, '0')} ${generation.accountId}`))) {
      for (const [callId, set] of await this.setsOfDay(sql, place, ofPlace)) sets.set(callId, set)
    }
    for (const [accountId, ofAccount] of sorted(groupBy(tagged, ({ generation }) => generation.accountId))) await this.apps.note(sql, accountId, ofAccount)
    return sets
  }

  private async setsOfDay(sql: Sql, place: string, ends: readonly End[]): Promise<[string, string][]> {
    const [first] = ends
    if (!first) return []
    const { accountId } = first.generation
    const day = dayOf(first.generation)
    const known = this.remembered.get(place) ?? await this.load(sql, place, accountId, day)
    const bySaid = groupBy(ends, (end) => textOf(summedTags(end) ?? {}))
    const room = new Room(known, this.limits)
    const all = sorted(bySaid).map(([said, ofSaid]) => ({ tags: readTags(said), ofSaid }))
    const setsIn = (one: Room) => all.flatMap(({ tags, ofSaid }) => { const set = one.setOf(tags); return ofSaid.map(({ callId }): [string, string] => [callId, set]) })
    const sets = setsIn(room)
    if (!room.isTouched) return sets
    // Others may have brought it meanwhile.
    const fresh = new Room(await this.load(sql, place, accountId, day), this.limits)
    const setsNow = setsIn(fresh)
    if (fresh.isTouched) {
      await fresh.write(sql, accountId, day)
      this.remembered.delete(place)
    }
    return setsNow
  }

  private async load(sql: Sql, place: string, accountId: string, day: number): Promise<Seen> {
    const seen: Seen = { values: new Map(), sets: new Set() }
    for (const row of await sql.all('SELECT name, value FROM tags_seen WHERE account_id = $1 AND day = $2', accountId, day)) {
      const name = text(row, 'name')
      if (name === '') seen.sets.add(text(row, 'value'))
      else valueOf(seen.values, name, () => new Set<string>()).add(text(row, 'value'))
    }
    this.remembered.delete(place)
    this.remembered.set(place, seen)
    const [oldest] = this.remembered.keys()
    if (this.remembered.size > REMEMBERED_MAX && oldest !== undefined) this.remembered.delete(oldest)
    return seen
  }
}

/** What there is of a day, and what a batch adds to it as far as there is room. */
class Room {
  private readonly newValues = new Map<string, Set<string>>()
  private readonly newSets = new Map<string, Tags>()

  constructor(private readonly seen: Seen, private readonly limits: TagLimits) {}

  /** Something was not known before. */
  get isTouched(): boolean {
    return this.newValues.size + this.newSets.size > 0
  }

  /** The id of the set that these tags are summed under. */
  setOf(said: Tags): string {
    const tags = this.within(said)
    const id = idOf(tags)
    if (this.seen.sets.has(id) || this.newSets.has(id)) return id
    if (this.seen.sets.size + this.newSets.size < this.limits.setsMax) {
      this.newSets.set(id, tags)
      return id
    }
    // One set takes all that there is no room for; it is there beside them.
    const rest = { [OTHER]: OTHER }
    const restId = idOf(rest)
    if (!this.seen.sets.has(restId)) this.newSets.set(restId, rest)
    return restId
  }

  async write(sql: Sql, accountId: string, day: number): Promise<void> {
    const isFirst = !await one(sql, 'SELECT day FROM tags_seen WHERE account_id = $1 AND day = $2 LIMIT 1', accountId, day)
    if (isFirst) await sql.run('DELETE FROM tags_seen WHERE account_id = $1 AND day < $2', accountId, day - DAYS_KEPT)
    const seen = 'INSERT INTO tags_seen (account_id, day, name, value) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, day, name, value) DO NOTHING'
    for (const [name, values] of sorted(this.newValues)) for (const value of [...values].sort()) await sql.run(seen, accountId, day, name, value)
    for (const [id, tags] of sorted(this.newSets)) {
      await sql.run(seen, accountId, day, '', id)
      for (const [name, value] of Object.entries(tags)) {
        await sql.run('INSERT INTO tag_sets (account_id, tag_set, name, value) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, tag_set, name) DO NOTHING', accountId, id, name, value)
      }
    }
  }

  private within(said: Tags): Tags {
    // A map: any text may be a name.
    const tags = new Map<string, string>()
    for (const [name, value] of Object.entries(said)) {
      if (this.hasRoom(name, value)) tags.set(name, value)
      else tags.set(this.knows(name) ? name : OTHER, OTHER)
    }
    return Object.fromEntries([...tags].sort(byName))
  }

  private knows(name: string): boolean {
    return this.seen.values.has(name) || this.newValues.has(name)
  }

  private hasRoom(name: string, value: string): boolean {
    if (value === OTHER && this.knows(name)) return true
    const [seen, fresh] = [this.seen.values.get(name), this.newValues.get(name)]
    if (seen?.has(value) || fresh?.has(value)) return true
    if (!this.knows(name) && new Set([...this.seen.values.keys(), ...this.newValues.keys()]).size >= this.limits.namesMax) return false
    if ((seen?.size ?? 0) + (fresh?.size ?? 0) >= this.limits.valuesMax) return false
    valueOf(this.newValues, name, () => new Set<string>()).add(value)
    return true
  }
}

/** The call's own tags, and its app beside them. */
function summedTags({ generation }: End): Tags | undefined {
  const app = appOfCall(generation)
  if (!app) return generation.tags
  return { ...generation.tags, [APP_TAG]: String(app.id) }
}

function dayOf({ createdMs }: { readonly createdMs: number }): number {
  return Math.floor(createdMs / DAY_MS)
}

/** The same text for the same tags, in whatever order they were said. */
function textOf(tags: Tags): string {
  return JSON.stringify(Object.entries(tags).sort(byName))
}

function readTags(said: string): Tags {
  // Only textOf's own output comes here.
  return Object.fromEntries(JSON.parse(said) as [string, string][])
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}

function idOf(tags: Tags): string {
  return Bun.CryptoHasher.hash('sha256', textOf(tags), 'hex').slice(0, 24)
}
