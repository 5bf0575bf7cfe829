import { describe, expect, test } from 'bun:test'
import { WireIds } from './wire-ids.ts'

const numbered = (id: string, nth: number): string => (nth === 1 ? id : `${id}_${nth}`)

describe('WireIds', () => {
  test('gives no id twice, also where one is what another would have become', () => {
    const ids = new WireIds(numbered)
    expect(['c', 'c', 'c_2', 'c', 'd', 'c_3'].map((id) => ids.next(id))).toEqual(['c', 'c_2', 'c_2_2', 'c_3', 'd', 'c_3_2'])
  })

  test('tries few, however many are alike', () => {
    let tried = 0
    const ids = new WireIds((id, nth) => { tried++; return numbered(id.slice(0, 1), nth) })
    const names = new Set(Array.from({ length: 10_000 }, (_, at) => ids.next(`c${at}`)))
    expect(names.size).toBe(10_000)
    expect(tried).toBeLessThan(40_000)
  })
})
