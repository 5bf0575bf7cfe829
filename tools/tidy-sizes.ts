import { lineAt, type Source } from './tidy-source.ts'
import type { Finding } from './tidy-rules.ts'

/** Past these, ask why (style.md §5). */
export const FILE_LINES_MAX = 400
export const FUNCTION_LINES_MAX = 70
const PROVIDER_LINES_MAX = 40

/** A file or function that may be longer than the rule, up to `lines`. */
export interface SizeException { readonly of: string; readonly lines: number; readonly why: string }

/** This list only shrinks: lower `lines` when the thing gets shorter (tidy asks for it), never raise it. */
export const SIZE_EXCEPTIONS: readonly SizeException[] = []

interface Sized { readonly of: string; readonly file: string; readonly line: number; readonly lines: number; readonly max: number; readonly advice: string }

/** Files and functions that are too long, and exceptions that are no longer true. */
export function sizeFindings(sources: readonly Source[], exceptions: readonly SizeException[] = SIZE_EXCEPTIONS): Finding[] {
  const sized = sources.flatMap((source) => [fileSize(source), ...functionSizes(source)])
  const allowed = new Map(exceptions.map((exception) => [exception.of, exception.lines]))
  const findings = sized.filter((one) => one.lines > (allowed.get(one.of) ?? one.max)).map((one) => ({
    rule: 'size', file: one.file, line: one.line, message: `${one.of} has ${one.lines} lines, the limit is ${allowed.get(one.of) ?? one.max}: ${one.advice}`,
  }))
  for (const exception of exceptions) {
    const lines = Math.max(0, ...sized.filter((one) => one.of === exception.of).map((one) => one.lines))
    const max = sized.find((one) => one.of === exception.of)?.max ?? 0
    if (lines >= exception.lines) continue
    const action = lines <= max ? 'remove the exception' : `lower the exception to ${lines}`
    findings.push({ rule: 'size', file: 'tools/tidy-sizes.ts', line: 1, message: `${exception.of} has ${lines} lines now: ${action}` })
  }
  return findings
}

function fileSize(source: Source): Sized {
  const isProvider = /^src\/catalog\/providers\/[^/]+$/.test(source.path) && !source.isTest && isProviderData(source)
  const max = isProvider ? PROVIDER_LINES_MAX : FILE_LINES_MAX
  const advice = isProvider ? 'a provider is data; move what is code to its dialect' : 'split it where its second subject begins'
  return { of: source.path, file: source.path, line: 1, lines: source.lines, max, advice }
}

/** Data about one provider exports values and has no functions. */
function isProviderData(source: Source): boolean {
  return !/\bfunction\b|=>/.test(source.code)
}

const BODY = /(\)\s*(?::\s*[^={};()]+(?:\([^()]*\))?[^={};()]*)?|=>)\s*$/
const RETURN_TYPE = /\)\s*:\s*[^={};()]+$/
const NOT_A_FUNCTION = /\b(?:if|for|while|switch|catch|with)\s*$/
const NAME = /(?:function\*?\s+(\w+)|(?:const|let)\s+(\w+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:\([^()]*\)|\w+)?|(?:^|[\s;{}])(?:async\s+|static\s+|private\s+|public\s+|override\s+|\*\s*)*([\w#]+))\s*$/

function functionSizes(source: Source): Sized[] {
  const found: Sized[] = []
  const opens: { at: number; name: string | undefined }[] = []
  for (let at = 0; at < source.code.length; at++) {
    const char = source.code.charAt(at)
    if (char === '{') opens.push({ at, name: functionName(source.code, at) })
    if (char !== '}') continue
    const open = opens.pop()
    if (open?.name === undefined) continue
    // The callback of a describe is a chapter of a test, not a function that anybody calls.
    if (source.isTest && open.name === ANONYMOUS) continue
    const line = lineAt(source.code, open.at)
    const lines = lineAt(source.code, at) - line + 1
    found.push({ of: `${source.path}#${open.name}`, file: source.path, line, lines, max: FUNCTION_LINES_MAX, advice: 'let the parent decide and move what it computes into leaves' })
  }
  return found
}

const ANONYMOUS = 'anonymous'

/** The name of the function whose body opens at this brace, undefined when it opens something else. */
function functionName(code: string, brace: number): string | undefined {
  const before = code.slice(Math.max(0, brace - 600), brace)
  const body = BODY.exec(before)
  if (!body) return undefined
  const head = before.slice(0, body.index)
  const isArrow = body[1] === '=>'
  const close = isArrow ? Math.max(0, head.replace(RETURN_TYPE, ')').trimEnd().length - 1) : head.length
  const open = before.charAt(close) === ')' ? openingOf(before, close) : -1
  const beforeArguments = open === -1 ? head : before.slice(0, open)
  if (!isArrow && NOT_A_FUNCTION.test(beforeArguments)) return undefined
  if (isArrow) return /(?:const|let)\s+(\w+)[^;{}]*=\s*(?:async\s*)?(?:<[^<>]*>)?$/.exec(beforeArguments)?.[1] ?? ANONYMOUS
  const name = NAME.exec(beforeArguments.replace(/<[^<>]*>\s*$/, ''))
  return name?.[1] ?? name?.[2] ?? name?.[3] ?? ANONYMOUS
}

function openingOf(text: string, close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at--) {
    if (text.charAt(at) === ')') depth++
    if (text.charAt(at) === '(' && --depth === 0) return at
  }
  return -1
}
