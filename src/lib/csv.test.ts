import { expect, test } from 'bun:test'
import { csvLine } from './csv.ts'

test('cells are quoted where they must be', () => {
  expect(csvLine(['a', 1, null, 'b,c', 'say "hi"', 'two\nlines'])).toBe('a,1,,"b,c","say ""hi""","two\nlines"\r\n')
})

test('no cell is a formula', () => {
  expect(csvLine(['=1+1', '+1', '-1', '@a', '=HYPERLINK("x")'])).toBe(`'=1+1,'+1,'-1,'@a,"'=HYPERLINK(""x"")"\r\n`)
})
