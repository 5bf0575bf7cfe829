import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { journalPath, NodeLocks } from './node-locks.ts'
import { testDirectory } from './store.fixture.ts'

describe('NodeLocks', () => {
  test('gives each owner a node of its own, the first that is free', () => {
    const directory = testDirectory()
    const [a, b, c] = [new NodeLocks(directory), new NodeLocks(directory), new NodeLocks(directory)]
    expect([a.claim(), b.claim(), c.claim()]).toEqual(['node-0', 'node-1', 'node-2'])
    b.close()
    expect(a.claim()).toBe('node-1')
    expect(() => b.claim('node-2')).toThrow('owned by a process that runs')
    a.close()
    c.close()
  })

  test('gives a dead node to one that asks, if it left a journal', () => {
    const directory = testDirectory()
    const [a, b, c] = [new NodeLocks(directory), new NodeLocks(directory), new NodeLocks(directory)]
    a.claim()
    b.claim()
    for (const id of ['node-0', 'node-1']) writeFileSync(journalPath(directory, id), '')
    expect(c.claimDead()).toEqual([])
    b.close()
    expect(c.claimDead()).toEqual(['node-1'])
    expect(a.claimDead()).toEqual([])
    c.release('node-1')
    expect(a.claimDead()).toEqual(['node-1'])
    a.close()
    c.close()
  })
})
