import { describe, expect, test } from 'bun:test'
import { FakeClock } from '../lib/clock.ts'
import type { Key } from './caller.ts'
import type { FoundKey } from './key-store.ts'
import { hashSecret } from './account-book.ts'
import { KeyCache } from './key-cache.ts'

const found = (hash: string, change: Partial<Key> = {}, endsMs: number | null = null): FoundKey => ({ endsMs, caller: { accountId: 'a', key: {
  hash, accountId: 'a', name: hash, label: hash, kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null, ...change,
} } })

/** A store that answers when it is told to. */
function slowStore() {
  const asked: { readonly hash: string; readonly answer: (key: FoundKey | undefined) => void; readonly fail: (error: Error) => void }[] = []
  const cache = new KeyCache((hash) => new Promise((answer, fail) => asked.push({ hash, answer, fail })), new FakeClock())
  return { asked, cache }
}

describe('a secret', () => {
  test('is found by its hash alone: nothing here compares it, so that the time tells nothing of how much of a guess is right', () => {
    const secret = `sk-sw-v1-${'a'.repeat(64)}`
    const guesses = Array.from({ length: secret.length - 9 }, (_, at) => `${secret.slice(0, at + 9)}b${secret.slice(at + 10)}`)
    const hashes = [secret, ...guesses].map(hashSecret)
    expect(hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true)
    // What is looked up shares no beginning with what lives, wherever the guess went wrong.
    for (let at = 1; at < hashes.length; at++) for (let other = 0; other < at; other++) expect(hashes[at]?.slice(0, 10)).not.toBe(hashes[other]?.slice(0, 10) ?? '')
  })
})

describe('KeyCache', () => {
  test('asks once for callers that come together', async () => {
    const { asked, cache } = slowStore()
    const both = [cache.find('x'), cache.find('x')]
    asked[0]?.answer(found('x'))
    const [a, b] = await Promise.all(both)
    expect(asked).toHaveLength(1)
    expect(a).toBe(b)
    expect(cache.find('x')).toBe(a)
  })

  test('does not keep an answer that a change overtook', async () => {
    const { asked, cache } = slowStore()
    const before = cache.find('x')
    cache.forget('x')
    asked[0]?.answer(found('x'))
    expect(await before).toBeDefined()
    const after = cache.find('x')
    asked[1]?.answer(found('x', { disabled: true }))
    expect(await after).toBeUndefined()
    expect(cache.find('x')).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  test('does not take a store that is away for a key that is unknown', async () => {
    const { asked, cache } = slowStore()
    const lost = Promise.resolve(cache.find('x')).catch((error: unknown) => error)
    asked[0]?.fail(new Error('away'))
    expect(await lost).toEqual(new Error('away'))
    const again = cache.find('x')
    asked[1]?.answer(found('x'))
    expect(await again).toMatchObject({ key: { hash: 'x' } })
  })

  test('guessing pushes out no key that lives, and fills no memory', async () => {
    let asked = 0
    const cache = new KeyCache((hash) => { asked += 1; return Promise.resolve(hash === 'x' ? found('x') : undefined) }, new FakeClock())
    const caller = await cache.find('x')
    for (let guess = 0; guess < 25_000; guess++) await cache.find(`guess ${guess}`)
    expect(cache.find('x')).toBe(caller)
    const before = asked
    expect(cache.find('guess 24999')).toBeUndefined()
    expect(asked).toBe(before)
    await cache.find('guess 0')
    expect(asked).toBe(before + 1)
  })

  test('a secret that ends is refused from then on, without a question', async () => {
    const clock = new FakeClock(1_000)
    let asked = 0
    const cache = new KeyCache(() => { asked += 1; return Promise.resolve(found('x', {}, 2_000)) }, clock)
    expect(await cache.find('x')).toBeDefined()
    clock.advance(999)
    expect(cache.find('x')).toBeDefined()
    clock.advance(1)
    expect(cache.find('x')).toBeUndefined()
    expect(asked).toBe(1)
  })

  test('says that a key is used once a minute, however often it is; not of one that is refused', async () => {
    const clock = new FakeClock(1_000)
    const uses: [string, number][] = []
    const cache = new KeyCache((hash) => Promise.resolve(found(hash, { disabled: hash === 'off' })), clock, (caller, nowMs) => uses.push([caller.key.hash, nowMs]))
    for (const hash of ['x', 'x', 'off', 'y']) await cache.find(hash)
    clock.advance(59_999)
    cache.find('x')
    expect(uses).toEqual([['x', 1_000], ['y', 1_000]])
    clock.advance(1)
    for (let calls = 0; calls < 3; calls++) cache.find('x')
    expect(uses.slice(2)).toEqual([['x', 61_000]])
  })
})
