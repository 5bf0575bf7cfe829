import { appOf, categoriesOf, CATEGORIES_OF_APP_MAX, isCategory, type App } from '../core/app.ts'
import type { Generation } from '../ledger/generation.ts'
import type { End } from '../ledger/line.ts'
import { sorted } from './groups.ts'
import { int, one, text, type Row, type Sql } from './sql.ts'

/** More apps than people have: more are some client's mistake, and are known by their id alone. */
const APPS_OF_ACCOUNT_MAX = 1_000
/** Two programs of one site with two titles do not write the row again with each call. */
const CHANGED_MS_MIN = 60_000
const REMEMBERED_MAX = 5_000

/** What a call said of where it came from, read once for all calls that say the same. */
const read = new Map<string, App | null>()

/** The app that a call came from (contract B71). */
export function appOfCall({ referer, title }: Pick<Generation, 'referer' | 'title'>): App | undefined {
  if (referer === null) return undefined
  const said = `${referer}\n${title ?? ''}`
  const known = read.get(said)
  if (known !== undefined) return known ?? undefined
  const app = appOf(referer, title)
  if (read.size >= REMEMBERED_MAX) read.clear()
  read.set(said, app ?? null)
  return app
}

/** An app as the store has it. */
interface Known { readonly title: string; readonly categories: readonly string[]; readonly updatedMs: number }

/** Titles and categories of the apps that calls came from. Remembers what was committed, never what it is about to write. */
export class AppBook {
  private readonly remembered = new Map<string, Known>()

  /** Writes what is new of them. */
  async note(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
    const nowMs = Math.max(0, ...ends.map(({ generation }) => Math.floor(generation.createdMs)))
    for (const [id, { app, categories }] of sorted(saidBy(ends))) {
      const place = `${accountId} ${id}`
      const known = this.remembered.get(place)
      if (known && !isNews(known, app, categories, nowMs)) continue
      const row = await one(sql, 'SELECT title, categories, updated_ms FROM apps WHERE account_id = $1 AND id = $2', accountId, app.id)
      const kept = row && readKnown(row)
      if (kept && !isNews(kept, app, categories, nowMs)) this.remember(place, kept)
      else await this.write(sql, accountId, { app: app.title === app.site && kept ? { ...app, title: kept.title } : app, categories: merged(kept?.categories ?? [], categories), isNew: !kept, nowMs })
    }
  }

  private async write(sql: Sql, accountId: string, { app, categories, isNew, nowMs }: { readonly app: App; readonly categories: readonly string[]; readonly isNew: boolean; readonly nowMs: number }): Promise<void> {
    if (isNew && int(await one(sql, 'SELECT COUNT(*) AS apps FROM apps WHERE account_id = $1', accountId), 'apps') >= APPS_OF_ACCOUNT_MAX) return
    await sql.run(`INSERT INTO apps (account_id, id, site, title, local, categories, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
      ON CONFLICT (account_id, id) DO UPDATE SET title = excluded.title, categories = excluded.categories, updated_ms = excluded.updated_ms`,
      accountId, app.id, app.site, app.title, app.isLocal ? 1 : 0, JSON.stringify(categories), nowMs)
  }

  private remember(place: string, known: Known): void {
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear()
    this.remembered.set(place, known)
  }
}

interface Said { readonly app: App; readonly categories: Set<string> }

/** By the app's id, the last title of each. One that is only its site's name says nothing. */
function saidBy(ends: readonly End[]): Map<string, Said> {
  const said = new Map<string, Said>()
  for (const { generation } of ends) {
    const app = appOfCall(generation)
    if (!app) continue
    const id = String(app.id)
    const before = said.get(id)
    const now: Said = before && app.title === app.site ? before : { app, categories: before?.categories ?? new Set<string>() }
    for (const category of categoriesOf(generation.categories)) now.categories.add(category)
    said.set(id, now)
  }
  return said
}

function isNews({ title, categories, updatedMs }: Known, app: App, said: ReadonlySet<string>, nowMs: number): boolean {
  const hasTitle = app.title !== app.site && app.title !== title
  const hasCategory = categories.length < CATEGORIES_OF_APP_MAX && [...said].some((category) => !categories.includes(category))
  return (hasTitle || hasCategory) && nowMs - updatedMs >= CHANGED_MS_MIN
}

function merged(kept: readonly string[], said: ReadonlySet<string>): string[] {
  return [...new Set([...kept, ...said])].slice(0, CATEGORIES_OF_APP_MAX)
}

function readKnown(row: Row): Known {
  return { title: text(row, 'title'), categories: readCategories(row), updatedMs: int(row, 'updated_ms') }
}

/** Written by AppBook: a list of texts. */
export function readCategories(row: Row): string[] {
  const categories: unknown = JSON.parse(text(row, 'categories'))
  return Array.isArray(categories) ? categories.filter((category): category is string => typeof category === 'string' && isCategory(category)) : []
}
