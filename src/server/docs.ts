import { join } from 'node:path'
import { Fault } from '../core/fault.ts'

/** The pages of `docs/` that the server shows: errors name them, and a machine without internet has them too. */
const PAGES = new Set(['api', 'auto-router', 'bench', 'cli', 'clients', 'configuration', 'contract', 'dialects', 'errors', 'getting-started', 'routers', 'routing-simulation', 'sign-in'])

/** GET /docs/{page}, as Markdown. Throws Fault `not_found`. */
export function docsPage(path: string): Response {
  const page = path.slice('/docs/'.length).replace(/\.md$/, '')
  if (!PAGES.has(page)) throw new Fault('not_found', `There is no ${path} here; the pages are ${[...PAGES].map((name) => `/docs/${name}`).join(', ')}`)
  return new Response(Bun.file(join(import.meta.dir, '..', '..', 'docs', `${page}.md`)), { headers: { 'content-type': 'text/markdown; charset=utf-8' } })
}

/** The fault with its page's whole address, by the name that the client knows this server by. It is shown, never trusted. */
export function withDocsUrl(fault: Fault, requestUrl: string): Fault {
  const { availability } = fault.options
  const page = availability?.['docs_url']
  return typeof page === 'string' && page.startsWith('/') ? fault.with({ availability: { ...availability, docs_url: new URL(page, requestUrl).href } }) : fault
}
