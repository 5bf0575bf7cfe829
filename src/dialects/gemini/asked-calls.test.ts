import { describe, expect, test } from 'bun:test'
import type { Message } from '../../core/call.ts'
import { AskedCalls } from './asked-calls.ts'

const result = (id: string | undefined, name?: string): Message => ({ role: 'tool', content: 'r', ...(id !== undefined && { tool_call_id: id }), ...(name !== undefined && { name }) })

function asked(...calls: readonly (readonly [id: string, name: string])[]): AskedCalls {
  const all = new AskedCalls()
  for (const [id, name] of calls) all.add(id, name)
  return all
}

describe('the call that a result is of', () => {
  test('is the one with its id, of two the later; else the last of its function; else a function alone, behind all', () => {
    const calls = asked(['a', 'f'], ['b', 'g'], ['a', 'h'], ['c', 'f'])
    expect(calls.of(result('a', 'f'))).toEqual({ name: 'h', order: 2 })
    expect(calls.of(result('x', 'f'))).toEqual({ name: 'f', order: 3 })
    expect(calls.of(result('x', 'y'))).toEqual({ name: 'y', order: 4 })
    expect(calls.of(result('x'))).toBeUndefined()
  })
})

describe('calls that wait', () => {
  test('are answered by id, or the oldest of a function first', () => {
    const calls = asked(['a', 'f'], ['b', 'f'], ['c', 'g'], ['d', 'f'])
    calls.answer(result('b', 'g'))
    calls.answer(result(undefined, 'f'))
    calls.answer(result('x', 'y'))
    expect(calls.close()).toEqual(['d', 'c'])
    expect(calls.close()).toEqual([])
  })

  test('wait once under an id, whatever function it is of by now', () => {
    expect(asked(['a', 'f'], ['a', 'g']).close()).toEqual(['a'])
    const calls = asked(['a', 'f'], ['a', 'g'])
    calls.answer(result('a'))
    expect(calls.close()).toEqual([])
  })
})
