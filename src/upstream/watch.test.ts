import { describe, expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { Watch } from './watch.ts'

const never = (): Promise<string> => new Promise(() => undefined)
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'none', (error: unknown) => (error instanceof Fault ? error.code : error))

describe('what a call waits for beside its provider', () => {
  test('is given, or its failure is', async () => {
    const watch = new Watch(new FakeClock(), new AbortController().signal, 'P')
    expect(await watch.until(Promise.resolve('token'))).toBe('token')
    expect(await codeOf(watch.until(Promise.reject(new Fault('provider_credential', 'no'))))).toBe('provider_credential')
    watch.close(true)
  })

  test('is waited for no longer than the client waits', async () => {
    const client = new AbortController()
    const watch = new Watch(new FakeClock(), client.signal, 'P')
    const waiting = codeOf(watch.until(never()))
    client.abort()
    expect(await waiting).toBe('client_gone')
    // Nor at all, once it has left; and what fails later is nobody's.
    expect(await codeOf(watch.until(Bun.sleep(1).then(() => { throw new Error('late') })))).toBe('client_gone')
    await Bun.sleep(5)
    watch.close(false)
  })

  test('is waited for no longer than the phase may take', async () => {
    const clock = new FakeClock()
    const watch = new Watch(clock, new AbortController().signal, 'P')
    watch.start('to answer', 5)
    const waiting = codeOf(watch.until(never()))
    clock.advance(10)
    expect(await waiting).toBe('provider_timeout')
    watch.close(false)
  })
})
