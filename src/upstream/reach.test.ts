import { createServer, Socket, type Server } from 'node:net'
import { afterAll, expect, test } from 'bun:test'
import { systemClock } from '../lib/clock.ts'
import { testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { watchReach } from './reach.ts'
import { Watch } from './watch.ts'

let server: Server | undefined
afterAll(() => server?.close())

const providerAt = (baseUrl: string) => ({ ...testEndpoint({}).provider, baseUrl })

test('a host that takes connections and says nothing is left to the other deadlines', async () => {
  server = createServer()
  const port = await new Promise<number>((resolve) => server?.listen(0, '127.0.0.1', () => {
    const address = server?.address()
    resolve(typeof address === 'object' && address ? address.port : 0)
  }))
  const watch = new Watch(systemClock, new AbortController().signal, 'Acme')
  const stop = watchReach(providerAt(`http://127.0.0.1:${port}`), 20, watch)
  await Bun.sleep(120)
  expect(watch.reason()).toBeUndefined()
  stop()
  watch.close(true)
})

test('a host that swallows connections is unreachable, long before the model’s own deadline', async () => {
  const watch = new Watch(systemClock, new AbortController().signal, 'Acme')
  const aborted = new Promise<void>((resolve) => watch.signal.addEventListener('abort', () => resolve()))
  // A socket that nobody connects is what a connection to such a host looks like.
  const stop = watchReach(providerAt('http://127.0.0.1:1'), 20, watch, () => new Socket())
  await aborted
  expect(watch.reason()?.code).toBe('provider_unreachable')
  stop()
  watch.close(true)
})
