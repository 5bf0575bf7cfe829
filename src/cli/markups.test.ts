import { expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'

test('switchyard markups says that there are none, shows those that are set, and takes them back', async () => {
  const directory = temporaryDirectory()
  const markups = (...argv: string[]) => cli(directory, ['markups', ...argv])
  await cli(directory, ['keys', 'create', '--name', 'k'])
  expect((await markups()).out).toBe('There are none in the store. Make one: switchyard markups set 20\n')
  const id = /\(([0-9a-f-]{36})\)/.exec((await markups('set', '20', '--model', 'openai/*')).out)?.[1] ?? ''
  expect((await markups()).out).toMatch(/20\s+\*\s+openai\/\*\s+\*\s+/)
  expect((await markups('delete', id)).out).toBe(`deleted ${id}\n`)
  expect((await markups()).out).toStartWith('There are none')
})
