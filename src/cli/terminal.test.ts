import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { expect, test } from 'bun:test'
import { linesOf } from './terminal.ts'

test('an end that comes while a line is worked on ends the lines, after those that were entered', async () => {
  const input = new PassThrough()
  const lines = linesOf(createInterface({ input, output: new PassThrough(), prompt: '> ', terminal: true }))
  const first = lines.next()
  input.write('one\n')
  expect(await first).toEqual({ value: 'one', done: false })
  // The answer to `one` streams now; meanwhile a line is entered, and ctrl-d.
  input.write('two\n')
  input.write('\u0004')
  await Bun.sleep(20)
  expect(await lines.next()).toEqual({ value: 'two', done: false })
  expect(await lines.next()).toEqual({ value: undefined, done: true })
})
