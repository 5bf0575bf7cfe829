import { expect, test } from 'bun:test'
import { WaitingCalls } from './waiting-calls.ts'

test('calls of one id are answered in their order, each under its own on the wire', () => {
  const calls = new WaitingCalls((id, nth) => (nth === 1 ? id : `${id}_${nth}`))
  expect(['c', 'c', 'c', 'd'].map((id) => calls.add(id))).toEqual(['c', 'c_2', 'c_3', 'd'])
  expect([calls.answer('c'), calls.answer('c'), calls.answer('x')]).toEqual(['c', 'c_2', undefined])
  expect(calls.close()).toEqual(['c_3', 'd'])
  expect([calls.close(), calls.answer('c'), calls.add('c')]).toEqual([[], undefined, 'c_4'])
})
