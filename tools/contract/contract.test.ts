import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowsIn, titlesIn } from './named.ts'
import { complaints, contractPage } from './page.ts'

const root = join(import.meta.dir, '..', '..')

describe('rows that tests name', () => {
  test('in a title: one, several, a range', () => {
    expect(rowsIn('C20: drawn by price (M11, E7)')).toEqual(['C20', 'M11', 'E7'])
    expect(rowsIn('variants C31–C33 and B21–23, B5-B6')).toEqual(['C31', 'C32', 'C33', 'B21', 'B22', 'B23', 'B5', 'B6'])
    expect(rowsIn('A100 cards, GPT-C4, C4-like, abC5, F4, N18')).toEqual([])
  })

  test('titles of tests, groups and tables; not of what stands around them', () => {
    const code = [
      "describe('group C1', () => {", '  test("a \\"quoted\\" C2", () => {', "    expect(call('C3')).toBe('C4')", '  })', '  test.each([[1, 2]])(`each ${x} C5`, (a) => a)',
      "  describe.skipIf(f(1))('skipped C6', () => undefined)", "  // test of C7", '})',
    ].join('\n')
    expect(titlesIn(code)).toEqual(['group C1', 'a \\"quoted\\" C2', 'each ${x} C5', 'skipped C6'])
  })
})

test('every row of C, E, H, I, J and M has a test that names it or an honest word, and no test names a row that there is not', () => {
  expect(complaints(root)).toEqual([])
})

test('docs/contract.md is what the tests say (npm run contract)', () => {
  expect(readFileSync(join(root, 'docs', 'contract.md'), 'utf8')).toBe(contractPage(root))
})
