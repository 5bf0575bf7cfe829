import { join } from 'node:path'
import { expect, setDefaultTimeout, test } from 'bun:test'
import { cli, temporaryDirectory } from './cli.ts'
import { databaseUrlOf } from './engine.ts'
import { startGateway } from './server.ts'

setDefaultTimeout(60_000)

const directory = temporaryDirectory()
const dataDir = join(directory, 'data')
const databaseUrl = databaseUrlOf(dataDir)

test('a start with SWITCHYARD_KEY says in one line that the key is dead, and why, where its account is closed', async () => {
  const first = await startGateway({ dataDir })
  expect((await first.api('/key')).status).toBe(200)
  expect(first.logs()).not.toContain('dead')
  await first.stop()
  expect((await cli(directory, ['forget', '--account', 'default', '--yes'], { ...(databaseUrl !== undefined && { databaseUrl }) })).code).toBe(0)
  const next = await startGateway({ dataDir })
  expect((await next.api('/key')).status).toBe(401)
  await next.stop()
  const lines = next.logs().split('\n').filter((line) => line.includes('SWITCHYARD_KEY is dead'))
  expect(lines.map((line) => (JSON.parse(line) as { readonly detail: string }).detail)).toEqual(['its account, default, is closed for ever: make a key in another account and set that one, or unset it'])
})
