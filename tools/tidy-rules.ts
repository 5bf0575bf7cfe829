import { basename } from 'node:path'
import { lineAt, type Source } from './tidy-source.ts'

/** One thing to mend: where it is, and what to do. */
export interface Finding { readonly rule: string; readonly file: string; readonly line: number; readonly message: string }

/** Something that may stand in some files only. */
interface Home {
  readonly rule: string
  /** Looked for in code without comments and strings, or in `uncommented` text where `inStrings` says so. */
  readonly pattern: RegExp
  readonly inStrings?: boolean
  readonly isHome: (path: string) => boolean
  readonly message: string
}

const inFolder = (...folders: readonly string[]) => (path: string): boolean => folders.some((folder) => path === folder || path.startsWith(`${folder}/`))

/** Homes of what `src/` does with the outside world; tests beside the code are free of them. */
const HOMES: readonly Home[] = [
  {
    rule: 'sql', inStrings: true, isHome: inFolder('src/store'),
    pattern: /['"`]\s*(?:SELECT\s[^'"`]+\sFROM\b|INSERT\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|UNIQUE|VIEW)\b|PRAGMA\s)|from\s+['"]bun:sqlite['"]/gi,
    message: 'SQL lives in src/store only: put the statement behind the port of the one who needs it',
  },
  { rule: 'sql', isHome: inFolder('src/store'), pattern: /\bBun\.SQL\b|\bnew\s+SQL\(/g, message: 'the store is opened in src/store only' },
  {
    rule: 'env', isHome: inFolder('src/config.ts'), pattern: /\bprocess\s*\.\s*env\b|\bBun\.env\b|\bimport\.meta\.env\b/g,
    message: 'the environment is read in src/config.ts only: take the value as an argument',
  },
  {
    rule: 'http', isHome: inFolder('src/upstream', 'src/cli/chat.ts', 'src/main.ts'), pattern: /(?<![.\w])(?:globalThis\.|Bun\.)?fetch\s*\((?![^()]*\)\s*(?::[^{;]+)?\{)|\bnew\s+WebSocket\(|\bBun\.connect\(/g,
    message: 'only src/upstream calls providers: go through it, or take a fetch function as an argument',
  },
  { rule: 'http', inStrings: true, isHome: inFolder('src/upstream'), pattern: /from\s+['"](?:node:)?(?:https?|http2|net|tls)['"]/g, message: 'only src/upstream opens connections' },
  {
    rule: 'time', isHome: inFolder('src/lib'), pattern: /\bDate\.now\b|\bperformance\.now\b|\bprocess\.hrtime\b|\bBun\.nanoseconds\b|\bnew\s+Date\(\s*\)/g,
    message: 'time comes from src/lib/clock.ts: take a Clock as an argument',
  },
  {
    rule: 'random', isHome: inFolder('src/lib'), pattern: /\bMath\.random\b|\bcrypto\.(?:randomUUID|getRandomValues|randomBytes|randomInt)\b|\bBun\.randomUUIDv7\b/g,
    message: 'randomness comes from src/lib/random.ts and src/lib/id.ts',
  },
  {
    rule: 'random', inStrings: true, isHome: inFolder('src/lib'), pattern: /import\s*\{[^}]*\brandom\w*[^}]*\}\s*from\s*['"](?:node:)?crypto['"]/g,
    message: 'randomness comes from src/lib/random.ts and src/lib/id.ts',
  },
]

/** What crosses to its home from elsewhere in `src/`. */
export function homeFindings(source: Source): Finding[] {
  if (!source.path.startsWith('src/') || source.isTest) return []
  return HOMES.filter((home) => !home.isHome(source.path)).flatMap((home) => hits(source, home.inStrings ? source.uncommented : source.code, home.pattern, home.rule, home.message))
}

function hits(source: Source, text: string, pattern: RegExp, rule: string, message: string): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({ rule, file: source.path, line: lineAt(text, match.index), message }))
}

/** Words of the language that the house does without. */
export function wordingFindings(source: Source): Finding[] {
  return [
    ...hits(source, source.code, /(?<![.\w'"])any(?=\s*(?:[\][>,;)=|&{}]|$))(?<=(?::|<|\bas|\||&|,|=>)\s*any)/gm, 'any', 'say the type, or `unknown` and narrow it'),
    ...hits(source, source.code, /\bexport\s+default\b/g, 'default-export', 'export by name: a thing has one name everywhere'),
    ...hits(source, source.code, /\bexport\s*\*/g, 'barrel', 'no barrels: import from the file that has it'),
    ...barrelFinding(source),
    ...emptyCatches(source),
  ]
}

function barrelFinding(source: Source): Finding[] {
  const rest = source.uncommented.replace(/\bexport\s+(?:type\s+)?\{[^}]*\}\s*from\s*(['"])[^'"]*\1;?/g, '').trim()
  if (rest !== '' || source.uncommented.trim() === '') return []
  return [{ rule: 'barrel', file: source.path, line: 1, message: 'no barrels: delete it and import from the files that it names' }]
}

const CATCH = /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}|\.catch\(\s*(?:async\s*)?(?:\(\s*\w*\s*\)|\w+)\s*=>\s*(?:\{\s*\}|undefined|null)\s*\)/g

/** A catch that does nothing must say why, inside or on the line above. */
function emptyCatches(source: Source): Finding[] {
  const lines = source.text.split('\n')
  return [...source.code.matchAll(CATCH)].filter((match) => {
    const line = lineAt(source.code, match.index)
    const own = source.text.slice(match.index, match.index + match[0].length)
    return !/\/\/|\/\*/.test(own + (lines[line - 1] ?? '')) && !/^\s*(?:\/\/|\*|\/\*)/.test(lines[line - 2] ?? '')
  }).map((match) => ({ rule: 'empty-catch', file: source.path, line: lineAt(source.code, match.index), message: 'say in a comment why nothing is to be done, or handle it' }))
}

const FILE_WORDS = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc'])
/** Vague as the last word only: a service account is a thing, a key service is none. */
const LAST_FILE_WORDS = new Set(['manager', 'service', 'types'])

const WITH_CARDS = inFolder('src/billing', 'src/store/reversal-rows.ts', 'src/server/api/purchases.ts')

/** The words that are not used in names of files and exports, and the one that is (style.md §1). */
const WORDS: Readonly<Record<string, { readonly use: string; readonly except?: (path: string) => boolean }>> = {
  compat: { use: 'quirk' },
  payload: { use: 'Call or body' },
  // The wire of several dialects has chunks and deltas of its own.
  chunk: { use: 'Event', except: inFolder('src/dialects') },
  delta: { use: 'Event', except: inFolder('src/dialects') },
  deployment: { use: 'endpoint' },
  spend: { use: 'charge' },
  // With real money there are fees, and refunds to a card.
  fee: { use: 'charge', except: WITH_CARDS },
  refund: { use: 'release', except: WITH_CARDS },
  hook: { use: 'guard' },
  plugin: { use: 'guard' },
}

const DECLARED = /\bexport\s+(?:declare\s+|abstract\s+|async\s+)*(?:function\*?|const|let|class|interface|type|enum)\s+(\w+)/g

/** Names of files and exports that say a concept by another word than its own. */
export function nameFindings(source: Source): Finding[] {
  const findings: Finding[] = []
  const fileWords = words(basename(source.path).replace(/\.(?:test\.)?tsx?$/, ''))
  const vague = fileWords.find((word, at) => FILE_WORDS.has(word) || (LAST_FILE_WORDS.has(word) && at === fileWords.length - 1))
  if (vague) findings.push({ rule: 'file-name', file: source.path, line: 1, message: `"${vague}" says nothing: name the file after what is in it` })
  if (!source.path.startsWith('src/') || source.isTest) return findings
  for (const word of fileWords) findings.push(...banned(source, word, 1, 'the file name'))
  for (const match of source.code.matchAll(DECLARED)) {
    const name = match[1] ?? ''
    for (const word of words(name)) findings.push(...banned(source, word, lineAt(source.code, match.index), name))
  }
  return findings
}

function banned(source: Source, word: string, line: number, where: string): Finding[] {
  const entry = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
  if (!entry || entry.except?.(source.path)) return []
  return [{ rule: 'word', file: source.path, line, message: `"${word}" in ${where}: the word here is ${entry.use}` }]
}

function words(name: string): string[] {
  return name.replace(/([a-z\d])([A-Z])/g, '$1 $2').split(/[\s_.-]+/).map((word) => word.toLowerCase())
}

/** Fault codes of src/core/fault.ts that docs/errors.md does not explain, and those it explains that are gone. */
export function faultFindings(fault: Source, errorsDoc: string | undefined): Finding[] {
  const table = /\bFAULTS\s*=\s*\{([\s\S]*?)\n\}/.exec(fault.code)
  if (!table) return [{ rule: 'fault-docs', file: fault.path, line: 1, message: 'no table FAULTS found here: tools/tidy-rules.ts must learn where it went' }]
  const start = table.index + table[0].indexOf('{')
  const codes = [...(table[1] ?? '').matchAll(/^ {2}(\w+):/gm)].map((match) => ({ code: match[1] ?? '', line: lineAt(fault.code, start + 1 + match.index) }))
  if (errorsDoc === undefined) return [{ rule: 'fault-docs', file: 'docs/errors.md', line: 1, message: 'missing: it explains every fault code to users' }]
  const documented = new Set([...errorsDoc.matchAll(/^\|\s*`(\w+)`/gm)].map((match) => match[1] ?? ''))
  const known = new Set(codes.map((entry) => entry.code))
  return [
    ...codes.filter((entry) => !errorsDoc.includes(`\`${entry.code}\``)).map((entry) => ({ rule: 'fault-docs', file: fault.path, line: entry.line, message: `docs/errors.md does not explain \`${entry.code}\`: add its row` })),
    ...[...documented].filter((code) => FAULT_SHAPED.test(code) && !known.has(code) && errorsDoc.includes('| code')).map((code) => ({ rule: 'fault-docs', file: 'docs/errors.md', line: 1, message: `\`${code}\` is no fault code any more: remove its row` })),
  ]
}

const FAULT_SHAPED = /^[a-z]+(?:_[a-z]+)+$/

/** Packages of package.json that docs/dependencies.md gives no reason for. */
export function dependencyFindings(packages: readonly string[], doc: string): Finding[] {
  return packages.filter((name) => !doc.includes(`\`${name}\``)).map((name) => ({ rule: 'dependency-docs', file: 'package.json', line: 1, message: `${name} has no row in docs/dependencies.md: say what it is for, or remove it` }))
}
