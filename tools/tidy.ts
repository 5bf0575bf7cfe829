import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { deadFindings, importFindings } from './tidy-imports.ts'
import { dependencyFindings, faultFindings, homeFindings, nameFindings, wordingFindings, type Finding } from './tidy-rules.ts'
import { sizeFindings } from './tidy-sizes.ts'
import { readSource, type Source } from './tidy-source.ts'

const FOLDERS = ['src', 'test', 'tools', 'bench', 'bin']

interface PackageJson { readonly dependencies?: Readonly<Record<string, string>>; readonly devDependencies?: Readonly<Record<string, string>>; readonly scripts?: Readonly<Record<string, string>> }

/** Everything that the house rules find in the checkout at `root`. Empty when it is tidy. */
export function tidy(root: string): Finding[] {
  // Its shape is npm's: the fields that we read are maps of strings.
  const npm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson
  const dependencies = new Set(Object.keys(npm.dependencies ?? {}))
  const sources = FOLDERS.flatMap((folder) => sourcesBelow(root, folder))
  const scripts = Object.values(npm.scripts ?? {}).flatMap((script) => (script.match(/[\w./-]+\.ts\b/g) ?? []).map((path) => path.replace(/^\.\//, '')))
  const findings = sources.flatMap((source) => [...importFindings(source, dependencies), ...homeFindings(source), ...wordingFindings(source), ...nameFindings(source)])
  findings.push(...sizeFindings(sources))
  findings.push(...deadFindings(sources, new Set(['src/main.ts', ...scripts, ...runnable(sources)])))
  const fault = sources.find((source) => source.path === 'src/core/fault.ts')
  const errorsDoc = join(root, 'docs', 'errors.md')
  if (fault) findings.push(...faultFindings(fault, existsSync(errorsDoc) ? readFileSync(errorsDoc, 'utf8') : undefined))
  findings.push(...dependencyFindings([...dependencies, ...Object.keys(npm.devDependencies ?? {})], readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8')))
  return findings.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}

/** Files outside `src/` that are started by themselves say so. */
function runnable(sources: readonly Source[]): string[] {
  return sources.filter((source) => !source.path.startsWith('src/') && /\bimport\.meta\.main\b/.test(source.code)).map((source) => source.path)
}

function sourcesBelow(root: string, folder: string): Source[] {
  if (!existsSync(join(root, folder))) return []
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => posix.join(folder, path.replaceAll('\\', '/')))
  return paths.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts') && !path.includes('node_modules/')).toSorted().map((path) => readSource(root, path))
}

/** One line for a terminal that can jump to it. */
export function sayFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}: ${finding.rule}: ${finding.message}`
}

if (import.meta.main) {
  const findings = tidy(join(import.meta.dir, '..'))
  for (const finding of findings) console.log(sayFinding(finding))
  console.log(findings.length === 0 ? 'tidy' : `${findings.length} to mend`)
  process.exit(findings.length === 0 ? 0 : 1)
}
