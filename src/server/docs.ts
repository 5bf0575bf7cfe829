import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'

const DOCS = join(import.meta.dir, '..', '..', 'docs')

/** The pages of `docs/`: errors name them, and a machine without internet has them too. */
const PAGES = new Set(readdirSync(DOCS).filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -'.md'.length)).toSorted())

/** GET /docs/{page}, as Markdown. Throws Fault `not_found`. */
export function docsPage(path: string): Response {
  const page = path.slice('/docs/'.length).replace(/\.md$/, '')
  if (!PAGES.has(page)) throw new Fault('not_found', `There is no ${path} here; the pages are ${[...PAGES].map((name) => `/docs/${name}`).join(', ')}`)
  return new Response(Bun.file(join(DOCS, `${page}.md`)), { headers: { 'content-type': 'text/markdown; charset=utf-8' } })
}

/** The fault with its pages' whole addresses, by the name that the client knows this server by. They are shown, never trusted. */
export function withDocsUrl(fault: Fault, requestUrl: string): Fault {
  const { availability, metadata } = fault.options
  if (!availability && !metadata) return fault
  return fault.with({ ...(availability && { availability: wholeUrl(availability, requestUrl) }), ...(metadata && { metadata: wholeUrl(metadata, requestUrl) }) })
}

function wholeUrl(said: JsonObject, requestUrl: string): JsonObject {
  const page = said['docs_url']
  return typeof page === 'string' && page.startsWith('/') ? { ...said, docs_url: new URL(page, requestUrl).href } : said
}
