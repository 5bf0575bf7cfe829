import { expect, test } from 'bun:test'
import type { Generation } from '../ledger/generation.ts'
import { endLine, readEnd, readGeneration } from '../ledger/line.ts'
import { generationOf, testKey } from './store.fixture.ts'
import { sidesOf } from './wallet-side.ts'

test('in a customer\'s books a call stands with what the customer sent and got, and without what is the reseller\'s', () => {
  const said: Partial<Generation> = { userAgent: 'agent/1', serviceTier: 'priority', promptMedia: 2, promptAudio: 1 }
  const resellers: Partial<Generation> = { presetId: 'preset-1', cacheDiscountNano: 540, tags: { team: 'a' }, parentId: 'gen-1-b' }
  const generation = generationOf(testKey('k'), 'gen-1-a', { ...said, ...resellers, cost: 1_000n, upstreamCost: 800n, wallet: { id: 'w', cost: 2_000n } })
  const [own, customers] = sidesOf(readEnd(endLine({ atMs: 1, leaseId: null, keyLeaseId: null, counted: 1_000n, workspaceId: null, budgets: [], generation })))
  expect(readGeneration(own?.record ?? '')).toEqual(generation)
  const record = readGeneration(customers?.record ?? '')
  expect(record).toMatchObject({ ...said, accountId: 'w', cost: 2_000n })
  for (const name of Object.keys(resellers)) expect(record).not.toHaveProperty(name)
})
