import { expect, test } from 'bun:test'
import { resealAll } from './reseal.ts'

interface Row { readonly id: number; sealed: string }

/** Rows of a table, each sealed under an old key or under one that is nowhere; those sealed anew are in the list no more. */
async function resealed(keys: readonly ('old' | 'lost')[], isChanged: (row: Row) => boolean = () => false) {
  const rows: Row[] = keys.map((key, id) => ({ id, sealed: `${key} ${id}` }))
  const counts = await resealAll<Row>({
    list: (limit) => Promise.resolve(rows.filter(({ sealed }) => !sealed.startsWith('new')).slice(0, limit).map((row) => ({ ...row }))),
    open: ({ sealed }) => (sealed.startsWith('old') ? sealed.slice(4) : undefined),
    seal: (text) => `new ${text}`,
    keep: async ({ id, sealed }, next) => {
      const row = rows[id]
      if (row?.sealed !== sealed || isChanged(row)) return false
      row.sealed = next
      return true
    },
  })
  return { ...counts, left: rows.filter(({ sealed }) => !sealed.startsWith('new')).length }
}

test('what no key opens is left and counted, and hides nothing that comes behind it', async () => {
  expect(await resealed([])).toEqual({ resealed: 0, unreadable: 0, left: 0 })
  expect(await resealed(Array.from({ length: 250 }, () => 'old' as const))).toEqual({ resealed: 250, unreadable: 0, left: 0 })
  expect(await resealed([...Array.from({ length: 130 }, () => 'lost' as const), 'old', ...Array.from({ length: 200 }, () => 'lost' as const), 'old'])).toEqual({ resealed: 2, unreadable: 330, left: 330 })
})

test('what somebody else sealed meanwhile is not counted', async () => {
  expect(await resealed(['old', 'old', 'old'], (row) => {
    if (row.id === 1) row.sealed = 'new by somebody else'
    return row.id === 1
  })).toEqual({ resealed: 2, unreadable: 0, left: 0 })
})
