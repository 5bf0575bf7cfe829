import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where tests are. */
const FOLDERS = ['src', 'test', 'tools']

/** `test('…'`, `describe.skipIf(x)('…'`, `test.each(table)('…'`: the title of a test or of a group of them. */
const TITLE = /\b(?:test|describe|describeShared)(?:\.\w+)*\(\s*(['"`])((?:\\.|(?!\1)[^\\\n])*)\1|\)\(\s*(['"`])((?:\\.|(?!\3)[^\\\n])*)\3\s*,/g
/** `C20`, `C31–C33`, `B21–25`. */
const ROW = /(?<![\w-])([A-EHIJM])(\d{1,2})(?:[–-]\1?(\d{1,2}))?(?![\w-])/g

/** The contract's rows that a title names, ranges in full. */
export function rowsIn(title: string): string[] {
  return [...title.matchAll(ROW)].flatMap(([, section = '', first = '', last]) => {
    const [from, to] = [Number(first), Number(last ?? first)]
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => `${section}${from + index}`)
  })
}

/** Titles of the tests in a source, in its order. */
export function titlesIn(code: string): string[] {
  return [...code.matchAll(TITLE)].map(([, , plain, , each]) => plain ?? each ?? '')
}

/** Row → the test files below `root` whose titles name it, sorted. */
export function namedRows(root: string): ReadonlyMap<string, readonly string[]> {
  const files = FOLDERS.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path.replaceAll('\\', '/')}`))
  const found = new Map<string, Set<string>>()
  // This tool's own test names rows that stand for nothing.
  for (const file of files.filter((path) => path.endsWith('.test.ts') && !path.startsWith('tools/contract/')).toSorted()) {
    for (const row of titlesIn(readFileSync(join(root, file), 'utf8')).flatMap(rowsIn)) {
      const known = found.get(row) ?? new Set()
      found.set(row, known.add(file))
    }
  }
  return new Map([...found].map(([row, paths]) => [row, [...paths]]))
}
