import { expect, test } from 'bun:test'
import { csvResponse } from './csv.ts'

test('J2: a file for spreadsheets: quoted where it must be, amounts in full, no formulas', async () => {
  const response = csvResponse('x.csv', ['a', 'b'], [{ a: 'plain', b: 1e-7 }, { a: 'a "b", c\nd', b: 12 }, { a: '=cmd()', b: null }, { a: '-x', b: 0.000000001 }])
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(await response.text()).toBe('a,b\r\nplain,0.0000001\r\n"a ""b"", c\nd",12\r\n\'=cmd(),\r\n\'-x,0.000000001\r\n')
})
