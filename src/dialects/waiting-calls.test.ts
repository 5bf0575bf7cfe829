import { describe, expect, test } from 'bun:test'
import { WaitingCalls } from './waiting-calls.ts'

const numbered = (id: string, nth: number): string => (nth === 1 ? id : `${id}_${nth}`)

describe('WaitingCalls', () => {
  test('gives no id twice, and answers calls of one id in their order', () => {
    const calls = new WaitingCalls(numbered)
    expect(['c', 'c', 'c_2', 'c', 'd'].map((id) => calls.add(id))).toEqual(['c', 'c_2', 'c_2_2', 'c_3', 'd'])
    expect([calls.answer('c'), calls.answer('c_2'), calls.answer('c'), calls.answer('x')]).toEqual(['c', 'c_2_2', 'c_2', undefined])
    expect(calls.close()).toEqual(['c_3', 'd'])
    expect(calls.add('c')).toBe('c_4')
  })

  test('tries few ids, however many calls a client gives the same one', () => {
    let tried = 0
    const calls = new WaitingCalls((id, nth) => { tried++; return numbered(id.slice(0, 1), nth) })
    for (let at = 0; at < 10_000; at++) calls.add(`c${at % 3}`)
    expect(calls.close()).toHaveLength(10_000)
    expect(tried).toBeLessThan(40_000)
  })
})
