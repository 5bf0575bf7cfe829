import { describe, expect, test } from 'bun:test'
import { FakeClock } from '../lib/clock.ts'
import type { Key } from './caller.ts'
import { KeyCache } from './key-cache.ts'

const key = (hash: string, change: Partial<Key> = {}): Key => ({
  hash, accountId: 'a', name: hash, label: hash, kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, ...change,
})

/** A store that answers when it is told to. */
function slowStore() {
  const asked: { readonly hash: string; readonly answer: (key: Key | undefined) => void; readonly fail: (error: Error) => void }[] = []
  const cache = new KeyCache((hash) => new Promise((answer, fail) => asked.push({ hash, answer, fail })), new FakeClock())
  return { asked, cache }
}

describe('KeyCache', () => {
  test('asks once for callers that come together', async () => {
    const { asked, cache } = slowStore()
    const both = [cache.find('x'), cache.find('x')]
    asked[0]?.answer(key('x'))
    const [a, b] = await Promise.all(both)
    expect(asked).toHaveLength(1)
    expect(a).toBe(b)
    expect(cache.find('x')).toBe(a)
  })

  test('does not keep an answer that a change overtook', async () => {
    const { asked, cache } = slowStore()
    const before = cache.find('x')
    cache.forget('x')
    asked[0]?.answer(key('x'))
    expect(await before).toBeDefined()
    const after = cache.find('x')
    asked[1]?.answer(key('x', { disabled: true }))
    expect(await after).toBeUndefined()
    expect(cache.find('x')).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  test('does not take a store that is away for a key that is unknown', async () => {
    const { asked, cache } = slowStore()
    const lost = Promise.resolve(cache.find('x')).catch((error: unknown) => error)
    asked[0]?.fail(new Error('away'))
    expect(await lost).toEqual(new Error('away'))
    const found = cache.find('x')
    asked[1]?.answer(key('x'))
    expect(await found).toMatchObject({ key: { hash: 'x' } })
  })

  test('guessing pushes out no key that lives, and fills no memory', async () => {
    let asked = 0
    const cache = new KeyCache((hash) => { asked += 1; return Promise.resolve(hash === 'x' ? key('x') : undefined) }, new FakeClock())
    const caller = await cache.find('x')
    for (let guess = 0; guess < 25_000; guess++) await cache.find(`guess ${guess}`)
    expect(cache.find('x')).toBe(caller)
    const before = asked
    expect(cache.find('guess 24999')).toBeUndefined()
    expect(asked).toBe(before)
    await cache.find('guess 0')
    expect(asked).toBe(before + 1)
  })
})
