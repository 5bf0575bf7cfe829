import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** One import, export-from, dynamic import or worker URL of a file. */
export interface ImportLine { readonly line: number; readonly specifier: string; readonly typeOnly: boolean; readonly names: string }

/** A source file in the three ways that rules look at it. All texts are of one length: an offset means the same in each. */
export interface Source {
  /** From the root, with slashes: `src/lib/sse.ts`. */
  readonly path: string
  readonly text: string
  /** Comments, and the insides of strings, templates and regular expressions, are blanks. */
  readonly code: string
  /** Only comments are blanks. */
  readonly uncommented: string
  readonly lines: number
  readonly imports: readonly ImportLine[]
  /** Files beside it that it names in strings: what it imports, and what it starts as a process or a worker. */
  readonly mentions: readonly string[]
  readonly isTest: boolean
}

/** Reads one file below `root`. */
export function readSource(root: string, path: string): Source {
  return sourceOf(path, readFileSync(join(root, path), 'utf8'))
}

/** A source from its text; `path` decides which rules apply to it. */
export function sourceOf(path: string, text: string): Source {
  const { code, uncommented } = blank(text)
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  // A fixture beside the code is for tests, as a test is.
  const isTest = /\.(?:test|fixture|test-support)\.tsx?$/.test(path) || path.startsWith('test/')
  return { path, text, code, uncommented, lines, imports: importsOf(code, uncommented), mentions: mentionsIn(uncommented), isTest }
}

/** The line, from 1, that an offset stands on. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** A relative specifier as a path from the root: `../lib/id.ts` in `src/core/call.ts` → `src/lib/id.ts`. */
export function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function mentionsIn(uncommented: string): string[] {
  return [...uncommented.matchAll(/(['"`])((?:\.{1,2}\/)*[\w./-]+\.tsx?)\1/g)].map((match) => match[2] ?? '')
}

const IMPORT = /(?<![.\w])(?:import|export)\s+(type\s+)?([\w*{}\s,$]*?)\s*from\s*(?=['"])|(?<![.\w])import\s*\(?\s*(?=['"])|new\s+URL\(\s*(?=['"])|new\s+Worker\(\s*(?=['"])/g

function importsOf(code: string, uncommented: string): ImportLine[] {
  const found: ImportLine[] = []
  for (const match of code.matchAll(IMPORT)) {
    const open = match.index + match[0].length
    const close = code.indexOf(code.charAt(open), open + 1)
    const specifier = uncommented.slice(open + 1, close)
    if (specifier.startsWith('.') || !match[0].startsWith('new')) {
      found.push({ line: lineAt(code, open), specifier, typeOnly: isTypeOnly(match[1], match[2]), names: match[2] ?? '' })
    }
  }
  return found
}

function isTypeOnly(keyword: string | undefined, names: string | undefined): boolean {
  if (keyword) return true
  const inner = /^\{([^}]*)\}$/.exec(names?.trim() ?? '')?.[1]
  return inner !== undefined && inner.split(',').filter((name) => name.trim()).every((name) => /^\s*type\s/.test(name))
}

const BLANKED = /[^\n]/g
/** After one of these a slash begins a regular expression; after a name, a number or a closing bracket it divides. */
const REGEX_MAY_FOLLOW = /(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield))\s*$/

interface Blanked { readonly code: string; readonly uncommented: string }

/**
 * Blanks what is not code. A small scanner, not a parser: it knows comments, strings, templates (with code inside
 * `${}`) and regular expressions, which is all that the rules need to be free of false alarms.
 */
function blank(text: string): Blanked {
  let code = ''
  let uncommented = ''
  /** Depth of braces at which each open template goes on. */
  const templates: number[] = []
  let depth = 0
  let at = 0
  const take = (end: number, isCode: boolean, isComment = false): void => {
    const piece = text.slice(at, end)
    code += isCode ? piece : piece.replace(BLANKED, ' ')
    uncommented += isComment ? piece.replace(BLANKED, ' ') : piece
    at = end
  }
  while (at < text.length) {
    const char = text.charAt(at)
    const two = text.slice(at, at + 2)
    if (two === '//') take(endOf(text, '\n', at), false, true)
    else if (two === '/*') take(endOf(text, '*/', at + 2) + 2, false, true)
    else if (char === '/' && REGEX_MAY_FOLLOW.test(code.slice(-40).trimEnd() || ';')) take(regexEnd(text, at), false)
    else if (char === "'" || char === '"') {
      const end = quoteEnd(text, at, char)
      take(at + 1, true)
      take(end, false)
      take(Math.min(end + 1, text.length), true)
    } else if (char === '`' || (char === '}' && templates.at(-1) === depth)) {
      if (char === '}') templates.pop()
      const { end, opens } = templateEnd(text, at + 1)
      take(at + 1, true)
      take(end, false)
      if (opens) templates.push(depth)
      take(Math.min(end + (opens ? 2 : 1), text.length), true)
    } else {
      if (char === '{') depth++
      if (char === '}') depth--
      take(at + 1, true)
    }
  }
  return { code, uncommented }
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at === -1 ? text.length : at
}

function quoteEnd(text: string, start: number, quote: string): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== quote && text.charAt(at) !== '\n') at += text.charAt(at) === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

/** Where a piece of a template ends, and whether `${` opens there. */
function templateEnd(text: string, start: number): { end: number; opens: boolean } {
  let at = start
  while (at < text.length) {
    if (text.charAt(at) === '`') return { end: at, opens: false }
    if (text.startsWith('${', at)) return { end: at, opens: true }
    at += text.charAt(at) === '\\' ? 2 : 1
  }
  return { end: text.length, opens: false }
}

function regexEnd(text: string, start: number): number {
  let inClass = false
  for (let at = start + 1; at < text.length && text.charAt(at) !== '\n'; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return at + 1
  }
  return start + 1
}
