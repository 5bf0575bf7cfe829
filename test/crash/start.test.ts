import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '../server.ts'

setDefaultTimeout(60_000)

/** Starts that fail, and what they leave behind. */

let home: string
let other: Server
let port: number
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'switchyard-start-'))
  other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterEach(() => {
  other.close()
  rmSync(home, { recursive: true, force: true })
})

describe.each(['1', '2'])('--workers %s', (workers) => {
  test('on a port that is taken it ends with 1 and says so, and the first key is shown at the start that succeeds', async () => {
    const options = { dataDir: join(home, 'data'), env: { SWITCHYARD_KEY: '' } }
    await expect(startGateway({ ...options, args: ['--workers', workers, '--port', String(port)] })).rejects.toThrow(new RegExp(`ended with 1; it wrote:\\n.*\\b${port}\\b`, 's'))
    const gateway = await startGateway({ ...options, args: ['--workers', workers] })
    const key = /sk-sw-v1-[0-9a-f]{64}/.exec(gateway.logs())?.[0]
    expect(key).toBeDefined()
    const answer = await gateway.api('/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'Hello' }] }, { method: 'POST', body: JSON.stringify({ model: 'demo/echo', messages: [{ role: 'user', content: 'Hello' }] }), headers: { authorization: `Bearer ${key}` } })
    expect(answer.status).toBe(200)
    expect(await gateway.stop()).toBe(0)
  })

  test("on a wrong operator's file it ends with 1 and says each error with its place, and the first key is shown at the start that succeeds", async () => {
    const options = { dataDir: join(home, 'data'), env: { SWITCHYARD_KEY: '' }, args: ['--workers', workers] }
    const why = await startGateway({ ...options, config: 'unpriced: maybe\nproviders:\n  acme: { base_url: nowhere }\n' }).catch(String)
    expect(why).toMatch(/ended with 1; .*has 2 errors.*\/switchyard\.yaml:1:11: unpriced: .*\/switchyard\.yaml:3:21: .*/s)
    expect(why).not.toContain('sk-sw-v1-')
    const gateway = await startGateway(options)
    expect(gateway.logs()).toMatch(/sk-sw-v1-[0-9a-f]{64}/)
    expect(await gateway.stop()).toBe(0)
  })

  test('on a data directory that cannot be used it ends with 1, names it and says why', async () => {
    const file = join(home, 'file')
    writeFileSync(file, '')
    for (const [dataDir, why] of [[file, 'ENOTDIR'], [join(file, 'below'), 'ENOTDIR'], ['/proc/nope', 'ENOENT']] as const) {
      const said = await startGateway({ dataDir, args: ['--workers', workers] }).catch(String)
      expect(said).toContain('ended with 1')
      expect(said).toContain(`error: the data directory ${dataDir} cannot be used: ${why}`)
    }
  })

  test('beside another gateway on the same port it does not listen', async () => {
    const first = await startGateway({ args: ['--workers', workers] })
    await expect(startGateway({ args: ['--workers', workers, '--port', new URL(first.url).port] })).rejects.toThrow('ended with 1')
    expect((await first.api('/key')).status).toBe(200)
    expect(await first.stop()).toBe(0)
  })
})
