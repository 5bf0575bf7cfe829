import { resolveImport, type ImportLine, type Source } from './tidy-source.ts'
import type { Finding } from './tidy-rules.ts'

/** architecture.md §4, from the top: imports point down this list, and folders on one line do not import each other. */
const LINES: readonly (readonly string[])[] = [
  ['main.ts'],
  // What main.ts would hold if it were not a page of its own.
  ['banner.ts', 'workers.ts'],
  ['cli'],
  ['config.ts'],
  ['server'],
  ['store'],
  ['gateway', 'notices'],
  ['routing'],
  ['upstream', 'billing'],
  ['accounts', 'ledger', 'limits', 'guardrails', 'cache'],
  ['catalog'],
  ['dialects'],
  ['core'],
  ['lib'],
]

/** Type-only imports of a port by those who stand below or beside its user: they make or keep what it describes. */
const PORTS: Readonly<Record<string, readonly string[]>> = {
  'src/catalog/endpoint.ts': ['dialects'],
  'src/accounts/caller.ts': ['ledger', 'limits'],
  'src/accounts/people-store.ts': ['guardrails'],
  'src/ledger/generation.ts': ['accounts'],
  'src/routing/health.ts': ['upstream'],
}

/** Which folder of `src/` a path is in, or the file that stands for itself at its top. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function lineOf(folder: string): number {
  return LINES.findIndex((line) => line.includes(folder))
}

/** Imports of `src/` that point up or sideways, and packages that a user's install does not bring. */
export function importFindings(source: Source, dependencies: ReadonlySet<string>): Finding[] {
  if (!source.path.startsWith('src/') || source.isTest) return []
  const findings: Finding[] = []
  for (const entry of source.imports) {
    const message = entry.specifier.startsWith('.') ? directionProblem(source.path, entry) : packageProblem(entry, dependencies)
    if (message) findings.push({ rule: 'imports', file: source.path, line: entry.line, message })
  }
  return findings
}

function directionProblem(from: string, entry: ImportLine): string | undefined {
  const to = resolveImport(from, entry.specifier)
  if (!to.startsWith('src/')) return to === 'package.json' ? undefined : `src/ imports ${to}, which is not shipped: move what it needs into src/`
  const [own, other] = [folderOf(from), folderOf(to)]
  if (own === other) return undefined
  const [ownLine, otherLine] = [lineOf(own), lineOf(other)]
  if (ownLine === -1) return `src/${own} is not in the list of folders: add it to architecture and to LINES in tools/tidy-imports.ts, or move the file`
  if (otherLine === -1) return `src/${other} is not in the list of folders: add it to LINES in tools/tidy-imports.ts, or import from where it belongs`
  if (otherLine > ownLine) return undefined
  if (entry.typeOnly && PORTS[to]?.includes(own)) return undefined
  const where = otherLine === ownLine ? 'beside' : 'above'
  return `${own}/ imports ${to}, which stands ${where} it: pass the thing in from main.ts, or move the shared part down`
}

function packageProblem(entry: ImportLine, dependencies: ReadonlySet<string>): string | undefined {
  if (/^(node|bun):/.test(entry.specifier)) return undefined
  const name = entry.specifier.split('/').slice(0, entry.specifier.startsWith('@') ? 2 : 1).join('/')
  if (dependencies.has(name) || entry.typeOnly) return undefined
  return `package ${name} is not in "dependencies" of package.json: add it with its reason in docs/dependencies.md, or do without`
}

/** Files that nothing leads to: of `src/` from main.ts, of the test, tools and bench folders from what is run. */
export function deadFindings(sources: readonly Source[], roots: ReadonlySet<string>): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const alive = new Set<string>()
  const open = sources.filter((source) => roots.has(source.path) || /\.test\.tsx?$/.test(source.path)).map((source) => source.path)
  const shipped = reachable(open.filter((path) => roots.has(path)), byPath)
  for (const path of reachable(open, byPath)) alive.add(path)
  const findings: Finding[] = []
  for (const source of sources) {
    if (source.path.startsWith('src/') && !source.isTest && !shipped.has(source.path)) {
      const why = alive.has(source.path) ? 'only tests use it' : 'nothing imports it'
      findings.push({ rule: 'dead', file: source.path, line: 1, message: `${why}: delete it, or use it from src/main.ts` })
    } else if ((!source.path.startsWith('src/') || source.isTest) && !alive.has(source.path)) {
      findings.push({ rule: 'dead', file: source.path, line: 1, message: 'no test and no script of package.json leads to it: delete it, or use it' })
    }
  }
  return findings
}

function reachable(from: readonly string[], byPath: ReadonlyMap<string, Source>): Set<string> {
  const seen = new Set<string>()
  const open = [...from]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = byPath.get(path)
    if (!source || seen.has(path)) continue
    seen.add(path)
    for (const mention of source.mentions) open.push(resolveImport(path, mention))
  }
  return seen
}
