import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { namedRows } from './named.ts'
import titles from './titles.json' with { type: 'json' }

/** The sections that the page has, by the letter of their rows. */
const SECTIONS = { A: 'The API', B: 'Parameters', C: 'Routing', D: 'Plugins and server tools', E: 'Privacy', H: 'Keys, own keys, organizations', I: 'Money', J: 'Reports and what is sent elsewhere', M: 'Errors' } as const
/** Sections every row of which has a test or a word. */
const WHOLE: readonly string[] = ['C', 'E', 'H', 'I', 'J', 'M']

/** What a person says of a row beside its tests. */
export interface Gap {
  /** `partly`: some of it holds · `no`: it does not · `outside`: nothing that a server of one's own does. */
  readonly holds: 'partly' | 'no' | 'outside'
  /** What is so, and what is not. */
  readonly word: string
}

/** One row of the contract as it stands here. */
export interface RowState {
  readonly id: string
  readonly title: string
  readonly tests: readonly string[]
  readonly gap?: Gap
}

/** Every row, in the contract's order, with what the tests below `root` and `docs/contract-gaps.json` say of it. */
export function rowStates(root: string): RowState[] {
  const named = namedRows(root)
  const gaps = readGaps(root)
  return Object.entries(titles).map(([id, title]) => {
    const gap = gaps[id]
    return { id, title, tests: named.get(id) ?? [], ...(gap && { gap }) }
  })
}

/** What is wrong: rows without a test or a word where each must have one, and names of rows that there are not. */
export function complaints(root: string): string[] {
  const known: ReadonlySet<string> = new Set(Object.keys(titles))
  const strangers = [...namedRows(root)].filter(([row]) => !known.has(row)).map(([row, files]) => `${files.join(', ')}: there is no row ${row} in the contract`)
  const untold = Object.keys(readGaps(root)).filter((row) => !known.has(row)).map((row) => `docs/contract-gaps.json: there is no row ${row} in the contract`)
  const bare = rowStates(root).filter(({ id, tests, gap }) => WHOLE.includes(id.charAt(0)) && tests.length === 0 && !gap)
  const late = rowStates(root).filter(({ tests, gap }) => tests.length > 0 && gap?.holds === 'no')
  const idle = rowStates(root).filter(({ tests, gap }) => tests.length === 0 && gap?.holds === 'partly')
  return [
    ...strangers, ...untold,
    ...bare.map(({ id, title }) => `${id} (${title}) has neither a test that names it nor a word in docs/contract-gaps.json`),
    ...late.map(({ id, title, tests }) => `${id} (${title}) is said not to hold, and ${tests.join(', ')} names it: say in docs/contract-gaps.json what is still not so ("partly"), or take the word out`),
    ...idle.map(({ id, title }) => `${id} (${title}) is said to hold partly, and no test names it`),
  ]
}

function readGaps(root: string): Readonly<Record<string, Gap>> {
  // Its shape is ours, and what it says is shown to people only.
  return JSON.parse(readFileSync(join(root, 'docs', 'contract-gaps.json'), 'utf8')) as Record<string, Gap>
}

/** `docs/contract.md`. */
export function contractPage(root: string): string {
  const rows = rowStates(root)
  const parts = Object.entries(SECTIONS).map(([letter, name]) => sectionOf(letter, name, rows.filter(({ id }) => id.startsWith(letter))))
  return `${HEAD}\n${parts.join('\n')}`
}

const HEAD = `# The contract, row by row

Made by \`npm run contract\` from the names of the tests and from [contract-gaps.json](contract-gaps.json). The rows are those of the list of
behaviours that Switchyard is built to; the words for them are short names, not the rules. A row **holds** where tests name it and no word is against it;
**partly**, **no** and **outside** have their word. **untested** says no more than that no test names the row: it may hold.
`

function sectionOf(letter: string, name: string, rows: readonly RowState[]): string {
  const counts = ['holds', 'partly', 'no', 'outside', 'untested'].map((word) => [word, rows.filter((row) => stateOf(row) === word).length] as const)
  const sum = counts.filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`).join(' · ')
  return `## ${letter}. ${name}\n\n${sum}\n\n| row | about | state | tests, and what is not so |\n|---|---|---|---|\n${rows.map(lineOf).join('\n')}\n`
}

function stateOf({ tests, gap }: RowState): string {
  return gap?.holds ?? (tests.length > 0 ? 'holds' : 'untested')
}

function lineOf(row: RowState): string {
  const tests = row.tests.map((file) => `\`${file.replace(/\.test\.ts$/, '')}\``).join(' ')
  return `| ${row.id} | ${row.title} | ${stateOf(row)} | ${[row.gap?.word, tests].filter(Boolean).join('<br>')} |`
}
