import { expect, test } from 'bun:test'
import type { Sink } from './context.ts'
import { facts, table } from './table.ts'

const plain: Sink = { isTty: false, color: false, write: () => {} }
const coloured: Sink = { ...plain, isTty: true, color: true }

test('words of others neither move the cursor nor break a line', () => {
  const name = 'a\u001b[2J\u001b]0;title\u0007b\nc\td'
  expect(table(plain, [{ title: 'NAME' }, { title: 'N', align: 'right' }], [[name, '10'], ['x', '9']])).toBe('NAME     N\nab c d  10\nx        9\n')
  expect(facts(plain, [['name', name], ['n', '1']])).toBe('name  ab c d\nn     1\n')
})

test('a place in a style is coloured where the terminal is, and as wide as its text', () => {
  expect(table(plain, [{ title: 'A' }, { title: 'B' }], [[{ text: 'ready', style: 'green' }, 'x']])).toBe('A      B\nready  x\n')
  expect(table(coloured, [{ title: 'A' }, { title: 'B' }], [[{ text: 'ready', style: 'green' }, 'x']]).split('\n')[1]).toBe('\u001b[32mready\u001b[39m  x')
})

test('a list without rows says so', () => {
  expect(table(plain, [{ title: 'A' }], [], 'There are none.')).toBe('There are none.\n')
  expect(table(plain, [{ title: 'A' }], [])).toBe('')
})
